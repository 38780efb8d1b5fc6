package idx

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"

	"flsim/datasets"
)

// The IDX format (http://yann.lecun.com/exdb/mnist): two zero bytes, the type of the elements, the number of
// dimensions, each dimension as a big-endian uint32, and the elements, the last dimension changing fastest.
const (
	typeUint8 = 0x08
	// maxExpansion is the most that Deflate can expand: a length of 258 bytes costs at least two bits.
	maxExpansion = 1032
)

// decode reads an array of bytes with dims dimensions from r. most is the greatest number of bytes that r can hold,
// header included: what the header claims is checked against it before memory is taken. name is the file that errors
// speak of; they are *datasets.FormatError.
func decode(r io.Reader, name string, dims int, most int64) (shape []int, data []byte, err error) {
	header := make([]byte, 4+4*dims)
	if n, err := io.ReadFull(r, header); err != nil {
		return nil, nil, wrong(name, int64(n), fmt.Sprintf("a header of %d bytes", len(header)), reason(err))
	}
	if want := [4]byte{0, 0, typeUint8, byte(dims)}; [4]byte(header) != want {
		return nil, nil, wrong(name, 0, fmt.Sprintf("% x (bytes in %d dimensions)", want, dims), fmt.Sprintf("% x", header[:4]))
	}
	shape, size := dimensions(header[4:])
	if size > uint64(max(most-int64(len(header)), 0)) {
		return nil, nil, wrong(name, 4, fmt.Sprintf("dimensions that the file can hold, at most %d bytes", most), fmt.Sprint(shape))
	}
	data, err = io.ReadAll(io.LimitReader(r, int64(size)+1)) // grows with what is there, whatever the header says
	end := int64(len(header) + len(data))
	switch {
	case err != nil:
		return nil, nil, wrong(name, end, fmt.Sprintf("%d bytes", len(header)+int(size)), reason(err))
	case uint64(len(data)) < size:
		return nil, nil, wrong(name, end, fmt.Sprintf("%d bytes", len(header)+int(size)), "the end of the file")
	case uint64(len(data)) > size:
		return nil, nil, wrong(name, end-1, fmt.Sprintf("the end of the file after %d elements", size), "more data")
	}
	return shape, data, nil
}

// dimensions reads the dimensions and multiplies them. A product that does not fit is the greatest number.
func dimensions(b []byte) (shape []int, size uint64) {
	size = 1
	for ; len(b) >= 4; b = b[4:] {
		d := binary.BigEndian.Uint32(b)
		shape = append(shape, int(d))
		high, low := bits.Mul64(size, uint64(d))
		if size = low; high != 0 {
			size = 1<<64 - 1
		}
	}
	return shape, size
}

func wrong(name string, offset int64, want, got string) error {
	return &datasets.FormatError{File: name, Offset: offset, Want: want, Got: got}
}

func reason(err error) string {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return "the end of the file"
	}
	return err.Error()
}
