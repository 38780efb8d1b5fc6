//go:build !arm64

package f32

import "math"

// term is a float32 on its way through a chain of multiply-adds, held as float64.
type term = float64

func widen(x float32) term  { return float64(flush(x)) }
func narrow(x term) float32 { return float32(x) }

// fmaRow computes acc[j] = fma(a, b[j], acc[j]), rounded once to float32.
//
// The product of two float32 is exact in float64. The sum s is rounded to 53 bits, and rounding that again to 24 bits
// goes wrong only if s is half way between two float32 and not the exact sum.
func fmaRow(acc, b []term, a term) {
	b = b[:len(acc)]
	for j, c := range acc {
		p := float64(a * b[j])
		s := p + c
		bits := math.Float64bits(s)
		if bits&(1<<29-1) == 1<<28 || bits<<1 < tiniestBits<<1 {
			s = float64(round(leaveTie(s, p, c)))
		}
		acc[j] = float64(float32(s))
	}
}

// tiniestBits are those of tiniest: integers compare faster than magnitudes.
const tiniestBits = 0x380ffffff0000000

// leaveTie moves s = p + c, rounded, by one bit towards the exact sum if it is half way between two float32 and differs.
func leaveTie(s, p, c float64) float64 {
	if math.Float64bits(s)&(1<<29-1) != 1<<28 {
		return s
	}
	q := s - p
	err := float64(p-float64(s-q)) + float64(c-q)
	switch {
	case err == 0 || err != err:
		return s
	case err > 0 == (s > 0):
		return math.Float64frombits(math.Float64bits(s) + 1)
	}
	return math.Float64frombits(math.Float64bits(s) - 1)
}
