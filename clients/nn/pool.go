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

func (l pool) sizes() (in, out int) { return l.g.InLen(), l.g.OutLen() }

func (l pool) node(maxBatch int) node {
	n := &poolNode{pool: l, y: make([]float32, maxBatch*l.g.OutLen())}
	if l.kind != avgPooling {
		n.winner = make([]uint8, len(n.y))
	}
	return n
}

type poolNode struct {
	pool
	y      []float32
	winner []uint8 // position in its window of each maximum
}

func (l *poolNode) forward(p *pass, x []float32) []float32 {
	y := l.y[:p.n*l.g.OutLen()]
	if l.kind == avgPooling {
		f32.AvgPool(&l.g, p.n, y, x)
		return y
	}
	f32.MaxPool(&l.g, p.n, y, l.winner[:len(y)], x, l.kind == reluMaxPooling)
	return y
}

func (l *poolNode) backward(p *pass, dy, dx []float32) {
	if dx == nil {
		return
	}
	if l.kind == avgPooling {
		f32.AvgPoolBackward(&l.g, p.n, dx, dy)
		return
	}
	f32.MaxPoolBackward(&l.g, p.n, dx, dy, l.winner[:len(dy)])
}
