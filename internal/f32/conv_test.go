package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// convCases are geometries with all combinations of sizes that matter, and batch sizes.
func convCases() []Conv {
	var out []Conv
	for _, k := range []int{1, 2, 3, 5} {
		for _, stride := range []int{1, 2, 3} {
			for pad := 0; pad < min(k, 3); pad++ {
				for _, e := range [][4]int{{7, 6, 3, 5}, {5, 9, 9, 17}, {6, 5, 1, 33}, {12, 13, 34, 2}} {
					out = append(out, Conv2D(e[0], e[1], e[2], e[3], k, stride, pad))
				}
			}
		}
	}
	out = append(out,
		Conv2D(32, 32, 3, 6, 5, 1, 0), Conv2D(16, 16, 32, 40, 5, 1, 2), Conv2D(8, 8, 16, 32, 3, 2, 1),
		Conv2D(4, 4, 128, 33, 3, 1, 1), Conv2D(100, 90, 1, 2, 3, 1, 1),
		Conv3D(5, 6, 7, 3, 4, 3, 1, 1), Conv3D(4, 6, 6, 9, 5, 2, 2, 0), Conv3D(6, 5, 9, 8, 17, 3, 2, 1), Conv3D(4, 70, 70, 1, 2, 3, 1, 1),
		Conv{[3]int{3, 8, 10}, 4, 6, [3]int{1, 3, 5}, [3]int{1, 2, 1}, [3]int{0, 1, 2}})
	return out
}

// eachTap calls f for every multiply-add of image i: indices of output, input and weight, without channels.
func eachTap(g *Conv, f func(o, i, t int)) {
	out := g.Out()
	for o := range volume(out) {
		op := [3]int{o / out[1] / out[2], o / out[2] % out[1], o % out[2]}
	taps:
		for t := range volume(g.Kernel) {
			tp := [3]int{t / g.Kernel[1] / g.Kernel[2], t / g.Kernel[2] % g.Kernel[1], t % g.Kernel[2]}
			in := 0
			for d := range 3 {
				p := op[d]*g.Stride[d] + tp[d] - g.Pad[d]
				if p < 0 || p >= g.In[d] {
					continue taps
				}
				in = in*g.In[d] + p
			}
			f(o, in, t)
		}
	}
}

// naiveForward is the definition of ConvForward, one chain per output.
func naiveForward(g *Conv, n int, x, w, bias []float32, relus bool) []float32 {
	y := make([]float32, n*g.OutLen())
	for i := range y {
		if bias != nil {
			y[i] = bias[i%g.Cout]
		}
	}
	for i := range n {
		x, y := x[i*g.InLen():], y[i*g.OutLen():]
		eachTap(g, func(o, in, t int) {
			for ci := range g.Cin {
				for co := range g.Cout {
					y[o*g.Cout+co] = fma(x[in*g.Cin+ci], w[(t*g.Cin+ci)*g.Cout+co], y[o*g.Cout+co])
				}
			}
		})
	}
	for i := range y {
		if relus {
			y[i] = relu(y[i])
		}
	}
	return y
}

// naiveBackward computes the gradients in float64, and the sums of magnitudes.
func naiveBackward(g *Conv, n int, dy, x, w []float32) (dx, dw, db, mx, mw []float64) {
	dx, dw, db = make([]float64, n*g.InLen()), make([]float64, len(w)), make([]float64, g.Cout)
	mx, mw = make([]float64, len(dx)), make([]float64, len(dw))
	for i := range n {
		xo, yo := i*g.InLen(), i*g.OutLen()
		eachTap(g, func(o, in, t int) {
			for ci := range g.Cin {
				for co := range g.Cout {
					d, wi, xi := float64(dy[yo+o*g.Cout+co]), (t*g.Cin+ci)*g.Cout+co, xo+in*g.Cin+ci
					dx[xi] += d * float64(w[wi])
					mx[xi] += math.Abs(d * float64(w[wi]))
					dw[wi] += d * float64(x[xi])
					mw[wi] += math.Abs(d * float64(x[xi]))
				}
			}
		})
	}
	for i, d := range dy {
		db[i%g.Cout] += float64(d)
	}
	return
}

func near(t *testing.T, what string, got []float32, want, magnitude []float64) {
	t.Helper()
	for i := range got {
		if d := math.Abs(float64(got[i]) - want[i]); !(d <= 1e-5*magnitude[i]) {
			t.Fatalf("%s: element %d is %g, want %g (magnitude %g)", what, i, got[i], want[i], magnitude[i])
		}
	}
}

