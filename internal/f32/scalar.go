package f32

import "math"

// tiniest is the least magnitude that rounds to a normal float32 when the exponent range has no lower end: hardware
// flushes what is below.
const tiniest = 0x1p-126 - 0x1p-151

// flush returns x, or zero of the same sign if x is denormal.
func flush(x float32) float32 {
	b := math.Float32bits(x)
	if b&0x7f800000 == 0 {
		return math.Float32frombits(b & 0x80000000)
	}
	return x
}

// round returns x as float32, or zero of the same sign if that is denormal. It is the correctly rounded result of a
// product, quotient or square root of two float32 that were computed in float64.
func round(x float64) float32 {
	if math.Abs(x) < tiniest {
		return float32(math.Copysign(0, x))
	}
	return float32(x)
}

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

func add(x, y float32) float32 { return flush(float32(flush(x) + flush(y))) }
func mul(x, y float32) float32 { return round(float64(float64(flush(x)) * float64(flush(y)))) }
func div(x, y float32) float32 { return round(float64(float64(flush(x)) / float64(flush(y)))) }
func sqrt(x float32) float32   { return float32(math.Sqrt(float64(flush(x)))) }

// fma returns x*y + z with one rounding.
func fma(x, y, z float32) float32 {
	acc, row := [1]term{widen(z)}, [1]term{widen(y)}
	fmaRow(acc[:], row[:], widen(x))
	return narrow(acc[0])
}

// relu returns the larger of x and zero; NaN and negative zero stay what they are.
func relu(x float32) float32 {
	if x = flush(x); x < 0 {
		return 0
	}
	return x
}
