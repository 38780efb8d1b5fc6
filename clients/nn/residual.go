package nn

import "flsim/internal/f32"

// residual is the sum of two branches (He, Zhang, Ren and Sun, CVPR 2016, arXiv 1512.03385). An empty shortcut is
// the identity.
type residual struct {
	body, shortcut []layer
	in, out        int // elements of one example
}

func (l residual) sizes() (in, out int) { return l.in, l.out }

func (l residual) node(maxBatch int) node {
	n := &residualNode{body: newChain(l.body, maxBatch), y: make([]float32, maxBatch*l.out), out: l.out}
	if len(l.shortcut) > 0 {
		n.shortcut = newChain(l.shortcut, maxBatch)
		n.dx = make([]float32, maxBatch*l.in)
	}
	return n
}

type residualNode struct {
	body, shortcut *chain
	out            int
	y, dx          []float32
}

func (l *residualNode) forward(p *pass, x []float32) []float32 {
	y, side := l.y[:p.n*l.out], x
	if l.shortcut != nil {
		side = l.shortcut.forward(p, x)
	}
	f32.Add(y, l.body.forward(p, x), side)
	return y
}

func (l *residualNode) backward(p *pass, dy, dx []float32) {
	l.body.backward(p, dy, dx)
	side := dy
	if l.shortcut != nil {
		side = l.dx[:len(dx)]
		l.shortcut.backward(p, dy, side)
	}
	f32.Add(dx, dx, side)
}
