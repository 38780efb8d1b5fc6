package f32

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactFMA rounds x*y + z once, from its exact value, and flushes like the hardware.
func exactFMA(x, y, z float32) float32 {
	x, y, z = flush(x), flush(y), flush(z)
	p := new(big.Float).SetPrec(2000).Mul(big.NewFloat(float64(x)), big.NewFloat(float64(y)))
	p.Add(p, big.NewFloat(float64(z)))
	p.SetPrec(24).SetMode(big.ToNearestEven) // unbounded exponent: tiny after rounding means flushed
	f, _ := p.Float64()
	if math.Abs(f) < 0x1p-126 {
		return float32(math.Copysign(0, f))
	}
	return float32(f)
}

// wild returns a float32 with random bits, but neither NaN nor infinite.
func wild(r *rand.Rand, low, high int) float32 {
	e := uint32(low + r.IntN(high-low+1))
	return math.Float32frombits(r.Uint32()&0x807fffff | e<<23)
}

// besideTie returns operands whose exact sum lies beside the middle of two float32, or beside the least normal number, by
// less than float64 can tell.
func besideTie(r *rand.Rand) (x, y, z float32) {
	d := math.Ldexp(1, -9-r.IntN(15))
	x, y = float32(1+d), float32(1-d) // the product is 1 - d*d
	if r.IntN(4) == 0 {
		return x * 0x1p-63, y * 0x1p-63, 0
	}
	e := r.IntN(40) - 20
	z = math.Float32frombits(r.Uint32()&0x807fffff|127<<23) * float32(math.Ldexp(1, e))
	return x, y * float32(math.Ldexp(1, e-24)), z
}

// nearTie returns operands of similar magnitude, so that the sum depends on all bits.
func nearTie(r *rand.Rand) (x, y, z float32) {
	x, y = wild(r, 90, 160), wild(r, 90, 160)
	e := int(math.Float32bits(x)>>23&255) + int(math.Float32bits(y)>>23&255) - 127
	return x, y, wild(r, max(1, min(254, e-25)), max(1, min(254, e+26)))
}

func TestFMAIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 300000 {
		x, y, z := nearTie(r)
		switch i % 4 {
		case 1:
			x, y, z = wild(r, 0, 80), wild(r, 0, 80), wild(r, 0, 4)
		case 2: // few bits: many exact ties
			x = math.Float32frombits(math.Float32bits(x) & 0xfffff000)
			y = math.Float32frombits(math.Float32bits(y) & 0xfffff000)
		}
		if i%4 == 3 {
			x, y, z = besideTie(r)
		}
		got, want := fma(x, y, z), exactFMA(x, y, z)
		if math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("fma(%x, %x, %x) = %x, want %x", x, y, z, got, want)
		}
	}
}

// TestTilesRoundAtTies runs the operands that are hardest to round through every kernel, one product each.
func TestTilesRoundAtTies(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	eachKernel(t, func(t *testing.T) {
		c := new(Context)
		for range 20000 {
			x, y, z := besideTie(r)
			dst := []float32{z}
			c.MatMul(RowMajor(dst, 1, 1), RowMajor([]float32{x}, 1, 1), RowMajor([]float32{y}, 1, 1), Epilogue{Accumulate: true})
			if want := exactFMA(x, y, z); dst[0] != want {
				t.Fatalf("%x*%x + %x = %x, want %x", x, y, z, dst[0], want)
			}
			s := []float32{y}
			if s = append(s, make([]float32, 15)...); z == 0 {
				Scale(x, s)
				if want := exactFMA(x, y, 0); s[0] != want {
					t.Fatalf("%x*%x = %x, want %x", x, y, s[0], want)
				}
			}
		}
	})
}

// TestRoundingUpToTheLeastNormal runs products that round up to the least normal number, or not quite, through all
// places of the elementwise routines where such products occur.
func TestRoundingUpToTheLeastNormal(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(19, 20))
		for range 3000 {
			x, y, z := besideTie(r)
			if z != 0 {
				continue
			}
			p, q := exactFMA(x, y, 0), exactFMA(-x, y, 0)
			for i, c := range tinyProducts {
				w, g, v, u := fill(17, 0), fill(17, 0), fill(17, 0), fill(17, 0)
				got := c(x, y, w, g, v, u)
				for j := range got {
					if got[j] != p && got[j] != q {
						t.Fatalf("routine %d, element %d: %x*%x = %x, want %x", i, j, x, y, got[j], p)
					}
				}
			}
		}
	})
}

