package datasets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"sync"

	"flsim/internal/tensor"
)

// OpenOptions says where and how a data set is opened. Which of them a set uses is said by its traits: all that are read
// from files use Dir.
type OpenOptions struct {
	Dir         string       // the data directory, or the data set's own folder
	Cache       string       // folder for what was made of volumes; empty is the default of package datasets/volumes
	Shape       tensor.Shape // of a generated image, or of the examples that are cut from volumes; zero is the default
	Train, Test int          // number of generated images; 0 is the generator's default
	Volumes     Volumes      // what is made of volumes
	Seed        uint64       // what a generated set, and a choice among cases, slices and patches, is drawn from

	Progress func(Progress) // told of each case of a set of volumes, by one goroutine at a time; may be nil
}

// Progress says how far the preparation of volumes has come.
type Progress struct {
	Case, Cases int  // cases begun so far, of so many
	Kept        bool // the last of them was prepared before, and only had to be looked through
}

// Trait is something about a data set that decides which settings it takes.
type Trait int

// The traits.
const (
	Generated  Trait = 1 << iota // drawn from a seed: takes Train, Test and Shape, or the numbers of cases and sites
	Volumetric                   // made of three-dimensional scans: takes Volumes and Shape
)

// Opener opens one data set. It returns a *MissingError if its files are absent, and a *FormatError if they are
// wrong.
type Opener func(OpenOptions) (*Data, error)

var registry = struct {
	sync.RWMutex
	openers map[string]Opener
	traits  map[string]Trait
}{openers: map[string]Opener{}, traits: map[string]Trait{}}

// Register makes a data set available to Open under name. It panics if the name is taken.
func Register(name string, open Opener, traits ...Trait) {
	registry.Lock()
	defer registry.Unlock()
	if _, taken := registry.openers[name]; taken {
		panic("datasets: two data sets are called " + name)
	}
	registry.openers[name] = open
	for _, t := range traits {
		registry.traits[name] |= t
	}
}

// Is tells whether the data set that is called name has a trait; one that nobody registered has none.
func Is(name string, trait Trait) bool {
	registry.RLock()
	defer registry.RUnlock()
	return registry.traits[name]&trait != 0
}

// Names returns the names of all registered data sets in alphabetical order.
func Names() []string {
	registry.RLock()
	defer registry.RUnlock()
	names := make([]string, 0, len(registry.openers))
	for name := range registry.openers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Open opens the data set that is called name. It panics if what its Opener returns lacks examples or a digest, by which
// results of other data are told apart.
func Open(name string, opt OpenOptions) (*Data, error) {
	registry.RLock()
	open := registry.openers[name]
	registry.RUnlock()
	if open == nil {
		return nil, fmt.Errorf("no data set is called %q; there are %s", name, strings.Join(Names(), ", "))
	}
	d, err := open(opt)
	if err != nil {
		return nil, err
	}
	if d == nil || d.Train == nil || d.Test == nil || d.Digest == "" {
		panic("datasets: the opener of " + name + " has to return Train, Test and Digest, or an error")
	}
	return d, nil
}

// Digest returns the SHA-256, in hexadecimal, over the content of the given sets in order: shapes, classes, pixels
// and labels. How the files were packed makes no difference to it.
func Digest(sets ...*Images) string {
	h := sha256.New()
	for _, m := range sets {
		writeHeader(h, m)
		h.Write(m.pixels)
		h.Write(m.labels)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writeHeader(h hash.Hash, m *Images) {
	for _, v := range []int{m.Len(), m.shape.H, m.shape.W, m.shape.C, m.classes} {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(v)))
	}
}
