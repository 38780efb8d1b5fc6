package f32

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestColumns compares the loops of normalisation layers with their formulas in float64.
func TestColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(29, 30))
	for n := 1; n <= 70; n++ {
		for _, rows := range []int{1, 2, 7, 64} {
			eachKernel(t, func(t *testing.T) { checkColumns(t, r, rows, n) })
		}
	}
}

func checkColumns(t *testing.T, r *rand.Rand, rows, n int) {
	x, d, p, q, b := random(r, rows*n), random(r, rows*n), random(r, n), random(r, n), random(r, n)
	got, want := [4][]float64{}, [4][]float64{}
	for i := range got {
		got[i], want[i] = make([]float64, n), make([]float64, n)
	}
	shifted, whole := guarded(r, rows*n)
	combined, whole2 := guarded(r, rows*n)
	ColumnMoments(got[0], got[1], x)
	ColumnProducts(got[2], got[3], d, x)
	ScaleShiftRows(shifted, x, p, q)
	CombineRows(combined, d, x, p, q, b)
	checkGuards(t, whole)
	checkGuards(t, whole2)
	for i, v := range x {
		c, x, d := i%n, float64(v), float64(d[i])
		want[0][c] += x
		want[1][c] += x * x
		want[2][c] += d
		want[3][c] += d * x
		closeTo(t, "scaled and shifted", float64(shifted[i]), float64(p[c])*x+float64(q[c]), 1e-6)
		closeTo(t, "combined", float64(combined[i]), float64(p[c])*d+float64(q[c])*x+float64(b[c]), 1e-6)
	}
	for k := range got {
		for c := range got[k] {
			closeTo(t, "column sum", got[k][c], want[k][c], 1e-12)
		}
	}
}

func closeTo(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*(10+math.Abs(want))) {
		t.Fatalf("%s is %g, want %g", what, got, want)
	}
}
