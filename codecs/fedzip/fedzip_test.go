package fedzip

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/codecs/entropy"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

// The vectors below were computed in float64 by an independent program.
var first = []float32{0.02, -0.01, 0.50, 0.03, -0.04, 0.00, -0.45, 0.01, 0.05, -0.02, 0.47, 0.06,
	-0.03, 0.04, 0.01, -0.50, 0.02, 0.00, -0.07, 0.52, 0.03, -0.01, 0.02, 0.05}

func second() []float32 {
	v := make([]float32, 1000)
	for i := range v {
		v[i] = float32(0.05 * math.Pow(math.Sin(1.7*float64(i)+0.3), 9))
	}
	return v
}

func quantizer(keep float64) Quantizer {
	return Quantizer{Keep: keep, KeepBias: 1, K: 3, Iterations: 4}
}

func exact(keep float64) Quantizer {
	q := quantizer(keep)
	q.Exact = true
	return q
}

// pass encodes and decodes one tensor and returns its symbols, the centroids in their order, and what is decoded.
func (q Quantizer) pass(t testing.TB, v []float32) (symbols []uint32, book, decoded []float32) {
	t.Helper()
	tensor := &codecs.Tensor{Segment: codecs.Segment{Kind: codecs.Weight, Len: len(v)}}
	symbols, decoded = make([]uint32, len(v)), make([]float32, len(v))
	side, err := q.Encode(symbols, nil, v, v, tensor)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := q.Decode(decoded, symbols, append(slices.Clone(side), 1, 2), tensor)
	if err != nil || len(rest) != 2 {
		t.Fatalf("decoding: error %v, %d bytes left and not 2", err, len(rest))
	}
	book = make([]float32, q.K)
	wire.ReadFloat32s(book, side)
	return symbols, book, decoded
}

func near(t *testing.T, what string, got []float32, want ...float64) {
	t.Helper()
	for i, x := range want {
		if len(got) != len(want) || math.Abs(float64(got[i])-x) > 1e-6 {
			t.Errorf("%s are %v, want %v", what, got, want)
			return
		}
	}
}

func squaredError(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		sum += math.Pow(float64(x)-float64(b[i]), 2)
	}
	return sum
}

// addresses returns where a symbol stands.
func addresses(symbols []uint32, x uint32) []int {
	var at []int
	for i, s := range symbols {
		if s == x {
			at = append(at, i)
		}
	}
	return at
}

func TestFirstVector(t *testing.T) {
	if least := math.Float32frombits(threshold(first, 0.25)); least != 0.07 {
		t.Errorf("the least survivor is %v", least)
	}
	kept := survivors(first, threshold(first, 0.25))
	start := spaced(kept, true, 3)
	near(t, "initial centroids", []float32{float32(start[0]), float32(start[1]), float32(start[2])}, -0.5, 0.01, 0.52)
	for iterations := 1; iterations <= 4; iterations++ { // all the same
		q := quantizer(0.25)
		q.Iterations = iterations
		symbols, book, decoded := q.pass(t, first)
		near(t, "centroids", book, -0.003684, -0.475, 0.496667) // the largest cluster's first
		if low, high := addresses(symbols, 1), addresses(symbols, 2); !slices.Equal(low, []int{6, 15}) || !slices.Equal(high, []int{2, 10, 19}) {
			t.Errorf("the outer clusters hold elements %v and %v", low, high)
		}
		near(t, "decoded elements 6, 10 and 18", []float32{decoded[6], decoded[10], decoded[18]}, -0.475, 0.496667, -0.003684)
		if e := squaredError(first, decoded); math.Abs(e-0.025354) > 5.1e-7 {
			t.Errorf("a squared error of %v", e)
		}
	}
	symbols, book, decoded := exact(0.25).pass(t, first)
	for i, x := range symbols {
		if survived := slices.Contains([]int{2, 6, 10, 15, 18, 19}, i); survived != (x != 0) {
			t.Errorf("element %d survives: %v", i, !survived)
		}
	}
	near(t, "centroids of survivors", book, -0.475, -0.07, 0.496667)
	if e := squaredError(first, decoded); math.Abs(e-0.019017) > 5.1e-7 || len(addresses(symbols, 0)) != 18 {
		t.Errorf("with exact zeros: a squared error of %v, symbols %v", e, symbols)
	}
}

