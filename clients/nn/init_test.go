package nn

import (
	"math"
	"strings"
	"testing"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

func TestInitialisersByName(t *testing.T) {
	for _, c := range []struct {
		model, init string
		tensor      int // of the layout
		std, bias   float64
	}{
		{"mlp", "default", 2, math.Sqrt(1. / 200 / 3), math.Sqrt(1. / 200 / 3)},
		{"mlp", "he-normal", 2, math.Sqrt(2. / 200), 0},
		{"mlp", "glorot-uniform", 2, math.Sqrt(2. / 400), 0},
		{"mlp", "normal", 2, 0.02, 0},
		{"tf-cnn", "glorot-uniform", 2, math.Sqrt(2. / (9 * 96)), 0},
		{"tf-cnn", "he-normal", 2, math.Sqrt(2. / (9 * 32)), 0},
	} {
		cfg := DefaultConfig()
		cfg.Name, cfg.Init, cfg.InitStd = c.model, c.init, 0.02
		m, err := New(cfg, cifarShape, 10)
		if err != nil {
			t.Fatal(err)
		}
		w := make([]float32, m.Layout().Len())
		m.Init(w, rng.New(1, "init"))
		for k, want := range []float64{c.std, c.bias} {
			s := m.Layout()[c.tensor+k]
			if got := deviation(s.Of(w)); math.Abs(got-want) > (0.02+0.15*float64(k))*want {
				t.Errorf("%s %s: %s has standard deviation %g, want %g", c.model, c.init, s.Name, got, want)
			}
		}
	}
}

func TestNormalInitOfBatchNormModels(t *testing.T) {
	m := mustNew(t, "cnn8", cifarShape, 100)
	w := make([]float32, m.Layout().Len())
	m.Init(w, rng.New(1, "init"))
	for _, s := range m.Layout() {
		want := map[tensor.Kind]float64{tensor.Weight: 0.01}[s.Kind]
		if got := deviation(s.Of(w)); math.Abs(got-want) > 0.05*want {
			t.Errorf("%s has standard deviation %g, want %g", s.Name, got, want)
		}
		if first := s.Of(w)[0]; s.Kind == tensor.Norm && strings.HasSuffix(s.Name, "weight") && first != 1 || strings.HasSuffix(s.Name, "running_var") && first != 1 {
			t.Errorf("%s starts at %g, want 1", s.Name, first)
		}
	}
}

func deviation(v []float32) float64 {
	var sum, square float64
	for _, x := range v {
		sum += float64(x)
		square += float64(x) * float64(x)
	}
	n := float64(len(v))
	return math.Sqrt(max(0, square/n-sum/n*sum/n))
}
