package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// elementwise are all routines over slices of equal length, on up to four arrays.
var elementwise = map[string]func(w, g, m, v []float32){
	"axpy":         func(w, g, m, v []float32) { Axpy(0.3, w, g) },
	"scale":        func(w, g, m, v []float32) { Scale(-1.7, w) },
	"add":          func(w, g, m, v []float32) { Add(w, g, m) },
	"mul":          func(w, g, m, v []float32) { Mul(w, g) },
	"pull":         func(w, g, m, v []float32) { Pull(0.01, w, g, m) },
	"relu":         func(w, g, m, v []float32) { ReLU(w, g) },
	"reluBackward": func(w, g, m, v []float32) { ReLUBackward(w, g, m) },
	"sgd":          func(w, g, m, v []float32) { SGD(w, g, 0.1, 1e-3) },
	"momentum":     func(w, g, m, v []float32) { Momentum(w, g, m, 0.1, 0.9, 1e-3) },
	"nesterov":     func(w, g, m, v []float32) { Nesterov(w, g, m, 0.1, 0.9, 1e-3) },
	"adam": func(w, g, m, v []float32) {
		ReLU(v, v)
		Adam(w, g, m, v, AdamStep{0.001, 0.9, 0.999, 0.1, 0.001, 1.3, 1e-8, 1e-4})
	},
	"rmsprop": func(w, g, m, v []float32) {
		ReLU(m, m)
		RMSprop(w, g, m, nil, RMSpropStep{Rate: 0.001, Smoothing: 0.99, Gain: 0.01, Epsilon: 1e-8, Decay: 1e-4})
	},
	"rmspropMomentum": func(w, g, m, v []float32) {
		ReLU(m, m)
		RMSprop(w, g, m, v, RMSpropStep{0.001, 0.99, 0.01, 1e-8, 0.9, 1e-4})
	},
}

// TestElementwiseEqualsPortable runs every routine at every small length, and beyond a chunk, on ordinary and on tiny
// numbers.
func TestElementwiseEqualsPortable(t *testing.T) {
	lengths := []int{vecChunk - 1, vecChunk, 2*vecChunk + 17}
	for n := range 70 {
		lengths = append(lengths, n)
	}
	for name, f := range elementwise {
		for _, n := range lengths {
			for scale := range 2 {
				want := arrays(n, scale)
				withKernel(portable, func() { f(want[0][40:40+n], want[1][40:40+n], want[2][40:40+n], want[3][40:40+n]) })
				eachKernel(t, func(t *testing.T) {
					got := arrays(n, scale)
					f(got[0][40:40+n], got[1][40:40+n], got[2][40:40+n], got[3][40:40+n])
					for i := range got {
						sameBits(t, fmt.Sprintf("%s, %d elements, array %d", name, n, i), got[i], want[i])
					}
				})
			}
		}
	}
}

// arrays returns four guarded arrays of n numbers: ordinary ones, or some near and below the normal range.
func arrays(n, scale int) [4][]float32 {
	r := rand.New(rand.NewPCG(uint64(n), uint64(scale)))
	var out [4][]float32
	for i := range out {
		x, whole := guarded(r, n)
		if scale == 1 {
			for j := range x {
				x[j] = wild(r, 0, []int{3, 70, 130}[j%3])
			}
		}
		out[i] = whole
	}
	return out
}

// TestOptimizersInFloat64 compares the updates with their formulas.
func TestOptimizersInFloat64(t *testing.T) {
	const w, g, m, v = 0.7, -0.2, 0.05, 0.01
	d := g + 1e-3*w
	mu := 0.9*m + d
	am, av := 0.9*m+0.1*(g+1e-4*w), 0.999*v+0.001*(g+1e-4*w)*(g+1e-4*w)
	rms := g + 1e-4*w
	rms /= math.Sqrt(0.99*m+0.01*rms*rms) + 1e-8
	for name, want := range map[string]float64{
		"sgd": w - 0.1*d, "momentum": w - 0.1*mu, "nesterov": w - 0.1*(d+0.9*mu),
		"adam":    w - 0.001*am/(math.Sqrt(av)*1.3+1e-8),
		"rmsprop": w - 0.001*rms, "rmspropMomentum": w - 0.001*(0.9*v+rms),
	} {
		eachKernel(t, func(t *testing.T) {
			a := [4][]float32{fill(19, w), fill(19, g), fill(19, m), fill(19, v)}
			elementwise[name](a[0], a[1], a[2], a[3])
			for i, got := range a[0] {
				if math.Abs(float64(got)-want) > 1e-7 {
					t.Errorf("%s: element %d is %g, want %g", name, i, got, want)
				}
			}
		})
	}
}

func fill(n int, x float32) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = x
	}
	return out
}

func TestReLUKeepsNaN(t *testing.T) {
	nan := float32(math.NaN())
	eachKernel(t, func(t *testing.T) {
		x := fill(33, nan)
		ReLU(x, x)
		dx := fill(33, 2)
		ReLUBackward(dx, dx, x)
		for i := range x {
			if x[i] == x[i] || dx[i] != 2 {
				t.Fatalf("element %d: relu(NaN) = %g with gradient %g", i, x[i], dx[i])
			}
		}
	})
}

func TestGradientsBelowTinyVanish(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		for _, g := range []float32{0.9e-18, -0.9e-18, 1.1e-18, -1.1e-18} {
			want := g
			if g > -Tiny && g < Tiny {
				want = 0
			}
			dx := fill(17, 0)
			ReLUBackward(dx, fill(17, g), fill(17, 1))
			sameBits(t, "relu", dx, fill(17, want))
			full := fill(4*17, 1)
			maxPoolByTwoBackward([3]int{1, 2, 2}, 17, 1, full, fill(17, g), make([]uint8, 17))
			sameBits(t, "pool", full, append(fill(17, want), make([]float32, 3*17)...))
		}
	})
}
