// Package cifar reads CIFAR-10 and CIFAR-100 in their binary distribution: unpacked, packed file by file with gzip,
// or as the archive that the author offers.
//
// A record is one or two label bytes followed by 1,024 red, 1,024 green and 1,024 blue bytes, each plane row by row
// (A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009; the format is described at
// https://www.cs.toronto.edu/~kriz/cifar.html).
package cifar

import (
	"strings"

	"flsim/datasets"
	"flsim/internal/tensor"
)

// Sizes of a record in bytes.
const (
	side   = 32
	plane  = side * side
	pixels = 3 * plane
)

// format describes one of the two distributions.
type format struct {
	name      string // under which the set is registered
	folder    string // which the official archive unpacks to
	archive   string
	sha256    string // of the archive
	train     []part
	test      part
	namesFile string   // class names, one a line; may be absent
	names     []string // for when it is
	labels    int      // label bytes per record, of which the last is the class
}

// part is one file of a distribution.
type part struct {
	file    string
	records int
	sha256  string // of the unpacked file
}

func (f *format) record() int { return f.labels + pixels }

// The checksums are those that the authors of download tools publish for the files of
// https://www.cs.toronto.edu/~kriz/cifar.html.
var cifar10 = format{
	name: "cifar10", folder: "cifar-10-batches-bin", archive: "cifar-10-binary.tar.gz",
	sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
	train: []part{
		{"data_batch_1.bin", 10000, "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"},
		{"data_batch_2.bin", 10000, "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"},
		{"data_batch_3.bin", 10000, "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"},
		{"data_batch_4.bin", 10000, "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"},
		{"data_batch_5.bin", 10000, "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"},
	},
	test:      part{"test_batch.bin", 10000, "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"},
	namesFile: "batches.meta.txt", names: names10, labels: 1,
}

var cifar100 = format{
	name: "cifar100", folder: "cifar-100-binary", archive: "cifar-100-binary.tar.gz",
	sha256:    "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
	train:     []part{{"train.bin", 50000, "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29"}},
	test:      part{"test.bin", 10000, "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a"},
	namesFile: "fine_label_names.txt", names: names100, labels: 2,
}

func init() {
	for _, f := range []*format{&cifar10, &cifar100} {
		datasets.Register(f.name, func(opt datasets.OpenOptions) (*datasets.Data, error) { return f.open(opt.Dir) })
	}
}

// Open10 reads CIFAR-10 from dir: the data directory or the set's own folder.
func Open10(dir string) (*datasets.Data, error) { return cifar10.open(dir) }

// Open100 reads CIFAR-100 with its 100 fine labels from dir: the data directory or the set's own folder.
func Open100(dir string) (*datasets.Data, error) { return cifar100.open(dir) }

// parts lists all files of the distribution, the test set's last.
func (f *format) parts() []part { return append(f.train[:len(f.train):len(f.train)], f.test) }

// room is where the records of one part go.
type room struct {
	pixels []uint8
	labels []uint8
	sum    string // SHA-256 of the unpacked file, once it has been read
}

// newRooms returns memory for all parts in one piece and the room of each file in it.
func (f *format) newRooms() (all room, rooms map[string]*room) {
	n := 0
	for _, p := range f.parts() {
		n += p.records
	}
	all, rooms = room{pixels: make([]uint8, n*pixels), labels: make([]uint8, n)}, map[string]*room{}
	at := 0
	for _, p := range f.parts() {
		rooms[p.file] = all.part(at, at+p.records)
		at += p.records
	}
	return all, rooms
}

// part returns the room of records lo to hi.
func (m *room) part(lo, hi int) *room {
	return &room{pixels: m.pixels[lo*pixels : hi*pixels], labels: m.labels[lo:hi]}
}

// open finds the set, reads it, and puts both parts together.
func (f *format) open(dir string) (*datasets.Data, error) {
	place, err := f.find(dir)
	if err != nil {
		return nil, err
	}
	all, rooms := f.newRooms()
	notes, names, err := place.read(f, rooms)
	if err != nil {
		return nil, err
	}
	if names == nil {
		names = f.names
	}
	train := all.part(0, len(all.labels)-f.test.records)
	return f.assemble(train, rooms[f.test.file], names, append(notes, f.compare(rooms)))
}

// compare says in a sentence which files are not the official ones.
func (f *format) compare(rooms map[string]*room) string {
	var differ []string
	for _, p := range f.parts() {
		if rooms[p.file].sum != p.sha256 {
			differ = append(differ, p.file)
		}
	}
	if differ == nil {
		return "the SHA-256 of every file is the official one"
	}
	return "the SHA-256 of these files is not the official one: " + strings.Join(differ, ", ")
}

func (f *format) assemble(train, test *room, names, notes []string) (*datasets.Data, error) {
	shape := tensor.Shape{H: side, W: side, C: 3}
	norm := datasets.Measure(shape.C, train.pixels)
	a, err := datasets.NewImages(shape, len(f.names), train.pixels, train.labels, norm)
	if err != nil {
		return nil, err
	}
	b, err := datasets.NewImages(shape, len(f.names), test.pixels, test.labels, norm)
	if err != nil {
		return nil, err
	}
	return &datasets.Data{Name: f.name, Train: a, Test: b, ClassNames: names, Norm: norm, Digest: datasets.Digest(a, b), Notes: notes}, nil
}
