package nifti

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

const (
	// maxExpansion is the most that Deflate can expand: a length of 258 bytes costs at least two bits.
	maxExpansion = 1032
	// maxTail is how much may follow the last voxel in a packed file.
	maxTail = 1 << 20
	// firstRoom is how much memory is taken for voxels of a packed file before any has been seen.
	firstRoom = 1 << 20
)

// Open reads an image: a single file, or a pair of .hdr and .img of which path names either. Whether a file is packed
// with gzip is told by its content, not by its name; of a pair, either half may be. Memory is taken for no more than
// what is there. Errors about the content are *Error.
func Open(path string) (*Image, error) {
	path, err := headerOf(path)
	if err != nil {
		return nil, err
	}
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, err := f.header()
	if err != nil {
		return nil, named(path, err)
	}
	if h.single {
		return h.image(f)
	}
	voxels, err := voxelsOf(path)
	if err != nil {
		return nil, err
	}
	g, err := openFile(voxels)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	return h.image(g)
}

// image reads the voxels.
func (h *meaning) image(f *file) (*Image, error) {
	data, err := f.voxels(h.offset, h.size)
	if err != nil {
		return nil, named(f.path, err)
	}
	if h.order == binary.BigEndian {
		swap(data, h.Datatype.size())
	}
	return &Image{h.Header, data}, nil
}

// swap reverses the bytes of every element.
func swap(data []byte, size int) {
	for ; len(data) >= size; data = data[size:] {
		slices.Reverse(data[:size])
	}
}

// named puts the name of the file into an error about its content.
func named(path string, err error) error {
	if e := (*Error)(nil); errors.As(err, &e) && e.File == "" {
		e.File = path
	}
	return err
}

// headerOf returns the header's path of a pair if path names the voxels, else path.
func headerOf(path string) (string, error) {
	if stem, ok := strings.CutSuffix(strings.TrimSuffix(path, ".gz"), ".img"); ok {
		return other(path, stem, ".hdr")
	}
	return path, nil
}

// voxelsOf returns the path of the voxels that belong to a header.
func voxelsOf(path string) (string, error) {
	stem := strings.TrimSuffix(path, ".gz")
	stem = strings.TrimSuffix(stem, filepath.Ext(stem))
	return other(path, stem, ".img")
}

// other finds the other half of a pair.
func other(path, stem, ext string) (string, error) {
	for _, name := range []string{stem + ext, stem + ext + ".gz"} {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			return name, nil
		}
	}
	name := filepath.Base(stem) + ext
	return "", &Error{File: path, Want: fmt.Sprintf("%s or %s.gz beside it, the other half of the pair", name, name), Got: "neither"}
}

// file is a file as it is after unpacking.
type file struct {
	io.Reader
	io.Closer
	path string
	most int64 // bytes that it can hold
	at   int64 // bytes read
	gzip bool
}

// openFile opens a file and unpacks it if it is packed.
func openFile(path string) (*file, error) {
	raw, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := raw.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &Error{File: path, Want: "a file", Got: "something else, such as a folder"}
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	f, err := newFile(raw, info.Size())
	if err != nil {
		raw.Close()
		return nil, named(path, err)
	}
	f.path, f.Closer = path, raw
	return f, nil
}

// newFile unpacks r, which holds size bytes, if it is packed.
func newFile(r io.Reader, size int64) (*file, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if magic, err := in.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return &file{Reader: in, most: size}, nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, wrong(0, "a gzip file", reason(err))
	}
	return &file{Reader: z, most: size * maxExpansion, gzip: true}, nil
}

// take fills b.
func (f *file) take(b []byte, what string) error {
	n, err := io.ReadFull(f, b)
	f.at += int64(n)
	if err != nil {
		return wrong(f.at, what, reason(err))
	}
	return nil
}

// header reads and checks the header.
func (f *file) header() (*meaning, error) {
	var length [4]byte
	if err := f.take(length[:], "a NIfTI header of 348 or 540 bytes"); err != nil {
		return nil, err
	}
	fields, err := begin(length[:])
	if err != nil {
		return nil, err
	}
	fields.b = make([]byte, fields.layout.size)
	copy(fields.b, length[:])
	if err := f.take(fields.b[len(length):], fmt.Sprintf("a header of %d bytes", fields.layout.size)); err != nil {
		return nil, err
	}
	return fields.interpret()
}

// voxels reads size bytes from offset on, which is at or after what has been read.
func (f *file) voxels(offset, size int64) ([]byte, error) {
	if offset+size > f.most {
		return nil, wrong(f.at, fmt.Sprintf("%d bytes of voxels from byte %d on, as the header says", size, offset),
			fmt.Sprintf("a file that can hold at most %d bytes", f.most))
	}
	n, err := io.CopyN(io.Discard, f, offset-f.at)
	if f.at += n; err != nil {
		return nil, wrong(f.at, fmt.Sprintf("voxels from byte %d on, as the header says", offset), reason(err))
	}
	room := size
	if f.gzip {
		room = min(size, firstRoom)
	}
	data := make([]byte, 0, room)
	for int64(len(data)) < size {
		data = slices.Grow(data, int(min(size-int64(len(data)), max(int64(len(data)), firstRoom)))) // as much again
		next := data[len(data):min(int64(cap(data)), size)]
		if err := f.take(next, fmt.Sprintf("%d bytes of voxels from byte %d on, as the header says", size, offset)); err != nil {
			return nil, err
		}
		data = data[:len(data)+len(next)]
	}
	return data, f.finish()
}

// finish reads a packed file to its end, where its checksum is.
func (f *file) finish() error {
	if !f.gzip {
		return nil
	}
	n, err := io.CopyN(io.Discard, f, maxTail)
	switch f.at += n; {
	case err == io.EOF:
		return nil
	case err != nil:
		return wrong(f.at, "the end of the gzip file", reason(err))
	default:
		return wrong(f.at, "the end of the file after the voxels that the header announces", "more than a MiB of other data")
	}
}

func reason(err error) string {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return "the end of the file"
	}
	return err.Error()
}
