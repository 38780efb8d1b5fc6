package nn

import (
	"fmt"

	"flsim/internal/f32"
	"flsim/internal/tensor"
)

// Dense appends a fully connected layer of so many outputs. An image is flattened first, in the order row, column,
// channel.
func (b *Builder) Dense(name string, out int, options ...Option) {
	if !b.begin("Dense "+name, out) {
		return
	}
	in := b.shape.Size()
	a := b.affine(name, in, out, out, options, in, out)
	b.count(a.w, 2*float64(in)*float64(out))
	b.add(dense{affine: a, in: in, out: out}, tensor.Shape{H: 1, W: 1, C: out})
}

// Conv appends a convolution of so many output channels with a square or, of volumes, cubic kernel of that width. pad
// zeros are put around the image.
func (b *Builder) Conv(name string, out, kernel, stride, pad int, options ...Option) {
	if !b.begin("Conv "+name, out, kernel, stride, pad+1) || !b.fits("the kernel of "+name, kernel, pad) {
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

// ConvTranspose appends a transposed convolution whose kernel equals its stride: it enlarges images by that factor. Its
// default initial weights are PyTorch's, which takes taps times output channels for the fan in.
func (b *Builder) ConvTranspose(name string, out, kernel int) {
	if !b.begin("ConvTranspose "+name, out, kernel) {
		return
	}
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

// ReLU appends max(x, 0): as part of the layer before it if that is dense, a convolution or a normalisation, else in
// place.
func (b *Builder) ReLU() {
	if !b.begin("ReLU") {
		return
	}
	if l, ok := b.last().(interface{ withReLU() layer }); ok {
		b.layers[len(b.layers)-1] = l.withReLU()
	} else {
		b.keepInput()
		b.add(relu{size: b.shape.Size()}, b.shape)
	}
	b.spoils = true
}

// Dropout appends a layer that in training zeroes activations with probability p, in [0, 1), and scales the others by
// 1/(1-p). In evaluation it does nothing.
func (b *Builder) Dropout(p float64) {
	if !(p >= 0 && p < 1) {
		panic(fmt.Sprintf("nn: Dropout with probability %v, which is not in [0, 1)", p))
	}
	if !b.begin("Dropout") {
		return
	}
	b.keepInput()
	b.add(dropout{p: float32(p), size: b.shape.Size()}, b.shape)
	b.spoils = true
}

func (b *Builder) pool(kind poolKind, kernel, stride int) {
	if !b.begin("a pool", kernel, stride) || !b.fits("a pool", kernel, 0) {
		return
	}
	g := f32.Pool{In: extents(b.shape), Channels: b.shape.C, Kernel: kernel, Stride: stride}
	b.add(pool{kind: kind, g: g}, b.behind(g.Out(), b.shape.C))
}

// MaxPool appends the maximum over square or cubic windows of that width, without padding.
func (b *Builder) MaxPool(kernel, stride int) { b.pool(maxPooling, kernel, stride) }

// ReLUPool appends ReLU and maximum pooling of width and stride 2: as part of the layer before it if that is a
// convolution, which takes less memory and time than two steps.
func (b *Builder) ReLUPool() {
	if !b.begin("ReLUPool") {
		return
	}
	l, ok := b.last().(interface{ withReLUPool() layer })
	if !ok || b.shape.H < 2 || b.shape.W < 2 || b.shape.D == 1 {
		b.pool(reluMaxPooling, 2, 2)
		return
	}
	b.layers[len(b.layers)-1] = l.withReLUPool()
	b.shape = tensor.Shape{D: b.shape.D / 2, H: b.shape.H / 2, W: b.shape.W / 2, C: b.shape.C}
}

// AvgPool appends the mean over such windows.
func (b *Builder) AvgPool(kernel, stride int) { b.pool(avgPooling, kernel, stride) }

// GlobalMean appends the mean over each channel of a square image.
func (b *Builder) GlobalMean() {
	if b.shape.H != b.shape.W {
		b.Failf("the mean over channels needs square images, not %v", b.shape)
		return
	}
	b.AvgPool(b.shape.H, b.shape.H)
}

// norm appends the tensors that scale and shift each channel.
func (b *Builder) norm(name string) (scale, shift tensor.Segment) {
	c := b.shape.C
	return b.param(name+".weight", tensor.Norm, initRule{constant: 1}, c), b.param(name+".bias", tensor.Norm, initRule{}, c)
}

// BatchNorm appends batch normalisation with running statistics, which are tensors of kind buffer.
func (b *Builder) BatchNorm(name string) {
	if !b.begin("BatchNorm " + name) {
		return
	}
	scale, shift := b.norm(name)
	mean := b.param(name+".running_mean", tensor.Buffer, initRule{}, b.shape.C)
	variance := b.param(name+".running_var", tensor.Buffer, initRule{constant: 1}, b.shape.C)
	b.add(batchNorm{scale: scale, shift: shift, mean: mean, variance: variance, shape: b.shape}, b.shape)
}

// GroupNorm appends group normalisation. The channels must divide into that many groups.
func (b *Builder) GroupNorm(name string, groups int) {
	if !b.begin("GroupNorm "+name, groups) {
		return
	}
	if b.shape.C%groups != 0 {
		b.Failf("%d channels do not divide into %d groups before %s", b.shape.C, groups, name)
		return
	}
	scale, shift := b.norm(name)
	b.add(groupNorm{scale: scale, shift: shift, groups: groups, shape: b.shape}, b.shape)
}
