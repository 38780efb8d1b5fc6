package nn

import (
	"fmt"

	"flsim/internal/f32"
	"flsim/internal/tensor"
)

// builder puts a model together layer by layer. It follows the shape of the activations, and keeps the first error.
type builder struct {
	cfg     Config
	outputs int          // scores of an example or, in a segmenter, of a pixel
	shape   tensor.Shape // behind the last layer
	layout  tensor.Layout
	rules   []initRule // one per segment of layout
	flops   float64    // of one example's inference
	first   float64    // of the first affine layer's share of them
	uses    []use
	layers  []layer
	err     error
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// param appends a tensor to the layout and returns its segment.
func (b *builder) param(name string, kind tensor.Kind, rule initRule, shape ...int) tensor.Segment {
	b.layout = b.layout.Add(name, kind, shape...)
	b.rules = append(b.rules, rule)
	return b.layout[len(b.layout)-1]
}

func (b *builder) add(l layer, out tensor.Shape) {
	b.layers = append(b.layers, l)
	b.shape = out
}

// option changes one thing about a dense or convolutional layer.
type option uint8

const noBias option = 1

func has(options []option, o option) bool {
	for _, p := range options {
		if p == o {
			return true
		}
	}
	return false
}

// affine appends the tensors of a dense or convolutional layer.
func (b *builder) affine(name string, fanIn, out, fanOut int, options []option, shape ...int) affine {
	w, bias := weightRules(b.cfg, fanIn, fanOut)
	a := affine{w: b.param(name+".weight", tensor.Weight, w, shape...), hasBias: !has(options, noBias)}
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
func (b *builder) count(w tensor.Segment, flops float64) {
	b.uses = append(b.uses, use{w, flops / float64(w.Len)})
	if b.flops == 0 {
		b.first = flops
	}
	b.flops += flops
}

// dense appends a fully connected layer; an image is flattened first.
func (b *builder) dense(name string, out int, options ...option) {
	in := b.shape.Size()
	a := b.affine(name, in, out, out, options, in, out)
	b.count(a.w, 2*float64(in)*float64(out))
	b.add(dense{affine: a, in: in, out: out}, tensor.Shape{H: 1, W: 1, C: out})
}

// extents returns the extents of a shape as the kernels want them, and behind of one that they give back.
func extents(s tensor.Shape) [3]int { return [3]int{max(s.D, 1), s.H, s.W} }

// behind returns the shape behind a layer: a volume stays one, and an image an image.
func (b *builder) behind(size [3]int, channels int) tensor.Shape {
	s := tensor.Shape{H: size[1], W: size[2], C: channels}
	if b.shape.D > 0 {
		s.D = size[0]
	}
	return s
}

// fits fails unless a kernel fits the image or volume.
func (b *builder) fits(what string, kernel, pad int) bool {
	in := b.shape
	smallest := min(in.H, in.W)
	if in.D > 0 {
		smallest = min(smallest, in.D)
	}
	if smallest+2*pad < kernel {
		b.fail("%s of width %d does not fit %v", what, kernel, in)
		return false
	}
	return true
}

// cube returns the shape of a square or cubic kernel's weights.
func (b *builder) cube(kernel, in, out int) []int {
	shape := []int{kernel, kernel, in, out}
	if b.shape.D > 0 {
		shape = append([]int{kernel}, shape...)
	}
	return shape
}

// conv appends a convolution with a square or cubic kernel.
func (b *builder) conv(name string, out, kernel, stride, pad int, options ...option) {
	if !b.fits("the kernel of "+name, kernel, pad) {
		return
	}
	in := b.shape
	g := f32.Conv2D(in.H, in.W, in.C, out, kernel, stride, pad)
	if in.D > 0 {
		g = f32.Conv3D(in.D, in.H, in.W, in.C, out, kernel, stride, pad)
	}
	taps := g.Weights() / (in.C * out)
	a := b.affine(name, taps*in.C, out, taps*out, options, b.cube(kernel, in.C, out)...)
	size := g.Out()
	b.count(a.w, 2*float64(g.OutLen())*float64(taps*in.C))
	b.add(conv{affine: a, g: g}, b.behind(size, out))
}

// convTranspose appends a transposed convolution whose kernel equals its stride: it enlarges images by that factor.
// Its default initial weights are PyTorch's, which takes taps times output channels for the fan in.
func (b *builder) convTranspose(name string, out, kernel int) {
	in := b.shape
	g := f32.ConvTranspose2D(in.H, in.W, in.C, out, kernel)
	if in.D > 0 {
		g = f32.ConvTranspose3D(in.D, in.H, in.W, in.C, out, kernel)
	}
	taps := g.Weights() / (in.C * out)
	a := b.affine(name, taps*out, out, taps*in.C, nil, b.cube(kernel, in.C, out)...)
	b.count(a.w, 2*float64(g.OutLen())*float64(in.C))
	b.add(convTranspose{affine: a, g: g}, b.behind(g.Out(), out))
}

// relu appends max(x, 0): as part of the layer before it if that is dense, a convolution or a normalisation, else in place.
func (b *builder) relu() {
	if l, ok := b.last().(interface{ withReLU() layer }); ok {
		b.layers[len(b.layers)-1] = l.withReLU()
		return
	}
	b.add(relu{size: b.shape.Size()}, b.shape)
}

// last returns the layer that was appended last, nil if there is none.
func (b *builder) last() layer {
	if len(b.layers) == 0 {
		return nil
	}
	return b.layers[len(b.layers)-1]
}

// dropout appends a layer that in training zeroes activations with probability p and scales the others by 1/(1-p),
// in place.
func (b *builder) dropout(p float64) {
	b.add(dropout{p: float32(p), size: b.shape.Size()}, b.shape)
}

func (b *builder) pool(kind poolKind, kernel, stride int) {
	if !b.fits("a pool", kernel, 0) {
		return
	}
	g := f32.Pool{In: extents(b.shape), Channels: b.shape.C, Kernel: kernel, Stride: stride}
	b.add(pool{kind: kind, g: g}, b.behind(g.Out(), b.shape.C))
}

// maxPool appends maximum pooling.
func (b *builder) maxPool(kernel, stride int) { b.pool(maxPooling, kernel, stride) }

// reluPool appends ReLU and 2x2 maximum pooling: as part of the layer before it if that is a convolution.
func (b *builder) reluPool() {
	l, ok := b.last().(interface{ withReLUPool() layer })
	if !ok || b.shape.H < 2 || b.shape.W < 2 {
		b.pool(reluMaxPooling, 2, 2)
		return
	}
	b.layers[len(b.layers)-1] = l.withReLUPool()
	b.shape = tensor.Shape{D: b.shape.D / 2, H: b.shape.H / 2, W: b.shape.W / 2, C: b.shape.C}
}

// avgPool appends average pooling.
func (b *builder) avgPool(kernel, stride int) { b.pool(avgPooling, kernel, stride) }

// globalMean appends the mean over each channel of a square image.
func (b *builder) globalMean() {
	if b.shape.H != b.shape.W {
		b.fail("the last mean needs square images")
		return
	}
	b.avgPool(b.shape.H, b.shape.H)
}

// norm appends the tensors that scale and shift each channel.
func (b *builder) norm(name string) (scale, shift tensor.Segment) {
	c := b.shape.C
	return b.param(name+".weight", tensor.Norm, initRule{constant: 1}, c), b.param(name+".bias", tensor.Norm, initRule{}, c)
}

// batchNorm appends batch normalisation with running statistics.
func (b *builder) batchNorm(name string) {
	scale, shift := b.norm(name)
	mean := b.param(name+".running_mean", tensor.Buffer, initRule{}, b.shape.C)
	variance := b.param(name+".running_var", tensor.Buffer, initRule{constant: 1}, b.shape.C)
	b.add(batchNorm{scale: scale, shift: shift, mean: mean, variance: variance, shape: b.shape}, b.shape)
}

// groupNorm appends group normalisation.
func (b *builder) groupNorm(name string, groups int) {
	if b.shape.C%groups != 0 {
		b.fail("%d channels do not divide into %d groups before %s", b.shape.C, groups, name)
		return
	}
	scale, shift := b.norm(name)
	b.add(groupNorm{scale: scale, shift: shift, groups: groups, shape: b.shape}, b.shape)
}

// residual appends the sum of two branches that start from the same activations. An empty shortcut is the identity.
// Neither branch may end in a ReLU or in a layer that works in place.
func (b *builder) residual(body, shortcut func()) {
	in, outer := b.shape, b.layers
	branch := func(build func()) []layer {
		b.layers, b.shape = nil, in
		build()
		return b.layers
	}
	side := branch(shortcut)
	sideOut := b.shape
	main := branch(body)
	if b.err == nil && sideOut != b.shape {
		panic(fmt.Sprintf("nn: branches of a residual block end in %v and %v", b.shape, sideOut))
	}
	b.layers = outer
	b.add(residual{body: main, shortcut: side, in: in.Size(), out: b.shape.Size()}, b.shape)
}