func batches(g *Conv) []int {
	if volume(g.In)*g.Cin > 4000 {
		return []int{2, 13}
	}
	return []int{1, 3, 16}
}

func TestConvForwardIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for ci, g := range convCases() {
		for _, n := range batches(&g) {
			x, w, bias := random(r, n*g.InLen()), random(r, g.Weights()), random(r, g.Cout)
			relus := ci%2 == 0
			if ci%5 == 0 {
				bias = nil
			}
			want := naiveForward(&g, n, x, w, bias, relus)
			eachKernel(t, func(t *testing.T) {
				y, whole := guarded(r, n*g.OutLen())
				new(Context).ConvForward(&g, n, y, x, w, bias, relus)
				sameBits(t, fmt.Sprintf("%+v, %d images", g, n), y, want)
				checkGuards(t, whole)
			})
		}
	}
}

func TestConvGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, g := range convCases() {
		for _, n := range batches(&g) {
			x, w, dy := random(r, n*g.InLen()), random(r, g.Weights()), random(r, n*g.OutLen())
			wantX, wantW, wantB, magX, magW := naiveBackward(&g, n, dy, x, w)
			magB := make([]float64, g.Cout)
			for i, d := range dy {
				magB[i%g.Cout] += math.Abs(float64(d))
			}
			var first [3][]float32
			eachKernel(t, func(t *testing.T) {
				dx, wholeX := guarded(r, len(x))
				dw, wholeW := guarded(r, len(w))
				db, wholeB := guarded(r, g.Cout)
				new(Context).ConvBackward(&g, n, dx, dw, db, dy, x, w)
				name := fmt.Sprintf("%+v, %d images: ", g, n)
				near(t, name+"dx", dx, wantX, magX)
				near(t, name+"dw", dw, wantW, magW)
				near(t, name+"db", db, wantB, magB)
				checkGuards(t, wholeX)
				checkGuards(t, wholeW)
				checkGuards(t, wholeB)
				if first[0] == nil {
					first = [3][]float32{dx, dw, db}
				}
				sameBits(t, name+"dx", dx, first[0])
				sameBits(t, name+"dw", dw, first[1])
				sameBits(t, name+"db", db, first[2])
			})
		}
	}
}

// TestConvPoolIsConvThenPool compares the fused passes with the separate ones.
func TestConvPoolIsConvThenPool(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, g := range convCases() {
		if g.PooledLen() == 0 || volume(g.In)*g.Cin > 20000 {
			continue
		}
		n := 9
		x, w, bias, dp := random(r, n*g.InLen()), random(r, g.Weights()), random(r, g.Cout), random(r, n*g.PooledLen())
		var first [3][]float32
		eachKernel(t, func(t *testing.T) {
			name := fmt.Sprintf("%+v: ", g)
			c := new(Context)
			y, whole := guarded(r, n*g.PooledLen())
			index := make([]uint8, len(y))
			c.ConvPoolForward(&g, n, y, index, x, w, bias)
			checkGuards(t, whole)
			full, wantY, wantIndex := make([]float32, n*g.OutLen()), make([]float32, len(y)), make([]uint8, len(y))
			c.ConvForward(&g, n, full, x, w, bias, false)
			maxPoolByTwo(g.Out(), g.Cout, n, wantY, wantIndex, full, true)
			sameBits(t, name+"y", y, wantY)
			if string(index) != string(wantIndex) {
				t.Fatal(name, "positions differ")
			}
			dx, dw, db := make([]float32, len(x)), make([]float32, len(w)), make([]float32, g.Cout)
			c.ConvPoolBackward(&g, n, dx, dw, db, dp, index, x, w)
			maxPoolByTwoBackward(g.Out(), g.Cout, n, full, dp, index)
			wantX, wantW, _, magX, magW := naiveBackward(&g, n, full, x, w)
			near(t, name+"dx", dx, wantX, magX)
			near(t, name+"dw", dw, wantW, magW)
			if first[0] == nil {
				first = [3][]float32{dx, dw, db}
			}
			sameBits(t, name+"dx", dx, first[0])
			sameBits(t, name+"dw", dw, first[1])
			sameBits(t, name+"db", db, first[2])
		})
	}
}
