package f32

import (
	"fmt"
	"hash/fnv"
	"math"
	"testing"
)

// golden are the hashes of the parameters after four steps with batches of 4.
var golden = map[string]string{
	"mcmahan-valid": "fa4e0e5a7f3ba181",
	"mcmahan-same":  "60b6d5c7b2c4c6a3",
	"lenet5":        "aa7df8520ff47b54",
	"tf-cnn":        "20cb67cb12b8d3cc",
	"mlp":           "79169f999d2d1714",
}

func (n *network) hash() string {
	h := fnv.New64a()
	for _, p := range n.params {
		b := math.Float32bits(p)
		h.Write([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24)})
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// TestTrainingHasTheSameBits trains each network a few steps with every kernel.
func TestTrainingHasTheSameBits(t *testing.T) {
	for _, w := range workloads {
		if testing.Short() && w.name == "mcmahan-same" {
			continue
		}
		eachKernel(t, func(t *testing.T) {
			n := w.make(4)
			var loss float64
			for i := range 4 {
				loss = n.step(n.input(uint64(i)))
			}
			if got := n.hash(); got != golden[w.name] {
				t.Errorf("%s: hash %s (loss %.9g), want %s", w.name, got, loss, golden[w.name])
			}
		})
	}
}

// TestFullBatchesHaveTheSameBits compares the fast kernels at the sizes that are measured.
func TestFullBatchesHaveTheSameBits(t *testing.T) {
	for _, w := range workloads {
		first := ""
		for _, f := range families()[1:] {
			withKernel(f.level, func() {
				n := w.make(w.full)
				for i := range 3 {
					n.step(n.input(uint64(i)))
				}
				if first == "" {
					first = n.hash()
				}
				if got := n.hash(); got != first {
					t.Errorf("%s: %s gives %s, the kernel before %s", w.name, Kernel(), got, first)
				}
			})
		}
	}
}

// TestStepsAllocateNothing checks a step in steady state.
func TestStepsAllocateNothing(t *testing.T) {
	for _, w := range workloads {
		for _, f := range families()[1:] {
			withKernel(f.level, func() {
				n := w.make(4)
				x := n.input(1)
				if got := testing.AllocsPerRun(2, func() { n.step(x) }); got != 0 {
					t.Errorf("%s, %s: %g allocations per step", w.name, Kernel(), got)
				}
			})
		}
	}
}

// TestDenormalsAreZero checks that denormal operands count as zeros in products and convolutions.
func TestDenormalsAreZero(t *testing.T) {
	g := Conv2D(6, 6, 3, 5, 3, 1, 1)
	tiny := func(n int) []float32 { return fill(n, 1e-40) }
	eachKernel(t, func(t *testing.T) {
		c := new(Context)
		y := fill(2*g.OutLen(), 1)
		c.ConvForward(&g, 2, y, tiny(2*g.InLen()), fill(g.Weights(), 1e30), nil, false)
		sameBits(t, "convolution", y, make([]float32, len(y)))
		m := RowMajor(fill(4, 1), 2, 2)
		c.MatMul(m, RowMajor(fill(4, 1e-20), 2, 2), RowMajor(fill(4, 1e-20), 2, 2), Epilogue{})
		sameBits(t, "product", m.Data, make([]float32, 4))
	})
}

// TestDenormalsCostNothing compares the time of steps on ordinary and on denormal-heavy weights and inputs.
func TestDenormalsCostNothing(t *testing.T) {
	if testing.Short() || kern.level == portable {
		t.Skip("measures time")
	}
	w := workloads[2]
	best := [2]float64{math.Inf(1), math.Inf(1)}
	a, b := w.make(w.full), w.make(w.full)
	x, y := a.input(1), a.input(1)
	Scale(1e-30, b.params)
	for i := range y {
		y[i] = 1e-39 * float32(i%5)
	}
	for range 300 {
		for i, s := range []func(){func() { a.step(x) }, func() { b.step(y) }} {
			begin := threadTime()
			s()
			best[i] = min(best[i], (threadTime() - begin).Seconds())
		}
	}
	if ratio := best[1] / best[0]; ratio > 1.2 {
		t.Errorf("denormal operands slow a step down by %.2f", ratio)
	} else {
		t.Logf("ratio %.2f", ratio)
	}
}
