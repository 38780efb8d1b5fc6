package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// nearest returns the bfloat16 nearest to x, the even one of two, by comparing distances.
func nearest(x float32) float32 {
	b := math.Float32bits(x)
	low, high := math.Float32frombits(b&^0xffff), math.Float32frombits(b&^0xffff+0x10000)
	d, e := math.Abs(float64(x)-float64(low)), math.Abs(float64(high)-float64(x))
	if math.IsInf(float64(high), 0) {
		e = math.Abs(math.Copysign(0x1p128, float64(x)) - float64(x))
	}
	if d < e || d == e && b>>16&1 == 0 {
		return low
	}
	return high
}

func TestRoundingIsToNearestEven(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for i := range 200000 {
		x := wild(r, 1, 254)
		switch i % 3 {
		case 1: // a tie
			x = math.Float32frombits(math.Float32bits(x)&^0xffff | 0x8000)
		case 2: // beside one
			x = math.Float32frombits(math.Float32bits(x)&^0xffff | 0x7fff + r.Uint32N(3))
		}
		if got, _ := halves(pair(x, 0)); got != nearest(x) {
			t.Fatalf("%x becomes %x, want %x", x, got, nearest(x))
		}
	}
	for _, x := range []float32{0, float32(math.Copysign(0, -1)), 1e-39, -1e-39} {
		if _, got := halves(pair(0, x)); got != 0 || math.Signbit(float64(got)) != math.Signbit(float64(x)) {
			t.Errorf("%x becomes %x, want zero of the same sign", x, got)
		}
	}
	if got, _ := halves(pair(float32(math.NaN()), 0)); got == got {
		t.Errorf("NaN becomes %x", got)
	}
}

// packCase packs rows of n values and compares with the definition: word(r, i) is pair i of row r.
func packCase(t *testing.T, what string, n, dstRow, dstStep, rows, words int, pack func(dst []float32), word func(r, i int) float32) {
	t.Helper()
	size := max((rows-1)*dstRow+(words+panel-1)/panel*dstStep, 1)
	whole := fill(size+80, guard)
	want := append([]float32(nil), whole...)
	pack(whole[40 : 40+size])
	for r := range rows {
		for i := range (words + panel - 1) / panel * panel {
			x := float32(0)
			if i < words {
				x = word(r, i)
			}
			want[40+r*dstRow+i/panel*dstStep+i%panel] = x
		}
	}
	sameBits(t, fmt.Sprintf("%s of %d rows of %d", what, rows, n), whole, want)
}

func TestPackingOfAllSizes(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(23, 24))
		sizes := []int{vecChunk - 1, vecChunk, vecChunk + 33}
		for n := 1; n < 140; n++ {
			sizes = append(sizes, n)
		}
		for _, n := range sizes {
			for rows := 1; rows < 6; rows++ {
				stride := n + rows%3
				src := random(r, (rows-1)*stride+n)
				for i := range src {
					if i%7 == 0 {
						src[i] = wild(r, 0, 254)
					}
				}
				at := func(row, i int) float32 {
					if row >= rows || i >= n {
						return 0
					}
					return src[row*stride+i]
				}
				packCase(t, "couples", n, (n+1)/2, panel, rows, (n+1)/2, func(dst []float32) {
					couple(dst, (n+1)/2, src, stride, rows, n)
				}, func(r, i int) float32 { return pair(at(r, 2*i), at(r, 2*i+1)) })
				for _, step := range []int{panel, 5 * panel} {
					row := n
					if step > panel {
						row = panel
					}
					packCase(t, "weaves", n, row, step, (rows+1)/2, n, func(dst []float32) {
						weave(dst, row, step, src, stride, rows, n)
					}, func(r, i int) float32 { return pair(at(2*r, i), at(2*r+1, i)) })
				}
			}
		}
	})
}

// TestRunsOfAllSizes checks the runs of all lengths, some of which overlap.
func TestRunsOfAllSizes(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(25, 26))
		for n := 1; n < 70; n++ {
			const runs, step = 5, 3
			words := pairCount(n)
			src := random(r, (runs-1)*step+n)
			p := runArgs{src: address(src, 0), n: runs, srcStep: 4 * step, dstStep: 4 * words, chunks: (n + 15) / 16, mask: 1<<((n-1)%16+1) - 1}
			size := (runs-1)*words + p.chunks*8
			whole := fill(size+80, guard)
			want := append([]float32(nil), whole...)
			for i := range runs {
				run := append(append([]float32(nil), src[i*step:][:n]...), make([]float32, 16)...)
				for j := range p.chunks * 8 {
					want[40+i*words+j] = pair(run[2*j], run[2*j+1])
				}
			}
			p.dst = address(whole, 40)
			roundRuns(&p)
			sameBits(t, fmt.Sprint("runs of ", n), whole, want)
		}
	})
}

// TestPackingStaysInItsOperands packs what lies at the end of a page's worth of memory.
func TestPackingStaysInItsOperands(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		page, free := guardPage(t)
		defer free()
		dst := make([]float32, 400)
		for n := 1; n < 100; n++ {
			weave(dst, panel, panel, page[len(page)-2*n:], n, 2, n)
			couple(dst, 0, page[len(page)-n:], 0, 1, n)
			p := runArgs{src: address(page, len(page)-n), dst: address(dst, 0), n: 1, chunks: (n + 15) / 16, mask: 1<<((n-1)%16+1) - 1}
			roundRuns(&p)
		}
	})
}

