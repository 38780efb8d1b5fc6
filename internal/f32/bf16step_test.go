package f32

import (
	"math"
	"testing"
)

// goldenBF16 are the hashes of the parameters after four steps in BFloat16 with batches of 4.
var goldenBF16 = map[string]string{
	"mcmahan-valid": "0279b4e420b778f0",
	"mcmahan-same":  "ed087ec24dc7f70e",
	"lenet5":        "a9ad3df1d51f535d",
	"tf-cnn":        "29a4321b1e700fec",
	"mlp":           "fd9f688d891eeba6",
}

// trainBF16 trains a network four steps on the given context.
func trainBF16(c *Context, n *network) *network {
	n.Context = c
	c.SetPrecision(BFloat16)
	for i := range 4 {
		n.step(n.input(uint64(i)))
	}
	return n
}

// TestBF16TrainingHasTheSameBits trains each network a few steps with the fastest kernel and the small ones with all
// others, which emulate it.
func TestBF16TrainingHasTheSameBits(t *testing.T) {
	for _, w := range workloads {
		test := func(t *testing.T) {
			if got := trainBF16(new(Context), w.make(4)).hash(); got != goldenBF16[w.name] {
				t.Errorf("%s: hash %s, want %s", w.name, got, goldenBF16[w.name])
			}
		}
		switch {
		case w.name == "lenet5" || w.name == "mlp":
			eachKernel(t, test)
		case BF16() != "":
			test(t)
		}
	}
}

// TestUsedWorkspaceHasTheSameBits trains a network on a workspace that others left behind, as workers do.
func TestUsedWorkspaceHasTheSameBits(t *testing.T) {
	c := new(Context)
	for _, w := range workloads {
		n := w.make(3)
		n.Context = c
		c.SetPrecision(Float32)
		n.step(n.input(1))
		c.SetPrecision(BFloat16)
		n.step(n.input(1))
	}
	for _, s := range c.scratch {
		for i := range s[:cap(s)] {
			s[i] = float32(math.NaN())
		}
	}
	for _, w := range workloads[2:] {
		if BF16() == "" && w.name == "tf-cnn" {
			continue
		}
		if got := trainBF16(c, w.make(4)).hash(); got != goldenBF16[w.name] {
			t.Errorf("%s: hash %s, want %s", w.name, got, goldenBF16[w.name])
		}
	}
}

func TestBF16StepsAllocateNothing(t *testing.T) {
	for _, w := range workloads {
		n := w.make(4)
		n.SetPrecision(BFloat16)
		x := n.input(1)
		if got := testing.AllocsPerRun(2, func() { n.step(x) }); got != 0 {
			t.Errorf("%s: %g allocations per step", w.name, got)
		}
	}
}

// TestBF16GradientsAreClose compares, as vectors, the gradients of one backward pass in both precisions, and the outputs of
// the forward pass. Both backward passes start from the activations in float32: a rounding that changes which position of
// a window is the largest, or whether a value is positive, changes gradients by their whole size, and there are some.
func TestBF16GradientsAreClose(t *testing.T) {
	for _, w := range workloads {
		if BF16() == "" && w.name != "lenet5" && w.name != "mlp" {
			continue
		}
		n := w.make(10)
		x, last := n.input(1), n.layers[len(n.layers)-1]
		var out, grads [2][]float32
		for i, p := range []Precision{BFloat16, Float32} {
			n.SetPrecision(p)
			n.forward(x)
			out[i] = append(out[i], last.y...)
		}
		for i := range grads {
			n.SoftmaxCrossEntropy(last.dy, last.y, n.labels, 1/float64(n.batch))
			n.SetPrecision(Precision(i))
			n.backward(x)
			grads[i] = append(grads[i], n.grads...)
		}
		y, g := distance(out[0], out[1]), distance(grads[1], grads[0])
		if !(y < 0.01 && g < 0.01) || y == 0 || g == 0 {
			t.Errorf("%s: outputs are off by %.2g, gradients by %.2g", w.name, y, g)
		}
		t.Logf("%s: outputs are off by %.2g, gradients by %.2g", w.name, y, g)
	}
}

// distance returns |x-y| / |y|.
func distance(x, y []float32) float64 {
	var d, s float64
	for i := range x {
		d += (float64(x[i]) - float64(y[i])) * (float64(x[i]) - float64(y[i]))
		s += float64(y[i]) * float64(y[i])
	}
	return math.Sqrt(d / s)
}

// TestBF16LossFollows trains in both precisions on a few batches over and over and compares the losses.
func TestBF16LossFollows(t *testing.T) {
	for _, w := range workloads {
		if w.name != "lenet5" && w.name != "mlp" && (BF16() == "" || w.name != "mcmahan-valid" || testing.Short()) {
			continue
		}
		var nets [2]*network
		for p := range nets {
			nets[p] = w.make(10)
			nets[p].SetPrecision(Precision(p))
		}
		var first, last, worst float64
		for i := range 50 {
			x := nets[0].input(uint64(i % 2))
			a, b := nets[0].step(x), nets[1].step(x)
			worst = max(worst, math.Abs(a-b)/a)
			if last = b; i == 0 {
				first = b
			}
		}
		if worst > 0.02 || last > 0.95*first {
			t.Errorf("%s: losses differ by up to %.2g of themselves; from %.4g to %.4g", w.name, worst, first, last)
		}
		t.Logf("%s: losses differ by up to %.2g; from %.4g to %.4g", w.name, worst, first, last)
	}
}

// TestNaNPasses checks that a NaN among the operands shows in the results, and only where it belongs.
func TestNaNPasses(t *testing.T) {
	nan := float32(math.NaN())
	y := make([]float32, 4)
	newBFloat16().MatMul(RowMajor(y, 2, 2), RowMajor([]float32{1, nan, 2, 1, 1, 1}, 2, 3), RowMajor([]float32{1, 2, 3, 4, 5, 6}, 3, 2), Epilogue{})
	if y[0] == y[0] || y[1] == y[1] || y[2] != 9 || y[3] != 12 {
		t.Error("product:", y)
	}
}

func TestPrecisionNames(t *testing.T) {
	if Float32.String() != "float32" || BFloat16.String() != "bf16" {
		t.Error(Float32, BFloat16)
	}
	if BF16() != "" && (Kernel() != "avx512" || PeakRateBF16(1e6) <= 0) {
		t.Error(BF16(), Kernel())
	}
}
