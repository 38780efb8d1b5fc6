package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// normCase holds the operands and results of all loops of normalisation layers for some rows.
type normCase struct {
	cols          int
	x, d, s       []float32
	a, b, p, q, r []float32
	sums          [6][]float64
	rows          [5][]float32
	whole         [5][]float32
}

// newNormCase returns a case; with wild numbers some are near and below the normal range or not numbers.
func newNormCase(rows, cols int, seed uint64, strange bool) *normCase {
	r := rand.New(rand.NewPCG(seed, 31))
	c := &normCase{cols: cols}
	for _, v := range []*[]float32{&c.x, &c.d, &c.s} {
		*v = random(r, rows*cols)
	}
	for _, v := range []*[]float32{&c.a, &c.b, &c.p, &c.q, &c.r} {
		*v = random(r, cols)
	}
	if strange {
		for i := range c.x {
			for j, v := range [][]float32{c.x, c.d, c.s} {
				if r.IntN(3) == 0 {
					v[i] = []float32{wild(r, 0, 130), float32(math.NaN()), 1e-18 * float32(r.NormFloat64()), 0, negativeZero}[(i+j)%5]
				}
			}
		}
	}
	for i := range c.sums {
		c.sums[i] = make([]float64, cols)
		for j := range cols {
			c.sums[i][j] = float64(i + j)
		}
	}
	for i := range c.rows {
		c.rows[i], c.whole[i] = guarded(r, rows*cols)
	}
	return c
}

func (c *normCase) run() {
	ColumnMoments(c.sums[0], c.sums[1], c.x)
	ColumnProducts(c.sums[2], c.sums[3], c.d, c.x)
	ColumnProductsReLU(c.sums[4], c.sums[5], c.d, c.x, c.a, c.b)
	ScaleShiftRows(c.rows[0], c.x, c.a, c.b)
	ScaleShiftRowsReLU(c.rows[1], c.x, c.a, c.b)
	ScaleShiftRowsAddReLU(c.rows[2], c.x, c.a, c.b, c.s)
	CombineRows(c.rows[3], c.d, c.x, c.p, c.q, c.r)
	CombineRowsReLU(c.rows[4], c.d, c.x, c.p, c.q, c.r, c.a, c.b)
}

// TestNormLoopsEqualPortable compares all kernels at every number of columns up to two blocks and some greater ones.
func TestNormLoopsEqualPortable(t *testing.T) {
	counts := []int{192, 248, 512}
	for n := 1; n <= 130; n++ {
		counts = append(counts, n)
	}
	for _, cols := range counts {
		for _, rows := range []int{0, 1, 2, 5, 17, 1 + 300/cols, 3 + vecChunk/cols} {
			if rows*cols > 1000 && cols%7 > 1 {
				continue
			}
			strange := rows%2 == 0
			want := newNormCase(rows, cols, 1, strange)
			withKernel(portable, want.run)
			eachKernel(t, func(t *testing.T) {
				got := newNormCase(rows, cols, 1, strange)
				got.run()
				sameNorm(t, fmt.Sprintf("%d rows of %d", rows, cols), got, want)
			})
		}
	}
}

func sameNorm(t *testing.T, what string, got, want *normCase) {
	t.Helper()
	for i, s := range got.sums {
		for j := range s {
			if x, y := s[j], want.sums[i][j]; x != y && (x == x || y == y) {
				t.Fatalf("%s: sum %d of column %d is %g, want %g", what, i, j, x, y)
			}
		}
	}
	for i := range got.whole {
		sameBits(t, fmt.Sprintf("%s, result %d", what, i), got.whole[i], want.whole[i])
		checkGuards(t, got.whole[i])
	}
}

// TestNormLoopsInFloat64 compares the loops with their formulas.
func TestNormLoopsInFloat64(t *testing.T) {
	for _, cols := range []int{1, 3, 8, 10, 16, 33, 64, 70, 130} {
		for _, rows := range []int{1, 5, 64, 70} {
			c := newNormCase(rows, cols, 2, false)
			c.run()
			sums := newNormCase(rows, cols, 2, false).sums
			for i, x32 := range c.x {
				j, x, d := i%cols, float64(x32), float64(c.d[i])
				y := float64(c.a[j])*x + float64(c.b[j])
				own := 0.0
				if y > 0 {
					own = d
				}
				for k, v := range []float64{x, x * x, d, d * x, own, own * x} {
					sums[k][j] += v
				}
				p, rest := float64(c.p[j]), float64(c.q[j])*x+float64(c.r[j])
				for k, v := range []float64{y, max(0, y), max(0, y+float64(c.s[i])), p*d + rest, p*own + rest} {
					closeTo(t, fmt.Sprint("result ", k), float64(c.rows[k][i]), v, 1e-6)
				}
			}
			for k := range sums {
				for j, want := range sums[k] {
					closeTo(t, fmt.Sprint("sum ", k), c.sums[k][j], want, 1e-12)
				}
			}
		}
	}
}

func closeTo(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*(10+math.Abs(want))) {
		t.Fatalf("%s is %g, want %g", what, got, want)
	}
}

