package nn

import (
	"flsim/internal/f32"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// What models of other modules need to name.
type (
	Shape     = tensor.Shape
	Layout    = tensor.Layout
	Segment   = tensor.Segment
	Rand      = rng.Rand
	Precision = f32.Precision
)

// The precisions that Net.SetPrecision takes.
const (
	Float32  = f32.Float32
	BFloat16 = f32.BFloat16
)

// NewRand returns the stream of random numbers that is named by seed, purpose and ids. Streams of different names are
// independent, and none depends on what others have been asked.
func NewRand(seed uint64, purpose string, ids ...uint64) *Rand { return rng.New(seed, purpose, ids...) }

// Register makes a classifier available to New, and so to configurations, under name. build appends its layers; the last
// one has Outputs scores for each example. It is called whenever a model is made, and does the same whenever Config,
// Shape and Outputs are the same. Register is called from init functions and panics if the name is taken.
func Register(name string, build func(b *Builder)) { register(entry{name: name, build: build}) }

// RegisterSegmenter is Register for a model that marks regions, available to NewSegmenter: its last layer has Outputs
// scores for each pixel or voxel of an example, and its tensors do not depend on the example's extents.
func RegisterSegmenter(name string, build func(b *Builder)) {
	register(entry{name: name, build: build, regions: true})
}

func register(e entry) {
	if e.name == "" || e.build == nil {
		panic("nn: a model needs a name and a function that builds it")
	}
	if _, err := find(e.name); err == nil {
		panic("nn: two models are called " + e.name)
	}
	zoo = append(zoo, e)
}
