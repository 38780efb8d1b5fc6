package nn

import "flsim/internal/tensor"

// Residual appends the sum of two branches that start from the same activations and end in the same shape: the steps that
// body appends, and those that shortcut appends, which may be none. The tensors of the shortcut come first.
func (b *Builder) Residual(body, shortcut func()) {
	if !b.begin("Residual") {
		return
	}
	b.keepInput()
	in := b.shape
	side, sideOut := b.branch(in, shortcut)
	main, out := b.branch(in, body)
	if len(main) == 0 && b.err == nil {
		panic("nn: Residual with an empty body")
	}
	if sideOut != out {
		b.Failf("the branches of a residual block end in %v and %v", out, sideOut)
	}
	b.add(residual{body: main, shortcut: side, in: in.Size(), out: out.Size()}, out)
}

// Concat appends a layer whose output has the channels of its input followed by those that the steps of body end in,
// with as many pixels.
func (b *Builder) Concat(body func()) {
	if !b.begin("Concat") {
		return
	}
	b.keepInput()
	in := b.shape
	layers, end := b.branch(in, body)
	if len(layers) == 0 && b.err == nil {
		panic("nn: Concat with an empty body")
	}
	if end.Positions() != in.Positions() {
		b.Failf("the channels of %v cannot be joined with those of %v", in, end)
	}
	out := in
	out.C += end.C
	b.add(concat{body: layers, positions: in.Positions(), channels: [2]int{in.C, end.C}}, out)
}

// branch returns the layers that build appends, and the shape in which they end. Both branches of a block are given the
// same gradient, so a last layer that would write to it gets a copy.
func (b *Builder) branch(in tensor.Shape, build func()) (layers []layer, end tensor.Shape) {
	outer := b.layers
	b.layers, b.shape, b.spoils = nil, in, false
	build()
	if b.spoils {
		b.add(duplicate{size: b.shape.Size()}, b.shape)
	}
	layers, end = b.layers, b.shape
	b.layers = outer
	return layers, end
}

// keepInput copies what the network or a branch starts from, if nothing has been appended yet. A layer that works in
// place would overwrite it, and one with branches wants to know its gradient.
func (b *Builder) keepInput() {
	if len(b.layers) == 0 {
		b.add(duplicate{size: b.shape.Size()}, b.shape)
	}
}

// duplicate copies activations on the way forward and gradients on the way back.
type duplicate struct{ size int }

func (l duplicate) sizes() (in, out int) { return l.size, l.size }

func (l duplicate) node(maxBatch int) node {
	return &duplicateNode{y: make([]float32, maxBatch*l.size)}
}

type duplicateNode struct{ y []float32 }

func (l *duplicateNode) forward(_ *pass, x []float32) []float32 { return l.y[:copy(l.y, x)] }

func (l *duplicateNode) backward(_ *pass, dy, dx []float32) { copy(dx, dy) }
