package nn

import "flsim/internal/f32"

type poolKind uint8

const (
	maxPooling poolKind = iota
	reluMaxPooling
	avgPooling
)

// pool reduces windows of an image, channel by channel.
type pool struct {
	kind poolKind
	g    f32.Pool
}

func (l pool) sizes() (in, out int) { return l.g.H * l.g.W * l.g.C, l.g.OutH() * l.g.OutW() * l.g.C }

func (l pool) node(maxBatch int) node {
	_, out := l.sizes()
	n := &poolNode{pool: l, y: make([]float32, maxBatch*out)}
	if l.kind != avgPooling {
		n.source = make([]uint8, maxBatch*out)
	}
	return n
}

type poolNode struct {
	pool
	y      []float32
	source []uint8
}

func (l *poolNode) forward(p *pass, x []float32) []float32 {
	_, out := l.sizes()
	y := l.y[:p.n*out]
	switch l.kind {
	case maxPooling:
		f32.MaxPool(l.g, y, l.source, x, p.n)
	case reluMaxPooling:
		f32.ReLUMaxPool(l.g, y, l.source, x, p.n)
	case avgPooling:
		f32.AvgPool(l.g, y, x, p.n)
	}
	return y
}

func (l *poolNode) backward(p *pass, dy, dx []float32) {
	if l.kind == avgPooling {
		f32.AvgPoolBack(l.g, dx, dy, p.n)
		return
	}
	f32.MaxPoolBack(l.g, dx, dy, l.source, p.n)
}
