package idx

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"flsim/datasets"
	"flsim/internal/tensor"
)

// pair is the two files of one part of a set.
type pair struct{ images, labels string }

// part is what they hold.
type part struct {
	shape  tensor.Shape // of one image
	pixels []uint8
	labels []uint8
}

// find looks for all four files of the set in its folders and in dir itself. Files of one set lie in one folder.
func (s *set) find(dir string) (files [2]pair, err error) {
	for _, folder := range append(s.folders[:len(s.folders):len(s.folders)], ".") {
		place := filepath.Join(dir, folder)
		complete := true
		for i, begin := range []string{"train", s.test} {
			begin = filepath.Join(place, s.prefix+begin)
			files[i] = pair{existing(begin, "images", s.dims()), existing(begin, "labels", 1)}
			complete = complete && files[i].images != "" && files[i].labels != ""
		}
		if complete {
			return files, nil
		}
	}
	return files, &datasets.MissingError{Set: s.name, Dir: dir, Want: []string{fmt.Sprintf(
		"a folder %s with %strain-images-idx%[4]d-ubyte, %[2]strain-labels-idx1-ubyte, %[2]s%[3]s-images-idx%[4]d-ubyte and %[2]s%[3]s-labels-idx1-ubyte (each plain or with .gz)%[5]s",
		s.folders[0], s.prefix, s.test, s.dims(), s.origin)}}
}

// existing returns the path of a file by one of the names that are in use, or "".
func existing(begin, what string, dims int) string {
	for _, dot := range []string{"-", "."} {
		for _, packed := range []string{"", ".gz"} {
			path := fmt.Sprintf("%s-%s%sidx%d-ubyte%s", begin, what, dot, dims, packed)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path
			}
		}
	}
	return ""
}

// read reads the four files side by side and checks that they fit together.
func (s *set) read(files [2]pair) (parts [2]part, err error) {
	var group errgroup.Group
	for i := range files {
		group.Go(func() (err error) { parts[i].shape, parts[i].pixels, err = s.readImages(files[i].images); return err })
		group.Go(func() (err error) { parts[i].labels, err = s.readLabels(files[i].labels); return err })
	}
	if err := group.Wait(); err != nil {
		return parts, err
	}
	for i, p := range parts {
		if n := len(p.pixels) / p.shape.Size(); n != len(p.labels) {
			return parts, wrong(files[i].labels, 4, fmt.Sprintf("%d labels, as many as images in %s", n, files[i].images), fmt.Sprint(len(p.labels)))
		}
	}
	if parts[0].shape != parts[1].shape {
		return parts, wrong(files[1].images, 8, fmt.Sprintf("images of %s, as in %s", parts[0].shape, files[0].images), parts[1].shape.String())
	}
	return parts, nil
}

// dims returns the number of dimensions of the files of images: there is one for channels if there are several.
func (s *set) dims() int {
	if s.channels > 1 {
		return 4
	}
	return 3
}

// readImages reads images and turns them upright. There is at least one, and none is empty.
func (s *set) readImages(path string) (shape tensor.Shape, pixels []uint8, err error) {
	dims, pixels, err := readFile(path, s.dims())
	if err != nil {
		return shape, nil, err
	}
	if len(pixels) == 0 {
		return shape, nil, wrong(path, 4, "at least one image of at least one pixel", fmt.Sprint(dims))
	}
	if len(dims) == 4 && dims[3] != s.channels {
		return shape, nil, wrong(path, 16, fmt.Sprintf("%d channels, which vary fastest", s.channels), fmt.Sprint(dims[3]))
	}
	shape = tensor.Shape{H: dims[1], W: dims[2], C: s.channels}
	if s.transposed {
		pixels, shape = transpose(pixels, shape.H, shape.W), tensor.Shape{H: shape.W, W: shape.H, C: 1}
	}
	return shape, pixels, nil
}

// transpose exchanges rows and columns of grey images of the given rows and columns.
func transpose(pixels []uint8, rows, columns int) []uint8 {
	out := make([]uint8, len(pixels))
	for at := 0; at < len(pixels); at += rows * columns {
		for y := range rows {
			for x := range columns {
				out[at+x*rows+y] = pixels[at+y*columns+x]
			}
		}
	}
	return out
}

// readLabels reads labels, checks them, and counts them from 0.
func (s *set) readLabels(path string) ([]uint8, error) {
	_, labels, err := readFile(path, 1)
	if err != nil {
		return nil, err
	}
	last := s.first + len(s.names) - 1
	for i, y := range labels {
		if int(y) < s.first || int(y) > last {
			return nil, wrong(path, int64(8+i), fmt.Sprintf("a label from %d to %d", s.first, last), fmt.Sprint(y))
		}
		labels[i] = y - uint8(s.first)
	}
	return labels, nil
}

// readFile reads an IDX file of the given number of dimensions, packed or plain.
func readFile(path string, dims int) (shape []int, data []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if filepath.Ext(path) != ".gz" {
		return decode(file, path, dims, info.Size())
	}
	return decodePacked(file, path, dims, info.Size())
}

// decodePacked decodes what gzip packed into size bytes.
func decodePacked(r io.Reader, name string, dims int, size int64) (shape []int, data []byte, err error) {
	unpacked, err := gzip.NewReader(bufio.NewReaderSize(r, 1<<16))
	if err != nil {
		return nil, nil, wrong(name, 0, "a gzip file", reason(err))
	}
	return decode(unpacked, name, dims, size*maxExpansion)
}
