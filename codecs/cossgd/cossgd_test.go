package cossgd

import (
	"math"
	"slices"
	"testing"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

// TestStochasticMean draws many messages and compares their mean with the expected one.
func TestStochasticMean(t *testing.T) {
	const draws = 20000
	want := []float64{0.296689, -0.664319, 0.049089, -0.019632, 1.2, -0.098238}
	var sum [6]float64
	for i := range uint64(draws) {
		_, decoded, _ := Quantizer{Bits: 2, Stochastic: true}.pass(t, vector, vector, rng.Mix(i))
		for j, x := range decoded {
			sum[j] += float64(x) / draws
		}
	}
	for j, x := range sum {
		if math.Abs(x-want[j]) > 0.015 {
			t.Errorf("element %d has a mean of %v, want %v", j, x, want[j])
		}
	}
}

// TestZeros: exact zeros lie on a tie, which goes to the even code.
func TestZeros(t *testing.T) {
	z := []float32{0.5, 0, -0.25, 0, 0.1, -0.05}
	for bits, want := range map[int][]uint32{1: {0, 0, 1, 0, 0, 1}, 2: {0, 2, 2, 2, 1, 2}, 4: {0, 8, 11, 8, 6, 8}} {
		codes, decoded, _ := Quantizer{Bits: bits}.pass(t, z, z, 0)
		if !slices.Equal(codes, want) {
			t.Errorf("%d bits: codes %v, want %v", bits, codes, want)
		}
		switch bits {
		case 1:
			near(t, decoded, []float64{0.5, 0.5, -0.5, 0.5, 0.5, -0.5})
		case 2:
			near(t, []float32{decoded[1], decoded[3]}, []float64{-0.198995, -0.198995})
		case 4:
			near(t, decoded, []float64{0.5, -0.040621, -0.272912, -0.040621, 0.121037, -0.040621})
		}
	}
	// On any grid, however its bound was rounded.
	r := rng.New(5, "zeros")
	for range 1000 {
		v := []float32{0, float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.ExpFloat64())}
		g := Quantizer{Bits: 1 + r.IntN(16)}.fit(v)
		if got := g.real(0); got != g.levels/2 {
			t.Fatalf("zero is %v of %v levels in %v", got, g.levels, v)
		}
	}
}

func TestDegenerate(t *testing.T) {
	sparse := make([]float32, 200)
	sparse[17] = 0.5
	two := slices.Clone(sparse)
	two[3] = -0.25
	outlier := slices.Clone(sparse)
	for i := range outlier {
		outlier[i] = 1e-9
	}
	outlier[0], outlier[1] = 1, -1
	for _, bits := range []int{1, 2, 4, 8, 16} {
		q := Quantizer{Bits: bits, Clip: 0.01}
		top := uint32(1)<<bits - 1
		if codes, decoded, _ := q.pass(t, []float32{2}, []float32{2}, 0); codes[0] != 0 || decoded[0] != 2 {
			t.Errorf("%d bits: 2 alone has code %d and decodes to %v", bits, codes[0], decoded[0])
		}
		if codes, decoded, _ := q.pass(t, []float32{-3}, []float32{-3}, 0); codes[0] != top || decoded[0] != -3 {
			t.Errorf("%d bits: -3 alone has code %d and decodes to %v", bits, codes[0], decoded[0])
		}
		for _, x := range []float32{0.25, -0.25} { // all equal
			equal := slices.Repeat([]float32{x}, 300)
			if _, decoded, _ := q.pass(t, equal, equal, 0); math.Abs(float64(decoded[0]-x)) > 1e-6 || decoded[299] != decoded[0] {
				t.Errorf("%d bits: 300 times %v decode to %v and %v", bits, x, decoded[0], decoded[299])
			}
		}
		zeros := make([]float32, 5)
		if _, decoded, _ := q.pass(t, zeros, zeros, 0); !slices.Equal(decoded, zeros) {
			t.Errorf("%d bits: zeros decode to %v", bits, decoded)
		}
		for _, v := range [][]float32{sparse, two, outlier} {
			g := q.fit(v)
			if !(g.span > 0) {
				t.Errorf("%d bits: the grid has no span", bits)
			}
			if _, decoded, _ := q.pass(t, v, v, 0); math.Abs(float64(decoded[0]-v[0])) > 0.5 || !(math.Abs(float64(decoded[17])) <= 1) {
				t.Errorf("%d bits: %v decodes to %v", bits, v[:20], decoded[:20])
			}
		}
	}
}

// TestNearby holds the fast path against the plain formula, on values of all sizes and on ties.
func TestNearby(t *testing.T) {
	r := rng.New(8, "nearby")
	for round := range 60 {
		v := make([]float32, 1+r.IntN(2000))
		for i := range v {
			v[i] = float32(r.NormFloat64() * math.Pow(10, -4*r.Float64()*float64(round%2)))
		}
		q := Quantizer{Bits: 1 + round%16, Clip: 0.01 * float64(round%3)}
		g := q.fit(v)
		for code := range min(100, 1<<q.Bits-1) { // values on the border between two codes
			theta := g.lowest + (float64(code)+0.5)*g.span/g.levels
			v = append(v, float32(float64(g.norm)*math.Cos(theta)))
		}
		got := make([]uint32, len(v))
		g.nearest(got, v)
		for i, x := range v {
			if want := nearest(g.real(x)); got[i] != want {
				t.Fatalf("%+v: %v has code %d, want %d", q, x, got[i], want)
			}
		}
		g.stochastic(got, v, 77)
		for i, x := range v {
			if want := up(g.real(x), unit(rng.At(77, uint64(i)))); got[i] != want {
				t.Fatalf("%+v: %v has code %d at random, want %d", q, x, got[i], want)
			}
		}
	}
}

