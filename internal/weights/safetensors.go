package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"flsim/internal/tensor"
)

// A safetensors file is: length of the header (8 bytes, little-endian); header, a JSON object that gives each tensor's
// type, shape and place, filled up with spaces; the tensors.

// notesKey is the header's entry that is no tensor: notes for people, text by text.
const notesKey = "__metadata__"

// WriteSafetensors writes the tensors of vector v, of layout l, as a safetensors file with notes, which may be nil. Equal
// arguments give equal bytes.
func WriteSafetensors(w io.Writer, l tensor.Layout, v []float32, notes map[string]string) error {
	var head bytes.Buffer
	head.WriteByte('{')
	if len(notes) > 0 {
		writeEntry(&head, notesKey, notes) // package json sorts the keys
	}
	for _, s := range l {
		writeEntry(&head, s.Name, entry{Type: "F32", Shape: s.Shape, Offsets: [2]int64{4 * int64(s.Off), 4 * int64(s.Off+s.Len)}})
	}
	head.WriteByte('}')
	for head.Len()%8 != 0 {
		head.WriteByte(' ')
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(head.Len()))); err != nil {
		return err
	}
	if _, err := w.Write(head.Bytes()); err != nil {
		return err
	}
	return writeFloats(w, v)
}

// entry is what the header says of one tensor.
type entry struct {
	Type    string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // in bytes, from the end of the header
}

func writeEntry(b *bytes.Buffer, key string, value any) {
	if b.Len() > 1 {
		b.WriteByte(',')
	}
	for i, part := range []any{key, value} {
		text, err := json.Marshal(part)
		if err != nil {
			panic(fmt.Sprintf("weights: %v", err)) // strings and integers always can
		}
		if i > 0 {
			b.WriteByte(':')
		}
		b.Write(text)
	}
}

// maxSafetensorsHeader is far more than the names of any model take.
const maxSafetensorsHeader = 16 << 20

func readSafetensors(r io.ReaderAt, size int64, l tensor.Layout) ([]float32, error) {
	var length [8]byte
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, errors.New("ends before its header")
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxSafetensorsHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("not a safetensors file: its header would have %d bytes", n)
	}
	text := make([]byte, n)
	if _, err := r.ReadAt(text, 8); err != nil {
		return nil, err
	}
	var head map[string]json.RawMessage
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("not a safetensors file: %w", err)
	}
	delete(head, notesKey)
	body := io.NewSectionReader(r, 8+int64(n), size-8-int64(n))
	return read(l, slices.Sorted(maps.Keys(head)), func(s tensor.Segment, v []float32) error {
		var e entry
		if err := json.Unmarshal(head[s.Name], &e); err != nil {
			return fmt.Errorf("is not described as safetensors has it: %w", err)
		}
		return e.read(body, s, v)
	})
}

var safetensorsElements = map[string]element{"F32": float32s(binary.LittleEndian), "F64": float64s(binary.LittleEndian)}

// read reads one tensor from what follows the header.
func (e *entry) read(body *io.SectionReader, s tensor.Segment, v []float32) error {
	element, known := safetensorsElements[e.Type]
	if !known {
		return fmt.Errorf("is of type %q; it must be F32 or F64", e.Type)
	}
	if err := sameShape(s, e.Shape); err != nil {
		return err
	}
	from, to := e.Offsets[0], e.Offsets[1]
	if from < 0 || to < from || to > body.Size() || to-from != int64(len(v))*int64(element.size) {
		return fmt.Errorf("has bytes %d to %d, which its shape %v does not fill", from, to, e.Shape)
	}
	return element.fill(v, io.NewSectionReader(body, from, to-from))
}
