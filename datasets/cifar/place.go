package cifar

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"flsim/datasets"
)

// place is where a set was found.
type place interface {
	// read fills the room of every file. It returns notes for the user and the class names, nil if there are none.
	read(f *format, rooms map[string]*room) (notes, names []string, err error)
}

// find looks for a complete folder below dir, then for the archive, then at dir itself.
func (f *format) find(dir string) (place, error) {
	missing := &datasets.MissingError{Set: f.name, Dir: dir, Want: []string{
		f.archive + " as it was downloaded",
		fmt.Sprintf("a folder %s with %s (each plain or with .gz)", f.folder, strings.Join(f.files(), ", ")),
	}}
	for _, d := range []string{filepath.Join(dir, f.folder), dir} {
		absent := f.absent(d)
		if len(absent) == 0 {
			return folder(d), nil
		}
		if len(absent) < len(f.files()) {
			missing.Want[1] = fmt.Sprintf("what is still missing in %s: %s (each plain or with .gz)", d, strings.Join(absent, ", "))
		}
	}
	if path := filepath.Join(dir, f.archive); isFile(path) {
		return archive(path), nil
	}
	return nil, missing
}

func (f *format) files() []string {
	var names []string
	for _, p := range f.parts() {
		names = append(names, p.file)
	}
	return names
}

// absent lists the files that dir lacks.
func (f *format) absent(dir string) []string {
	var names []string
	for _, name := range f.files() {
		if !isFile(filepath.Join(dir, name)) && !isFile(filepath.Join(dir, name+".gz")) {
			names = append(names, name)
		}
	}
	return names
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// folder is a place with a file for every part, each plain or packed with gzip.
type folder string

func (d folder) read(f *format, rooms map[string]*room) (notes, names []string, err error) {
	var group errgroup.Group
	for _, name := range f.files() {
		group.Go(func() error { return f.readFile(filepath.Join(string(d), name), rooms[name]) })
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	notes = []string{"read from " + string(d)}
	if text, err := os.Open(filepath.Join(string(d), f.namesFile)); err == nil {
		defer text.Close()
		names = f.readNames(text)
	}
	return notes, names, nil
}

// readFile decodes the file path, or path.gz if path is absent.
func (f *format) readFile(path string, m *room) error {
	if !isFile(path) {
		return f.readPacked(path+".gz", m)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return f.decode(file, path, m)
}

func (f *format) readPacked(path string, m *room) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return notGzip(path, err)
	}
	return f.decode(unpacked, path, m)
}

func notGzip(path string, err error) error {
	return &datasets.FormatError{File: path, Want: "a gzip file", Got: err.Error()}
}

// readNames reads class names, one a line. It returns nil unless there is exactly one for each class.
func (f *format) readNames(r io.Reader) []string {
	text, err := io.ReadAll(io.LimitReader(r, 1<<16))
	if names := strings.Fields(string(text)); err == nil && len(names) == len(f.names) {
		return names
	}
	return nil
}
