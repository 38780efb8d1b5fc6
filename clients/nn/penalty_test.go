package nn

import (
	"math"
	"testing"

	"flsim/internal/tensor"
)

// TestPenalty holds the gradient that an optimizer adds against differences of the term that it is the gradient of.
func TestPenalty(t *testing.T) {
	layout := tensor.Layout{}.Add("w", tensor.Weight, 3).Add("mean", tensor.Buffer, 2).Add("b", tensor.Bias, 1)
	cfg := DefaultOptimizerConfig()
	cfg.WeightDecay = 0.5
	w := []float32{1, -2, 3, 100, 100, -4}
	if got := cfg.Penalty(w, layout); got != 0.25*(1+4+9+16) {
		t.Errorf("the term is %v", got)
	}
	stepped := append([]float32(nil), w...)
	NewOptimizer(cfg, layout).Step(stepped, make([]float32, len(w)), 1)
	for i := range w {
		const h = 0.125
		up, down := append([]float32(nil), w...), append([]float32(nil), w...)
		up[i] += h
		down[i] -= h
		slope := (cfg.Penalty(up, layout) - cfg.Penalty(down, layout)) / (2 * h)
		if got := float64(w[i] - stepped[i]); math.Abs(got-slope) > 1e-5 {
			t.Errorf("element %d moves by %v, the term's slope is %v", i, got, slope)
		}
	}
}
