package codecs

import (
	"fmt"
	"slices"
	"strings"
)

// Slot says which place of a chain a stage takes.
type Slot uint8

// The slots of a chain, in the order in which an encoder passes them.
const (
	SlotTransform Slot = iota
	SlotSparsify
	SlotQuantize
	SlotEntropy
	SlotWhole // a Codec of its own, which stands alone
)

var slotNames = [...]string{"transform", "sparsifier", "quantizer", "entropy coder", "codec"}

// String returns the slot's name in prose.
func (s Slot) String() string { return slotNames[s] }

// Settings is a pointer to a struct of a stage's parameters. A Settings value holds the defaults when its Entry makes it.
// Its fields carry tags, which are all that configurations and their checks need to know:
//
//	Bits int `toml:"bits" in:"[1,16]" unit:"bit" doc:"Width of a code."`
//
// The tag in gives a range: brackets include a bound, parentheses exclude it, and an empty bound means none. The tag
// one:"max|l2" lists the words that a string may be.
type Settings interface {
	// Stage builds the stage: a Transform, Sparsifier, Quantizer, EntropyCoder or Codec. Ranges have been checked;
	// what it refuses is a contradiction between parameters.
	Stage() (any, error)
}

// Entry describes one type of stage.
type Entry struct {
	Type  string          // its name in configurations
	Slot  Slot            // its place in a chain
	Doc   string          // one sentence
	Paper string          // authors, year, arXiv id; empty where there is none
	New   func() Settings // parameters at their defaults
}

var registry []Entry

// Register adds a type of stage. It is called from init functions and panics if the name is taken.
func Register(e Entry) {
	if e.Type == "" || e.New == nil {
		panic("codecs: an entry needs a type and a constructor")
	}
	i, taken := slices.BinarySearchFunc(registry, e.Type, func(a Entry, name string) int { return strings.Compare(a.Type, name) })
	if taken {
		panic(fmt.Sprintf("codecs: type %q is registered twice", e.Type))
	}
	registry = slices.Insert(registry, i, e)
}

// Entries returns all registered types in alphabetical order.
func Entries() []Entry { return slices.Clone(registry) }

// Lookup returns the entry of a type.
func Lookup(name string) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(registry, name, func(a Entry, name string) int { return strings.Compare(a.Type, name) })
	if !ok {
		return Entry{}, false
	}
	return registry[i], true
}
