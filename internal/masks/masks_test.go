package masks

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// grids draws extents and two sets of masks on them.
func grids(t *rapid.T) (a, b []uint8, size [3]int) {
	for axis := range size {
		size[axis] = rapid.IntRange(1, 7).Draw(t, "extent")
	}
	n := size[0] * size[1] * size[2]
	few := rapid.OneOf(rapid.Just(uint8(0)), rapid.Just(uint8(0)), rapid.Uint8())
	a = rapid.SliceOfN(few, n, n).Draw(t, "a")
	b = rapid.SliceOfN(few, n, n).Draw(t, "b")
	return a, b, size
}

// dumbDice counts with sets.
func dumbDice(a, b []uint8, bit int) float64 {
	in := func(m []uint8) map[int]bool {
		set := map[int]bool{}
		for i, v := range m {
			if v&(1<<bit) != 0 {
				set[i] = true
			}
		}
		return set
	}
	x, y, both := in(a), in(b), 0
	for i := range x {
		if y[i] {
			both++
		}
	}
	if len(x) == 0 && len(y) == 0 {
		return 1
	}
	return float64(2*both) / float64(len(x)+len(y))
}

// dumbHD95 measures every pair of surface voxels.
func dumbHD95(a, b []uint8, bit int, size [3]int) (float64, bool) {
	on := func(m []uint8, z, y, x int) bool {
		inside := z >= 0 && y >= 0 && x >= 0 && z < size[0] && y < size[1] && x < size[2]
		return inside && m[x+size[2]*(y+size[1]*z)]&(1<<bit) != 0
	}
	surface := func(m []uint8) (list [][3]int) {
		for z := range size[0] {
			for y := range size[1] {
				for x := range size[2] {
					whole := (size[0] == 1 || on(m, z-1, y, x) && on(m, z+1, y, x)) &&
						(size[1] == 1 || on(m, z, y-1, x) && on(m, z, y+1, x)) &&
						(size[2] == 1 || on(m, z, y, x-1) && on(m, z, y, x+1))
					if on(m, z, y, x) && !whole {
						list = append(list, [3]int{z, y, x})
					}
				}
			}
		}
		return list
	}
	var all []float64
	add := func(from, to [][3]int) {
		for _, p := range from {
			nearest := math.Inf(1)
			for _, q := range to {
				sum := 0
				for axis := range p {
					sum += (p[axis] - q[axis]) * (p[axis] - q[axis])
				}
				nearest = min(nearest, math.Sqrt(float64(sum)))
			}
			all = append(all, nearest)
		}
	}
	sa, sb := surface(a), surface(b)
	if len(sa) == 0 || len(sb) == 0 {
		return 0, false
	}
	add(sa, sb)
	add(sb, sa)
	slices.Sort(all)
	rank := 0.95 * float64(len(all)-1)
	low := math.Floor(rank)
	return all[int(low)] + (rank-low)*(all[int(math.Ceil(rank))]-all[int(low)]), true
}

func TestAgainstTwins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, size := grids(t)
		for bit := range 8 {
			if got, want := Compare(a, b, bit).Dice(), dumbDice(a, b, bit); got != want {
				t.Fatalf("bit %d: Dice %v, want %v", bit, got, want)
			}
			got, ok := HD95(a, b, bit, size)
			if want, wantOK := dumbHD95(a, b, bit, size); ok != wantOK || math.Abs(got-want) > 1e-12 {
				t.Fatalf("bit %d: HD95 %v, %v; want %v, %v", bit, got, ok, want, wantOK)
			}
		}
	})
}

func TestDistancesAgainstTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var size [3]int
		for axis := range size {
			size[axis] = rapid.IntRange(1, 12).Draw(t, "extent")
		}
		n := size[0] * size[1] * size[2]
		set := make([]bool, n)
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 6).Draw(t, "set") {
			set[i] = true
		}
		got := squaredDistances(set, size)
		place := func(i int) [3]int { return [3]int{i / (size[1] * size[2]), i / size[2] % size[1], i % size[2]} }
		for i := range got {
			want, p := nowhere, place(i)
			for j, in := range set {
				if q := place(j); in {
					want = min(want, (p[0]-q[0])*(p[0]-q[0])+(p[1]-q[1])*(p[1]-q[1])+(p[2]-q[2])*(p[2]-q[2]))
				}
			}
			if got[i] != want {
				t.Fatalf("voxel %v: squared distance %d, want %d", p, got[i], want)
			}
		}
	})
}

func TestEmptyMasks(t *testing.T) {
	some, none := []uint8{0, 1, 1, 0}, make([]uint8, 4)
	size := [3]int{1, 2, 2}
	for _, c := range []struct {
		a, b []uint8
		dice float64
		ok   bool
	}{{some, some, 1, true}, {some, none, 0, false}, {none, some, 0, false}, {none, none, 1, false}} {
		if got := Compare(c.a, c.b, 0).Dice(); got != c.dice {
			t.Errorf("%v and %v: Dice %v, want %v", c.a, c.b, got, c.dice)
		}
		if d, ok := HD95(c.a, c.b, 0, size); ok != c.ok || d != 0 {
			t.Errorf("%v and %v: HD95 %v, %v, want %v", c.a, c.b, d, ok, c.ok)
		}
	}
}

// Two squares of 10 x 10 pixels, 3 apart: nine tenths and more of all surface pixels lie at most 3 from the other.
func TestShiftedSquares(t *testing.T) {
	size := [3]int{1, 20, 20}
	square := func(left int) []uint8 {
		m := make([]uint8, 400)
		for y := 5; y < 15; y++ {
			for x := left; x < left+10; x++ {
				m[20*y+x] = 4
			}
		}
		return m
	}
	if d, ok := HD95(square(2), square(5), 2, size); !ok || d != 3 {
		t.Errorf("HD95 %v, %v, want 3", d, ok)
	}
	if o := Compare(square(2), square(5), 2); o != (Overlap{100, 100, 70}) || o.Dice() != 0.7 {
		t.Errorf("overlap %+v, Dice %v", o, o.Dice())
	}
}

func BenchmarkHD95(b *testing.B) {
	size := [3]int{96, 96, 96}
	ball := func(cx, r int) []uint8 {
		m := make([]uint8, 96*96*96)
		for i := range m {
			z, y, x := i/(96*96)-48, i/96%96-48, i%96-cx
			if z*z+y*y+x*x < r*r {
				m[i] = 1
			}
		}
		return m
	}
	p, q := ball(45, 24), ball(50, 22)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		HD95(p, q, 0, size)
	}
}

func BenchmarkCompare(b *testing.B) {
	p := make([]uint8, 1<<20)
	b.SetBytes(1 << 20)
	for b.Loop() {
		Compare(p, p, 1)
	}
}

// On arm64 the difference from the rank must not be fused with the product that the rank is.
func TestPercentileIsNotFused(t *testing.T) {
	var sorted []float64
	for k := range 6 {
		sorted = append(sorted, math.Sqrt(float64(9+k)))
	}
	if got, want := percentile(sorted, 0.95), 3.7076308589464535; got != want {
		t.Errorf("the percentile is %v, want %v", got, want)
	}
}
