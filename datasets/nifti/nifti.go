// Package nifti reads and writes medical images in the NIfTI-1 format, and reads NIfTI-2.
//
// The formats are described by R. W. Cox et al., "A (sort of) new image data format standard: NIfTI-1", Human Brain
// Mapping 2004, and by the headers nifti1.h and nifti2.h at https://nifti.nimh.nih.gov.
package nifti

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Header is what a file says of its voxels.
type Header struct {
	Version  int           // 1 or 2
	Dim      []int         // voxels along each axis, one to seven axes; the first changes fastest
	Spacing  []float64     // distance of voxels along each axis: millimetres, as a rule seconds along the fourth
	Affine   [4][4]float64 // takes the voxel (x, y, z, 1) to millimetres right, anterior and superior
	Datatype Datatype      // as which voxels are stored
	Slope    float64       // a voxel's value is Slope times what is stored, plus Inter; if Slope is 0 or either is not
	Inter    float64       // finite, it is what is stored
	About    string        // a remark of at most 79 bytes, which the format calls descrip
}

// Len returns the number of voxels.
func (h *Header) Len() int {
	n := 1
	for _, d := range h.Dim {
		n *= d
	}
	return n
}

// scaled tells whether values are other than what is stored.
func (h *Header) scaled() bool {
	finite := !math.IsNaN(h.Slope+h.Inter) && !math.IsInf(h.Slope, 0) && !math.IsInf(h.Inter, 0)
	return finite && h.Slope != 0 && (h.Slope != 1 || h.Inter != 0)
}

// Image is a file's header and voxels.
type Image struct {
	Header
	data []byte // as stored, but little-endian
}

// At returns the value of voxel i, in the order of storage. It panics if there is no such voxel.
func (m *Image) At(i int) float64 {
	v := m.stored(i)
	if m.scaled() {
		v = float64(v*m.Slope) + m.Inter
	}
	return v
}

// stored returns what is stored of voxel i.
func (m *Image) stored(i int) float64 {
	order, b := binary.LittleEndian, m.data
	switch m.Datatype {
	case Uint8:
		return float64(b[i])
	case Int8:
		return float64(int8(b[i]))
	case Uint16:
		return float64(order.Uint16(b[2*i:]))
	case Int16:
		return float64(int16(order.Uint16(b[2*i:])))
	case Uint32:
		return float64(order.Uint32(b[4*i:]))
	case Int32:
		return float64(int32(order.Uint32(b[4*i:])))
	case Uint64:
		return float64(order.Uint64(b[8*i:]))
	case Int64:
		return float64(int64(order.Uint64(b[8*i:])))
	case Float32:
		return float64(math.Float32frombits(order.Uint32(b[4*i:])))
	default:
		return math.Float64frombits(order.Uint64(b[8*i:]))
	}
}

// Float32s writes the values of all voxels, rounded to float32, into dst, which has room for Len of them.
func (m *Image) Float32s(dst []float32) {
	dst = dst[:m.Len()]
	order, b := binary.LittleEndian, m.data
	switch {
	case m.scaled():
		for i := range dst {
			dst[i] = float32(float64(m.stored(i)*m.Slope) + m.Inter)
		}
	case m.Datatype == Uint8:
		for i := range dst {
			dst[i] = float32(b[i])
		}
	case m.Datatype == Int16:
		for i := range dst {
			dst[i] = float32(int16(order.Uint16(b[2*i:])))
		}
	case m.Datatype == Float32:
		for i := range dst {
			dst[i] = math.Float32frombits(order.Uint32(b[4*i:]))
		}
	default:
		for i := range dst {
			dst[i] = float32(m.stored(i))
		}
	}
}

// Volume returns part i of an image: what its first three axes span at place i along all others. It shares the voxels
// of m. It panics if there is no such part.
func (m *Image) Volume(i int) *Image {
	v := &Image{Header: m.Header}
	axes := min(3, len(m.Dim))
	v.Dim, v.Spacing = m.Dim[:axes:axes], m.Spacing[:axes:axes]
	size := v.Len() * m.Datatype.size()
	v.data = m.data[i*size : (i+1)*size]
	return v
}

// Error says that a file is not an image that can be read here, and why.
type Error struct {
	File   string // path
	Offset int64  // bytes from the start of the file, after unpacking
	Want   string // what should be there
	Got    string // what is there
}

// Error names the file, the place, and what was expected there.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: at byte %d: want %s, got %s", e.File, e.Offset, e.Want, e.Got)
}
