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
