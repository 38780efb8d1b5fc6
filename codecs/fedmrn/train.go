package fedmrn

import (
	"slices"

	"flsim/codecs"
	"flsim/internal/rng"
)

// Masked is the quantizer with its say in training: progressive stochastic masking. The optimizer owns the update u,
// which starts at zero in every task; the network computes with w + u', where u' is masked noise or, in early steps, for
// a share of the elements the clipped update; and the gradient passes straight through to u, within the range that
// masks reach and beyond.
//
// Tensors that are not masked, and buffers, are trained as they are.
type Masked struct {
	Quantizer
	Progressive bool // step t of S masks a share t/S of the elements, drawn anew, instead of all
	skip        []codecs.Kind
}

// WithSkip implements codecs.Skipping.
func (m Masked) WithSkip(skip []codecs.Kind) any {
	m.skip = skip
	return m
}

// Reparam implements codecs.Reshaper. The noise is that of the message with the given seed.
func (m Masked) Reparam(s *codecs.Shared, seed uint64) codecs.Reparam {
	r := &reparam{Masked: m, noise: make([]float32, s.Layout.Len())}
	for i, seg := range s.Layout {
		if slices.Contains(m.skip, seg.Kind) {
			r.plain = append(r.plain, seg)
			continue
		}
		t := coded{seg, codecs.StageSeed(seed, codecs.SlotQuantize, i)}
		noise, n := m.source(t.seed), seg.Of(r.noise)
		for j := range n {
			n[j] = noise.at(uint64(j))
		}
		r.coded = append(r.coded, t)
	}
	return r
}

type coded struct {
	codecs.Segment
	seed uint64 // what the encoder and the decoder of the message have for this tensor
}

// reparam is one task.
type reparam struct {
	Masked
	received []float32
	noise    []float32
	coded    []coded
	plain    []codecs.Segment
}

// Start implements codecs.Reparam.
func (r *reparam) Start(theta, received []float32) {
	r.received = received
	for _, t := range r.coded {
		clear(t.Of(theta))
	}
	for _, s := range r.plain {
		copy(s.Of(theta), s.Of(received))
	}
}

// Weights implements codecs.Reparam. After the last step w is what the receiver of the message will have.
func (r *reparam) Weights(w, theta []float32, step, steps int) {
	masks := always
	if r.Progressive && step < steps {
		masks = shareOf(step+1, steps)
	}
	for _, t := range r.coded {
		draws := maskSeed(t.seed)
		if step < steps {
			draws = rng.Derive(t.seed, "step", uint64(step))
		}
		r.mask(t.Of(w), t.Of(theta), t.Of(r.received), t.Of(r.noise), draws, masks)
	}
	for _, s := range r.plain {
		copy(s.Of(w), s.Of(theta))
	}
}

// mask fills the weights of one tensor.
func (r *reparam) mask(w, u, received, noise []float32, draws uint64, masks share) {
	q := r.Quantizer
	u, received, noise = u[:len(w)], received[:len(w)], noise[:len(w)]
	for i := range w {
		w[i] = received[i] + q.progressive(u[i], noise[i], rng.At(draws, uint64(i)), masks)
	}
}

// Gradient implements codecs.Reparam: straight through.
func (r *reparam) Gradient(_, _ []float32, _, _ int) {}

// Update implements codecs.Reparam.
func (r *reparam) Update(u, theta []float32) {
	for _, t := range r.coded {
		copy(t.Of(u), t.Of(theta))
	}
	for _, s := range r.plain {
		w, w0, v := s.Of(theta), s.Of(r.received), s.Of(u)
		for i := range v {
			v[i] = w[i] - w0[i]
		}
	}
}
