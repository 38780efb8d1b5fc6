package f32

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// twinCases are geometries with few output channels: of the convolution or, turned round, of its input gradient.
func twinCases() []Conv {
	var out []Conv
	for cout := 1; cout <= 9; cout++ {
		for i, w := range []int{12, 14, 20, 31, 44, 70} {
			cin := 1 + (cout*5+i*3)%11
			k, pad := 3+2*(i%2), (cout+i)%3
			out = append(out, Conv2D(4+i%3, w, cin, cout, k, 1, pad), Conv2D(5, w, cout, cin, k, 1, pad))
		}
		out = append(out,
			Conv2D(7, 26+cout, 4, cout, 5, 2, cout%3), Conv3D(4, 5, 24, 3, cout, 3, 1, 1),
			Conv{[3]int{3, 6, 18}, 2, cout, [3]int{2, 3, 4}, [3]int{1, 2, 3}, [3]int{1, 0, 3}})
	}
	return append(out, Conv2D(32, 32, 3, 6, 5, 1, 0), Conv3D(3, 4, 40, 16, 8, 3, 1, 1))
}

// TestTwins checks forward passes bit for bit and input gradients within bounds where outputs are computed as twins, and
// that they are in enough cases.
func TestTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	forward, backward := 0, 0
	for i, g := range twinCases() {
		if g.OutLen() == 0 {
			continue
		}
		s := g.forward()
		if s.worthTwins() {
			forward++
		}
		if g.twinPhase() {
			backward++
		}
		if s.worthTwins() || g.twinPhase() {
			checkTwins(t, r, g, 1+i%2, i%3 == 0)
		}
	}
	if forward < 50 || backward < 30 {
		t.Errorf("only %d forward passes and %d input gradients used twins", forward, backward)
	}
}

func checkTwins(t *testing.T, r *rand.Rand, g Conv, n int, relus bool) {
	x, w, bias, dy := random(r, n*g.InLen()), random(r, g.Weights()), random(r, g.Cout), random(r, n*g.OutLen())
	if relus {
		bias = nil
	}
	want := naiveForward(&g, n, x, w, bias, relus)
	wantX, _, _, size, _ := naiveBackward(&g, n, dy, x, w)
	var first []float32
	eachKernel(t, func(t *testing.T) {
		name := fmt.Sprintf("%+v, %d images", g, n)
		y, wholeY := guarded(r, len(want))
		new(Context).ConvForward(&g, n, y, x, w, bias, relus)
		sameBits(t, name, y, want)
		checkGuards(t, wholeY)
		dx, wholeX := guarded(r, len(x))
		new(Context).ConvBackward(&g, n, dx, make([]float32, len(w)), nil, dy, x, w)
		near(t, name+": dx", dx, wantX, size)
		checkGuards(t, wholeX)
		if first == nil {
			first = dx
		}
		sameBits(t, name+": dx", dx, first)
	})
}

// TestSlabsDoNotShow compares passes over volumes in slabs of the least depth with those in one piece.
func TestSlabsDoNotShow(t *testing.T) {
	old := slabValues
	defer func() { slabValues = old }()
	r := rand.New(rand.NewPCG(67, 68))
	for _, g := range []Conv{
		Conv3D(9, 4, 16, 2, 3, 3, 1, 1), Conv3D(8, 5, 7, 3, 17, 3, 1, 2), Conv3D(9, 6, 9, 5, 4, 3, 2, 1), Conv3D(7, 5, 6, 2, 3, 2, 3, 1),
		Conv3D(3, 100, 90, 1, 2, 3, 1, 1), {[3]int{10, 3, 8}, 4, 6, [3]int{5, 1, 3}, [3]int{2, 1, 1}, [3]int{4, 0, 2}},
	} {
		x, w, dy := random(r, 2*g.InLen()), random(r, g.Weights()), random(r, 2*g.OutLen())
		eachKernel(t, func(t *testing.T) {
			var whole [3][]float32
			for i, n := range []int{1 << 30, 1} {
				slabValues = n
				y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
				c := new(Context)
				c.ConvForward(&g, 2, y, x, w, nil, false)
				c.ConvBackward(&g, 2, dx, dw, nil, dy, x, w)
				if i == 0 {
					whole = [3][]float32{y, dx, dw}
				}
				sameBits(t, fmt.Sprintf("%+v: outputs", g), y, whole[0])
				sameBits(t, fmt.Sprintf("%+v: input gradients", g), dx, whole[1])
				sameBits(t, fmt.Sprintf("%+v: weight gradients", g), dw, whole[2])
			}
		})
	}
}

// TestInterleavedRows compares the copies that twins read with their definition.
func TestInterleavedRows(t *testing.T) {
	r := rand.New(rand.NewPCG(63, 64))
	eachKernel(t, func(t *testing.T) {
		if kern.level != avx512 {
			t.Skip("only AVX-512 treats twins")
		}
		for n := 0; n < 100; n += 1 + n/40 {
			row := random(r, n)
			for _, far := range []int{1, 5, 16, 40, n, n + 3} {
				for pad := -3; pad <= 20; pad += 4 {
					for _, width := range []int{0, 1, 17, 40, n + 2*max(0, pad)} {
						dst, whole := guarded(r, 2*width)
						interleaveRow(dst, row, far, pad)
						checkGuards(t, whole)
						for i := range width {
							sameBits(t, fmt.Sprintf("%d values, twins %d apart, padded by %d, number %d", n, far, pad, i),
								dst[2*i:2*i+2], []float32{valueAt(row, i-pad), valueAt(row, i-pad+far)})
						}
					}
				}
			}
		}
	})
}

// TestTwinTiles runs the micro-kernels of all heights.
func TestTwinTiles(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		if kern.level != avx512 {
			t.Skip("only AVX-512 treats twins")
		}
		r := rand.New(rand.NewPCG(65, 66))
		for m := 1; m <= twinRows; m++ {
			for n := 1; n <= maxTwin; n++ {
				checkTwinTile(t, r, m, n, (m+n)%2 == 0)
			}
		}
	})
}

// checkTwinTile compares two tiles of m rows and n channels, 11 steps, with their definition.
func checkTwinTile(t *testing.T, r *rand.Rand, m, n int, relus bool) {
	const k = 11
	a, b, init := random(r, 2*(2*m+k)), random(r, k*16), random(r, 16)
	c, whole := guarded(r, 4*m*10)
	want := append([]float32(nil), c...)
	p := tileArgs{
		a: address(a, 0), aRow: 8, aK: 8, aT: 8 * m, b: address(b, 0), bK: 64, c: address(c, 0), cRow: 40, cT: 40 * m,
		init: address(init, 0), kI: k, kO: 1, kG: 1, t: 2, twin: 40 * 2 * m,
	}
	if relus {
		p.flags = clip
	}
	for i := range 4 * m {
		row, odd := i%(2*m), i/(2*m)
		for j := range n {
			s := init[2*j+odd]
			for q := range k {
				s = fma(a[2*(row+q)+odd], b[16*q+2*j+odd], s)
			}
			if relus {
				s = relu(s)
			}
			want[i*10+j] = s
		}
	}
	kern.tile(&p, m, n)
	sameBits(t, fmt.Sprintf("%d rows of %d", m, n), c, want)
	checkGuards(t, whole)
}
