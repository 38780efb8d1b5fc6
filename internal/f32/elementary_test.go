package f32

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestElementary(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	for range 20_000 {
		x := 1400*r.Float64() - 700
		for _, x := range []float64{x, x / 1000, x / 1e6} {
			if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 1e-15*want {
				t.Fatalf("exp(%g) = %g, want %g", x, got, want)
			}
		}
		v := math.Exp(x)
		if got, want := log(v), math.Log(v); math.Abs(got-want) > 1e-15*max(math.Abs(want), 1e-3) {
			t.Fatalf("log(%g) = %g, want %g", v, got, want)
		}
		u := 1 + (r.Float64()-0.5)*0.01
		if got, want := log(u), math.Log(u); math.Abs(got-want) > 1e-15*math.Abs(want) {
			t.Fatalf("log(%g) = %g, want %g", u, got, want)
		}
		c := r.Float64()
		if got, want := CosPi(c), math.Cos(math.Pi*c); math.Abs(got-want) > 1e-15 {
			t.Fatalf("CosPi(%g) = %g, want %g", c, got, want)
		}
	}
	if exp(0) != 1 || exp(-800) != 0 || !math.IsInf(exp(800), 1) || !math.IsNaN(exp(math.NaN())) || exp(math.Inf(-1)) != 0 {
		t.Error("exp is wrong at the ends of its range")
	}
	if log(1) != 0 || !math.IsNaN(log(math.NaN())) || !math.IsNaN(log(-1)) {
		t.Error("log is wrong at special values")
	}
	if CosPi(0) != 1 || CosPi(1) != -1 || math.Abs(CosPi(0.5)) > 1e-16 {
		t.Error("CosPi is wrong at special values")
	}
}
