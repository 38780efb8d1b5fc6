package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func transposedCases() []ConvTranspose {
	out := []ConvTranspose{
		ConvTranspose3D(3, 4, 5, 32, 16, 2), ConvTranspose3D(8, 8, 8, 16, 8, 2), ConvTranspose3D(1, 1, 1, 4, 3, 3),
		ConvTranspose2D(9, 7, 33, 20, 2), ConvTranspose2D(16, 16, 64, 32, 2), ConvTranspose2D(30, 31, 2, 1, 2),
		{[3]int{2, 3, 4}, 5, 6, [3]int{1, 2, 3}},
	}
	for cin := 1; cin <= 9; cin += 4 {
		for cout := 1; cout <= 37; cout += 3 {
			out = append(out, ConvTranspose2D(3, 5, cin, cout, 2), ConvTranspose3D(2, 3, 2, cin, cout, 2))
		}
	}
	return out
}

// transposedTaps calls f for every output position and the input under it: indices of output, input and weight.
func transposedTaps(g *ConvTranspose, f func(o, i, t int)) {
	out := g.Out()
	for o := range volume(out) {
		op := [3]int{o / out[1] / out[2], o / out[2] % out[1], o % out[2]}
		in, t := 0, 0
		for d, k := range g.Kernel {
			in, t = in*g.In[d]+op[d]/k, t*k+op[d]%k
		}
		f(o, in, t)
	}
}

func TestConvTransposeForwardIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for ci, g := range transposedCases() {
		n := 1 + ci%4
		x, w, bias := random(r, n*g.InLen()), random(r, g.Weights()), random(r, g.Cout)
		relus := ci%2 == 0
		if ci%3 == 0 {
			bias = nil
		}
		want := make([]float32, n*g.OutLen())
		for i := range n {
			transposedTaps(&g, func(o, in, tap int) {
				for co := range g.Cout {
					s := float32(0)
					if bias != nil {
						s = bias[co]
					}
					for k := range g.Cin {
						s = fma(x[i*g.InLen()+in*g.Cin+k], w[(tap*g.Cin+k)*g.Cout+co], s)
					}
					if relus {
						s = relu(s)
					}
					want[i*g.OutLen()+o*g.Cout+co] = s
				}
			})
		}
		eachKernel(t, func(t *testing.T) {
			y, whole := guarded(r, len(want))
			new(Context).ConvTransposeForward(&g, n, y, x, w, bias, relus)
			sameBits(t, fmt.Sprintf("%+v, %d images", g, n), y, want)
			checkGuards(t, whole)
		})
	}
}

func TestConvTransposeGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 44))
	for ci, g := range transposedCases() {
		n := 1 + ci%5
		x, w, dy := random(r, n*g.InLen()), random(r, g.Weights()), random(r, n*g.OutLen())
		var want, size [3][]float64
		for i, l := range []int{len(x), len(w), g.Cout} {
			want[i], size[i] = make([]float64, l), make([]float64, l)
		}
		put := func(k, i int, v float64) { want[k][i] += v; size[k][i] += math.Abs(v) }
		for i := range n {
			transposedTaps(&g, func(o, in, tap int) {
				for co := range g.Cout {
					d := float64(dy[i*g.OutLen()+o*g.Cout+co])
					put(2, co, d)
					for k := range g.Cin {
						xi, wi := i*g.InLen()+in*g.Cin+k, (tap*g.Cin+k)*g.Cout+co
						put(0, xi, d*float64(w[wi]))
						put(1, wi, d*float64(x[xi]))
					}
				}
			})
		}
		var first [3][]float32
		eachKernel(t, func(t *testing.T) {
			var got, whole [3][]float32
			for i := range got {
				got[i], whole[i] = guarded(r, len(want[i]))
			}
			new(Context).ConvTransposeBackward(&g, n, got[0], got[1], got[2], dy, x, w)
			if first[0] == nil {
				first = got
			}
			for i, name := range []string{"dx", "dw", "db"} {
				name = fmt.Sprintf("%+v, %d images: %s", g, n, name)
				near(t, name, got[i], want[i], size[i])
				checkGuards(t, whole[i])
				sameBits(t, name, got[i], first[i])
			}
		})
	}
}

// TestConvTransposeOptions covers what may be left out: images, input gradients, bias.
func TestConvTransposeOptions(t *testing.T) {
	g := ConvTranspose2D(4, 4, 3, 2, 2)
	c := new(Context)
	dw := fill(g.Weights(), 1)
	c.ConvTransposeForward(&g, 0, nil, nil, dw, nil, false)
	c.ConvTransposeBackward(&g, 0, nil, dw, nil, nil, nil, dw)
	sameBits(t, "weight gradients of no images", dw, fill(len(dw), 0))
	x, dy := fill(g.InLen(), 1), fill(g.OutLen(), 2)
	c.ConvTransposeBackward(&g, 1, nil, dw, nil, dy, x, dw)
	sameBits(t, "weight gradients", dw, fill(len(dw), 32))
	y := make([]float32, g.OutLen())
	if n := testing.AllocsPerRun(5, func() { c.ConvTransposeForward(&g, 1, y, x, dw, []float32{1, 2}, true) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// BenchmarkConvTranspose measures the U-Net's layers: forward, and backward as a whole.
func BenchmarkConvTranspose(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, g := range []ConvTranspose{ConvTranspose3D(16, 16, 16, 32, 16, 2), ConvTranspose3D(32, 32, 32, 16, 8, 2)} {
		x, w, y, bias := random(r, g.InLen()), random(r, g.Weights()), random(r, g.OutLen()), random(r, g.Cout)
		dx, dw := make([]float32, len(x)), make([]float32, len(w))
		c := new(Context)
		flops := 2 * float64(g.OutLen()*g.Cin)
		b.Run(fmt.Sprintf("%v-%d-%d/forward", g.In, g.Cin, g.Cout), func(b *testing.B) {
			bestRatio(b, flops, func() { c.ConvTransposeForward(&g, 1, y, x, w, bias, false) })
		})
		b.Run(fmt.Sprintf("%v-%d-%d/backward", g.In, g.Cin, g.Cout), func(b *testing.B) {
			bestRatio(b, 2*flops, func() { c.ConvTransposeBackward(&g, 1, dx, dw, bias, y, x, w) })
		})
	}
}