// TestNoise holds the error on long random vectors against ranges that an independent program measured.
func TestNoise(t *testing.T) {
	r := rng.New(11, "noise")
	gauss, laplace := make([]float32, 65536), make([]float32, 65536)
	for i := range gauss {
		gauss[i] = float32(r.NormFloat64())
		laplace[i] = float32(r.ExpFloat64() * float64(1-2*r.IntN(2)))
	}
	for _, c := range []struct {
		name string
		v    []float32
		clip float64
		want [4]float64 // at 1, 2, 4 and 8 bits
	}{
		{"Gaussian", gauss, 0.01, [4]float64{3.525, 0.246, 0.0116, 0.00195}},
		{"Gaussian", gauss, 0.05, [4]float64{1.71, 0.150, 0.0185, 0.0131}},
		{"Laplace", laplace, 0.01, [4]float64{6.985, 0.4985, 0.0259, 0.0103}},
		{"Laplace", laplace, 0.05, [4]float64{2.495, 0.2295, 0.0565, 0.05015}},
	} {
		band := [4]float64{0.08, 0.08, 0.2, 0.5}
		for i, bits := range []int{1, 2, 4, 8} {
			_, decoded, _ := Quantizer{Bits: bits, Clip: c.clip}.pass(t, c.v, c.v, 0)
			if nmse := codecs.NMSE(decoded, c.v); math.Abs(nmse/c.want[i]-1) > band[i] {
				t.Errorf("%s, clip %v, %d bits: NMSE %v, want about %v", c.name, c.clip, bits, nmse, c.want[i])
			}
		}
	}
	_, decoded, _ := Quantizer{Bits: 2, Clip: 0.01, Stochastic: true}.pass(t, gauss, gauss, 1)
	if nmse := codecs.NMSE(decoded, gauss); math.Abs(nmse/0.493-1) > 0.08 {
		t.Errorf("rounded at random: NMSE %v, want about twice the nearest codes', 0.493", nmse)
	}
}

// TestGaps: the larger a value, the finer the grid around it, but hardly so where the bound is near a right angle, as it is
// in large tensors.
func TestGaps(t *testing.T) {
	for _, c := range []struct {
		bits         int
		bound        float32
		want, within float64 // outermost gap over the one in the middle
	}{{2, 0.57, 0.79, 0.005}, {4, 0.57, 0.59, 0.005}, {4, 1.5, 0.9978, 5e-5}, {4, 1.55, 0.9998, 5e-5}} {
		g := Quantizer{Bits: c.bits}.grid(1, c.bound)
		middle := uint32(g.levels / 2)
		got := float64(g.value(0)-g.value(1)) / float64(g.value(middle)-g.value(middle+1))
		if math.Abs(got-c.want) > c.within {
			t.Errorf("%d bits, bound %v: the gaps have the ratio %v, want %v", c.bits, c.bound, got, c.want)
		}
	}
}

func TestDamagedSide(t *testing.T) {
	q := Quantizer{Bits: 1}
	side := func(norm, bound float64) []byte {
		return wire.AppendFloat32(wire.AppendFloat32(nil, float32(norm)), float32(bound))
	}
	for _, bad := range [][]byte{nil, make([]byte, 7), side(-1, 1), side(math.NaN(), 1), side(math.Inf(1), 1),
		side(1, -0.1), side(1, math.NaN()), side(1, math.Pi/2), side(1, 4)} {
		if _, err := q.Decode(make([]float32, 1), make([]uint32, 1), bad, nil); err == nil {
			t.Errorf("the side data %x are decoded", bad)
		}
	}
}

func chain(t testing.TB, s Settings) func() codecs.Codec {
	return func() codecs.Codec {
		stage, err := s.Stage()
		if err != nil {
			t.Fatal(err)
		}
		c, err := codecs.New(nil, stage)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Settings
		o    codectest.Options
	}{
		{"1 bit", Settings{Bits: 1, Clip: 0.01, Rounding: "nearest"}, codectest.Options{Gaussian: 3.85, Laplace: 7.75}},
		{"2 bits", Settings{Bits: 2, Clip: 0.01, Rounding: "nearest"}, codectest.Options{Gaussian: 0.27, Laplace: 0.555}},
		{"8 bits", Settings{Bits: 8, Rounding: "stochastic"}, codectest.Options{Gaussian: 0.000175, Laplace: 0.00051}},
		{"16 bits", Settings{Bits: 16, Rounding: "nearest"}, codectest.Options{Gaussian: 1.35e-09, Laplace: 3.9e-09}},
	} {
		t.Run(c.name, func(t *testing.T) { codectest.Run(t, chain(t, c.s), c.o) })
	}
}

func FuzzDecode(f *testing.F) {
	codectest.Fuzz(f, chain(f, Settings{Bits: 2, Clip: 0.01, Rounding: "nearest"}))
}

func BenchmarkCosSGD(b *testing.B) {
	for name, s := range map[string]Settings{
		"2 bits":     {Bits: 2, Clip: 0.01, Rounding: "nearest"},
		"8 bits":     {Bits: 8, Clip: 0.01, Rounding: "nearest"},
		"stochastic": {Bits: 2, Clip: 0.01, Rounding: "stochastic"},
	} {
		b.Run(name, func(b *testing.B) { codectest.Bench(b, chain(b, s)) })
	}
}
