package quantize

import (
	"math"
	"slices"
	"testing"

	"flsim/codecs"
	"flsim/internal/rng"
)

// The vectors of QSGD were computed in float64 by an independent program.
var (
	vector   = []float32{0.30, -0.70, 0.05, -0.02, 1.20, -0.10}
	uniforms = []float64{0.5, 0.1, 0.9, 0.01, 0.7, 0.2}
)

var qsgdVectors = []struct {
	levels   int
	scaled   []float64 // magnitudes over the norm, in levels
	want     []int     // signed levels
	decoded  []float64
	variance float64
	limit    float64 // of the variance, min(n/s^2, sqrt(n)/s) ||v||^2
	paper    float64
}{
	{1, []float64{0.210408, 0.490953, 0.035068, 0.014027, 0.841634, 0.070136}, []int{0, -1, 0, -1, 1, 0},
		[]float64{0, -1.425798, 0, -1.425798, 1.425798, 0}, 1.346241, 4.979568, 44},
	{2, []float64{0.420817, 0.981906, 0.070136, 0.028054, 1.683268, 0.140272}, []int{0, -1, 0, -1, 1, 0},
		[]float64{0, -0.712899, 0, -0.712899, 0.712899, 0}, 0.351178, 2.489784, 50},
	{4, []float64{0.841634, 1.963813, 0.140272, 0.056109, 3.366536, 0.280545}, []int{1, -2, 0, -1, 3, -1},
		[]float64{0.356450, -0.712899, 0, -0.356450, 1.069349, -0.356450}, 0.098564, 0.762337, 56},
	{16, []float64{3.366536, 7.855250, 0.561089, 0.224436, 13.466143, 1.122179}, []int{3, -8, 0, -1, 13, -1},
		[]float64{0.267337, -0.712899, 0, -0.089112, 1.158461, -0.089112}, 0.008993, 0.047646, 68},
}

func TestQSGDVectors(t *testing.T) {
	for _, c := range qsgdVectors {
		q := QSGD{Levels: c.levels}
		norm := q.norm(vector)
		if math.Abs(float64(norm)-1.425798022) > 1e-7 {
			t.Fatalf("norm %v", norm)
		}
		symbols := make([]uint32, len(vector))
		for i, x := range vector {
			symbols[i] = q.symbol(float64(x)*float64(c.levels)/float64(norm), uniforms[i])
			if got := signed(symbols[i]); got != c.want[i] {
				t.Errorf("s = %d, element %d: level %d, want %d", c.levels, i, got, c.want[i])
			}
		}
		side := q.side(norm)
		got := make([]float32, len(vector))
		if _, err := q.Decode(got, symbols, side, nil); err != nil {
			t.Fatal(err)
		}
		for i, x := range got {
			if math.Abs(float64(x)-c.decoded[i]) > 1e-6 {
				t.Errorf("s = %d, element %d decodes to %v, want %v", c.levels, i, x, c.decoded[i])
			}
		}
		if bits := q.PaperBits(nil, []int{len(vector)}, nil); bits != c.paper {
			t.Errorf("s = %d costs %v bits by the formula, want %v", c.levels, bits, c.paper)
		}
	}
}

func signed(symbol uint32) int {
	level := int(symbol+1) / 2
	if symbol%2 == 0 {
		return -level
	}
	return level
}

func (q QSGD) side(norm float32) []byte {
	side, err := q.Encode(make([]uint32, 1), nil, nil, []float32{norm}, &codecs.Tensor{})
	if err != nil {
		panic(err)
	}
	return side
}

// TestQSGDRounding looks for the two levels that an element may be rounded to and for the probability of the upper one, and
// makes mean and variance of them.
func TestQSGDRounding(t *testing.T) {
	for _, c := range qsgdVectors {
		q := QSGD{Levels: c.levels}
		norm := q.norm(vector)
		if limit := math.Min(6/math.Pow(float64(c.levels), 2), math.Sqrt(6)/float64(c.levels)) * float64(norm) * float64(norm); math.Abs(limit-c.limit) > 1e-6 {
			t.Errorf("s = %d: the lemma bounds the variance by %v, want %v", c.levels, limit, c.limit)
		}
		variance := 0.0
		for i, x := range vector {
			low := math.Floor(c.scaled[i])
			p, r := c.scaled[i]-low, float64(x)*float64(c.levels)/float64(norm)
			symbols := []uint32{q.symbol(r, p+2e-6), q.symbol(r, p-2e-6)}
			if down, up := signed(symbols[0]), signed(symbols[1]); math.Abs(float64(down)) != low || math.Abs(float64(up)) != low+1 {
				t.Errorf("s = %d, element %d: levels %d and %d, want the magnitudes %v and %v", c.levels, i, down, up, low, low+1)
			}
			got := make([]float32, 2)
			if _, err := q.Decode(got, symbols, q.side(norm), nil); err != nil {
				t.Fatal(err)
			}
			below, above := float64(got[0]), float64(got[1])
			p = math.Abs(r) - low
			if mean := (1-p)*below + p*above; math.Abs(mean-float64(x)) > 2e-7 { // of float32
				t.Errorf("s = %d, element %d: a mean of %v, want %v", c.levels, i, mean, x)
			}
			variance += p * (1 - p) * math.Pow(above-below, 2)
		}
		if math.Abs(variance-c.variance) > 1e-6 || variance > c.limit {
			t.Errorf("s = %d: a variance of %v, want %v, at most %v", c.levels, variance, c.variance, c.limit)
		}
	}
}

