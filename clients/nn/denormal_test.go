package nn

import (
	"math"
	"testing"
	"time"

	"flsim/internal/f32"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// A run whose weights, inputs and gradients are full of denormal numbers takes no longer than another. Where processors
// treat them in microcode it would take a hundred times as long.
func TestDenormalsCostNothing(t *testing.T) {
	if testing.Short() || f32.Kernel() == "portable" {
		t.Skip("measures time, of assembly")
	}
	for _, c := range []struct {
		model string
		in    tensor.Shape
		batch int
	}{{"lenet5", cifarShape, 10}, {"mlp", mnistShape, 10}, {"resnet8-gn", tensor.Shape{H: 16, W: 16, C: 3}, 4}, {"unet2d", tensor.Shape{H: 32, W: 32, C: 4}, 2}} {
		ordinary, heavy := denormalStep(t, c.model, c.in, c.batch, 1), denormalStep(t, c.model, c.in, c.batch, 1e-38)
		ratio := math.Inf(1)
		for range 4 { // a busy machine may spoil an attempt
			ratio = min(ratio, ratioOfTimes(heavy, ordinary))
		}
		t.Logf("%s: %.2f times as long", c.model, ratio)
		if ratio > 1.2 {
			t.Errorf("%s: denormal numbers make a step take %.2f times as long", c.model, ratio)
		}
	}
}

// denormalStep returns a function that takes a step from weights, and with inputs, that are scaled.
func denormalStep(t *testing.T, model string, in tensor.Shape, batch int, scale float32) func() {
	cfg := DefaultConfig()
	cfg.Name = model
	m, labels := anyModel(t, cfg, in)
	r := rng.New(1, "denormal")
	w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
	m.Init(w, r)
	x, y := randomExamples(r, in, m.Labels(), labels, batch)
	for _, v := range [][]float32{w, x} {
		for i := range v {
			v[i] *= scale
		}
	}
	net, opt := m.NewNet(batch), NewOptimizer(OptimizerConfig{Name: "sgd", Momentum: 0.9}, m.Layout())
	net.Bind(w, g)
	return func() {
		net.Train(x, y, r)
		opt.Step(w, g, 1e-30)
	}
}

// ratioOfTimes compares the fastest of many calls, taken in turn.
func ratioOfTimes(a, b func()) float64 {
	best := [2]float64{math.Inf(1), math.Inf(1)}
	for begin := time.Now(); time.Since(begin) < 200*time.Millisecond; {
		for i, f := range []func(){a, b} {
			start := time.Now()
			f()
			best[i] = min(best[i], time.Since(start).Seconds())
		}
	}
	return best[0] / best[1]
}
