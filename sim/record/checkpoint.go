package record

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

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

// Bytes returns the content of a checkpoint's file.
func (c *Checkpoint) Bytes() ([]byte, error) {
	var b bytes.Buffer
	err := c.write(&b)
	return b.Bytes(), err
}

// write encodes the checkpoint piece by piece: it may hold the residuals of all clients.
func (c *Checkpoint) write(file io.Writer) error {
	head := checkpointHead{Facts: c.Header}
	for _, v := range c.Vectors {
		head.Vectors = append(head.Vectors, vectorHead{v.Name, len(v.Data)})
	}
	text, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	sum := crc32.New(castagnoli)
	w := io.MultiWriter(file, sum)
	if _, err := w.Write(append(binary.AppendUvarint([]byte(checkpointMagic), uint64(len(text))), text...)); err != nil {
		return err
	}
	for _, v := range c.Vectors {
		if err := writeFloat32s(w, v.Data); err != nil {
			return err
		}
	}
	_, err = file.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32()))
	return err
}

// writeFloat32s writes values as little-endian float32.
func writeFloat32s(w io.Writer, values []float32) error {
	var piece []byte
	for part := range slices.Chunk(values, 1<<16) {
		piece = wire.AppendFloat32s(piece[:0], part)
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

var errCheckpoint = fmt.Errorf("%w: not a whole checkpoint", ErrDamaged)

// ParseCheckpoint reads the content of a checkpoint's file. Damage of any kind is an error.
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
