package feddip

import (
	"math"

	"flsim/codecs"
	"flsim/codecs/internal/pruning"
)

// Reparam implements codecs.Reshaper. Whoever wired the run passes the settings that Control made; without them there
// is no mask, which is an error of that wiring.
func (p Pruner) Reparam(s *codecs.Shared, _ uint64) codecs.Reparam {
	mask, err := p.Mask(s)
	if err != nil {
		panic("feddip: " + err.Error())
	}
	return &masked{Settings: p.Settings, mask: mask, layout: s.Layout, received: s.Reference,
		lambda: p.lambdaAt(s.Round-1, s.Rounds)}
}

// masked is dynamic pruning with feedback (Lin et al., ICLR 2020, arXiv 2006.07253): the network computes with the
// masked weights, and the gradient there moves all of them. The mask stays as it is during a task.
type masked struct {
	Settings
	mask     pruning.Mask
	layout   codecs.Layout
	received []float32
	lambda   float64
}

// Start implements codecs.Reparam.
func (m *masked) Start(theta, received []float32) { copy(theta, received) }

// Weights implements codecs.Reparam.
func (m *masked) Weights(w, theta []float32, _, _ int) {
	copy(w, theta)
	m.mask.Apply(w, m.layout)
}

// Gradient implements codecs.Reparam. It adds the gradient of lambda times the sum over tensors of the 2-norm, not
// squared, of the masked weights; nothing where that norm is 0.
func (m *masked) Gradient(g, theta []float32, _, _ int) {
	m.mask.Each(m.layout, func(seg codecs.Segment, kept pruning.Mask) {
		g, theta := seg.Of(g), seg.Of(theta)
		if scale := m.scale(theta, kept); scale > 0 {
			for i, k := range kept {
				if k {
					g[i] += float32(scale * theta[i])
				}
			}
		}
		if !m.Feedback {
			kept.Zero(g)
		}
	})
}

// scale returns lambda over the 2-norm of a masked tensor.
func (m *masked) scale(theta []float32, kept pruning.Mask) float32 {
	if m.lambda == 0 {
		return 0
	}
	sum := 0.0
	for i, k := range kept {
		if k {
			sum += float64(theta[i]) * float64(theta[i]) // exact in float64
		}
	}
	if sum == 0 {
		return 0
	}
	return float32(m.lambda / math.Sqrt(sum))
}

// Update implements codecs.Reparam.
func (m *masked) Update(u, theta []float32) {
	for i, x := range theta {
		u[i] = x - m.received[i]
	}
	if m.Upload == "masked" {
		m.mask.Apply(u, m.layout)
	}
}
