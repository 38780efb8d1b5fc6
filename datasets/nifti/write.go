package nifti

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// Write writes voxels as a little-endian NIfTI-1 file, packed with gzip if path ends in .gz. Of the header it takes
// Dim, Spacing (1 mm if nil), Affine (Spacing alone if all zero), About and Datatype: Uint8, Int16 or Float32. Values are
// rounded to the nearest number of the type, unscaled; one that does not fit is an error.
func Write(path string, h Header, voxels []float32) (err error) {
	if err := h.writable(len(voxels)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	if err := h.writePacked(file, voxels, strings.HasSuffix(path, ".gz")); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writable tells what of the header the writer cannot express.
func (h *Header) writable(voxels int) error {
	if h.Datatype != Uint8 && h.Datatype != Int16 && h.Datatype != Float32 {
		return fmt.Errorf("images are written as uint8, int16 or float32, not as %v", h.Datatype)
	}
	if len(h.Dim) < 1 || len(h.Dim) > 7 {
		return fmt.Errorf("an image has 1 to 7 axes, not %d", len(h.Dim))
	}
	for _, d := range h.Dim {
		if d < 1 || d > math.MaxInt16 {
			return fmt.Errorf("an axis has 1 to %d voxels, not %d", math.MaxInt16, d)
		}
	}
	if h.Len() != voxels {
		return fmt.Errorf("%v has %d voxels, not %d", h.Dim, h.Len(), voxels)
	}
	if len(h.About) >= aboutSize {
		return fmt.Errorf("a remark has at most %d bytes, not %d", aboutSize-1, len(h.About))
	}
	return nil
}

func (h *Header) writePacked(w io.Writer, voxels []float32, packed bool) error {
	if !packed {
		return h.write(w, voxels)
	}
	z := gzip.NewWriter(w)
	if err := h.write(z, voxels); err != nil {
		return err
	}
	return z.Close()
}

func (h *Header) write(w io.Writer, voxels []float32) error {
	out := bufio.NewWriterSize(w, 1<<16)
	out.Write(h.encode())
	b := make([]byte, 0, 4)
	for i, v := range voxels {
		var err error
		if b, err = h.Datatype.appendVoxel(b[:0], v); err != nil {
			return fmt.Errorf("voxel %d: %w", i, err)
		}
		out.Write(b)
	}
	return out.Flush() // reports what failed before, too
}

// encode returns the header with the four bytes that say that no extension follows.
func (h *Header) encode() []byte {
	b, order := make([]byte, layout1.size+4), binary.LittleEndian
	float := func(at int, v float64) { order.PutUint32(b[at:], math.Float32bits(float32(v))) }
	order.PutUint32(b, uint32(layout1.size))
	order.PutUint16(b[layout1.dim:], uint16(len(h.Dim)))
	float(layout1.pixdim, 1)
	for i := range 7 {
		d, s := 1, 1.0
		if i < len(h.Dim) {
			d = h.Dim[i]
		}
		if i < len(h.Spacing) {
			s = h.Spacing[i]
		}
		order.PutUint16(b[layout1.dim+2+2*i:], uint16(d))
		float(layout1.pixdim+4+4*i, s)
	}
	order.PutUint16(b[layout1.datatype:], uint16(h.Datatype))
	order.PutUint16(b[layout1.datatype+2:], uint16(8*h.Datatype.size()))
	float(layout1.offset, float64(len(b)))
	float(layout1.slope, 1)
	const millimetres, scanner = 2, 1
	b[123] = millimetres
	order.PutUint16(b[layout1.sform:], scanner)
	affine := h.Affine
	if affine == ([4][4]float64{}) {
		affine = diagonal(h.Spacing)
	}
	for i := range 12 {
		float(layout1.srow+4*i, affine[i/4][i%4])
	}
	copy(b[layout1.about:], h.About)
	copy(b[layout1.magic:], "n+1")
	return b
}

// appendVoxel appends v as it is stored.
func (t Datatype) appendVoxel(b []byte, v float32) ([]byte, error) {
	if t == Float32 {
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(v)), nil
	}
	low, high := 0.0, 255.0
	if t == Int16 {
		low, high = math.MinInt16, math.MaxInt16
	}
	whole := math.Round(float64(v))
	if !(whole >= low && whole <= high) { // NaN is not
		return b, fmt.Errorf("%v does not fit %v", v, t)
	}
	if t == Uint8 {
		return append(b, uint8(whole)), nil
	}
	return binary.LittleEndian.AppendUint16(b, uint16(int16(whole))), nil
}
