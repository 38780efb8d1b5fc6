package nn

import (
	"fmt"

	"flsim/internal/f32"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// layer is the immutable description of one step of a network.
type layer interface {
	// sizes returns the elements of one example before and behind the layer.
	sizes() (in, out int)
	// node returns the layer's workspace for batches of up to maxBatch examples.
	node(maxBatch int) node
}

// inPlace layers overwrite their input with their output, and dy with dx.
type inPlace interface{ worksInPlace() }

// node is a layer's workspace.
type node interface {
	// forward returns the layer's output for p.n examples x, in the node's own memory or, in place, in x.
	forward(p *pass, x []float32) []float32
	// backward writes the gradients of the layer's tensors to p.g and, unless dx is nil, that of x to dx. It follows
	// a forward pass in training mode. dy survives unless the layer ends in a ReLU or works in place.
	backward(p *pass, dy, dx []float32)
}

// pass is what all nodes of a network share during one pass over a batch.
type pass struct {
	n     int // examples
	w, g  []float32
	train bool
	r     *rng.Rand
	work  f32.Context
}

// chain runs layers one after another.
type chain struct {
	nodes   []node
	in, out []int  // sizes of one example
	inPlace []bool // the layer's gradient replaces that of its output
	widest  int    // elements of the largest gradient between two layers
	grads   [2][]float32
}

func newChain(layers []layer, maxBatch int) *chain {
	c := &chain{}
	for i, l := range layers {
		in, out := l.sizes()
		_, same := l.(inPlace)
		c.nodes = append(c.nodes, l.node(maxBatch))
		c.in, c.out, c.inPlace = append(c.in, in), append(c.out, out), append(c.inPlace, same)
		if i > 0 {
			c.widest = max(c.widest, maxBatch*in)
		}
	}
	return c
}

func (c *chain) forward(p *pass, x []float32) []float32 {
	for _, n := range c.nodes {
		x = n.forward(p, x)
	}
	return x
}

// backward hands gradients from layer to layer in two buffers, made when a net trains for the first time.
func (c *chain) backward(p *pass, dy, dx []float32) {
	if c.grads[0] == nil {
		c.grads = [2][]float32{make([]float32, c.widest), make([]float32, c.widest)}
	}
	next := 0
	for i := len(c.nodes) - 1; i >= 0; i-- {
		d := dx
		switch {
		case c.inPlace[i]:
			d = dy
		case i > 0:
			d = c.grads[next][:p.n*c.in[i]]
			next = 1 - next
		}
		c.nodes[i].backward(p, dy, d)
		dy = d
	}
}

// Net is one worker's workspace for a model. It is not safe for concurrent use.
type Net struct {
	model    *Model
	maxBatch int
	chain    *chain
	dlogits  []float32
	logits   []float32 // of the batch that was evaluated last
	pass     pass
}

// NewNet returns a workspace for batches of up to maxBatch examples.
func (m *Model) NewNet(maxBatch int) *Net {
	if maxBatch < 1 {
		panic(fmt.Sprintf("nn: a workspace for %d examples", maxBatch))
	}
	return &Net{model: m, maxBatch: maxBatch, chain: newChain(m.layers, maxBatch), dlogits: make([]float32, maxBatch*m.labels*m.outputs)}
}

// SetPrecision chooses how exactly the net takes the operands of its matrix products and convolutions from now on:
// float32, as a new net does, or bfloat16.
func (n *Net) SetPrecision(p f32.Precision) { n.pass.work.SetPrecision(p) }

// Bind makes the net compute with the parameters w and write gradients to g; both have the layout's length. g may be
// nil if the net only evaluates.
func (n *Net) Bind(w, g []float32) {
	if size := n.model.layout.Len(); len(w) != size || g != nil && len(g) != size {
		panic(fmt.Sprintf("nn: bound to vectors of %d and %d elements, not %d", len(w), len(g), size))
	}
	n.pass.w, n.pass.g = w, g
}

// Train runs one batch forward and backward: examples x, NHWC, with labels y, of which each example has as many as
// Model.Labels says. It returns the batch's loss and how many answers were right, and sets g to the gradient of that
// loss, 0 for buffers. Running statistics, which are part of w, move on. r drives dropout.
//
// A classifier's labels are classes, its loss is the mean cross-entropy, and it gives one answer per label. A segmenter's
// labels are sets of regions, bit r for region r, and it gives one answer per pixel and region. Its loss is the sum of
// mean cross-entropy and soft Dice loss that f32.Context.RegionLoss states. The Dice loss takes the batch for one
// volume, as nnU-Net does for tumours ("batch Dice"; Isensee et al., arXiv 2011.00848): slice by slice, a region of few
// pixels would weigh as much as a large one, and slices without it would say nothing.
func (n *Net) Train(x []float32, y []int32, r *rng.Rand) (loss float64, correct int) {
	if n.pass.g == nil {
		panic("nn: training without a vector for gradients")
	}
	logits := n.labelled(x, y, true, r)
	d := n.dlogits[:len(logits)]
	if n.model.regions > 0 {
		loss, correct = n.pass.work.RegionLoss(d, logits, y)
	} else {
		loss, correct = n.pass.work.SoftmaxCrossEntropy(d, logits, y, 1/float64(len(y)))
		loss /= float64(len(y))
	}
	for _, s := range n.model.layout {
		if s.Kind == tensor.Buffer {
			clear(s.Of(n.pass.g))
		}
	}
	n.chain.backward(&n.pass, d, nil)
	return loss, correct
}

// Evaluate returns the loss of examples x with labels y, in inference mode, times the number of examples, and how many
// answers were right. A segmenter's loss depends on which examples share a batch, as in Train.
func (n *Net) Evaluate(x []float32, y []int32) (lossSum float64, correct int) {
	n.logits = n.labelled(x, y, false, nil)
	if n.model.regions > 0 {
		loss, correct := n.pass.work.RegionLoss(nil, n.logits, y)
		return float64(loss * float64(n.pass.n)), correct
	}
	return n.pass.work.SoftmaxCrossEntropy(nil, n.logits, y, 1)
}

// Predict returns the scores of so many examples x, in inference mode: Model.Labels times the number of classes or
// regions for each. A segmenter's are logits, above 0 where it takes a pixel for part of a region. They are valid until
// the net is used again.
func (n *Net) Predict(x []float32, examples int) []float32 {
	return n.run(x, examples, false, nil)
}

// Logits returns the scores of the batch that was evaluated last, in the order of Predict's. They are valid until the net
// is used again.
func (n *Net) Logits() []float32 { return n.logits }

// Ranks writes for each label y of the batch that a classifier evaluated last how many classes it preferred to it: 0 for
// a right answer. Among equals the first class is preferred; a score that is not a number is preferred to all others.
func (n *Net) Ranks(dst []int32, y []int32) {
	for i, label := range y {
		row := n.logits[i*n.model.outputs : (i+1)*n.model.outputs]
		own := row[label]
		dst[i] = 0
		for class, score := range row {
			if score > own || score == own && class < int(label) || score != score || own != own {
				dst[i]++
			}
		}
	}
}

// labelled returns the logits of a batch with labels y.
func (n *Net) labelled(x []float32, y []int32, train bool, r *rng.Rand) []float32 {
	if len(y)%n.model.labels != 0 {
		panic(fmt.Sprintf("nn: a batch of %d labels, %d for each example", len(y), n.model.labels))
	}
	return n.run(x, len(y)/n.model.labels, train, r)
}

// run returns the logits of a batch.
func (n *Net) run(x []float32, examples int, train bool, r *rng.Rand) []float32 {
	p := &n.pass
	if examples < 1 || examples > n.maxBatch || len(x) != examples*n.model.in.Size() {
		panic(fmt.Sprintf("nn: a batch of %d examples with %d inputs; up to %d examples of %v fit",
			examples, len(x), n.maxBatch, n.model.in))
	}
	p.n, p.train, p.r = examples, train, r
	return n.chain.forward(p, x)
}