func TestSecondVector(t *testing.T) {
	v := second()
	if least := math.Float32frombits(threshold(v, 0.2)); math.Abs(float64(least)-0.031760077) > 1e-8 {
		t.Errorf("the least survivor is %v", least)
	}
	for _, iterations := range []int{1, 4} {
		q := quantizer(0.2)
		q.Iterations = iterations
		symbols, book, decoded := q.pass(t, v)
		near(t, "centroids", book, 0, -0.043416, 0.043374)
		low, high := addresses(symbols, 1), addresses(symbols, 2)
		if len(low) != 100 || len(high) != 100 || !slices.Equal(low[:6], []int{10, 21, 32, 36, 47, 58}) || !slices.Equal(high[:6], []int{8, 12, 23, 34, 45, 60}) {
			t.Errorf("the outer clusters hold %d and %d elements, beginning with %v and %v", len(low), len(high), low[:6], high[:6])
		}
		if e := squaredError(v, decoded); math.Abs(e-0.086096336) > 1e-8 {
			t.Errorf("a squared error of %v", e)
		}
		if e := squaredError(v, make([]float32, len(v))); math.Abs(e-0.462720376) > 1e-8 {
			t.Errorf("a squared norm of %v", e)
		}
	}
}

// TestThirdVector: the centroid of an outer cluster is the mean of its members that are not zero.
func TestThirdVector(t *testing.T) {
	v := []float32{0, 0, 0, 0.1, 0.9, 1, 0.5, 0, 0.55, 0.05}
	symbols, book, decoded := quantizer(1).pass(t, v)
	near(t, "centroids", book, 0.075, 0.525, 0.95)
	if n := [3]int{len(addresses(symbols, 0)), len(addresses(symbols, 1)), len(addresses(symbols, 2))}; n != [3]int{6, 2, 2} {
		t.Errorf("clusters of %v", n)
	}
	if e := squaredError(v, decoded); math.Abs(e-0.03) > 1e-6 {
		t.Errorf("a squared error of %v", e)
	}
}

// TestPaperSymbols counts as the authors do where there is little to count.
func TestPaperSymbols(t *testing.T) {
	for _, c := range []struct {
		symbols []uint32
		want    [3]float64
	}{
		{[]uint32{0}, [3]float64{1, 0, 0}},
		{[]uint32{1, 0, 0}, [3]float64{3, 27, 1}},          // address 0 has one digit
		{[]uint32{2, 2, 1, 1, 1}, [3]float64{5, 54, 2}},    // 0, 1
		{[]uint32{0, 1, 0, 2, 0, 1}, [3]float64{7, 81, 6}}, // 1, 4 and 3
	} {
		for i, want := range c.want {
			if got, _ := (Labels{Encoding(i)}).PaperSymbols(c.symbols, codecs.Alphabet{Size: 3}); got != want {
				t.Errorf("%v in encoding %d: %v bits, want %v", c.symbols, i, got, want)
			}
		}
	}
	if _, known := (Labels{}).PaperSymbols([]uint32{3, 0}, codecs.Alphabet{Size: 4}); known {
		t.Error("there is a formula for four symbols")
	}
}

