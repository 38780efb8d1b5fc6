package f32

import "math"

// term is a float32 on its way through a chain of multiply-adds.
type term = float32

func widen(x float32) term  { return flush(x) }
func narrow(x term) float32 { return x }

// fmaRow computes acc[j] = fma(a, b[j], acc[j]): the compiler turns the expression into one fused instruction on arm64.
func fmaRow(acc, b []term, a term) {
	b = b[:len(acc)]
	for j, c := range acc {
		s := c + a*b[j]
		if math.Float32bits(s)<<1-1 < leastNormal<<1 {
			s = smallFMA(a, b[j], c)
		}
		acc[j] = s
	}
}

// leastNormal holds the bits of the least normal number.
const leastNormal = 1 << 23

// smallFMA returns fma(a, b, c), at most the least normal number, as processors return it that flush denormal results.
func smallFMA(a, b, c float32) float32 {
	p := float64(float64(a) * float64(b))
	return round(leaveTie(float64(p+float64(c)), p, float64(c)))
}
