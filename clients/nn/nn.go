// Package nn trains neural networks over flat vectors that somebody else owns.
//
// A Model says what a network computes and how its parameters lie in a vector; it is immutable and shared. A Net is
// one worker's workspace for a model: it is bound to a vector of parameters and one of gradients, reuses all its
// buffers and allocates nothing in steady state.
//
// # Memory order
//
// Activations are NHWC: a batch of images is [image][row][column][channel]. Convolution weights are HWIO,
// [kernel row][kernel column][in][out], dense weights [in][out], and a dense layer that follows an image reads it in
// the order [row][column][channel]. PyTorch keeps NCHW, OIHW, [out][in] and [channel][row][column]: to carry weights
// over, permute a convolution's by (2, 3, 1, 0), transpose a dense layer's, and where a dense layer follows an image
// view its [out][C*H*W] as [out][C][H][W] and permute it by (2, 3, 1, 0) too.
//
// # Arithmetic
//
// Parameters, activations and gradients are float32, losses float64. All loops live in flsim/internal/f32, where the order
// of every sum is fixed, so that equal inputs give equal bits whatever the processor and the number of workers.
package nn

import (
	"fmt"
	"slices"
	"strings"

	"flsim/internal/f32"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// Config names a model and its variants. Its fields are the keys of a configuration's model table.
type Config struct {
	Name    string  `toml:"name" doc:"the model; an unknown name is answered with the list of all"`
	Padding string  `toml:"padding" one:"same|valid" doc:"borders of the convolutions of mcmahan-cnn"`
	Init    string  `toml:"init" one:"default|he-normal|glorot-uniform|normal" doc:"initial weights; default is what the model's description says"`
	InitStd float64 `toml:"init_std" in:"(0,1]" doc:"standard deviation of init = normal"`
	Base    int     `toml:"base" in:"[1,1024]" doc:"channels of the first level of unet2d and unet3d; each further level has twice as many"`
	Levels  int     `toml:"levels" in:"[1,8]" doc:"levels of unet2d and unet3d, whose images halve from one to the next"`
}

// DefaultConfig returns the settings that hold where a configuration gives none. The name must be given.
func DefaultConfig() Config {
	return Config{Padding: "same", Init: "default", InitStd: 0.01, Base: 8, Levels: 3}
}

// Names returns the names of all models in alphabetical order.
func Names() []string {
	var names []string
	for _, m := range zoo {
		names = append(names, m.name)
	}
	slices.Sort(names)
	return names
}

// Model is a network's description. It is immutable and safe for concurrent use.
type Model struct {
	name    string
	in      tensor.Shape
	outputs int // scores per label
	regions int // 0 in a classifier
	layout  tensor.Layout
	rules   []initRule
	flops   float64 // of one example's inference
	first   float64 // of the first affine layer's share of them
	layers  []layer
	labels  int // of one example
	uses    []use
}

// New returns the classifier that cfg names for examples of shape in and the given number of classes. It returns an
// error if there is no such model, if it marks regions instead, or if the examples are too small for it.
func New(cfg Config, in tensor.Shape, classes int) (*Model, error) {
	e, err := find(cfg.Name)
	if err != nil {
		return nil, err
	}
	if e.regions {
		return nil, fmt.Errorf("model %s marks regions in every pixel and cannot tell classes of whole examples; %s can", cfg.Name, namesOf(false))
	}
	if classes < 2 {
		return nil, fmt.Errorf("a classifier needs at least 2 classes, not %d", classes)
	}
	return newModel(e, cfg, in, classes)
}

// NewSegmenter returns the U-Net that cfg names for examples of shape in and so many regions, which may overlap: it gives
// each pixel or voxel one score per region, whose sigmoid is the probability that it lies in there. The layout does not
// depend on the extents of in, only on its dimensions and channels: parameters trained on patches fit the model of a
// whole volume. It returns an error if there is no such model, if it tells classes instead, or if the shape does not fit:
// extents must be divisible by 2 to the power levels-1.
func NewSegmenter(cfg Config, in tensor.Shape, regions int) (*Model, error) {
	e, err := find(cfg.Name)
	if err != nil {
		return nil, err
	}
	if !e.regions {
		return nil, fmt.Errorf("model %s tells classes of whole examples and cannot mark regions; %s can", cfg.Name, namesOf(true))
	}
	if regions < 1 || regions > f32.MaxRegions {
		return nil, fmt.Errorf("a segmentation has 1 to %d regions, not %d", f32.MaxRegions, regions)
	}
	m, err := newModel(e, cfg, in, regions)
	if err != nil {
		return nil, err
	}
	m.regions = regions
	return m, nil
}

// find returns the model of that name.
func find(name string) (entry, error) {
	i := slices.IndexFunc(zoo, func(e entry) bool { return e.name == name })
	if i < 0 {
		return entry{}, fmt.Errorf("no model is called %q; there are %s", name, strings.Join(Names(), ", "))
	}
	return zoo[i], nil
}

// namesOf lists the models that mark regions, or those that do not.
func namesOf(regions bool) string {
	names := slices.DeleteFunc(Names(), func(name string) bool {
		e, err := find(name)
		return err != nil || e.regions != regions
	})
	return strings.Join(names, ", ")
}

// newModel makes a model with so many scores per label.
func newModel(e entry, cfg Config, in tensor.Shape, outputs int) (*Model, error) {
	if in.H < 1 || in.W < 1 || in.C < 1 {
		return nil, fmt.Errorf("model %s cannot take examples of shape %v", cfg.Name, in)
	}
	b := &Builder{cfg: cfg, shape: in, outputs: outputs}
	e.build(b)
	if b.err != nil {
		return nil, fmt.Errorf("model %s cannot take examples of shape %v: %w", cfg.Name, in, b.err)
	}
	if want := ending(e, in, outputs); b.shape.C != want.C || b.shape.Positions() != want.Positions() {
		return nil, fmt.Errorf("model %s ends in %v for examples of shape %v, where %v is wanted: %d scores per label", cfg.Name, b.shape, in, want, outputs)
	}
	return &Model{name: cfg.Name, in: in, outputs: outputs, layout: b.layout, rules: b.rules, flops: b.flops, first: b.first,
		layers: b.layers, labels: b.shape.Positions(), uses: b.uses}, nil
}

// ending returns the shape in which a model has to end.
func ending(e entry, in tensor.Shape, outputs int) tensor.Shape {
	end := tensor.Shape{H: 1, W: 1, C: outputs}
	if e.regions {
		end.D, end.H, end.W = in.D, in.H, in.W
	}
	return end
}

// Name returns the model's name.
func (m *Model) Name() string { return m.name }

// Labels returns how many labels an example has: one class or, in a segmenter, one set of regions for each pixel or
// voxel.
func (m *Model) Labels() int { return m.labels }

// Regions returns how many regions a segmenter marks, and 0 for a classifier.
func (m *Model) Regions() int { return m.regions }

// Layout describes the vector of the model's parameters and buffers. It must not be changed.
func (m *Model) Layout() tensor.Layout { return m.layout }

// ForwardFLOPs returns the floating-point operations that one example's inference takes: twice the multiplications of
// the dense and convolutional layers, which are nearly all. A step of training counts three times as many.
func (m *Model) ForwardFLOPs() float64 { return m.flops }

// SparseFLOPs returns what is left of ForwardFLOPs if multiplications by weights that are zero are left out, as an
// engine for sparse models would. This package's own engine does them all.
func (m *Model) SparseFLOPs(w []float32) float64 {
	flops := 0.0
	for _, u := range m.uses {
		kept := 0
		for _, x := range u.w.Of(w) {
			if x != 0 {
				kept++
			}
		}
		flops += float64(u.flops * float64(kept))
	}
	return flops
}

// TrainingFLOPs returns the floating-point operations that one example takes in a step of training: those of inference
// and twice as many for the gradients of weights and inputs, but for the gradient of the first layer's input, which
// nobody needs.
func (m *Model) TrainingFLOPs() float64 { return 3*m.flops - m.first }

// Init fills w with initial parameters, drawn from r tensor by tensor in the layout's order.
func (m *Model) Init(w []float32, r *rng.Rand) {
	for i, s := range m.layout {
		m.rules[i].fill(s.Of(w), r)
	}
}
