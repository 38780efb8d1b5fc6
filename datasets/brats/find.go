package brats

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flsim/datasets"
	"flsim/datasets/volumes"
)

// maxDepth is how many folders below the one given a case may be: archives unpack into two or three, and people put
// those into more.
const maxDepth = 6

// candidate is what was found of one case.
type candidate struct {
	name   string
	dir    string
	images map[string]channel // by modality
	labels string             // path, or ""
	mask   string             // path, or ""
	scheme *scheme

	generated bool // a folder above it says so
}

// finder walks through folders.
type finder struct {
	root   string
	cases  []*candidate
	tables []string // paths of tables of names
	notes  []string
	seen   map[string]bool // folders, without symbolic links
}

// search looks for cases in dir/brats, then in dir.
func search(dir string) (*finder, error) {
	dir = cmp.Or(dir, ".")
	for _, root := range []string{filepath.Join(dir, "brats"), dir} {
		f := &finder{root: root, seen: map[string]bool{}}
		if err := f.walk(root, 0, false); err != nil {
			return nil, err
		}
		if len(f.cases) > 0 || root == dir {
			return f, nil
		}
	}
	return nil, nil // not reached: the last root is dir
}

// walk collects the cases in a folder and below, which are generated if it says so or is said to be. A folder that cannot be read is passed over with a note.
func (f *finder) walk(dir string, depth int, generated bool) error {
	resolved, err := filepath.EvalSymlinks(dir)
	if err != nil || f.seen[resolved] {
		return nil
	}
	f.seen[resolved] = true
	entries, err := os.ReadDir(resolved)
	if err != nil {
		f.notes = append(f.notes, fmt.Sprintf("a folder that cannot be read was passed over: %v", err))
		return nil
	}
	files, folders := split(dir, entries)
	generated = generated || slices.Contains(files, volumes.GeneratedFile)
	before := len(f.cases)
	if slices.Contains(files, "dataset.json") && slices.Contains(folders, "imagesTr") && slices.Contains(folders, "labelsTr") {
		if err := f.decathlon(dir); err != nil {
			return err
		}
	}
	f.collect(dir, files)
	for _, c := range f.cases[before:] {
		c.generated = generated
	}
	for _, name := range folders {
		if depth < maxDepth {
			if err := f.walk(filepath.Join(dir, name), depth+1, generated); err != nil {
				return err
			}
		}
	}
	return nil
}

// split returns the names of files and folders that are not hidden, in alphabetical order.
func split(dir string, entries []fs.DirEntry) (files, folders []string) {
	for _, e := range entries {
		mode := e.Type()
		if mode&fs.ModeSymlink != 0 {
			if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil {
				mode = info.Mode()
			}
		}
		switch {
		case hidden(e.Name()):
		case mode.IsDir():
			folders = append(folders, e.Name())
		case mode.IsRegular():
			files = append(files, e.Name())
		}
	}
	return files, folders
}

// collect groups the files of one folder into cases. Of a file that is there plain and packed, the plain one is taken.
func (f *finder) collect(dir string, files []string) {
	var found []*candidate
	for _, file := range files {
		path := filepath.Join(dir, file)
		if slices.Contains(tableNames, strings.ToLower(file)) {
			f.tables = append(f.tables, path)
		}
		name, role, s := classify(file)
		if role == "" {
			continue
		}
		name = cmp.Or(name, filepath.Base(dir))
		i := slices.IndexFunc(found, func(c *candidate) bool { return c.name == name && c.scheme == s })
		if i < 0 {
			i = len(found)
			found = append(found, &candidate{name: name, dir: dir, scheme: s, images: map[string]channel{}})
		}
		found[i].add(role, path)
	}
	f.cases = append(f.cases, adopt(found)...)
}

func (c *candidate) add(role, path string) {
	switch role {
	case roleLabels:
		c.labels = cmp.Or(c.labels, path)
	case roleMask:
		c.mask = cmp.Or(c.mask, path)
	default:
		if _, taken := c.images[role]; !taken {
			c.images[role] = whole(path)
		}
	}
}

// adopt returns those with images. If one of them has no segmentation and there is one of another name, it is its own.
func adopt(found []*candidate) []*candidate {
	var cases, orphans []*candidate
	for _, c := range found {
		if len(c.images) > 0 {
			cases = append(cases, c)
		} else if c.labels != "" {
			orphans = append(orphans, c)
		}
	}
	if len(cases) == 1 && len(orphans) == 1 && cases[0].labels == "" && cases[0].scheme == orphans[0].scheme {
		cases[0].labels = orphans[0].labels
	}
	return cases
}

// decathlon collects the cases of a task of the Medical Segmentation Decathlon, if it is the one about brain tumours.
func (f *finder) decathlon(dir string) error {
	path := filepath.Join(dir, "dataset.json")
	order, err := channels(path)
	if err != nil || order == nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(dir, "imagesTr"))
	if err != nil {
		return err
	}
	files, _ := split(filepath.Join(dir, "imagesTr"), entries)
	last := ""
	for _, file := range files {
		stem, ok := cutImage(file)
		if !ok || stem == last {
			continue
		}
		last = stem
		c := &candidate{name: stem, dir: dir, scheme: &schemeMSD, images: map[string]channel{}, labels: existing(filepath.Join(dir, "labelsTr", stem))}
		for part, modality := range order {
			c.images[modality] = channel{filepath.Join(dir, "imagesTr", file), part, len(order)}
		}
		f.cases = append(f.cases, c)
	}
	return nil
}

// channels returns our names of the channels that dataset.json lists, in their order; nil if they are not those of
// brain tumours.
func channels(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var about struct {
		Modality map[string]string `json:"modality"`
	}
	if err := json.Unmarshal(text, &about); err != nil {
		return nil, &datasets.ContentError{Name: path, Problem: "is no JSON: " + err.Error()}
	}
	var order []string
	for i := range len(about.Modality) {
		name := decathlon[strings.ToLower(about.Modality[fmt.Sprint(i)])]
		if name == "" || slices.Contains(order, name) {
			return nil, nil
		}
		order = append(order, name)
	}
	return order, nil
}

// existing returns the path of an image by its stem, or "".
func existing(stem string) string {
	for _, path := range []string{stem + ".nii", stem + ".nii.gz"} {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}
