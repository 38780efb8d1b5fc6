package nn

import (
	"flsim/internal/f32"
	"flsim/internal/tensor"
)

// affine is what dense and convolutional layers have in common: their tensors, and whether a ReLU is part of them.
type affine struct {
	w, b    tensor.Segment
	hasBias bool
	relu    bool
}

// bias returns the biases' part of v, nil if there are none.
func (a affine) bias(v []float32) []float32 {
	if !a.hasBias {
		return nil
	}
	return a.b.Of(v)
}

// beforeReLU turns dy, the gradient with respect to the layer's output y, into that with respect to what the ReLU was
// applied to.
func (a affine) beforeReLU(dy, y []float32) {
	if a.relu {
		f32.ReLUBackward(dy, dy, y)
	}
}

// dense is a fully connected layer: y = x W + b with W of shape [in][out], followed by ReLU if there is one.
type dense struct {
	affine
	in, out int
}

func (l dense) sizes() (in, out int) { return l.in, l.out }

func (l dense) withReLU() layer {
	l.relu = true
	return l
}

func (l dense) node(maxBatch int) node {
	return &denseNode{dense: l, y: make([]float32, maxBatch*l.out)}
}

type denseNode struct {
	dense
	x, y []float32
}

func (l *denseNode) forward(p *pass, x []float32) []float32 {
	l.x = x
	y := f32.RowMajor(l.y[:p.n*l.out], p.n, l.out)
	p.work.MatMul(y, f32.RowMajor(x, p.n, l.in), l.matrix(p.w), f32.Epilogue{Bias: l.bias(p.w), ReLU: l.relu})
	return y.Data
}

func (l *denseNode) backward(p *pass, dy, dx []float32) {
	l.beforeReLU(dy, l.y[:len(dy)])
	d := f32.RowMajor(dy, p.n, l.out)
	p.work.MatMul(l.matrix(p.g), f32.RowMajor(l.x, p.n, l.in).T(), d, f32.Epilogue{})
	if l.hasBias {
		p.work.SumRows(l.b.Of(p.g), dy)
	}
	if dx != nil {
		p.work.MatMul(f32.RowMajor(dx, p.n, l.in), d, l.matrix(p.w).T(), f32.Epilogue{})
	}
}

// matrix returns the weights' part of v.
func (l *denseNode) matrix(v []float32) f32.Matrix { return f32.RowMajor(l.w.Of(v), l.in, l.out) }

// conv is a two-dimensional convolution with weights of shape [kernel][kernel][in][out], followed by ReLU if there is
// one.
type conv struct {
	affine
	g f32.Conv
}

func (l conv) sizes() (in, out int) { return l.g.InLen(), l.g.OutLen() }

func (l conv) withReLU() layer {
	l.relu = true
	return l
}

func (l conv) withReLUPool() layer { return convPool(l) }

func (l conv) node(maxBatch int) node {
	return &convNode{conv: l, y: make([]float32, maxBatch*l.g.OutLen())}
}

type convNode struct {
	conv
	x, y []float32
}

func (l *convNode) forward(p *pass, x []float32) []float32 {
	l.x = x
	y := l.y[:p.n*l.g.OutLen()]
	p.work.ConvForward(&l.g, p.n, y, x, l.w.Of(p.w), l.bias(p.w), l.relu)
	return y
}

func (l *convNode) backward(p *pass, dy, dx []float32) {
	l.beforeReLU(dy, l.y[:len(dy)])
	p.work.ConvBackward(&l.g, p.n, dx, l.w.Of(p.g), l.bias(p.g), dy, l.x, l.w.Of(p.w))
}

// convPool is a convolution followed by ReLU and 2x2 maximum pooling. What lies between is never kept for a whole
// batch.
type convPool conv

func (l convPool) sizes() (in, out int) { return l.g.InLen(), l.g.PooledLen() }

func (l convPool) node(maxBatch int) node {
	n := maxBatch * l.g.PooledLen()
	return &convPoolNode{convPool: l, y: make([]float32, n), winner: make([]uint8, n)}
}

type convPoolNode struct {
	convPool
	x, y   []float32
	winner []uint8 // position in its window of each maximum
}

func (l *convPoolNode) forward(p *pass, x []float32) []float32 {
	l.x = x
	n := p.n * l.g.PooledLen()
	p.work.ConvPoolForward(&l.g, p.n, l.y[:n], l.winner[:n], x, l.w.Of(p.w), l.bias(p.w))
	return l.y[:n]
}

func (l *convPoolNode) backward(p *pass, dy, dx []float32) {
	p.work.ConvPoolBackward(&l.g, p.n, dx, l.w.Of(p.g), l.bias(p.g), dy, l.winner[:len(dy)], l.x, l.w.Of(p.w))
}