// tinyProducts return x*y or -x*y, given arrays of zeros.
var tinyProducts = []func(x, y float32, w, g, v, u []float32) []float32{
	func(x, y float32, w, g, v, u []float32) []float32 { Axpy(x, set(g, y), w); return w },
	func(x, y float32, w, g, v, u []float32) []float32 { Scale(x, set(w, y)); return w },
	func(x, y float32, w, g, v, u []float32) []float32 { Mul(set(w, x), set(g, y)); return g },
	func(x, y float32, w, g, v, u []float32) []float32 { Pull(y, set(w, x), g, v); return v },
	func(x, y float32, w, g, v, u []float32) []float32 { SGD(w, set(g, x), y, 0); return w },
	func(x, y float32, w, g, v, u []float32) []float32 { Momentum(w, g, set(v, y), 0, x, 0); return v },
	func(x, y float32, w, g, v, u []float32) []float32 { Momentum(w, set(g, y), v, x, 0, 0); return w },
	func(x, y float32, w, g, v, u []float32) []float32 { Nesterov(w, g, set(v, y), 1, x, 0); return v },
	func(x, y float32, w, g, v, u []float32) []float32 { Nesterov(w, set(g, y), v, x, 0, 0); return w },
	func(x, y float32, w, g, v, u []float32) []float32 {
		adamOnly(AdamStep{Beta1: y}, w, g, set(v, x), u)
		return v
	},
	func(x, y float32, w, g, v, u []float32) []float32 {
		adamOnly(AdamStep{Gain1: y}, w, set(g, x), v, u)
		return v
	},
	func(x, y float32, w, g, v, u []float32) []float32 {
		adamOnly(AdamStep{Beta2: y}, w, g, v, set(u, x))
		return u
	},
	func(x, y float32, w, g, v, u []float32) []float32 {
		rmsOnly(RMSpropStep{Smoothing: y}, w, g, set(v, x), u)
		return v
	},
	func(x, y float32, w, g, v, u []float32) []float32 {
		rmsOnly(RMSpropStep{Momentum: y}, w, g, v, set(u, x))
		return u
	},
	func(x, y float32, w, g, v, u []float32) []float32 {
		ScaleShiftRows(v, set(g, y), set(w, x), u)
		return v
	},
	func(x, y float32, w, g, v, u []float32) []float32 {
		ScaleShiftRowsReLU(v, set(g, y), set(w, x), u)
		return v
	},
}

func adamOnly(s AdamStep, w, g, m, v []float32) {
	s.Epsilon = 1
	Adam(w, g, m, v, s)
}

func rmsOnly(s RMSpropStep, w, g, v, b []float32) {
	s.Epsilon = 1
	RMSprop(w, g, v, b, s)
}

// set fills x with v and returns it.
func set(x []float32, v float32) []float32 {
	for i := range x {
		x[i] = v
	}
	return x
}

// TestPortableArithmeticIsTheHardwares compares the portable definitions with every kernel on wild operands.
func TestPortableArithmeticIsTheHardwares(t *testing.T) {
	const n = 1 << 16
	r := rand.New(rand.NewPCG(7, 8))
	x, y, z := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i], y[i], z[i] = nearTie(r)
		if i%2 == 0 {
			x[i], y[i], z[i] = wild(r, 0, 66), wild(r, 0, 66), wild(r, 0, 3)
		}
	}
	eachKernel(t, func(t *testing.T) {
		for a := range 40 {
			s := x[a]
			got := append([]float32(nil), z...)
			Axpy(s, y, got)
			for i := range got {
				if want := fma(s, y[i], z[i]); math.Float32bits(got[i]) != math.Float32bits(want) {
					t.Fatalf("Axpy: %x*%x + %x = %x, want %x", s, y[i], z[i], got[i], want)
				}
			}
			got = append(got[:0], y...)
			Scale(s, got)
			for i := range got {
				if want := mul(s, y[i]); math.Float32bits(got[i]) != math.Float32bits(want) {
					t.Fatalf("Scale: %x*%x = %x, want %x", s, y[i], got[i], want)
				}
			}
		}
	})
}
