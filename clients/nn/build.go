package nn

import (
	"fmt"
	"slices"

	"flsim/internal/tensor"
)

// Builder puts a model together step by step. It follows the shape of the activations and keeps the first error: after
// one, steps do nothing. A step whose own numbers make no sense, such as a layer without outputs, panics, and so does a
// name that is used twice. Names are those of the tensors, as in "conv1" for "conv1.weight" and "conv1.bias".
type Builder struct {
	cfg     Config
	outputs int          // scores of an example or, in a segmenter, of a pixel
	shape   tensor.Shape // behind the last layer
	layout  tensor.Layout
	rules   []initRule // one per segment of layout
	flops   float64    // of one example's inference
	first   float64    // of the first affine layer's share of them
	uses    []use
	layers  []layer
	spoils  bool // whether the last layer writes to the gradient of its output
	err     error
}

// Config returns the settings of the model table, such as Padding.
func (b *Builder) Config() Config { return b.cfg }

// Outputs returns how many scores the last layer has to have: one for each class or, in a segmenter, region.
func (b *Builder) Outputs() int { return b.outputs }

// Shape returns the shape of an example's activations behind the last step, at first that of the examples.
func (b *Builder) Shape() Shape { return b.shape }

// Failf says that the model cannot be built for its examples, and why. The first reason counts.
func (b *Builder) Failf(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// begin tells whether a step is to be appended: unless one before it has failed. It panics if one of its numbers is
// not positive.
func (b *Builder) begin(step string, numbers ...int) bool {
	for _, n := range numbers {
		if n < 1 {
			panic(fmt.Sprintf("nn: %s with a number out of range: sizes and strides are at least 1, paddings at least 0", step))
		}
	}
	return b.err == nil
}

// param appends a tensor to the layout and returns its segment.
func (b *Builder) param(name string, kind tensor.Kind, rule initRule, shape ...int) tensor.Segment {
	if slices.ContainsFunc(b.layout, func(s tensor.Segment) bool { return s.Name == name }) {
		panic("nn: two tensors are called " + name)
	}
	b.layout = b.layout.Add(name, kind, shape...)
	b.rules = append(b.rules, rule)
	return b.layout[len(b.layout)-1]
}

func (b *Builder) add(l layer, out tensor.Shape) {
	b.layers = append(b.layers, l)
	b.shape = out
	b.spoils = false
}

// Option changes one thing about a dense or convolutional layer.
type Option uint8

// NoBias leaves out the biases, as is usual before a normalisation.
const NoBias Option = 1

// affine appends the tensors of a dense or convolutional layer.
func (b *Builder) affine(name string, fanIn, out, fanOut int, options []Option, shape ...int) affine {
	w, bias := weightRules(b.cfg, fanIn, fanOut)
	a := affine{w: b.param(name+".weight", tensor.Weight, w, shape...), hasBias: !slices.Contains(options, NoBias)}
	if a.hasBias {
		a.b = b.param(name+".bias", tensor.Bias, bias, out)
	}
	return a
}

// use says how many operations of an example's inference each element of a weight tensor takes part in.
type use struct {
	w     tensor.Segment
	flops float64
}

// count adds the operations of an affine layer's inference. All its weights have the same share.
func (b *Builder) count(w tensor.Segment, flops float64) {
	b.uses = append(b.uses, use{w, flops / float64(w.Len)})
	if b.flops == 0 {
		b.first = flops
	}
	b.flops += flops
}

// extents returns the extents of a shape as the kernels want them, and behind of one that they give back.
func extents(s tensor.Shape) [3]int { return [3]int{max(s.D, 1), s.H, s.W} }

// behind returns the shape behind a layer: a volume stays one, and an image an image.
func (b *Builder) behind(size [3]int, channels int) tensor.Shape {
	s := tensor.Shape{H: size[1], W: size[2], C: channels}
	if b.shape.D > 0 {
		s.D = size[0]
	}
	return s
}

// fits tells whether a kernel fits the image or volume, and fails if not.
func (b *Builder) fits(what string, kernel, pad int) bool {
	in := b.shape
	smallest := min(in.H, in.W)
	if in.D > 0 {
		smallest = min(smallest, in.D)
	}
	if smallest+2*pad < kernel {
		b.Failf("%s of width %d does not fit %v", what, kernel, in)
		return false
	}
	return true
}

// cube returns the shape of a square or cubic kernel's weights.
func (b *Builder) cube(kernel, in, out int) []int {
	shape := []int{kernel, kernel, in, out}
	if b.shape.D > 0 {
		shape = append([]int{kernel}, shape...)
	}
	return shape
}

// last returns the layer that was appended last, nil if there is none.
func (b *Builder) last() layer {
	if len(b.layers) == 0 {
		return nil
	}
	return b.layers[len(b.layers)-1]
}
