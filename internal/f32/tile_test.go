package f32

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
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
				s = add(c[i*q.strideRow+j], s)
			}
			if p.flags&clip != 0 {
				s = relu(s)
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

// TestTilesOfTinySums lets sums in some tiles of a row fall below the least normal number.
func TestTilesOfTinySums(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 22))
		for n := 1; n <= kern.width; n++ {
			for m := 1; m <= kern.height(n); m++ {
				const tiles = 5
				q := newTile(r, m, n, 3, 1, 2, tiles, (m+n)%4, (m+2*n)%3)
				for i := range q.b {
					q.b[i] *= 0x1p-63
				}
				for _, x := range [][]float32{q.c, q.init} {
					for i := range x {
						x[i] *= 0x1p-126
					}
				}
				rows := len(q.a) / tiles
				for _, u := range [][]int{{0}, {2, 3}, {4}, {}, {0, 1, 2, 3, 4}}[(m+n)%5] {
					for i := range q.a[u*rows : (u+1)*rows] {
						q.a[u*rows+i] *= 0x1p-63
					}
				}
				p, want := q.p, q.want()
				kern.tile(&q.p, m, n)
				sameBits(t, fmt.Sprintf("%dx%d", m, n), q.whole, want)
				if p.mask = q.p.mask; q.p != p {
					t.Fatalf("%dx%d: the arguments changed from %+v to %+v", m, n, p, q.p)
				}
			}
		}
	})
}

// TestModeIsRestored checks that denormal numbers are numbers again behind every routine.
func TestModeIsRestored(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	a, x, index := arrays(64, 0), fill(4*64, 1), make([]uint8, 2*64)
	routines := map[string]func(){
		"tile":      func() { q := newTile(r, 2, 5, 3, 1, 1, 2, 0, 0); kern.tile(&q.p, 2, 5) },
		"tiny tile": func() { q := newTile(r, 2, 5, 3, 1, 1, 2, 0, 0); Scale(0x1p-126, q.b); kern.tile(&q.p, 2, 5) },
		"norm":      func() { newNormCase(5, 16, 1, false).run() },
		"pool":      func() { maxPoolByTwo([3]int{1, 2, 2}, 64, 1, x[:64], index[:64], x, true) },
		"pool back": func() { maxPoolByTwoBackward([3]int{1, 2, 2}, 64, 1, x, x[:64:64], index[:64]) },
		"pool 3":    func() { maxPoolByTwo([3]int{2, 2, 2}, 32, 1, x[:32], index[:32], x, true) },
		"pool 3 b":  func() { maxPoolByTwoBackward([3]int{2, 2, 2}, 32, 1, x, x[:32:32], index[:32]) },
		"peak":      func() { PeakRate(time.Millisecond) },
		"transpose": func() { transpose(a[0], 8, a[1], 8, 8, 8) },
	}
	for name, f := range elementwise {
		routines[name] = func() { f(a[0], a[1], a[2], a[3]) }
	}
	eachKernel(t, func(t *testing.T) {
		for name, f := range routines {
			f()
			if small := fill(1, 0x1p-140); small[0]*small[0]+small[0] == 0 {
				t.Errorf("%s left the processor flushing to zero", name)
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
