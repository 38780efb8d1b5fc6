package f32

import "testing"

// Joined rows hold both parts, and splitting them gives the parts back.
func TestJoinAndSplit(t *testing.T) {
	for _, c := range []struct{ rows, a, b int }{{1, 1, 1}, {3, 2, 5}, {7, 8, 8}, {4, 0, 3}, {2, 3, 0}} {
		a, b := make([]float32, c.rows*c.a), make([]float32, c.rows*c.b)
		for i := range a {
			a[i] = float32(1 + i)
		}
		for i := range b {
			b[i] = -float32(1 + i)
		}
		y := make([]float32, len(a)+len(b))
		Join(y, a, b, c.rows)
		for r := range c.rows {
			for j := range c.a + c.b {
				want := float32(1 + r*c.a + j)
				if j >= c.a {
					want = -float32(1 + r*c.b + j - c.a)
				}
				if got := y[r*(c.a+c.b)+j]; got != want {
					t.Fatalf("%+v: row %d, column %d is %g, want %g", c, r, j, got, want)
				}
			}
		}
		a2, b2 := make([]float32, len(a)), make([]float32, len(b))
		Split(a2, b2, y, c.rows)
		sameBits(t, "first part", a2, a)
		sameBits(t, "second part", b2, b)
	}
}
