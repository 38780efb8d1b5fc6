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

// OpenOptions says where and how a data set is opened. Sets that are read from files use Dir only, sets that are
// generated use the others only.
type OpenOptions struct {
	Dir         string       // the data directory, or the data set's own folder
	Shape       tensor.Shape // shape of a generated example; zero is the generator's default
	Train, Test int          // number of generated examples; 0 is the generator's default
	Seed        uint64       // what a generated set is drawn from
}

// Opener opens one data set. It returns a *MissingError if its files are absent, and a *FormatError if they are
// wrong.
type Opener func(OpenOptions) (*Data, error)

var registry = struct {
	sync.RWMutex
	openers map[string]Opener
}{openers: map[string]Opener{}}

// Register makes a data set available to Open under name. It panics if the name is taken.
func Register(name string, open Opener) {
	registry.Lock()
	defer registry.Unlock()
	if _, taken := registry.openers[name]; taken {
		panic("datasets: two data sets are called " + name)
	}
	registry.openers[name] = open
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

// Open opens the data set that is called name.
func Open(name string, opt OpenOptions) (*Data, error) {
	registry.RLock()
	open := registry.openers[name]
	registry.RUnlock()
	if open == nil {
		return nil, fmt.Errorf("no data set is called %q; there are %s", name, strings.Join(Names(), ", "))
	}
	return open(opt)
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