// TestKept holds the number of survivors against n - round(0.8 n), half to even.
func TestKept(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 1, 3: 1, 5: 1, 10: 2, 24: 5, 25: 5, 1000: 200, 1179648: 235930} {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(i+1) * float32(1-2*(i%2))
		}
		if got := len(survivors(v, threshold(v, 0.2))); got != want {
			t.Errorf("%d of %d survive, want %d", got, n, want)
		}
	}
	if got := len(survivors([]float32{1, -1, 1, 0.5}, threshold([]float32{1, -1, 1, 0.5}, 0.25))); got != 3 {
		t.Errorf("%d survive of three that tie", got)
	}
}

// TestKinds: biases and norms are pruned at a share of their own.
func TestKinds(t *testing.T) {
	q := Quantizer{Keep: 0.2, KeepBias: 0.5}
	if q.share(codecs.Weight) != 0.2 || q.share(codecs.Bias) != 0.5 || q.share(codecs.Norm) != 0.5 {
		t.Error("a kind of tensor has the wrong share")
	}
}

// TestSkewed: where one tail is more than three times as long as the other, zero is nearest to an outer starting
// point, and what was pruned decodes to the mean of survivors.
func TestSkewed(t *testing.T) {
	v := make([]float32, 100)
	v[3], v[4], v[5], v[6] = 1, 0.9, -0.1, -0.2
	_, _, decoded := quantizer(0.04).pass(t, v)
	near(t, "decoded zeros", decoded[:1], -0.15)
	_, _, decoded = exact(0.04).pass(t, v)
	near(t, "exact zeros", decoded[:1], 0)
}

func TestDegenerate(t *testing.T) {
	for _, q := range []Quantizer{quantizer(0.2), quantizer(1), exact(0.2), {Keep: 1, K: 2, Iterations: 1}, {Keep: 1, K: 16, Iterations: 9}} {
		for _, c := range []struct{ v, want []float32 }{
			{[]float32{2}, []float32{2}},
			{[]float32{-2, -2, -2, -2}, []float32{-2, -2, -2, -2}},
			{make([]float32, 5), make([]float32, 5)},
			{[]float32{float32(math.Copysign(0, -1))}, []float32{0}},
			{[]float32{1e38, 1e38, -1e38}, nil},
			{[]float32{3, 5}, nil},
			{[]float32{0.5, 0.52, 0.51, 0, 0, 0, 0, 0, 0, 0}, nil}, // survivors of one sign
		} {
			symbols, book, decoded := q.pass(t, c.v)
			if c.want != nil && !slices.Equal(decoded, c.want) {
				t.Errorf("%+v: %v decode to %v", q, c.v, decoded)
			}
			for i, x := range decoded {
				if !(math.Abs(float64(x)) <= math.MaxFloat32) || int(symbols[i]) > q.K {
					t.Errorf("%+v: %v decode to %v, symbols %v, book %v", q, c.v, decoded, symbols, book)
				}
			}
		}
	}
	_, _, decoded := Quantizer{Keep: 1, K: 2, Iterations: 4}.pass(t, []float32{3, 5, 5})
	near(t, "two values with as many centroids", decoded, 3, 5, 5)
}

// TestTwin holds fit against a slow one that measures all distances.
func TestTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Map(rapid.IntRange(-40, 40), func(i int) float32 { return float32(i) / 8 }), 1, 60).Draw(t, "v")
		q := Quantizer{Keep: rapid.Float64Range(0.01, 1).Draw(t, "keep"), K: rapid.IntRange(2, 6).Draw(t, "k"), Iterations: rapid.IntRange(1, 6).Draw(t, "iterations")}
		least := threshold(v, q.Keep)
		pruned := make([]float64, len(v))
		for i, x := range v {
			if survives(x, least) {
				pruned[i] = float64(x)
			}
		}
		values := survivors(v, least)
		c := fit(values, len(v)-len(values), q.K, q.Iterations)
		labels, centroids := slowly(pruned, q.K, q.Iterations)
		for i, x := range pruned {
			if c.label(x) != labels[i] {
				t.Fatalf("%v is in cluster %d, measuring says %d", x, c.label(x), labels[i])
			}
		}
		for i, want := range centroids {
			if math.Abs(c.centroids[i]-want) > 1e-12 {
				t.Fatalf("centroids %v, want %v", c.centroids, centroids)
			}
		}
	})
}

