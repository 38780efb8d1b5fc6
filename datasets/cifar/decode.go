package cifar

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"flsim/datasets"
)

// decode reads from r exactly as many records as there is room for in m, and turns planes into pixels. name is the
// file that errors speak of. It returns a *datasets.FormatError if the records are too few, too many, or have a
// label that does not exist.
func (f *format) decode(r io.Reader, name string, m *room) error {
	sum := sha256.New()
	r = io.TeeReader(r, sum)
	const batch = 32 // records at a time: about 100 KB
	buffer := make([]byte, batch*f.record())
	for i := 0; i < len(m.labels); i += batch {
		n := min(batch, len(m.labels)-i)
		got, err := io.ReadFull(r, buffer[:n*f.record()])
		if err != nil {
			return f.short(err, name, i*f.record()+got, len(m.labels))
		}
		for k := range n {
			if err := f.take(buffer[k*f.record():][:f.record()], name, i+k, m); err != nil {
				return err
			}
		}
	}
	m.sum = hex.EncodeToString(sum.Sum(nil))
	return f.end(r, name, len(m.labels))
}

// take puts record i into m.
func (f *format) take(record []byte, name string, i int, m *room) error {
	y := record[f.labels-1]
	if int(y) >= len(f.names) {
		return &datasets.FormatError{File: name, Offset: int64(i*f.record() + f.labels - 1),
			Want: fmt.Sprintf("a label from 0 to %d", len(f.names)-1), Got: fmt.Sprint(y)}
	}
	m.labels[i] = y
	interleave(m.pixels[i*pixels:(i+1)*pixels], record[f.labels:])
	return nil
}

// interleave turns three planes into pixels of three values.
func interleave(dst, planes []byte) {
	red, green, blue := planes[:plane], planes[plane:2*plane], planes[2*plane:3*plane]
	for i := range plane {
		p := dst[3*i : 3*i+3 : 3*i+3]
		p[0], p[1], p[2] = red[i], green[i], blue[i]
	}
}

// end checks that nothing follows the last record. Reading to the end also makes gzip compare its checksum.
func (f *format) end(r io.Reader, name string, records int) error {
	var extra [1]byte
	n, err := io.ReadFull(r, extra[:])
	if err == io.EOF {
		return nil
	}
	if n > 0 {
		return &datasets.FormatError{File: name, Offset: int64(records * f.record()),
			Want: fmt.Sprintf("the end of the file after %d records of %d bytes", records, f.record()), Got: "more data"}
	}
	return &datasets.FormatError{File: name, Offset: int64(records * f.record()), Want: "the end of the file", Got: err.Error()}
}

// short turns an error while reading records into one that says where and what.
func (f *format) short(err error, name string, offset, records int) error {
	got := err.Error()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		got = "the end of the file"
	}
	return &datasets.FormatError{File: name, Offset: int64(offset),
		Want: fmt.Sprintf("%d bytes (%d records of %d)", records*f.record(), records, f.record()), Got: got}
}
