package f32

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawPool draws a geometry with at least one window.
func drawPool(t *rapid.T) Pool {
	g := Pool{Kernel: rapid.IntRange(1, 4).Draw(t, "kernel"), Stride: rapid.IntRange(1, 3).Draw(t, "stride"), C: rapid.IntRange(1, 5).Draw(t, "channels")}
	g.H = g.Kernel + rapid.IntRange(0, 5).Draw(t, "more rows")
	g.W = g.Kernel + rapid.IntRange(0, 5).Draw(t, "more columns")
	return g
}

// visit calls f with the indices of each output and of the inputs of its window.
func (g Pool) visit(n int, f func(y int, window []int)) {
	for i := range n {
		for oy := range g.OutH() {
			for ox := range g.OutW() {
				for c := range g.C {
					var window []int
					for r := range g.Kernel {
						for k := range g.Kernel {
							window = append(window, ((i*g.H+oy*g.Stride+r)*g.W+ox*g.Stride+k)*g.C+c)
						}
					}
					f(((i*g.OutH()+oy)*g.OutW()+ox)*g.C+c, window)
				}
			}
		}
	}
}

func TestMaxPool(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, n, seed := drawPool(t), rapid.IntRange(1, 3).Draw(t, "n"), rapid.Uint64().Draw(t, "seed")
		x := random(seed, n*g.H*g.W*g.C)
		dy := random(seed+1, n*g.OutH()*g.OutW()*g.C)
		y, source, dx := make([]float32, len(dy)), make([]uint8, len(dy)), make([]float32, len(x))
		for relu, pool := range []func(Pool, []float32, []uint8, []float32, int){MaxPool, ReLUMaxPool} {
			pool(g, y, source, x, n)
			MaxPoolBack(g, dx, dy, source, n)
			want := newTwin(make([]float32, len(x)))
			g.visit(n, func(yi int, window []int) {
				best := window[0]
				for _, xi := range window {
					if x[xi] > x[best] {
						best = xi
					}
				}
				top := x[best]
				if relu == 1 && top <= 0 {
					top = 0
				} else {
					want.add(best, dy[yi], 1)
				}
				if y[yi] != top {
					t.Fatalf("maximum %d is %g, want %g", yi, y[yi], top)
				}
			})
			want.check(t, "dx", dx)
		}
	})
}

func TestAvgPool(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, n, seed := drawPool(t), rapid.IntRange(1, 3).Draw(t, "n"), rapid.Uint64().Draw(t, "seed")
		x := random(seed, n*g.H*g.W*g.C)
		dy := random(seed+1, n*g.OutH()*g.OutW()*g.C)
		y, dx := make([]float32, len(dy)), make([]float32, len(x))
		AvgPool(g, y, x, n)
		AvgPoolBack(g, dx, dy, n)
		wantY, wantDX := newTwin(make([]float32, len(y))), newTwin(make([]float32, len(x)))
		scale := 1 / float32(g.Kernel*g.Kernel)
		g.visit(n, func(yi int, window []int) {
			for _, xi := range window {
				wantY.add(yi, x[xi], scale)
				wantDX.add(xi, dy[yi], scale)
			}
		})
		wantY.check(t, "y", y)
		wantDX.check(t, "dx", dx)
	})
}

var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-40, -1e-40, 1e-18, -2e-18, 9e-19, float32(math.Inf(1)), float32(math.Inf(-1))}

func TestReLUOfSpecialValues(t *testing.T) {
	y := slices.Clone(special)
	ReLU(y)
	for i, v := range special {
		if y[i] != max(v, 0) || math.Signbit(float64(y[i])) {
			t.Errorf("ReLU(%g) = %g", v, y[i])
		}
	}
	for _, bits := range []uint32{0x7fc00000, 0xffc00000, 0x7f800001} {
		y := []float32{math.Float32frombits(bits), -1, -1, -1}
		ReLU(y[:1])
		if y[0] == y[0] {
			t.Errorf("ReLU of the bits %x, not a number, is %g", bits, y[0])
		}
		g, out, source := Pool{H: 2, W: 2, C: 1, Kernel: 2, Stride: 2}, make([]float32, 1), make([]uint8, 1)
		if ReLUMaxPool(g, out, source, y, 1); out[0] == out[0] {
			t.Errorf("pooling the bits %x, not a number, gives %g", bits, out[0])
		}
		g = Pool{H: 3, W: 3, C: 1, Kernel: 3, Stride: 1}
		if ReLUMaxPool(g, out, source, append(y, 1, 2, 3, 4, 5), 1); out[0] == out[0] {
			t.Errorf("3x3 pooling of the bits %x, not a number, gives %g", bits, out[0])
		}
	}
}

// Gradients too small to matter become zero before they reach the denormal range.
func TestTinyGradientsAreFlushed(t *testing.T) {
	ones := make([]float32, len(special))
	for i := range ones {
		ones[i] = 1
	}
	d := slices.Clone(special)
	ReLUBack(d, ones)
	for i, v := range special {
		want := v
		if math.Abs(float64(v)) < 1e-18 {
			want = 0
		}
		if d[i] != want {
			t.Errorf("%g becomes %g", v, d[i])
		}
	}
	ReLUBack(d, make([]float32, len(d)))
	if slices.ContainsFunc(d, func(v float32) bool { return v != 0 }) {
		t.Errorf("gradients pass where the ReLU is 0: %g", d)
	}
	dx := make([]float32, 1)
	if MaxPoolBack(Pool{H: 1, W: 1, C: 1, Kernel: 1, Stride: 1}, dx, []float32{1e-20}, []uint8{0}, 1); dx[0] != 0 {
		t.Errorf("pooling passes a gradient of %g", dx[0])
	}
	SoftmaxCrossEntropy(d[:2], []float32{0, 60}, []int32{1}, 1)
	if d[0] != 0 {
		t.Errorf("the loss passes a gradient of %g", d[0])
	}
}
