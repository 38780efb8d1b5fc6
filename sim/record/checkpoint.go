package record

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"

	"flsim/internal/wire"
)

// Checkpoint is everything that a run needs to go on: small facts as JSON, vectors as they are.
//
// The file is: magic "FSCK" and a version byte; uvarint length of the header; header, a JSON object that lists the
// vectors' names and lengths beside the facts; the vectors, little-endian float32; CRC32C of all before it.
type Checkpoint struct {
	Header  json.RawMessage
	Vectors []Vector
}

// Vector is a named vector of a checkpoint.
type Vector struct {
	Name string
	Data []float32
}

type checkpointHead struct {
	Facts   json.RawMessage `json:"facts"`
	Vectors []vectorHead    `json:"vectors"`
}

type vectorHead struct {
	Name string `json:"name"`
	Len  int    `json:"len"`
}

const checkpointMagic = "FSCK\x01"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Bytes encodes the checkpoint.
func (c *Checkpoint) Bytes() ([]byte, error) {
	head := checkpointHead{Facts: c.Header}
	size := 0
	for _, v := range c.Vectors {
		head.Vectors = append(head.Vectors, vectorHead{v.Name, len(v.Data)})
		size += 4 * len(v.Data)
	}
	text, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	out := make([]byte, 0, len(checkpointMagic)+len(text)+size+16)
	out = append(out, checkpointMagic...)
	out = binary.AppendUvarint(out, uint64(len(text)))
	out = append(out, text...)
	for _, v := range c.Vectors {
		out = wire.AppendFloat32s(out, v.Data)
	}
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli)), nil
}

var errCheckpoint = fmt.Errorf("%w: not a whole checkpoint", ErrDamaged)

// ParseCheckpoint reads what Bytes wrote. Damage of any kind is an error.
func ParseCheckpoint(data []byte) (*Checkpoint, error) {
	n := len(data) - 4
	if n < len(checkpointMagic) || string(data[:len(checkpointMagic)]) != checkpointMagic {
		return nil, errCheckpoint
	}
	if binary.LittleEndian.Uint32(data[n:]) != crc32.Checksum(data[:n], castagnoli) {
		return nil, fmt.Errorf("%w: its checksum is wrong", errCheckpoint)
	}
	body := data[len(checkpointMagic):n]
	length, used := binary.Uvarint(body)
	if used <= 0 || length > uint64(len(body)-used) {
		return nil, errCheckpoint
	}
	var head checkpointHead
	if err := json.Unmarshal(body[used:used+int(length)], &head); err != nil {
		return nil, fmt.Errorf("%w: %v", errCheckpoint, err)
	}
	return head.read(body[used+int(length):])
}

func (head *checkpointHead) read(body []byte) (*Checkpoint, error) {
	c := &Checkpoint{Header: head.Facts}
	for _, v := range head.Vectors {
		if v.Len < 0 || v.Len > len(body)/4 {
			return nil, fmt.Errorf("%w: vector %q is cut short", errCheckpoint, v.Name)
		}
		data := make([]float32, v.Len)
		body = wire.ReadFloat32s(data, body)
		c.Vectors = append(c.Vectors, Vector{v.Name, data})
	}
	if len(body) != 0 {
		return nil, fmt.Errorf("%w: %d bytes too many", errCheckpoint, len(body))
	}
	return c, nil
}
