package f32

import (
	"math"
	"math/rand/v2"
)

// layer is a layer of the networks that the tests and benchmarks train: a convolution with bias and ReLU, perhaps
// pooled, or a dense layer.
type layer struct {
	conv          *Conv
	pool          bool
	in, out       int // values per example; of a dense layer its width
	relu          bool
	w, b, dw, db  []float32
	y, dy         []float32
	index         []uint8
	flops, params int
}

// network is a list of layers over one vector of parameters.
type network struct {
	*Context
	batch  int
	layers []*layer
	params []float32
	grads  []float32
	labels []int32
	flops  float64 // of a training step per example, the first layer's input gradient not counted
}

func conv(g Conv, pool bool) *layer {
	l := &layer{conv: &g, pool: pool, in: g.InLen(), out: g.OutLen(), relu: true, params: g.Weights() + g.Cout}
	if pool {
		l.out = g.PooledLen()
	}
	l.flops = 2 * volume(g.Out()) * g.Weights()
	return l
}

func dense(in, out int, relu bool) *layer {
	return &layer{in: in, out: out, relu: relu, flops: 2 * in * out, params: in*out + out}
}

func newNetwork(seed uint64, batch int, layers ...*layer) *network {
	n := &network{Context: new(Context), batch: batch, layers: layers}
	r := rand.New(rand.NewPCG(seed, 1))
	total := 0
	for _, l := range layers {
		total += l.params
	}
	n.params, n.grads = make([]float32, total), make([]float32, total)
	off := 0
	for i, l := range layers {
		outs, fan := l.out, l.in
		if l.conv != nil {
			outs, fan = l.conv.Cout, l.conv.Weights()/l.conv.Cout
		}
		k := l.params - outs
		l.w, l.b = n.params[off:off+k], n.params[off+k:off+l.params]
		l.dw, l.db = n.grads[off:off+k], n.grads[off+k:off+l.params]
		for j := range l.params {
			n.params[off+j] = float32((2*r.Float64() - 1) / math.Sqrt(float64(fan)))
		}
		off += l.params
		l.y, l.dy = make([]float32, batch*l.out), make([]float32, batch*l.out)
		if l.pool {
			l.index = make([]uint8, batch*l.out)
		}
		n.flops += float64(3 * l.flops)
		if i == 0 {
			n.flops -= float64(l.flops)
		}
	}
	for range batch {
		n.labels = append(n.labels, int32(r.IntN(10)))
	}
	return n
}

func (n *network) forward(x []float32) {
	for _, l := range n.layers {
		switch {
		case l.pool:
			n.ConvPoolForward(l.conv, n.batch, l.y, l.index, x, l.w, l.b)
		case l.conv != nil:
			n.ConvForward(l.conv, n.batch, l.y, x, l.w, l.b, true)
		default:
			n.MatMul(RowMajor(l.y, n.batch, l.out), RowMajor(x, n.batch, l.in), RowMajor(l.w, l.in, l.out), Epilogue{Bias: l.b, ReLU: l.relu})
		}
		x = l.y
	}
}

func (n *network) backward(x []float32) {
	for i := len(n.layers) - 1; i >= 0; i-- {
		l, in := n.layers[i], x
		var dx []float32
		if i > 0 {
			in, dx = n.layers[i-1].y, n.layers[i-1].dy
		}
		if l.relu && !l.pool {
			ReLUBackward(l.dy, l.dy, l.y)
		}
		switch {
		case l.pool:
			n.ConvPoolBackward(l.conv, n.batch, dx, l.dw, l.db, l.dy, l.index, in, l.w)
		case l.conv != nil:
			n.ConvBackward(l.conv, n.batch, dx, l.dw, l.db, l.dy, in, l.w)
		default:
			n.dense(l, dx, in)
		}
	}
}

func (n *network) dense(l *layer, dx, in []float32) {
	dy, x, w := RowMajor(l.dy, n.batch, l.out), RowMajor(in, n.batch, l.in), RowMajor(l.w, l.in, l.out)
	n.MatMul(RowMajor(l.dw, l.in, l.out), x.T(), dy, Epilogue{})
	n.SumRows(l.db, l.dy)
	if dx != nil {
		n.MatMul(RowMajor(dx, n.batch, l.in), dy, w.T(), Epilogue{})
	}
}

// step performs one step of stochastic gradient descent and returns the mean loss.
func (n *network) step(x []float32) float64 {
	n.forward(x)
	last := n.layers[len(n.layers)-1]
	loss, _ := n.SoftmaxCrossEntropy(last.dy, last.y, n.labels, 1/float64(n.batch))
	n.backward(x)
	SGD(n.params, n.grads, 0.01, 0)
	return loss / float64(n.batch)
}

func (n *network) input(seed uint64) []float32 {
	return random(rand.New(rand.NewPCG(seed, 2)), n.batch*n.layers[0].in)
}

// workloads are the networks that are measured.
var workloads = []struct {
	name string
	make func(batch int) *network
	full int
}{
	{"mcmahan-valid", func(b int) *network {
		return newNetwork(1, b, conv(Conv2D(32, 32, 3, 32, 5, 1, 0), true), conv(Conv2D(14, 14, 32, 64, 5, 1, 0), true), dense(1600, 512, true), dense(512, 10, false))
	}, 50},
	{"mcmahan-same", func(b int) *network {
		return newNetwork(1, b, conv(Conv2D(32, 32, 3, 32, 5, 1, 2), true), conv(Conv2D(16, 16, 32, 64, 5, 1, 2), true), dense(4096, 512, true), dense(512, 10, false))
	}, 50},
	{"lenet5", func(b int) *network {
		return newNetwork(1, b, conv(Conv2D(32, 32, 3, 6, 5, 1, 0), true), conv(Conv2D(14, 14, 6, 16, 5, 1, 0), true), dense(400, 120, true), dense(120, 84, true), dense(84, 10, false))
	}, 10},
	{"tf-cnn", func(b int) *network {
		return newNetwork(1, b, conv(Conv2D(32, 32, 3, 32, 3, 1, 0), true), conv(Conv2D(15, 15, 32, 64, 3, 1, 0), true), conv(Conv2D(6, 6, 64, 64, 3, 1, 0), false), dense(1024, 64, true), dense(64, 10, false))
	}, 50},
	{"mlp", func(b int) *network {
		return newNetwork(1, b, dense(784, 200, true), dense(200, 200, true), dense(200, 10, false))
	}, 10},
}
