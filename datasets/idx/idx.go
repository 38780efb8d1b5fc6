// Package idx reads image sets in the IDX format, plain or packed with gzip: MNIST, Fashion-MNIST, EMNIST, and SVHN as
// scripts/convert_svhn.py writes it.
package idx

import (
	"fmt"
	"slices"
	"strings"

	"flsim/datasets"
)

// set describes one data set and the names under which people keep it.
type set struct {
	name       string   // under which the set is registered
	folders    []string // below the data directory, which itself is tried last
	prefix     string   // of all file names
	test       string   // what the files of the test set begin with, after prefix
	first      int      // the smallest label in the files
	names      []string // class names
	sizes      [2]int   // official numbers of images to train and to test on
	labels     []uint8  // the first training labels of the official files, where known
	channels   int      // of an image; the files have a fourth dimension if there are several
	transposed bool     // rows and columns are exchanged in the files
	origin     string   // what errors add about where the files come from
}

// The classes of EMNIST (Cohen et al., EMNIST: an extension of MNIST to handwritten letters, 2017,
// arXiv:1702.05373). Balanced and bymerge do not tell apart 15 letters that look alike in both cases.
const (
	digits = "0123456789"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	merged = digits + upper + "abdefghnqrt"
)

var (
	mnistFolders = []string{"mnist", "MNIST/raw", "MNIST"}
	fashion      = []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}
	fashionDirs  = []string{"fashion-mnist", "FashionMNIST/raw", "FashionMNIST", "fashion_mnist"}
	emnistDirs   = []string{"emnist", "EMNIST/raw", "EMNIST", "gzip", "emnist/gzip"}
)

var sets = []set{
	{name: "mnist", folders: mnistFolders, test: "t10k", names: split(digits), sizes: [2]int{60000, 10000}, channels: 1,
		labels: []uint8{5, 0, 4, 1, 9, 2, 1, 3, 1, 4}},
	{name: "fashion-mnist", folders: fashionDirs, test: "t10k", names: fashion, sizes: [2]int{60000, 10000}, channels: 1,
		labels: []uint8{9, 0, 0, 3, 0, 2, 7, 2, 5, 5}},
	emnist("emnist", "balanced", merged, 0, 112800, 18800),
	emnist("emnist-balanced", "balanced", merged, 0, 112800, 18800),
	emnist("emnist-digits", "digits", digits, 0, 240000, 40000),
	emnist("emnist-letters", "letters", upper, 1, 124800, 20800),
	emnist("emnist-mnist", "mnist", digits, 0, 60000, 10000),
	emnist("emnist-bymerge", "bymerge", merged, 0, 697932, 116323),
	emnist("emnist-byclass", "byclass", digits+upper+lower, 0, 697932, 116323),
	// Netzer et al., Reading Digits in Natural Images with Unsupervised Feature Learning, NIPS workshop 2011: cropped
	// digits in colour, which come as MATLAB files.
	{name: "svhn", folders: []string{"svhn", "SVHN"}, test: "test", names: split(digits), sizes: [2]int{73257, 26032}, channels: 3,
		origin: ", which scripts/convert_svhn.py makes of train_32x32.mat and test_32x32.mat"},
}

func emnist(name, kind, classes string, first, train, test int) set {
	return set{name: name, folders: emnistDirs, prefix: "emnist-" + kind + "-", test: "test", first: first,
		names: split(classes), sizes: [2]int{train, test}, channels: 1, transposed: true}
}

func split(letters string) []string { return strings.Split(letters, "") }

func init() {
	for i := range sets {
		s := &sets[i]
		datasets.Register(s.name, func(opt datasets.OpenOptions) (*datasets.Data, error) { return s.open(opt.Dir) })
	}
}

// Open reads the set that is called name (mnist, fashion-mnist, emnist, which is emnist-balanced, another split of EMNIST
// such as emnist-letters, or svhn) from dir: the data directory or the set's own folder.
func Open(name, dir string) (*datasets.Data, error) {
	i := slices.IndexFunc(sets, func(s set) bool { return s.name == name })
	if i < 0 {
		return nil, fmt.Errorf("no data set in IDX format is called %q", name)
	}
	return sets[i].open(dir)
}

// open finds and reads both parts.
func (s *set) open(dir string) (*datasets.Data, error) {
	files, err := s.find(dir)
	if err != nil {
		return nil, err
	}
	parts, err := s.read(files)
	if err != nil {
		return nil, err
	}
	norm := datasets.Measure(s.channels, parts[0].pixels)
	var images [2]*datasets.Images
	for i, p := range parts {
		if images[i], err = datasets.NewImages(p.shape, len(s.names), p.pixels, p.labels, norm); err != nil {
			return nil, err
		}
	}
	return &datasets.Data{Name: s.name, Train: images[0], Test: images[1], ClassNames: s.names, Norm: norm,
		Digest: datasets.Digest(images[:]...), Notes: s.notes(files, parts)}, nil
}

// notes says where the set was read from and how it differs from the official one.
func (s *set) notes(files [2]pair, parts [2]part) []string {
	notes := []string{fmt.Sprintf("read from %s and three files beside it", files[0].images)}
	for i, what := range []string{"train", "test"} {
		if n := len(parts[i].labels); n != s.sizes[i] {
			notes = append(notes, fmt.Sprintf("%d images to %s on; the official files have %d", n, what, s.sizes[i]))
		}
	}
	if n := len(s.labels); n > 0 && (len(parts[0].labels) < n || !slices.Equal(parts[0].labels[:n], s.labels)) {
		notes = append(notes, fmt.Sprintf("the first labels are not those of the official %s, %d: another set may lie in its place", s.name, s.labels))
	}
	return notes
}
