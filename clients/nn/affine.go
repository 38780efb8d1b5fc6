package nn

import (
	"flsim/internal/f32"
	"flsim/internal/tensor"
)

// affine holds the tensors of a dense or convolutional layer.
type affine struct {
	w, b    tensor.Segment
	hasBias bool
}

func (a affine) bias(v []float32) []float32 {
	if !a.hasBias {
		return nil
	}
	return a.b.Of(v)
}

// biasGrad writes the sum over examples (and pixels) of dy.
func (a affine) biasGrad(p *pass, dy []float32) {
	if a.hasBias {
		f32.SumRows(a.b.Of(p.g), dy)
	}
}

// dense is a fully connected layer: y = x W + b with W of shape [in][out].
type dense struct {
	affine
	in, out int
}

func (l dense) sizes() (in, out int) { return l.in, l.out }

func (l dense) node(maxBatch int) node {
	return &denseNode{dense: l, y: make([]float32, maxBatch*l.out)}
}

type denseNode struct {
	dense
	x, y []float32
}

func (l *denseNode) forward(p *pass, x []float32) []float32 {
	l.x = x
	y := l.y[:p.n*l.out]
	f32.FillRows(y, l.bias(p.w))
	p.scratch.Gemm(f32.NN, p.n, l.out, l.in, x, l.w.Of(p.w), y)
	return y
}

func (l *denseNode) backward(p *pass, dy, dx []float32) {
	dw := l.w.Of(p.g)
	clear(dw)
	p.scratch.Gemm(f32.TN, l.in, l.out, p.n, l.x, dy, dw)
	l.biasGrad(p, dy)
	if dx != nil {
		clear(dx)
		p.scratch.Gemm(f32.NT, p.n, l.in, l.out, dy, l.w.Of(p.w), dx)
	}
}

// conv is a two-dimensional convolution with weights of shape [kernel][kernel][in][out].
type conv struct {
	affine
	g f32.Conv
}

func (l conv) sizes() (in, out int) {
	return l.g.H * l.g.W * l.g.Cin, l.g.OutH() * l.g.OutW() * l.g.Cout
}

func (l conv) node(maxBatch int) node {
	_, out := l.sizes()
	return &convNode{conv: l, y: make([]float32, maxBatch*out)}
}

type convNode struct {
	conv
	x, y []float32
}

func (l *convNode) forward(p *pass, x []float32) []float32 {
	l.x = x
	_, out := l.sizes()
	y := l.y[:p.n*out]
	p.scratch.ConvForward(l.g, y, x, l.w.Of(p.w), l.bias(p.w), p.n)
	return y
}

func (l *convNode) backward(p *pass, dy, dx []float32) {
	p.scratch.ConvWeightGrad(l.g, l.w.Of(p.g), l.x, dy, p.n)
	l.biasGrad(p, dy)
	if dx != nil {
		p.scratch.ConvInputGrad(l.g, dx, dy, l.w.Of(p.w), p.n)
	}
}
