package weights

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"flsim/internal/tensor"
)

// WriteNPZ writes the tensors of vector v, of layout l, as numpy.load reads them: an uncompressed zip archive of one
// NAME.npy each. Equal vectors give equal bytes.
func WriteNPZ(w io.Writer, l tensor.Layout, v []float32) error {
	archive := zip.NewWriter(w)
	for _, s := range l {
		file, err := archive.CreateHeader(&zip.FileHeader{Name: s.Name + npy, Method: zip.Store})
		if err != nil {
			return err
		}
		if _, err := file.Write(npyHeader(s.Shape)); err != nil {
			return err
		}
		if err := writeFloats(file, s.Of(v)); err != nil {
			return err
		}
	}
	return archive.Close()
}

const (
	npy      = ".npy"
	npyMagic = "\x93NUMPY"
	npyAlign = 64 // data start at a multiple of it
)

// npyHeader returns what stands before the numbers of a float32 array (NumPy Enhancement Proposal 1, version 1.0).
func npyHeader(shape []int) []byte {
	var sides strings.Builder
	for _, n := range shape {
		fmt.Fprintf(&sides, "%d, ", n)
	}
	text := sides.String()
	if len(shape) > 1 {
		text = strings.TrimSuffix(text, ", ")
	} else {
		text = strings.TrimSuffix(text, " ")
	}
	dict := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", text)
	const before = len(npyMagic) + 4
	pad := npyAlign - 1 - (before+len(dict))%npyAlign
	dict += strings.Repeat(" ", pad) + "\n"
	header := append([]byte(npyMagic), 1, 0)
	header = binary.LittleEndian.AppendUint16(header, uint16(len(dict)))
	return append(header, dict...)
}

func readNPZ(r io.ReaderAt, size int64, l tensor.Layout) ([]float32, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("not an .npz archive: %w", err)
	}
	files := make(map[string]*zip.File, len(archive.File))
	var names []string
	for _, f := range archive.File {
		name := strings.TrimSuffix(f.Name, npy)
		if files[name] != nil {
			return nil, fmt.Errorf("holds the tensor %q twice", name)
		}
		files[name] = f
		names = append(names, name)
	}
	return read(l, names, func(s tensor.Segment, v []float32) error { return readNPY(files[s.Name], s, v) })
}

// readNPY reads one member of an archive.
func readNPY(f *zip.File, s tensor.Segment, v []float32) error {
	file, err := f.Open()
	if err != nil {
		return fmt.Errorf("cannot be unpacked: %w", err)
	}
	defer file.Close()
	h, err := readNPYHeader(file)
	if err != nil {
		return err
	}
	if err := sameShape(s, h.shape); err != nil {
		return err
	}
	if err := h.element.fill(v, file); err != nil {
		return err
	}
	if n, err := io.CopyN(io.Discard, file, 1); n > 0 {
		return errors.New("has more numbers than its shape says")
	} else if !errors.Is(err, io.EOF) {
		return fmt.Errorf("cannot be unpacked: %w", err) // such as a wrong checksum
	}
	if h.columnMajor {
		copy(v, rowMajor(v, h.shape))
	}
	return nil
}

// header is what an .npy file says of its array.
type header struct {
	element     element
	columnMajor bool
	shape       []int
}

const maxHeader = 1 << 16

// readNPYHeader reads up to the first number.
func readNPYHeader(r io.Reader) (h header, err error) {
	wrong := errors.New("is not an array in NumPy's format")
	begin := make([]byte, len(npyMagic)+4)
	if _, err := io.ReadFull(r, begin); err != nil || string(begin[:len(npyMagic)]) != npyMagic {
		return h, wrong
	}
	length := int(binary.LittleEndian.Uint16(begin[8:]))
	if begin[6] > 1 { // versions 2 and 3 have a longer length
		more := make([]byte, 2)
		if _, err := io.ReadFull(r, more); err != nil {
			return h, wrong
		}
		length |= int(binary.LittleEndian.Uint16(more)) << 16
	}
	if begin[6] < 1 || begin[6] > 3 || length > maxHeader {
		return h, wrong
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return h, wrong
	}
	return parseNPYHeader(string(text))
}

// NumPy writes the three keys in this order, and nobody else does otherwise.
var npyDict = regexp.MustCompile(`^\s*\{\s*'descr'\s*:\s*'([^']*)'\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,\s*'shape'\s*:\s*\(([0-9, ]*)\)\s*,?\s*\}\s*$`)

var npyElements = map[string]element{
	"<f4": float32s(binary.LittleEndian), ">f4": float32s(binary.BigEndian),
	"<f8": float64s(binary.LittleEndian), ">f8": float64s(binary.BigEndian),
}

func parseNPYHeader(text string) (h header, err error) {
	m := npyDict.FindStringSubmatch(text)
	if m == nil {
		return h, errors.New("has a header that NumPy does not write")
	}
	element, known := npyElements[m[1]]
	if !known {
		return h, fmt.Errorf("is of type %q; it must be float32 or float64", m[1])
	}
	h = header{element: element, columnMajor: m[2] == "True"}
	for _, word := range strings.FieldsFunc(m[3], func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(word)
		if err != nil {
			return h, fmt.Errorf("has a side of %s", word)
		}
		h.shape = append(h.shape, n)
	}
	return h, nil
}

// rowMajor returns the numbers of a column-major array in row-major order.
func rowMajor(v []float32, shape []int) []float32 {
	out := make([]float32, len(v))
	strides := make([]int, len(shape)) // in out
	step := 1
	for d := len(shape) - 1; d >= 0; d-- {
		strides[d] = step
		step *= shape[d]
	}
	index, at := make([]int, len(shape)), 0
	for _, x := range v {
		out[at] = x
		for d := range shape { // the first index runs fastest
			index[d]++
			at += strides[d]
			if index[d] < shape[d] {
				break
			}
			at -= shape[d] * strides[d]
			index[d] = 0
		}
	}
	return out
}