func slowly(v []float64, k, iterations int) (labels []int, centroids []float64) {
	low, high := slices.Min(v), slices.Max(v)
	for i := range k {
		centroids = append(centroids, low+(high-low)*float64(i)/float64(k-1))
	}
	labels = make([]int, len(v))
	for range iterations {
		sum, members := make([]float64, k), make([]float64, k)
		for i, x := range v {
			best := 0
			for j, c := range centroids {
				if math.Abs(x-c) < math.Abs(x-centroids[best]) {
					best = j
				}
			}
			labels[i] = best
			sum[best] += x
			if x != 0 || best > 0 && best < k-1 {
				members[best]++
			}
		}
		for j := range centroids {
			if members[j] > 0 {
				centroids[j] = sum[j] / members[j]
			}
		}
	}
	return labels, centroids
}

// TestMajorityFirst: symbol 0 is the most frequent one, whatever the tensor.
func TestMajorityFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float32Range(-1, 3), 1, 50).Draw(t, "v")
		symbols := make([]uint32, len(v))
		if _, err := quantizer(0.3).Encode(symbols, nil, v, v, &codecs.Tensor{}); err != nil {
			t.Fatal(err)
		}
		for x := range uint32(3) {
			if len(addresses(symbols, x)) > len(addresses(symbols, 0)) {
				t.Fatalf("symbol %d is more frequent than symbol 0 in %v", x, symbols)
			}
		}
	})
}

// TestRoundTrips: all encodings decode to the labels that they were given, and to nothing else.
func TestRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(2, 6).Draw(t, "size")
		symbols := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 3*size), func(i int) uint32 { return uint32(max(0, i-2*size-1)) }), 0, 300).Draw(t, "symbols")
		for i := range symbols {
			symbols[i] %= uint32(size)
		}
		a := codecs.Alphabet{Size: size}
		for _, e := range []Encoding{Huffman, Position, Difference} {
			msg, err := Labels{e}.Encode([]byte{7}, symbols, a)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]uint32, len(symbols))
			if err := (Labels{e}).Decode(got, msg[1:], a); err != nil || !slices.Equal(got, symbols) {
				t.Fatalf("encoding %d: %v from %v (error %v)", e, got, symbols, err)
			}
			if err := (Labels{e}).Decode(got, append(msg[1:], 0), a); err == nil {
				t.Fatalf("encoding %d: a byte that is left over is not noticed", e)
			}
		}
	})
}

func TestDamagedAddresses(t *testing.T) {
	a := codecs.Alphabet{Size: 3}
	for name, msg := range map[string][]byte{
		"nothing":               {},
		"no such symbol":        {3, 0, 0},
		"no counts":             {0},
		"more than there are":   {0, 5, 0, 0xff},
		"all of them":           {0, 4, 4, 0xff, 0xff},
		"an address too few":    {0, 2, 0, 0x01},
		"a byte too many":       {0, 1, 0, 0x01, 0x00},
		"descending":            {0, 2, 0, 0b001_010, 0},
		"beyond the end":        {0, 1, 0, 0x07},
		"taken":                 {0, 1, 1, 0b001_001},
		"bits behind the last ": {0, 1, 0, 0b0000_1001},
	} {
		if err := (Labels{Position}).Decode(make([]uint32, 7), msg, a); err == nil {
			t.Errorf("position: %s: %x is decoded", name, msg)
		}
	}
	for name, msg := range map[string][]byte{
		"no gaps":              {0, 1, 0},
		"no end of a gap":      {0, 1, 0, 0, 0, 0, 0, 0},
		"beyond the end":       {0, 1, 0, 0b0001_0000},
		"taken":                {0, 1, 1, 0b1100_0000},
		"bits behind the last": {0, 1, 0, 0b1100_0000},
	} {
		if err := (Labels{Difference}).Decode(make([]uint32, 7), msg, a); err == nil {
			t.Errorf("difference: %s: %x is decoded", name, msg)
		}
	}
}

