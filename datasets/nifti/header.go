package nifti

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// layout says at which byte of the header a field is, and how wide its numbers are.
type layout struct {
	version                                     int
	size                                        int // of the header
	magic                                       int
	dim, datatype, pixdim, offset, slope, inter int
	qform, sform, quatern, srow                 int
	about                                       int    // a text of aboutSize bytes
	single                                      string // what magic is if the voxels follow in the same file
	pair                                        string // what it is if they are in a file of their own
	intWidth, codeWidth, floatWidth             int    // bytes of dim, of a code of qform and sform, of floats
	offsetIsFloat                               bool
}

var layout1 = layout{
	version: 1, size: 348, magic: 344, single: "n+1\x00", pair: "ni1\x00",
	dim: 40, datatype: 70, pixdim: 76, offset: 108, slope: 112, inter: 116, qform: 252, sform: 254, quatern: 256, srow: 280, about: 148,
	intWidth: 2, codeWidth: 2, floatWidth: 4, offsetIsFloat: true,
}

var layout2 = layout{
	version: 2, size: 540, magic: 4, single: "n+2\x00\r\n\x1a\n", pair: "ni2\x00\r\n\x1a\n",
	dim: 16, datatype: 12, pixdim: 104, offset: 168, slope: 176, inter: 184, qform: 344, sform: 348, quatern: 352, srow: 400, about: 240,
	intWidth: 8, codeWidth: 4, floatWidth: 8,
}

// aboutSize is how many bytes a header has for a remark, the zero at its end among them.
const aboutSize = 80

// maxBytes is the most that an image may claim to hold, which keeps lengths within int64.
const maxBytes = 1 << 48

// fields reads numbers of a header.
type fields struct {
	*layout
	b     []byte
	order binary.ByteOrder
}

func (f fields) integer(at, width int) int64 {
	switch b := f.b[at:]; width {
	case 2:
		return int64(int16(f.order.Uint16(b)))
	case 4:
		return int64(int32(f.order.Uint32(b)))
	default:
		return int64(f.order.Uint64(b))
	}
}

// float returns number i of those at the given place.
func (f fields) float(at, i int) float64 {
	if b := f.b[at+i*f.floatWidth:]; f.floatWidth == 8 {
		return math.Float64frombits(f.order.Uint64(b))
	} else {
		return float64(math.Float32frombits(f.order.Uint32(b)))
	}
}

// meaning is what a header says: of the image, and of where and how its voxels are stored.
type meaning struct {
	Header
	order  binary.ByteOrder
	single bool  // voxels follow in the same file
	offset int64 // of the first voxel in the file with the voxels
	size   int64 // bytes of all voxels
}

// begin finds out layout and byte order from the header's first four bytes.
func begin(b []byte) (fields, error) {
	for _, l := range []*layout{&layout1, &layout2} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			if order.Uint32(b) == uint32(l.size) {
				return fields{layout: l, order: order}, nil
			}
		}
	}
	return fields{}, wrong(0, "348 (NIfTI-1) or 540 (NIfTI-2) as the length of the header", fmt.Sprintf("%d (bytes % x)", binary.LittleEndian.Uint32(b), b))
}

// interpret checks a header and says what it means.
func (f fields) interpret() (*meaning, error) {
	m := &meaning{order: f.order}
	m.Version = f.version
	for _, step := range []func(*meaning) error{f.readMagic, f.readType, f.readDim, f.readOffset} {
		if err := step(m); err != nil {
			return nil, err
		}
	}
	for i := range m.Dim {
		m.Spacing = append(m.Spacing, f.float(f.pixdim, 1+i))
	}
	m.Slope, m.Inter = f.float(f.slope, 0), f.float(f.inter, 0)
	m.Affine = f.affine(m.Spacing)
	about, _, _ := bytes.Cut(f.b[f.about:][:aboutSize], []byte{0})
	m.About = string(about)
	return m, nil
}

func (f fields) readMagic(m *meaning) error {
	b := f.b[f.magic:][:len(f.layout.single)]
	switch {
	case bytes.Equal(b, []byte(f.layout.single)):
		m.single = true
	case bytes.Equal(b, []byte(f.pair)):
	case bytes.Equal(b, make([]byte, len(b))):
		return wrong(int64(f.magic), fmt.Sprintf("%q or %q", f.layout.single, f.pair), "zeros, as in an Analyze 7.5 header, which is not NIfTI")
	default:
		return wrong(int64(f.magic), fmt.Sprintf("%q or %q", f.layout.single, f.pair), fmt.Sprintf("%q", b))
	}
	return nil
}

func (f fields) readType(m *meaning) error {
	m.Datatype = Datatype(f.integer(f.datatype, 2))
	if m.Datatype.size() == 0 {
		return wrong(int64(f.datatype), "voxels of one of the types "+typeNames(), m.Datatype.String())
	}
	return nil
}

// readDim reads the number of voxels along each axis.
func (f fields) readDim(m *meaning) error {
	axes := f.integer(f.dim, f.intWidth)
	if axes < 1 || axes > 7 {
		return wrong(int64(f.dim), "1 to 7 axes", fmt.Sprint(axes))
	}
	size := uint64(m.Datatype.size())
	for i := range int(axes) {
		at := f.dim + (1+i)*f.intWidth
		d := f.integer(at, f.intWidth)
		if d < 1 {
			return wrong(int64(at), fmt.Sprintf("at least one voxel along axis %d", 1+i), fmt.Sprint(d))
		}
		high, low := bits.Mul64(size, uint64(d))
		if size = low; high != 0 || low > maxBytes {
			return wrong(int64(at), fmt.Sprintf("an image of at most %d bytes", int64(maxBytes)), fmt.Sprintf("%d voxels along axis %d, which makes it larger", d, 1+i))
		}
		m.Dim = append(m.Dim, int(d))
	}
	m.size = int64(size)
	return nil
}

// readOffset reads where the voxels begin: in a single file no sooner than the header and the four bytes after it end,
// which is where they are when the header says 0.
func (f fields) readOffset(m *meaning) error {
	first := int64(0)
	if m.single {
		first = int64(f.layout.size) + 4
	}
	if f.offsetIsFloat {
		v := f.float(f.offset, 0)
		if !(math.Abs(v) < maxBytes) { // NaN is not
			return wrong(int64(f.offset), "the place of the first voxel", fmt.Sprint(v))
		}
		m.offset = int64(v)
	} else {
		m.offset = f.integer(f.offset, 8)
	}
	if m.offset == 0 {
		m.offset = first
	}
	if m.offset < first || m.offset > maxBytes {
		return wrong(int64(f.offset), fmt.Sprintf("the first voxel at byte %d or later", first), fmt.Sprintf("byte %d", m.offset))
	}
	return nil
}

// wrong returns an error about a file that the caller names.
func wrong(offset int64, want, got string) error { return &Error{Offset: offset, Want: want, Got: got} }
