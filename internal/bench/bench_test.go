package bench_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"flsim/internal/bench"
	"flsim/internal/f32"
)

// Rates cannot be tested on shared machines, but what is around them can, and that no rate is absurd.
func TestMeasure(t *testing.T) {
	for _, w := range bench.Workloads() {
		if (w.Name == "w3b" || w.Name == "w4") && testing.Short() {
			continue
		}
		r, err := bench.Measure(t.Context(), w, f32.Float32, 1, time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if r.Name != w.Name || r.Batch != w.Batch || r.Kernel != f32.Kernel() || r.Cores != 1 {
			t.Errorf("workload %s is reported as %+v", w.Name, r)
		}
		if !(r.ImagesPerS > 0) || !(r.FLOPSRatio > 0) || math.IsInf(r.FLOPSRatio, 0) { // on a busy machine a moment says no more
			t.Errorf("%s: %g images/s, %g of the FMA loop", w.Name, r.ImagesPerS, r.FLOPSRatio)
		}
	}
}

func TestMeasureStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bench.Measure(ctx, bench.Workloads()[0], f32.Float32, 2, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("a measurement whose context has ended returns %v", err)
	}
}
