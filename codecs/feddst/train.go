package feddst

import (
	"math"
	"slices"

	"flsim/codecs"
	"flsim/codecs/internal/pruning"
)

// Reparam implements codecs.Reshaper. Whoever wired the run passes the settings that Control made; without them there
// is no mask, which is an error of that wiring.
func (p Sparse) Reparam(s *codecs.Shared, _ uint64) codecs.Reparam {
	mask, err := p.Mask(s)
	if err != nil {
		panic("feddst: " + err.Error())
	}
	m := &moving{mask: mask, layout: s.Layout, received: s.Reference}
	if p.moves(s.Round) {
		m.share = p.Ratio / 2 * (1 + math.Cos(math.Pi*float64(s.Round-1)/float64(s.Rounds)))
	}
	return m
}

// moving is sparse training whose mask moves once.
type moving struct {
	mask     pruning.Mask
	layout   codecs.Layout
	received []float32
	share    float64 // of the kept weights of a tensor that moves half way through the task
}

// Start implements codecs.Reparam.
func (m *moving) Start(theta, received []float32) {
	copy(theta, received)
	m.mask.Apply(theta, m.layout)
}

// Weights implements codecs.Reparam.
func (m *moving) Weights(w, theta []float32, _, _ int) {
	copy(w, theta)
	m.mask.Apply(w, m.layout)
}

// Gradient implements codecs.Reparam. g comes in dense: it says where new weights would help most.
func (m *moving) Gradient(g, theta []float32, step, steps int) {
	if step == steps/2 && m.share > 0 {
		m.mask.Each(m.layout, func(seg codecs.Segment, kept pruning.Mask) {
			move(kept, seg.Of(theta), seg.Of(g), int(m.share*float64(kept.Kept())))
		})
	}
	m.mask.Apply(g, m.layout)
}

// move drops the n smallest of a tensor's kept weights and keeps instead, from 0, the n with the largest gradients
// among those that are not kept then.
func move(kept pruning.Mask, theta, g []float32, n int) {
	size := slices.Clone(theta)
	kept.Zero(size)
	left := pruning.Largest(size, kept.Kept()-n)
	for i := range kept {
		kept[i] = kept[i] && left[i]
	}
	gain := slices.Clone(g)
	for i, k := range kept {
		if k {
			gain[i] = 0
		} else {
			theta[i] = 0
		}
	}
	grown := pruning.Largest(gain, n)
	for i := range kept {
		kept[i] = kept[i] || grown[i]
	}
}

// Update implements codecs.Reparam: what the mask does not hold is not sent.
func (m *moving) Update(u, theta []float32) {
	for i, x := range theta {
		u[i] = x - m.received[i]
	}
	m.mask.Apply(u, m.layout)
}
