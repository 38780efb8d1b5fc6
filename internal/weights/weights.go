// Package weights writes a model's tensors as NumPy's .npz and as safetensors, and reads them back.
//
// A reader is told the layout that it is to fill and takes nothing else: every tensor must be there under its name and in
// its shape, and no other. It allocates what the layout needs, whatever a file claims.
package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"flsim/internal/tensor"
	"flsim/internal/wire"
)

// Digest returns SHA-256 over the values as little-endian float32, in hexadecimal: the same for every file that holds
// them.
func Digest(v []float32) string {
	sum := sha256.New()
	for part := range slices.Chunk(v, chunk) {
		sum.Write(wire.AppendFloat32s(nil, part))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// ReadFile reads a file of either format, told by how it begins, into a vector of layout l. Errors name the file.
func ReadFile(path string, l tensor.Layout) ([]float32, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	v, err := Read(file, info.Size(), l)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// Read is ReadFile for content of size bytes that is at hand.
func Read(r io.ReaderAt, size int64, l tensor.Layout) ([]float32, error) {
	begin := make([]byte, 9)
	if _, err := r.ReadAt(begin, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(begin, []byte("PK")):
		return readNPZ(r, size, l)
	case begin[8] == '{':
		return readSafetensors(r, size, l)
	}
	return nil, errors.New("neither an .npz archive nor a safetensors file")
}

// element is a type of numbers in a file.
type element struct {
	size int // in bytes
	read func(b []byte) float32
}

func float32s(o binary.ByteOrder) element {
	return element{4, func(b []byte) float32 { return math.Float32frombits(o.Uint32(b)) }}
}

func float64s(o binary.ByteOrder) element {
	return element{8, func(b []byte) float32 { return float32(math.Float64frombits(o.Uint64(b))) }}
}

// chunk is how many numbers are read or written at once.
const chunk = 1 << 14

// fill reads len(v) numbers.
func (e element) fill(v []float32, r io.Reader) error {
	buffer := make([]byte, min(len(v), chunk)*e.size)
	for part := range slices.Chunk(v, chunk) {
		piece := buffer[:len(part)*e.size]
		if _, err := io.ReadFull(r, piece); err != nil {
			return fmt.Errorf("ends early: %w", err)
		}
		for i := range part {
			part[i] = e.read(piece[i*e.size:])
		}
	}
	return nil
}

// writeFloats writes values as little-endian float32.
func writeFloats(w io.Writer, v []float32) error {
	var piece []byte
	for part := range slices.Chunk(v, chunk) {
		piece = wire.AppendFloat32s(piece[:0], part)
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// read fills a vector of layout l from a file that has the named tensors.
func read(l tensor.Layout, names []string, fill func(s tensor.Segment, v []float32) error) ([]float32, error) {
	known := make(map[string]bool, len(l))
	for _, s := range l {
		known[s.Name] = true
		if !slices.Contains(names, s.Name) {
			return nil, fmt.Errorf("lacks the tensor %q of shape %v; it has %s", s.Name, s.Shape, list(names))
		}
	}
	for _, name := range names {
		if !known[name] {
			return nil, fmt.Errorf("has a tensor %q that the model does not have; leave it out", name)
		}
	}
	v := make([]float32, l.Len())
	for _, s := range l {
		part := s.Of(v)
		if err := fill(s, part); err != nil {
			return nil, fmt.Errorf("tensor %q %w", s.Name, err)
		}
		for i, x := range part {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return nil, fmt.Errorf("tensor %q holds %v at place %d; weights must be finite", s.Name, x, i)
			}
		}
	}
	return v, nil
}

// list names the first few of what there is.
func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// sameShape returns what is wrong with a tensor's shape.
func sameShape(s tensor.Segment, got []int) error {
	if slices.Equal(s.Shape, got) {
		return nil
	}
	hint := ""
	if slices.Equal(slices.Sorted(slices.Values(s.Shape)), slices.Sorted(slices.Values(got))) {
		hint = "; flsim keeps convolutions as [row][column][in][out] and dense layers as [in][out]: permute it"
	}
	return fmt.Errorf("has shape %v, the model's has %v%s", got, s.Shape, hint)
}

// Fit arranges the tensors of a vector of layout have as layout l wants them. The error says which of them differ.
func Fit(l, have tensor.Layout, v []float32) ([]float32, error) {
	places := make(map[string]tensor.Segment, len(have))
	var names []string
	for _, s := range have {
		places[s.Name] = s
		names = append(names, s.Name)
	}
	return read(l, names, func(s tensor.Segment, part []float32) error {
		from := places[s.Name]
		if err := sameShape(s, from.Shape); err != nil {
			return err
		}
		copy(part, from.Of(v))
		return nil
	})
}
