package f32

import "math"

// The functions below replace those of package math in training: math's are assembly on some architectures, with
// other last bits. Every product that is added to something is rounded explicitly, so that no compiler fuses it.

// poly evaluates c[0] + c[1] x + c[2] x^2 + ... (Horner's scheme).
func poly(x float64, c []float64) float64 {
	s := 0.0
	for i := len(c) - 1; i >= 0; i-- {
		s = float64(s*x) + c[i]
	}
	return s
}

// expCoef holds 1/i!, enough of them for 1 unit in the last place on [-ln2/2, ln2/2].
var expCoef = []float64{1, 1, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320, 1. / 362880,
	1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800}

// ln2 in two parts: the first has so few bits that its products with exponents are exact.
const (
	ln2hi = 6.93147180369123816490e-01
	ln2lo = 1.90821492927058770002e-10
)

// exp returns e to the power x for x <= 709, and 0 where that is below the range of normal numbers.
func exp(x float64) float64 {
	if x < -708 {
		return 0
	}
	if x != x || x > 709 {
		return x - x + math.Inf(1)
	}
	n := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(n*ln2hi) - float64(n*ln2lo)
	return poly(r, expCoef) * math.Float64frombits(uint64(int64(n)+1023)<<52)
}

// Exp returns e to the power x for x <= 709, 0 where that is below the range of normal numbers and infinity for larger
// x, the same bits on every processor.
func Exp(x float64) float64 { return exp(x) }

// logCoef holds 2/(2i+1), the series of log((1+t)/(1-t)) in t^2, divided by t.
var logCoef = []float64{2, 2. / 3, 2. / 5, 2. / 7, 2. / 9, 2. / 11, 2. / 13, 2. / 15, 2. / 17, 2. / 19, 2. / 21}

// log returns the natural logarithm of a positive normal number.
func log(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return math.NaN()
	}
	bits := math.Float64bits(x)
	e := int(bits>>52) - 1023
	m := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	if m > math.Sqrt2 {
		m, e = m/2, e+1
	}
	t := (m - 1) / (m + 1)
	n := float64(e)
	return float64(n*ln2hi) + (float64(n*ln2lo) + float64(t*poly(float64(t*t), logCoef)))
}

// Log returns the natural logarithm of a positive normal number, the same bits on every processor.
func Log(x float64) float64 { return log(x) }

// CosPi returns the cosine of pi*x for x in [0, 1].
func CosPi(x float64) float64 {
	if x > 0.5 {
		return -CosPi(1 - x)
	}
	t := float64(x * math.Pi)
	return poly(float64(t*t), cosCoef)
}

// cosCoef holds (-1)^i/(2i)!.
var cosCoef = []float64{1, -1. / 2, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800, 1. / 479001600, -1. / 87178291200,
	1. / 20922789888000, -1. / 6402373705728000, 1. / 2432902008176640000}
