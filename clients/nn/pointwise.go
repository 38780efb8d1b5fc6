package nn

import "flsim/internal/f32"

// relu is max(x, 0), where the layer before it cannot compute that itself.
type relu struct{ size int }

func (l relu) sizes() (in, out int) { return l.size, l.size }
func (l relu) worksInPlace()        {}
func (l relu) node(int) node        { return &reluNode{} }

type reluNode struct{ y []float32 }

func (l *reluNode) forward(p *pass, x []float32) []float32 {
	f32.ReLU(x, x)
	l.y = x
	return x
}

// backward relies on y being positive or zero, which a dropout that scales y in place does not change: what it makes
// zero has no gradient.
func (l *reluNode) backward(p *pass, dy, dx []float32) { f32.ReLUBackward(dy, dy, l.y) }

// dropout is inverted dropout (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, JMLR 2014).
type dropout struct {
	p    float32
	size int
}

func (l dropout) sizes() (in, out int) { return l.size, l.size }
func (l dropout) worksInPlace()        {}

func (l dropout) node(maxBatch int) node {
	return &dropoutNode{dropout: l, factor: make([]float32, maxBatch*l.size)}
}

type dropoutNode struct {
	dropout
	factor []float32 // 0 or 1/(1-p) for each activation
}

func (l *dropoutNode) forward(p *pass, x []float32) []float32 {
	if !p.train {
		return x
	}
	keep := 1 / (1 - l.p)
	factor := l.factor[:len(x)]
	for i := range factor {
		factor[i] = 0
		if p.r.Float32() >= l.p {
			factor[i] = keep
		}
	}
	f32.Mul(factor, x)
	return x
}

func (l *dropoutNode) backward(p *pass, dy, dx []float32) { f32.Mul(l.factor[:len(dy)], dy) }
