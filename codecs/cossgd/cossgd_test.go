package cossgd

import (
	"encoding/hex"
	"math"
	"slices"
	"testing"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

// The vectors below were computed in float64 by two independent programs.
var vector = []float32{0.30, -0.70, 0.05, -0.02, 1.20, -0.10}

var nearestVectors = []struct {
	bits    int
	clip    float64
	real    []float64
	codes   []uint32
	decoded []float64
	nmse    float64
	lsb     string
	msb     string
}{
	{1, 0, []float64{0.394036, 0.756514, 0.482468, 0.507012, 0, 0.535086}, []uint32{0, 1, 0, 1, 0, 1},
		[]float64{1.2, -1.2, 1.2, -1.2, 1.2, -1.2}, 2.452113, "2a", "54"},
	{2, 0, []float64{1.182107, 2.269543, 1.447403, 1.521035, 0, 1.605259}, []uint32{1, 2, 1, 2, 0, 2},
		[]float64{0.466649, -0.466649, 0.466649, -0.466649, 1.2, -0.466649}, 0.290102, "9908", "6620"},
	{3, 0, []float64{2.758249, 5.295600, 3.377274, 3.549082, 0, 3.745604}, []uint32{3, 5, 3, 4, 0, 4},
		[]float64{0.203054, -0.592689, 0.203054, -0.203054, 1.2, -0.203054}, 0.043518, "", ""},
	{4, 0, []float64{5.910534, 11.347715, 7.237015, 7.605176, 0, 8.026295}, []uint32{6, 11, 7, 8, 0, 8},
		[]float64{0.283347, -0.641663, 0.095011, -0.095011, 1.2, -0.095011}, 0.005587, "b68780", "6b7808"},
	{8, 0, []float64{100.479072, 192.911161, 123.029251, 129.287991, 0, 136.447009}, []uint32{100, 193, 123, 129, 0, 136},
		[]float64{0.305237, -0.700866, 0.050327, -0.016779, 1.2, -0.095011}, 0.000031, "64c17b810088", "64c17b810088"},
	{2, 0.2, []float64{0.880360, 3, 1.397477, 1.541002, 0, 1.705172}, []uint32{1, 3, 1, 2, 0, 2},
		[]float64{0.242711, -0.7, 0.242711, -0.242711, 0.7, -0.242711}, 0.177277, "", ""},
	{4, 0.2, []float64{4.401798, 15, 6.987387, 7.705010, 0, 8.525858}, []uint32{4, 15, 7, 8, 0, 9},
		[]float64{0.338204, -0.7, 0.048770, -0.048770, 0.7, -0.146082}, 0.125147, "", ""},
	{8, 0.2, []float64{74.830574, 255, 118.785578, 130.985168, 0, 144.939588}, []uint32{75, 255, 119, 131, 0, 145},
		[]float64{0.299049, -0.7, 0.048770, -0.020085, 0.7, -0.100346}, 0.122978, "", ""},
}

func TestNearestVectors(t *testing.T) {
	for _, c := range nearestVectors {
		q := Quantizer{Bits: c.bits, Clip: c.clip}
		g := q.fit(vector)
		for i, x := range vector {
			if r := g.real(x); math.Abs(r-c.real[i]) > 2e-5 {
				t.Errorf("%+v: element %d is %v before rounding, want %v", q, i, r, c.real[i])
			}
		}
		codes, decoded, side := q.pass(t, vector, vector, 0)
		if !slices.Equal(codes, c.codes) {
			t.Errorf("%+v: codes %v, want %v", q, codes, c.codes)
		}
		near(t, decoded, c.decoded)
		if nmse := codecs.NMSE(decoded, vector); math.Abs(nmse-c.nmse) > 1e-6 {
			t.Errorf("%+v: NMSE %v, want %v", q, nmse, c.nmse)
		}
		if len(side) != 8 {
			t.Errorf("%+v: %d bytes of side data", q, len(side))
		}
		if c.lsb != "" {
			packed(t, codes, uint(c.bits), c.lsb, c.msb)
		}
	}
}

func packed(t *testing.T, codes []uint32, width uint, lsb, msb string) {
	t.Helper()
	if got := hex.EncodeToString(wire.AppendPacked(nil, codes, width)); got != lsb {
		t.Errorf("%d bits, least significant first: %s, want %s", width, got, lsb)
	}
	var w wire.MSBWriter
	for _, c := range codes {
		w.Write(uint64(c), width)
	}
	if got := hex.EncodeToString(w.Flush()); got != msb {
		t.Errorf("%d bits, most significant first: %s, want %s", width, got, msb)
	}
}

// pass encodes and decodes one tensor.
func (q Quantizer) pass(t *testing.T, full, kept []float32, seed uint64) ([]uint32, []float32, []byte) {
	t.Helper()
	tensor := &codecs.Tensor{Seed: seed}
	codes, decoded := make([]uint32, len(kept)), make([]float32, len(kept))
	side, err := q.Encode(codes, nil, full, kept, tensor)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := q.Decode(decoded, codes, append(slices.Clone(side), 1, 2), tensor)
	if err != nil || len(rest) != 2 {
		t.Fatalf("decoding: error %v, %d bytes left and not 2", err, len(rest))
	}
	return codes, decoded, side
}

func near(t *testing.T, got []float32, want []float64) {
	t.Helper()
	for i, x := range got {
		if math.Abs(float64(x)-want[i]) > 1e-6 {
			t.Errorf("element %d decodes to %v, want %v", i, x, want[i])
		}
	}
}

func TestHeader(t *testing.T) {
	g := Quantizer{Bits: 2}.fit(vector)
	if math.Abs(float64(g.norm)-1.425798022) > 1e-7 || math.Abs(float64(g.bound)-0.570494665) > 1e-7 {
		t.Errorf("norm %v and bound %v", g.norm, g.bound)
	}
	if g := (Quantizer{Bits: 2, Clip: 0.2}).fit(vector); math.Abs(float64(g.bound)-1.057612852) > 1e-7 {
		t.Errorf("clipped bound %v", g.bound)
	}
	if one, none := (Quantizer{Bits: 2, Clip: 0.01}).fit(vector), g; one != none {
		t.Errorf("a clip that drops none of six elements changes the grid: %+v and %+v", one, none)
	}
}

// TestDropped holds the number of clipped elements against the authors' floor(n clip).
func TestDropped(t *testing.T) {
	for n, want := range map[int]int{99: 0, 100: 1, 199: 1, 200: 2, 700: 7} {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(i+1) * float32(1-2*(i%2)) // both signs compete
		}
		g := Quantizer{Bits: 4, Clip: 0.01}.fit(v)
		if bound := float32(math.Acos(float64(n-want) / float64(g.norm))); g.bound != bound {
			t.Errorf("n = %d: the bound is %v, and %v if %d elements are clipped", n, g.bound, bound, want)
		}
	}
}