func TestDamagedSide(t *testing.T) {
	for _, bad := range [][]float32{nil, {1, 2}, {1, 2, float32(math.NaN())}, {1, float32(math.Inf(-1)), 2}} {
		if _, err := quantizer(1).Decode(make([]float32, 1), make([]uint32, 1), wire.AppendFloat32s(nil, bad), nil); err == nil {
			t.Errorf("the centroids %v are decoded", bad)
		}
	}
}

func chain(t testing.TB, q Quantizer, coder codecs.EntropyCoder) func() codecs.Codec {
	return func() codecs.Codec {
		c, err := codecs.New(nil, q, coder)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// TestConformance declares what an independent program measured, 0.384 for Gaussian and 0.350 for Laplace weights of
// which 20 % survive; it had one tensor and no biases.
func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name  string
		q     Quantizer
		coder codecs.EntropyCoder
		o     codectest.Options
	}{
		{"Huffman", quantizer(0.2), Labels{Huffman}, codectest.Options{Gaussian: 0.41, Laplace: 0.41}},
		{"position", quantizer(0.2), Labels{Position}, codectest.Options{Gaussian: 0.41, Laplace: 0.41}},
		{"difference", quantizer(0.2), Labels{Difference}, codectest.Options{Gaussian: 0.41, Laplace: 0.41, Repeats: true}},
		{"exact zeros", exact(0.2), Labels{Difference}, codectest.Options{Gaussian: 0.41, Laplace: 0.41, Repeats: true}},
		{"all kept", quantizer(1), entropy.FSE{}, codectest.Options{Gaussian: 0.26, Laplace: 0.45}},
	} {
		t.Run(c.name, func(t *testing.T) { codectest.Run(t, chain(t, c.q, c.coder), c.o) })
	}
}

func FuzzHuffman(f *testing.F) { codectest.Fuzz(f, chain(f, quantizer(0.2), Labels{Huffman})) }

func FuzzPosition(f *testing.F) { codectest.Fuzz(f, chain(f, quantizer(0.2), Labels{Position})) }

func FuzzDifference(f *testing.F) { codectest.Fuzz(f, chain(f, exact(0.2), Labels{Difference})) }

func BenchmarkFedZip(b *testing.B) {
	for i, name := range []string{"huffman", "position", "difference"} {
		b.Run(name, func(b *testing.B) { codectest.Bench(b, chain(b, quantizer(0.2), Labels{Encoding(i)})) })
	}
}

// TestNoise holds minority share and error of large tensors against the independent program's. For Laplace values
// both vary with the largest one.
func TestNoise(t *testing.T) {
	for _, c := range []struct {
		name                     string
		of                       func(r *rng.Rand) float64
		share, nmse, far, farOff float64
	}{
		{"Gaussian", func(r *rng.Rand) float64 { return r.NormFloat64() }, 0.200, 0.384, 0.002, 0.004},
		{"Laplace", func(r *rng.Rand) float64 { return r.ExpFloat64() * float64(1-2*r.IntN(2)) }, 0.169, 0.350, 0.025, 0.025},
	} {
		v, r := make([]float32, 1_000_000), rng.New(1, "noise")
		for i := range v {
			v[i] = float32(c.of(r))
		}
		symbols, _, decoded := quantizer(0.2).pass(t, v)
		share := 1 - float64(len(addresses(symbols, 0)))/float64(len(v))
		if nmse := codecs.NMSE(decoded, v); math.Abs(share-c.share) > c.far || math.Abs(nmse-c.nmse) > c.farOff {
			t.Errorf("%s: a minority of %v and an NMSE of %v", c.name, share, nmse)
		}
	}
}
