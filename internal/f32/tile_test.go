package f32

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// tileCase is a row of tiles with its operands.
type tileCase struct {
	p         tileArgs
	m, n      int
	a, b      []float32
	c, whole  []float32
	init      []float32
	strideRow int
}

// newTile returns a case of t tiles one below the other, k = ki*ko*kg.
func newTile(r *rand.Rand, m, n, ki, ko, kg, t, flags, initial int) *tileCase {
	k := ki * ko * kg
	q := &tileCase{m: m, n: n, a: random(r, m*t*(k+3)), b: random(r, k*n), strideRow: n + 5}
	q.c, q.whole = guarded(r, m*t*q.strideRow-5)
	p := &q.p
	p.a, p.aRow, p.aK, p.aO, p.aG = address(q.a, 0), 4*(k+3), 4, 4*ki, 4*ki*ko
	p.b, p.bK, p.bO, p.bG = address(q.b, 0), 4*n, 4*n*ki, 4*n*ki*ko
	p.c, p.cRow = address(q.c, 0), 4*q.strideRow
	p.kI, p.kO, p.kG, p.t, p.flags = ki, ko, kg, t, flags
	switch initial {
	case 1:
		q.init = random(r, n)
		p.init = address(q.init, 0)
	case 2:
		p.init, p.iRow = p.c, p.cRow
	}
	p.down(m)
	return q
}

// want computes the case's C by the loops of the definition.
func (q *tileCase) want() []float32 {
	out := append([]float32(nil), q.whole...)
	c := out[40:]
	p := &q.p
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
				s = fma(q.a[i*(k+3)+x], q.b[x*q.n+j], s)
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

func TestTilesOfAllSizes(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := 1; n <= kern.width; n++ {
			for m := 1; m <= kern.height(n); m++ {
				for _, k := range [][3]int{{1, 1, 1}, {5, 1, 1}, {3, 2, 2}} {
					q := newTile(r, m, n, k[0], k[1], k[2], 1+(m+n)%3, (m+n)%4, (m*3+n)%3)
					want := q.want()
					kern.tile(&q.p, m, n)
					sameBits(t, fmt.Sprintf("%dx%d, k %v", m, n, k), q.whole, want)
				}
			}
		}
	})
}

// TestTileStaysInItsOperands places B at the end of a page's worth of memory: the kernels must not read behind it.
func TestTileStaysInItsOperands(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for n := 1; n <= kern.width; n++ {
			q := newTile(r, 2, n, 4, 1, 1, 1, 0, 0)
			page, free := guardPage(t)
			b := page[len(page)-len(q.b):]
			copy(b, q.b)
			q.p.b = unsafe.Pointer(unsafe.SliceData(b))
			want := q.want()
			kern.tile(&q.p, 2, n)
			sameBits(t, fmt.Sprint("columns ", n), q.whole, want)
			free()
		}
	})
}

func TestLayoutOfArguments(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want uintptr
	}{
		{"tileArgs.flags", unsafe.Offsetof(tileArgs{}.flags), 8 * 22},
		{"vecArgs.s", unsafe.Offsetof(vecArgs{}.s), 8 * 5},
		{"poolArgs.offsets", unsafe.Offsetof(poolArgs{}.offsets), 8 * 11},
		{"moveArgs.n", unsafe.Offsetof(moveArgs{}.n), 8 * 4},
	} {
		if c.got != c.want {
			t.Errorf("%s lies at %d, the assembly expects it at %d", c.name, c.got, c.want)
		}
	}
}
