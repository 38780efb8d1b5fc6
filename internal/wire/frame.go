package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Kind says what a frame carries.
type Kind uint8

// The kinds of frames.
const (
	Model   Kind = iota + 1 // server to client: a whole model
	Delta                   // server to client: the change since the last broadcast
	Update                  // client to server: trained minus received
	Control                 // server to client: settings of a task
	Report                  // client to server: what it was asked to measure
)

var kindNames = [...]string{Model: "model", Delta: "delta", Update: "update", Control: "control", Report: "report"}

// String returns the kind in prose.
func (k Kind) String() string {
	if k < Model || k > Report {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// Version is the version of the frame that this package writes and reads.
const Version = 1

const (
	magic    = "FS"
	headSize = 4 // magic, version, kind
	sumSize  = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrChecksum is returned for frames that were damaged on the way.
var ErrChecksum = errors.New("the frame is damaged: its CRC32C does not match its bytes")

// AppendFrame appends payload in a frame: magic "FS", version, kind, length as a uvarint, payload, and the CRC32C of
// everything before it, little-endian.
func AppendFrame(dst []byte, kind Kind, payload []byte) []byte {
	start := len(dst)
	dst = Grow(dst, FrameSize(len(payload)))
	dst = append(dst, magic...)
	dst = append(dst, Version, byte(kind))
	dst = binary.AppendUvarint(dst, uint64(len(payload)))
	dst = append(dst, payload...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// FrameSize returns the length in bytes of a frame around a payload of n bytes.
func FrameSize(n int) int {
	size := headSize + 1 + n + sumSize
	for x := n; x >= 0x80; x >>= 7 {
		size++
	}
	return size
}

// ParseFrame reads the frame at the front of b. The payload is a part of b; rest is what lies behind the frame.
func ParseFrame(b []byte) (kind Kind, payload, rest []byte, err error) {
	if len(b) < headSize {
		return 0, nil, nil, fmt.Errorf("%w: a frame's head takes %d, there are %d", ErrTruncated, headSize, len(b))
	}
	if string(b[:2]) != magic {
		return 0, nil, nil, fmt.Errorf("this is no frame: it starts with %x and not with %q", b[:2], magic)
	}
	if b[2] != Version {
		return 0, nil, nil, fmt.Errorf("the frame has version %d; version %d is known here", b[2], Version)
	}
	n, body, err := Uvarint(b[headSize:], 1<<62)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("the frame's length: %w", err)
	}
	if have := len(body) - sumSize; have < 0 || n > uint64(have) {
		return 0, nil, nil, fmt.Errorf("%w: the frame claims a payload of %d and a checksum, %d are there", ErrTruncated, n, len(body))
	}
	size := len(b) - len(body) + int(n)
	if crc32.Checksum(b[:size], castagnoli) != binary.LittleEndian.Uint32(b[size:]) {
		return 0, nil, nil, ErrChecksum
	}
	if kind = Kind(b[3]); kind < Model || kind > Report {
		return 0, nil, nil, fmt.Errorf("the frame is of the unknown %v", kind)
	}
	return kind, body[:n:n], b[size+sumSize:], nil
}

// OneFrame returns the payload of b, which has to be one frame of the given kind and nothing else.
func OneFrame(b []byte, kind Kind) (payload []byte, err error) {
	got, payload, rest, err := ParseFrame(b)
	switch {
	case err != nil:
		return nil, err
	case got != kind:
		return nil, fmt.Errorf("the frame carries a %v, expected is a %v", got, kind)
	case len(rest) > 0:
		return nil, fmt.Errorf("there are %d bytes behind the frame", len(rest))
	}
	return payload, nil
}