// TestQSGDTop: a magnitude as large as the norm has the last level, whatever it is rounded with.
func TestQSGDTop(t *testing.T) {
	for _, levels := range []int{1, 2, 3, 7, 255, 32767} {
		q := QSGD{Levels: levels}
		for _, r := range []float64{float64(levels), math.Nextafter(float64(levels), math.Inf(1))} {
			if plus, minus := signed(q.symbol(r, 0)), signed(q.symbol(-r, 0)); plus != levels || minus != -levels {
				t.Errorf("s = %d: %v and %v have the levels %d and %d", levels, r, -r, plus, minus)
			}
		}
		for _, largest := range []bool{false, true} {
			q.Max = largest
			v, got, symbols := []float32{0, -0.3, 0}, make([]float32, 3), make([]uint32, 3)
			side, err := q.Encode(symbols, nil, v, v, &codecs.Tensor{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := q.Decode(got, symbols, side, nil); err != nil || !slices.Equal(got, v) {
				t.Errorf("%+v: %v becomes %v (error %v)", q, v, got, err)
			}
		}
	}
}

// TestQSGDMoments holds mean and variance of many draws against v and the exact variance
// (||v||/s)^2 sum of p(1-p).
func TestQSGDMoments(t *testing.T) {
	const draws = 20000
	for _, c := range qsgdVectors {
		q := QSGD{Levels: c.levels}
		symbols, got := make([]uint32, len(vector)), make([]float32, len(vector))
		var sum [6]float64
		squares := 0.0
		for i := range uint64(draws) {
			tensor := codecs.Tensor{Seed: rng.Mix(i)}
			side, _ := q.Encode(symbols, nil, vector, vector, &tensor)
			if _, err := q.Decode(got, symbols, side, &tensor); err != nil {
				t.Fatal(err)
			}
			for j, x := range got {
				sum[j] += float64(x)
				squares += math.Pow(float64(x-vector[j]), 2)
			}
		}
		if variance := squares / draws; math.Abs(variance/c.variance-1) > 0.03 {
			t.Errorf("s = %d: variance %v, want %v", c.levels, variance, c.variance)
		}
		for j, x := range sum {
			if gap := x/draws - float64(vector[j]); math.Abs(gap) > 4*math.Sqrt(c.variance/draws) {
				t.Errorf("s = %d: the mean of element %d is off by %v", c.levels, j, gap)
			}
		}
	}
}

func TestQSGDSettings(t *testing.T) {
	for _, c := range []struct {
		s      QSGDSettings
		levels int
		bucket int
		fails  bool
	}{
		{s: QSGDSettings{}, levels: 7},
		{s: QSGDSettings{Bits: 2}, levels: 1},
		{s: QSGDSettings{Bits: 8}, levels: 127},
		{s: QSGDSettings{Levels: 15}, levels: 15},
		{s: QSGDSettings{NormSettings: NormSettings{Scope: "bucket"}}, levels: 7, bucket: 512},
		{s: QSGDSettings{NormSettings: NormSettings{Scope: "bucket", Bucket: 3}}, levels: 7, bucket: 3},
		{s: QSGDSettings{Bits: 4, Levels: 7}, fails: true},
		{s: QSGDSettings{NormSettings: NormSettings{Scope: "tensor", Bucket: 3}}, fails: true},
	} {
		stage, err := c.s.Stage()
		if (err != nil) != c.fails {
			t.Errorf("%+v: error %v", c.s, err)
		} else if q, _ := stage.(QSGD); err == nil && (q.Levels != c.levels || q.Bucket != c.bucket) {
			t.Errorf("%+v makes %+v", c.s, q)
		}
	}
	// The width of a symbol is the number of bits asked for.
	for bits := 2; bits <= 16; bits++ {
		stage, _ := (&QSGDSettings{Bits: bits}).Stage()
		if a, _ := stage.(QSGD).Alphabet(nil); a.Bits() != bits {
			t.Errorf("bits = %d makes symbols of %d bits", bits, a.Bits())
		}
	}
}

// TestHalf compares every half with the float32 values around it: encoding is the nearest half, ties to even.
func TestHalf(t *testing.T) {
	for h := uint32(0); h < 0x7c00; h++ {
		x := fromHalf(h)
		want := math.Ldexp(float64(h&0x3ff), -24)
		if h >= 0x400 {
			want = math.Ldexp(float64(h&0x3ff|0x400), int(h>>10)-25)
		}
		if float64(x) != want {
			t.Fatalf("half %#x is %v, want %v", h, x, want)
		}
		if h == 0x7bff {
			break
		}
		next := fromHalf(h + 1)
		mid := float32((float64(x) + float64(next)) / 2)
		even := h + h&1
		for _, c := range []struct {
			x    float32
			want uint32
		}{{x, h}, {math.Nextafter32(mid, 0), h}, {mid, even}, {math.Nextafter32(mid, 1e9), h + 1}} {
			if got := toHalf(c.x); got != c.want {
				t.Fatalf("%v becomes half %#x, want %#x", c.x, got, c.want)
			}
			if got := toHalf(-c.x); got != c.want|0x8000 {
				t.Fatalf("%v becomes half %#x", -c.x, got)
			}
		}
	}
	for _, x := range []float32{65505, 65520, 1e30, math.MaxFloat32} {
		if toHalf(x) != 0x7bff || toHalf(-x) != 0xfbff {
			t.Errorf("%v is not clipped to 65504", x)
		}
	}
}

func TestUniform(t *testing.T) {
	v := []float32{-1, 0.1, 0.5, 3}
	for _, c := range []struct {
		q    Uniform
		want []uint32
		side int
	}{
		{Uniform{Bits: 2, Nearest: true}, []uint32{0, 1, 1, 3}, 8},
		{Uniform{Bits: 1, Nearest: true}, []uint32{0, 0, 0, 1}, 8},
		{Uniform{Bits: 2, Symmetric: true, Nearest: true}, []uint32{1, 2, 2, 3}, 4},
		{Uniform{Bits: 2, Symmetric: true, Clip: 0.25, Nearest: true}, []uint32{0, 2, 2, 3}, 4},
	} {
		got := make([]uint32, len(v))
		side, err := c.q.Encode(got, nil, v, v, &codecs.Tensor{})
		if err != nil || !slices.Equal(got, c.want) || len(side) != c.side {
			t.Errorf("%+v: codes %v and %d bytes, want %v and %d (error %v)", c.q, got, len(side), c.want, c.side, err)
		}
	}
	if _, err := (&UniformSettings{Clip: 0.1, Range: "minmax"}).Stage(); err == nil {
		t.Error("a clip of the range minmax is accepted")
	}
}

func TestSign(t *testing.T) {
	v := []float32{-1, 0.5, 0, 2.5}
	symbols, decoded := make([]uint32, 4), make([]float32, 4)
	side, err := Sign{}.Encode(symbols, nil, v, v, nil)
	if err != nil || !slices.Equal(symbols, []uint32{1, 0, 0, 0}) || len(side) != 4 {
		t.Errorf("symbols %v and %d bytes (error %v)", symbols, len(side), err)
	}
	if _, err := (Sign{}).Decode(decoded, symbols, side, nil); err != nil || !slices.Equal(decoded, []float32{-1, 1, 1, 1}) {
		t.Errorf("decoded %v (error %v)", decoded, err)
	}
	if bits := (Sign{}).PaperBits(nil, []int{4, 10}, nil); bits != 78 {
		t.Errorf("%v bits by the formula", bits)
	}
}

// TestDamagedSide decodes side data that no encoder writes.
func TestDamagedSide(t *testing.T) {
	nan := []byte{0, 0, 0xc0, 0x7f}
	minus := []byte{0, 0, 0x80, 0xbf}
	kept, symbols := make([]float32, 1), make([]uint32, 1)
	for _, q := range []codecs.Quantizer{QSGD{Levels: 1}, Sign{}, Uniform{Bits: 1}, Uniform{Bits: 1, Symmetric: true}} {
		for _, side := range [][]byte{nil, nan[:3], nan, append(minus, nan...), append(slices.Clone(minus), 0, 0, 0, 0)} {
			if _, err := q.Decode(kept, symbols, side, nil); err == nil {
				t.Errorf("%+v decodes the side data %x", q, side)
			}
		}
	}
}