// exactDot adds the two products of a pair as Precision says.
func exactDot(a, b, z float32) float32 {
	a0, a1 := halves(a)
	b0, b1 := halves(b)
	return exactFMA(a0, b0, exactFMA(a1, b1, z))
}

func finite(x float32) bool { return x-x == 0 }

// TestPairsRoundLikeTheirDefinition compares tiles of one product, by every kernel, with exact arithmetic. Operands are of
// comparable size, tiny or arbitrary.
func TestPairsRoundLikeTheirDefinition(t *testing.T) {
	ranges := [][4]int{{100, 150, 90, 160}, {120, 130, 100, 150}, {0, 80, 0, 10}, {0, 254, 0, 254}}
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(27, 28))
		for i := range 60000 {
			e := ranges[i%len(ranges)]
			value := func() float32 { return wild(r, e[0], e[1]) }
			a, b, z := pair(value(), value()), pair(value(), value()), wild(r, e[2], e[3])
			want := exactDot(a, b, z)
			a0, a1 := halves(a)
			b0, b1 := halves(b)
			if !finite(want) || !finite(exactFMA(a1, b1, z)) || !finite(a0*b0) {
				continue
			}
			got, left, right, start := []float32{0}, []float32{a}, []float32{b}, []float32{z}
			p := tileArgs{
				a: address(left, 0), b: address(right, 0), init: address(start, 0), c: address(got, 0),
				kI: 1, kO: 1, kG: 1, t: 1, flags: pairs,
			}
			kern.tile(&p, 1, 1)
			if math.Float32bits(got[0]) != math.Float32bits(want) {
				t.Fatalf("(%x, %x).(%x, %x) + %x = %x, want %x", a0, a1, b0, b1, z, got[0], want)
			}
		}
	})
}

// dot is exactDot in fast arithmetic.
func dot(a, b, z float32) float32 {
	a0, a1 := halves(a)
	b0, b1 := halves(b)
	return fma(a0, b0, fma(a1, b1, z))
}

// newPairTile is newTile with pairs for operands.
func newPairTile(r *rand.Rand, m, n, ki, ko, kg, t, flags, initial int) *tileCase {
	q := newTile(r, m, n, ki, ko, kg, t, flags|pairs, initial)
	for _, words := range [][]float32{q.a, q.b} {
		for i, x := range words {
			words[i] = pair(x, float32(r.NormFloat64()))
		}
	}
	return q
}

// wantPairs computes the case's C by the loops of the definition.
func (q *tileCase) wantPairs() []float32 {
	out := append([]float32(nil), q.whole...)
	c, p := out[40:], &q.p
	k := p.kI * p.kO * p.kG
	for i := range q.m * p.t {
		for j := range q.n {
			s := float32(0)
			if q.init != nil {
				s = q.init[j]
			} else if p.init != nil {
				s = c[i*q.strideRow+j]
			}
			for x := range k {
				s = dot(q.a[i*(k+3)+x], q.b[x*q.n+j], s)
			}
			if p.flags&addOld != 0 {
				s += c[i*q.strideRow+j]
			}
			if p.flags&clip != 0 {
				s = max(s, 0)
			}
			c[i*q.strideRow+j] = s
		}
	}
	return out
}

func TestPairTilesOfAllSizes(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(29, 30))
		for n := 1; n <= kern.width; n++ {
			for m := 1; m <= kern.height(n); m++ {
				for _, k := range [][3]int{{1, 1, 1}, {5, 1, 1}, {3, 2, 2}} {
					q := newPairTile(r, m, n, k[0], k[1], k[2], 1+(m+n)%3, (m+n)%4, (m*3+n)%3)
					want := q.wantPairs()
					kern.tile(&q.p, m, n)
					sameBits(t, fmt.Sprintf("%dx%d, k %v", m, n, k), q.whole, want)
				}
			}
		}
	})
}

func TestPairTileStaysInItsOperands(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		for n := 1; n <= kern.width; n++ {
			q := newPairTile(r, 2, n, 4, 1, 1, 1, 0, 0)
			page, free := guardPage(t)
			b := page[len(page)-len(q.b):]
			copy(b, q.b)
			q.p.b = unsafe.Pointer(unsafe.SliceData(b))
			want := q.wantPairs()
			kern.tile(&q.p, 2, n)
			sameBits(t, fmt.Sprint("columns ", n), q.whole, want)
			free()
		}
	})
}

func TestLayoutOfPackingArguments(t *testing.T) {
	if got := unsafe.Offsetof(pairArgs{}.dstRow); got != 8*10 {
		t.Errorf("pairArgs.dstRow lies at %d, the assembly expects it at 80", got)
	}
	if got := unsafe.Offsetof(runArgs{}.mask); got != 8*6 {
		t.Errorf("runArgs.mask lies at %d, the assembly expects it at 48", got)
	}
}
