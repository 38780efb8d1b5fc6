package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestPairedTransposedConvolution compares both passes with sums of rounded operands in float64.
func TestPairedTransposedConvolution(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	for ci, g := range transposedCases() {
		n := 1 + ci%3
		x, w, dy := random(r, n*g.InLen()), random(r, g.Weights()), random(r, n*g.OutLen())
		rx, rw, rdy := rounded(x), rounded(w), rounded(dy)
		var want, size [3][]float64
		for i, l := range []int{len(dy), len(x), len(w)} {
			want[i], size[i] = make([]float64, l), make([]float64, l)
		}
		put := func(k, i int, a, b float32) {
			v := float64(a) * float64(b)
			want[k][i] += v
			size[k][i] += math.Abs(v)
		}
		for i := range n {
			transposedTaps(&g, func(o, in, tap int) {
				for co := range g.Cout {
					yi := i*g.OutLen() + o*g.Cout + co
					for k := range g.Cin {
						xi, wi := i*g.InLen()+in*g.Cin+k, (tap*g.Cin+k)*g.Cout+co
						put(0, yi, rx[xi], rw[wi])
						put(1, xi, rdy[yi], rw[wi])
						put(2, wi, rdy[yi], rx[xi])
					}
				}
			})
		}
		var first [3][]float32
		eachOther(t, ci, 3, func(t *testing.T) {
			var got, whole [3][]float32
			for i := range got {
				got[i], whole[i] = guarded(r, len(want[i]))
			}
			c := newBFloat16()
			c.ConvTransposeForward(&g, n, got[0], x, w, nil, false)
			c.ConvTransposeBackward(&g, n, got[1], got[2], nil, dy, x, w)
			if first[0] == nil {
				first = got
			}
			for i, name := range []string{"y", "dx", "dw"} {
				name = fmt.Sprintf("%+v, %d images: %s", g, n, name)
				near(t, name, got[i], want[i], size[i])
				checkGuards(t, whole[i])
				sameBits(t, name, got[i], first[i])
			}
		})
	}
}