func TestStochasticVectors(t *testing.T) {
	u := []float64{0.5, 0.1, 0.9, 0.01, 0.7, 0.2}
	for _, c := range []struct {
		bits  int
		codes []uint32
		mean  []float64
	}{
		{1, nil, []float64{0.254315, -0.615634, 0.042078, -0.016828, 1.2, -0.084207}},
		{2, []uint32{1, 3, 1, 2, 0, 2}, []float64{0.296689, -0.664319, 0.049089, -0.019632, 1.2, -0.098238}},
		{4, []uint32{6, 12, 7, 8, 0, 8}, []float64{0.299746, -0.698555, 0.049973, -0.019986, 1.2, -0.099964}},
	} {
		g := Quantizer{Bits: c.bits}.fit(vector)
		for i, x := range vector {
			r := g.real(x)
			if c.codes != nil && up(r, u[i]) != c.codes[i] {
				t.Errorf("%d bits, element %d: code %d, want %d", c.bits, i, up(r, u[i]), c.codes[i])
			}
			low := math.Floor(r)
			p := r - low
			mean := (1-p)*float64(g.value(uint32(low))) + p*float64(g.value(uint32(min(low+1, g.levels))))
			if math.Abs(mean-c.mean[i]) > 2e-6 {
				t.Errorf("%d bits, element %d: expected value %v, want %v", c.bits, i, mean, c.mean[i])
			}
		}
		if top := up(g.levels, 0); top != uint32(g.levels) {
			t.Errorf("the last code is rounded up to %d", top)
		}
	}
}

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
			near(t, decoded[1:2], []float64{-0.198995})
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

// TestTwoClients is the mean of two decoded updates.
func TestTwoClients(t *testing.T) {
	q := Quantizer{Bits: 2}
	other := []float32{-0.10, -0.50, 0.25, 0.40, 0.90, -0.30}
	codes, second, _ := q.pass(t, other, other, 0)
	if want := []uint32{2, 2, 1, 1, 0, 2}; !slices.Equal(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
	near(t, second, []float64{-0.336868, -0.336868, 0.336868, 0.336868, 0.9, -0.336868})
	_, mean, _ := q.pass(t, vector, vector, 0)
	for i, x := range second {
		mean[i] = (mean[i] + x) / 2
	}
	near(t, mean, []float64{0.064890, -0.401759, 0.401759, -0.064890, 1.05, -0.401759})
}

// TestKept: norm and bound are those of the whole tensor, whatever part of it is sent.
func TestKept(t *testing.T) {
	_, decoded, _ := Quantizer{Bits: 2}.pass(t, vector, []float32{vector[1], vector[3], vector[4]}, 0)
	for i := range decoded {
		decoded[i] *= 2 // as a mask of probability 1/2 does
	}
	near(t, decoded, []float64{-0.933298, -0.933298, 2.4})
}

func TestWeights(t *testing.T) {
	w := []float32{0.12, -0.34, 0.05, 0.41, -0.22, 0.02}
	codes, decoded, _ := Quantizer{Bits: 4}.pass(t, w, w, 0)
	if want := []uint32{5, 13, 7, 0, 11, 7}; !slices.Equal(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
	near(t, decoded, []float64{0.149389, -0.315037, 0.030192, 0.410000, -0.206958, 0.030192})
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
