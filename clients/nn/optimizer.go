package nn

import (
	"fmt"
	"math"
	"slices"

	"flsim/internal/f32"
	"flsim/internal/tensor"
)

// OptimizerConfig chooses an optimizer. Its fields are keys of a configuration's clients table.
type OptimizerConfig struct {
	Name        string  `toml:"optimizer" one:"sgd|adam|rmsprop" doc:"optimizer of local training"`
	LR          float64 `toml:"lr" in:"(0,1e6]" doc:"learning rate"`
	Momentum    float64 `toml:"momentum" in:"[0,1)" doc:"momentum of sgd and rmsprop"`
	Nesterov    bool    `toml:"nesterov" doc:"Nesterov's momentum (sgd; needs momentum)"`
	WeightDecay float64 `toml:"weight_decay" in:"[0,1)" doc:"L2 coefficient, added to the gradient times the weight"`
	Beta1       float64 `toml:"beta1" in:"[0,1)" doc:"decay of adam's mean of gradients"`
	Beta2       float64 `toml:"beta2" in:"[0,1)" doc:"decay of adam's mean of squares"`
	Smoothing   float64 `toml:"smoothing" in:"[0,1)" doc:"decay of rmsprop's mean of squares"`
	Epsilon     float64 `toml:"epsilon" in:"(0,1]" doc:"added to the root of adam's and rmsprop's mean of squares"`
}

// DefaultOptimizerConfig returns plain stochastic gradient descent, and PyTorch's defaults for the rest.
func DefaultOptimizerConfig() OptimizerConfig {
	return OptimizerConfig{Name: "sgd", LR: 0.1, Beta1: 0.9, Beta2: 0.999, Smoothing: 0.99, Epsilon: 1e-8}
}

// Penalty returns the term of the objective that weight decay is the gradient of: half the coefficient times the sum of
// squares of w, which has the given layout, without buffers. It is summed in float64 in order.
func (c OptimizerConfig) Penalty(w []float32, layout tensor.Layout) float64 {
	if c.WeightDecay == 0 {
		return 0
	}
	sum := 0.0
	for _, s := range layout {
		if s.Kind == tensor.Buffer {
			continue
		}
		for _, x := range s.Of(w) {
			sum += float64(x) * float64(x) // exact as a product, so that fusing it changes nothing
		}
	}
	return c.WeightDecay / 2 * sum
}

// Optimizer moves parameters along gradients. It is not safe for concurrent use.
type Optimizer interface {
	// Step updates w from the gradient g with learning rate lr, in all segments but buffers.
	Step(w, g []float32, lr float64)
	// Reset forgets all state, as if the optimizer were new.
	Reset()
	// State returns all state, for checkpoints: who copies it and later fills it again restores the optimizer.
	State() [][]float32
}

// NewOptimizer returns the optimizer that cfg describes for vectors of the given layout. It panics if there is none
// of that name. cfg.LR is not used: each step is given its rate.
func NewOptimizer(cfg OptimizerConfig, layout tensor.Layout) Optimizer {
	switch cfg.Name {
	case "sgd":
		return newSGD(cfg, layout)
	case "adam":
		return &adam{state: newState(layout, 2), cfg: cfg, steps: make([]float32, 1)}
	case "rmsprop":
		return newRMSprop(cfg, layout)
	}
	panic(fmt.Sprintf("nn: no optimizer is called %q", cfg.Name))
}

// span is a stretch of a vector.
type span struct{ from, to int }

// state is what optimizers have in common: the stretches that are trained, and vectors as long as the whole.
type state struct {
	spans   []span
	vectors [][]float32
}

func newState(layout tensor.Layout, vectors int) state {
	var s state
	for _, seg := range layout {
		if seg.Kind == tensor.Buffer {
			continue
		}
		if n := len(s.spans); n > 0 && s.spans[n-1].to == seg.Off {
			s.spans[n-1].to += seg.Len
			continue
		}
		s.spans = append(s.spans, span{seg.Off, seg.Off + seg.Len})
	}
	for range vectors {
		s.vectors = append(s.vectors, make([]float32, layout.Len()))
	}
	return s
}

// Reset sets all vectors to zero.
func (s *state) Reset() {
	for _, v := range s.vectors {
		clear(v)
	}
}

// State returns all vectors.
func (s *state) State() [][]float32 { return s.vectors }

// of returns a span of vector i, or nil if there is no such vector.
func (s *state) of(i int, p span) []float32 {
	if i >= len(s.vectors) {
		return nil
	}
	return s.vectors[i][p.from:p.to]
}

type sgd struct {
	state
	cfg OptimizerConfig
}

func newSGD(cfg OptimizerConfig, layout tensor.Layout) *sgd {
	vectors := 0
	if cfg.Momentum > 0 {
		vectors = 1
	}
	return &sgd{newState(layout, vectors), cfg}
}

func (o *sgd) Step(w, g []float32, lr float64) {
	rate, decay, momentum := float32(lr), float32(o.cfg.WeightDecay), float32(o.cfg.Momentum)
	for _, p := range o.spans {
		w, g, v := w[p.from:p.to], g[p.from:p.to], o.of(0, p)
		switch {
		case v == nil:
			f32.SGD(w, g, rate, decay)
		case o.cfg.Nesterov:
			f32.Nesterov(w, g, v, rate, momentum, decay)
		default:
			f32.Momentum(w, g, v, rate, momentum, decay)
		}
	}
}

type adam struct {
	state
	cfg   OptimizerConfig
	steps []float32 // one number: steps taken, exact up to 2^24
}

func (o *adam) Reset() {
	o.state.Reset()
	clear(o.steps)
}

func (o *adam) State() [][]float32 { return append(slices.Clip(o.vectors), o.steps) }

func (o *adam) Step(w, g []float32, lr float64) {
	o.steps[0]++
	power1, power2 := power(o.cfg.Beta1, int(o.steps[0])), power(o.cfg.Beta2, int(o.steps[0]))
	k := f32.AdamStep{
		Rate:       float32(lr / (1 - power1)),
		Correction: float32(1 / math.Sqrt(1-power2)),
		Beta1:      float32(o.cfg.Beta1), Gain1: float32(1 - o.cfg.Beta1),
		Beta2: float32(o.cfg.Beta2), Gain2: float32(1 - o.cfg.Beta2),
		Epsilon: float32(o.cfg.Epsilon), Decay: float32(o.cfg.WeightDecay),
	}
	for _, p := range o.spans {
		f32.Adam(w[p.from:p.to], g[p.from:p.to], o.of(0, p), o.of(1, p), k)
	}
}

type rmsprop struct {
	state
	cfg OptimizerConfig
}

func newRMSprop(cfg OptimizerConfig, layout tensor.Layout) *rmsprop {
	vectors := 1
	if cfg.Momentum > 0 {
		vectors = 2
	}
	return &rmsprop{newState(layout, vectors), cfg}
}

func (o *rmsprop) Step(w, g []float32, lr float64) {
	k := f32.RMSpropStep{Rate: float32(lr), Smoothing: float32(o.cfg.Smoothing), Gain: float32(1 - o.cfg.Smoothing),
		Epsilon: float32(o.cfg.Epsilon), Momentum: float32(o.cfg.Momentum), Decay: float32(o.cfg.WeightDecay)}
	for _, p := range o.spans {
		f32.RMSprop(w[p.from:p.to], g[p.from:p.to], o.of(0, p), o.of(1, p), k)
	}
}