// TestFusedReLUIsReLU compares the loops that contain a ReLU with separate passes, bit for bit.
func TestFusedReLUIsReLU(t *testing.T) {
	for _, cols := range []int{3, 8, 16, 40, 64} {
		for _, strange := range []bool{false, true} {
			eachKernel(t, func(t *testing.T) {
				c := newNormCase(37, cols, 3, strange)
				c.run()
				w := newNormCase(37, cols, 3, strange)
				ScaleShiftRows(w.rows[0], w.x, w.a, w.b)
				ReLU(w.rows[1], w.rows[0])
				ReLUBackward(w.d, w.d, w.rows[1])
				ColumnProducts(w.sums[4], w.sums[5], w.d, w.x)
				CombineRows(w.rows[4], w.d, w.x, w.p, w.q, w.r)
				for _, i := range []int{0, 1, 4} {
					sameBits(t, fmt.Sprint("result ", i), c.rows[i], w.rows[i])
				}
				for i := 4; i < 6; i++ {
					for j, want := range w.sums[i] {
						if got := c.sums[i][j]; got != want && (got == got || want == want) {
							t.Fatalf("sum %d of column %d is %g, want %g", i, j, got, want)
						}
					}
				}
			})
		}
	}
}

func TestNormLoopsInPlace(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		c, w := newNormCase(21, 10, 4, false), newNormCase(21, 10, 4, false)
		w.run()
		ScaleShiftRowsAddReLU(c.s, c.x, c.a, c.b, c.s)
		sameBits(t, "sum", c.s, w.rows[2])
		CombineRowsReLU(c.d, c.d, c.x, c.p, c.q, c.r, c.a, c.b)
		sameBits(t, "gradients", c.d, w.rows[4])
		ScaleShiftRows(c.x, c.x, c.a, c.b)
		sameBits(t, "rows", c.x, w.rows[0])
	})
}

// TestNormLoopsStayInTheirOperands places all operands at the end of readable memory.
func TestNormLoopsStayInTheirOperands(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		for _, cols := range []int{1, 3, 10, 13, 16, 31, 33, 61, 65} {
			c := newNormCase(7, cols, 5, false)
			for _, v := range []*[]float32{&c.x, &c.d, &c.s, &c.a, &c.b, &c.p, &c.q, &c.r} {
				page, free := guardPage(t)
				defer free()
				end := page[len(page)-len(*v):]
				copy(end, *v)
				*v = end
			}
			c.run()
		}
	})
}

func TestNormLoopsDoNotAllocate(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		c := newNormCase(30, 12, 6, false)
		if n := testing.AllocsPerRun(10, c.run); n != 0 {
			t.Errorf("%g allocations", n)
		}
	})
}

func TestLayoutOfNormArguments(t *testing.T) {
	if got := unsafe.Offsetof(columnArgs{}.tiny); got != 8*10 {
		t.Errorf("columnArgs.tiny lies at %d", got)
	}
	if got := unsafe.Offsetof(rowArgs{}.tiny); got != 8*13 {
		t.Errorf("rowArgs.tiny lies at %d", got)
	}
}

// BenchmarkNormLoops measures the loops in bytes of their arrays, on images as they occur in networks.
func BenchmarkNormLoops(b *testing.B) {
	for _, s := range [][2]int{{1024, 16}, {256, 32}, {64, 64}, {64 * 64 * 64, 8}} {
		c := newNormCase(s[0], s[1], 7, false)
		for _, f := range []struct {
			name   string
			arrays int
			run    func()
		}{
			{"moments", 1, func() { ColumnMoments(c.sums[0], c.sums[1], c.x) }},
			{"products", 2, func() { ColumnProducts(c.sums[0], c.sums[1], c.d, c.x) }},
			{"productsReLU", 2, func() { ColumnProductsReLU(c.sums[0], c.sums[1], c.d, c.x, c.a, c.b) }},
			{"scaleShift", 2, func() { ScaleShiftRows(c.rows[0], c.x, c.a, c.b) }},
			{"scaleShiftReLU", 2, func() { ScaleShiftRowsReLU(c.rows[0], c.x, c.a, c.b) }},
			{"scaleShiftAddReLU", 3, func() { ScaleShiftRowsAddReLU(c.rows[0], c.x, c.a, c.b, c.s) }},
			{"combine", 3, func() { CombineRows(c.rows[0], c.d, c.x, c.p, c.q, c.r) }},
			{"combineReLU", 3, func() { CombineRowsReLU(c.rows[0], c.d, c.x, c.p, c.q, c.r, c.a, c.b) }},
			{"relu", 2, func() { ReLU(c.rows[0], c.x) }},
			{"reluBackward", 3, func() { ReLUBackward(c.rows[0], c.d, c.x) }},
		} {
			b.Run(fmt.Sprintf("%dx%d/%s", s[0], s[1], f.name), func(b *testing.B) {
				b.SetBytes(int64(4 * f.arrays * len(c.x)))
				for b.Loop() {
					f.run()
				}
			})
		}
	}
}
