package fedmrn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/codecs/sparsify"
	"flsim/codecs/transform"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

// The vectors were computed with the authors' operators in PyTorch and, independently, with a script of array
// operations; both agree.
var (
	vectorN = []float32{0.008, -0.006, 0.002, -0.0095, 0.004, -0.001, 0.0075, -0.003}
	vectorU = []float32{0.002, -0.003, -0.001, -0.012, 0.0036, 0.0005, 0, -0.0012}
	draws   = []float64{0.80, 0.45, 0.95, 0.10, 0.02, 0.70, 0.30, 0.65}  // for the masks
	choices = []float64{0.10, 0.60, 0.20, 0.90, 0.37, 0.38, 0.50, 0.05}  // masked if below the share
	chosen  = []bool{true, false, true, false, true, false, false, true} // in step 3 of 8
	ratios  = []float64{0.25, 0.5, -0.5, 1.263158, 0.9, -0.5, 0, 0.4}    // of update and noise
)

var vectors = []struct {
	name                   string
	q                      Quantizer
	p                      []float64
	m                      []uint32
	lsb, msb               byte
	masked, clipped, mixed []float64
	variance, mse          float64 // summed, the latter around u
}{
	{
		name: "binary", q: Quantizer{},
		p: []float64{0.25, 0.5, 0, 1, 0.9, 0, 0, 0.4}, m: []uint32{1, 0, 0, 1, 0, 0, 0, 1}, lsb: 0x89, msb: 0x91,
		masked:   []float64{0.008, 0, 0, -0.0095, 0, 0, 0, -0.003},
		clipped:  []float64{0.002, -0.003, 0, -0.0095, 0.0036, 0, 0, -0.0012},
		mixed:    []float64{0.008, -0.003, 0, -0.0095, 0, 0, 0, -0.003},
		variance: 2.46e-5, mse: 3.21e-5,
	},
	{
		name: "signed", q: Quantizer{Signed: true},
		p: []float64{0.625, 0.75, 0.25, 1, 0.95, 0.25, 0.5, 0.7}, m: []uint32{1, 1, 1, 1, 0, 0, 0, 1}, lsb: 0x8f, msb: 0xf1,
		masked:   []float64{0.008, -0.006, 0.002, -0.0095, -0.004, 0.001, -0.0075, -0.003},
		clipped:  []float64{0.002, -0.003, -0.001, -0.0095, 0.0036, 0.0005, 0, -0.0012},
		mixed:    []float64{0.008, -0.003, 0.002, -0.0095, -0.004, 0.0005, 0, -0.003},
		variance: 1.576e-4, mse: 1.6385e-4,
	},
}

// word is a random word that draws a mask and a choice as given.
func word(unit, choice float64) uint64 {
	return uint64(unit*(1<<24))<<40 | uint64(math.Ceil(choice*(1<<24)))
}

func close(got float32, want float64) bool { return math.Abs(float64(got)-want) < 1e-8 }

func TestVectors(t *testing.T) {
	for _, c := range vectors {
		symbols := make([]uint32, 8)
		var variance, mse float64
		for i, n := range vectorN {
			u := vectorU[i]
			if math.Abs(float64(u/n)-ratios[i]) > 5.1e-7 {
				t.Errorf("element %d: a ratio of %v, want %v", i, u/n, ratios[i])
			}
			p := c.q.probability(u / n)
			if math.Abs(float64(p)-c.p[i]) > 1e-6 {
				t.Errorf("%s, element %d: probability %v, want %v", c.name, i, p, c.p[i])
			}
			symbols[i] = draw(p, float32(draws[i]))
			if got := c.q.masked(n, symbols[i]); !close(got, c.masked[i]) {
				t.Errorf("%s, element %d: masked %v, want %v", c.name, i, got, c.masked[i])
			}
			if got := c.q.clipped(u/n, n); !close(got, c.clipped[i]) {
				t.Errorf("%s, element %d: clipped %v, want %v", c.name, i, got, c.clipped[i])
			}
			if got := c.q.progressive(u, n, word(draws[i], choices[i]), shareOf(3, 8)); !close(got, c.mixed[i]) {
				t.Errorf("%s, element %d: %v in step 3 of 8, want %v", c.name, i, got, c.mixed[i])
			}
			if got := c.q.progressive(u, n, word(draws[i], choices[i]), shareOf(8, 8)); !close(got, c.masked[i]) {
				t.Errorf("%s, element %d: %v in the last step, want %v", c.name, i, got, c.masked[i])
			}
			zero, one := float64(c.q.masked(n, 0)), float64(c.q.masked(n, 1))
			mean := float64(p)*one + (1-float64(p))*zero
			spread := float64(p) * (1 - float64(p)) * (one - zero) * (one - zero)
			variance += spread
			mse += spread + (mean-float64(u))*(mean-float64(u))
		}
		if !slices.Equal(symbols, c.m) {
			t.Errorf("%s: masks %v, want %v", c.name, symbols, c.m)
		}
		if math.Abs(variance/c.variance-1) > 4e-7 || math.Abs(mse/c.mse-1) > 4e-7 {
			t.Errorf("%s: variance %v and squared error %v, want %v and %v", c.name, variance, mse, c.variance, c.mse)
		}
		var w wire.MSBWriter
		for _, m := range symbols {
			w.Write(uint64(m), 1)
		}
		if lsb, msb := wire.AppendPacked(nil, symbols, 1), w.Flush(); lsb[0] != c.lsb || msb[0] != c.msb {
			t.Errorf("%s: packed %x and %x, want %x and %x", c.name, lsb, msb, c.lsb, c.msb)
		}
	}
}

// TestChoices: an element is masked if its draw is below the share. One of a half, whose noise is 1, is then 0 or 1.
func TestChoices(t *testing.T) {
	for i, want := range chosen {
		for _, unit := range draws {
			if got := (Quantizer{}).progressive(0.5, 1, word(unit, choices[i]), shareOf(3, 8)) != 0.5; got != want {
				t.Errorf("element %d: masked %v, want %v", i, got, want)
			}
		}
	}
	for choice, want := range map[float64]bool{0.375: false, 0.375 - 1./(1<<24): true} {
		if got := (Quantizer{}).progressive(0.5, 1, word(0.3, choice), shareOf(3, 8)) != 0.5; got != want {
			t.Errorf("a draw of %v and a share of 3/8: masked %v, want %v", choice, got, want)
		}
	}
}

// TestAggregation is the mean of two clients' masked noise, weights 3 to 1.
func TestAggregation(t *testing.T) {
	w := []float64{0.1, -0.2, 0.05, 0, 0.3, -0.1, 0.02, 0.07}
	other := []float32{-0.004, 0.009, -0.007, 0.0005, 0.006, 0.0033, -0.0021, 0.0088}
	masks := []uint32{1, 1, 0, 0, 1, 0, 1, 0}
	want := []float64{0.105, -0.19775, 0.05, -0.007125, 0.3015, -0.1, 0.019475, 0.06775}
	for i := range w {
		got := w[i] + 0.75*float64(Quantizer{}.masked(vectorN[i], vectors[0].m[i])) + 0.25*float64(Quantizer{}.masked(other[i], masks[i]))
		if math.Abs(got-want[i]) > 1e-8 {
			t.Errorf("element %d is %v, want %v", i, got, want[i])
		}
	}
}

func TestShares(t *testing.T) {
	for _, c := range []struct {
		step, steps int
		want        float64
	}{{1, 80, 0.0125}, {40, 80, 0.5}, {80, 80, 1}, {1, 100, 0.01}, {1, 120, 0.008333}, {1 << 30, 1 << 30, 1}} {
		if got := float64(shareOf(c.step, c.steps)) / (1 << 24); math.Abs(got-c.want) > 5.1e-7 {
			t.Errorf("step %d of %d masks %v, want %v", c.step, c.steps, got, c.want)
		}
	}
	for _, choice := range []uint64{0, 1 << 23, 1<<24 - 1} { // the last step takes every mask
		if got := (Quantizer{}).progressive(0.5, 1, choice, always); got != 0 {
			t.Errorf("choice %d leaves %v", choice, got)
		}
	}
}

// TestMean: the mean of n m over two million draws is u, where masks reach it.
func TestMean(t *testing.T) {
	const trials, n, u = 2_000_000, float32(0.008), float32(0.002)
	for _, c := range []struct {
		q     Quantizer
		bound float64
	}{{Quantizer{}, 1.3e-5}, {Quantizer{Signed: true}, 2.8e-5}} {
		sum, p := 0.0, c.q.probability(u/n)
		for i := range uint64(trials) {
			sum += float64(c.q.masked(n, draw(p, c.q.unit(rng.At(3, i)))))
		}
		if mean := sum / trials; math.Abs(mean-float64(u)) > c.bound {
			t.Errorf("%+v: the mean is %v, want %v", c.q, mean, u)
		}
	}
}

// TestUnbiasedMessages: over seeds of messages the mean of what is decoded is the update's expected masked noise: u
// itself where masks reach it with whatever sign the noise has.
func TestUnbiasedMessages(t *testing.T) {
	const messages = 4000
	layout := codecs.Layout{}.Add("a", codecs.Weight, 40).Add("b", codecs.Bias, 8)
	v := make([]float32, layout.Len())
	for i := range v {
		v[i] = 0.0001 * float32(i%16-8)
	}
	for _, noise := range []Noise{Uniform, Gauss, Bernoulli} {
		q := Quantizer{Signed: true, Noise: noise, Alpha: 0.01}
		codec := build(t, nil, q)
		sum, want, square := make([]float64, len(v)), make([]float64, len(v)), make([]float64, len(v))
		decoded := make([]float32, len(v))
		for seed := range uint64(messages) {
			pass(t, codec, layout, v, decoded, seed)
			for i, seg := range layout {
				s := q.source(codecs.StageSeed(seed, codecs.SlotQuantize, i))
				for j := range seg.Of(v) {
					k := seg.Off + j
					want[k] += float64(q.clipped(v[k]/s.at(uint64(j)), s.at(uint64(j)))) / messages
					sum[k] += float64(decoded[k]) / messages
					square[k] += float64(decoded[k]) * float64(decoded[k]) / messages
				}
			}
		}
		for k := range v {
			if gap := math.Abs(sum[k] - want[k]); gap > 5*math.Sqrt(square[k]/messages) {
				t.Errorf("noise %d, element %d: the mean is %v, want %v", noise, k, sum[k], want[k])
			}
			if noise == Bernoulli && math.Abs(want[k]-float64(v[k])) > 1e-9 {
				t.Errorf("element %d is clipped to %v, though noise of 0.01 reaches %v", k, want[k], v[k])
			}
		}
	}
}

func build(t testing.TB, skip []codecs.Kind, stages ...any) codecs.Codec {
	t.Helper()
	c, err := codecs.New(skip, stages...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pass sends v in a message and decodes it; it returns the message.
func pass(t testing.TB, codec codecs.Codec, layout codecs.Layout, v, decoded []float32, seed uint64) []byte {
	t.Helper()
	msg, _, err := codec.Encode(nil, v, &codecs.Shared{Layout: layout}, seed)
	if err == nil {
		err = codec.Decode(decoded, msg, &codecs.Shared{Layout: layout})
	}
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

// TestNoise: moments, bounds, and what other elements, tensors, rounds and clients have.
func TestNoise(t *testing.T) {
	const n, alpha = 200_000, 0.01
	for kind, want := range map[Noise]struct{ std, fourth, largest float64 }{
		Uniform:   {alpha / math.Sqrt(3), 9. / 5, alpha},
		Gauss:     {alpha, 3, 6.8 * alpha},
		Bernoulli: {alpha, 1, alpha},
	} {
		a, b := Quantizer{Noise: kind, Alpha: alpha}.source(1), Quantizer{Noise: kind, Alpha: alpha}.source(2)
		var sum, square, fourth, largest, cross, lag float64
		for i := range uint64(n) {
			x := float64(a.at(i))
			sum += x
			square += x * x
			fourth += x * x * x * x
			largest = max(largest, math.Abs(x))
			cross += x * float64(b.at(i))
			lag += x * float64(a.at(i+1))
			if float32(math.Abs(x)) < smallest {
				t.Fatalf("noise %d has %v at %d", kind, x, i)
			}
		}
		variance := square / n
		if math.Abs(math.Sqrt(variance)/want.std-1) > 0.01 || math.Abs(fourth/n/(variance*variance)/want.fourth-1) > 0.05 {
			t.Errorf("noise %d: deviation %v and kurtosis %v, want %v and %v", kind, math.Sqrt(variance), fourth/n/(variance*variance), want.std, want.fourth)
		}
		if largest > want.largest*1.0001 {
			t.Errorf("noise %d reaches %v", kind, largest)
		}
		for name, x := range map[string]float64{"mean": sum / want.std, "other seeds": cross / square * n, "neighbours": lag / square * n} {
			if math.Abs(x)/n > 5/math.Sqrt(n) {
				t.Errorf("noise %d, %s: %v", kind, name, x/n)
			}
		}
	}
}

// TestNoiseGolden pins the noise: both ends draw it, perhaps on different processors. The uniform and Gaussian numbers
// were computed by a few lines of Python.
func TestNoiseGolden(t *testing.T) {
	for kind, want := range goldenNoise {
		s := Quantizer{Noise: kind, Alpha: 0.01}.source(7)
		for i, w := range want {
			if got := s.at(uint64(i)); math.Float32bits(got) != w {
				t.Errorf("noise %d, element %d is %#x (%v), want %#x (%v)", kind, i, math.Float32bits(got), got, w, math.Float32frombits(w))
			}
		}
	}
	if got := (source{kind: Bernoulli, alpha: 1e-9}).at(0); got != smallest {
		t.Errorf("noise below 1e-8 is %v", got)
	}
}

// TestSettings: the authors' magnitudes by kind of mask, and who has a say in training.
func TestSettings(t *testing.T) {
	entry, _ := codecs.Lookup("fedmrn")
	for _, c := range []struct {
		s    Settings
		want any
	}{
		{*entry.New().(*Settings), Masked{Quantizer: Quantizer{Alpha: 0.01}, Progressive: true}},
		{Settings{Mask: "binary", Noise: "uniform", Training: "masked", Progressive: true, Stochastic: true},
			Masked{Quantizer: Quantizer{Alpha: 0.01}, Progressive: true}},
		{Settings{Mask: "signed", Noise: "gauss", Training: "masked"},
			Masked{Quantizer: Quantizer{Signed: true, Noise: Gauss, Alpha: 0.005, Deterministic: true}}},
		{Settings{Mask: "signed", Noise: "bernoulli", Alpha: 2, Training: "plain", Progressive: true, Stochastic: true},
			Quantizer{Signed: true, Noise: Bernoulli, Alpha: 2}},
	} {
		got, err := c.s.Stage()
		if err != nil {
			t.Fatal(err)
		}
		m, masked := got.(Masked)
		wm, wantMasked := c.want.(Masked)
		if masked != wantMasked || masked && (m.Quantizer != wm.Quantizer || m.Progressive != wm.Progressive) || !masked && got != c.want {
			t.Errorf("%+v makes %+v, want %+v", c.s, got, c.want)
		}
	}
	masked := Masked{Quantizer: Quantizer{Alpha: 1}}
	if _, err := codecs.New(nil, transform.Hadamard{}, masked); err == nil || !strings.Contains(err.Error(), "behind a transform") {
		t.Errorf("masks are trained in one space and sent in another (error %v)", err)
	}
	if _, err := codecs.New(nil, transform.Hadamard{}, masked.Quantizer); err != nil {
		t.Errorf("masks of finished updates may be rotated: %v", err)
	}
}

// TestSparsified: behind a sparsifier an element keeps the noise of its place in the tensor, at both ends.
func TestSparsified(t *testing.T) {
	layout := codecs.Layout{}.Add("a", codecs.Weight, 30).Add("b", codecs.Weight, 50)
	q := Quantizer{Alpha: 0.01, Deterministic: true}
	codec := build(t, nil, sparsify.TopK{Keep: 0.3}, q)
	v, decoded := make([]float32, 80), make([]float32, 80)
	for i := range v {
		v[i] = 0.005 * float32(math.Sin(float64(i*i)))
	}
	pass(t, codec, layout, v, decoded, 9)
	some := 0
	for i, seg := range layout {
		s := q.source(codecs.StageSeed(9, codecs.SlotQuantize, i))
		for j, x := range seg.Of(decoded) {
			if x == 0 {
				continue
			}
			some++
			if n, u := s.at(uint64(j)), seg.Of(v)[j]; x != n || u/n < 0.5 {
				t.Errorf("tensor %d, element %d, %v, decodes to %v, its noise is %v", i, j, u, x, n)
			}
		}
	}
	if some < 3 {
		t.Errorf("%d elements differ from zero", some)
	}
}

var suite = []struct {
	name string
	s    Settings
	o    codectest.Options
}{
	// Bounds: errors measured by an independent program on 400,000 values, and 3 %.
	{"binary uniform", Settings{Mask: "binary", Noise: "uniform", Training: "masked", Progressive: true, Stochastic: true},
		codectest.Options{Gaussian: 0.773, Laplace: 0.848}},
	{"signed uniform", Settings{Mask: "signed", Noise: "uniform", Training: "masked", Stochastic: true},
		codectest.Options{Gaussian: 0.712, Laplace: 0.820}},
	{"binary gauss", Settings{Mask: "binary", Noise: "gauss", Training: "plain", Stochastic: true},
		codectest.Options{Gaussian: 0.773, Laplace: 0.816}},
	{"signed bernoulli", Settings{Mask: "signed", Noise: "bernoulli", Alpha: 0.01, Training: "plain", Stochastic: true},
		codectest.Options{Gaussian: 0.652, Laplace: 0.621}},
	{"signed bernoulli nearest", Settings{Mask: "signed", Noise: "bernoulli", Alpha: 0.01, Training: "masked"},
		codectest.Options{Gaussian: 0.416, Laplace: 0.515}},
}

func chain(t testing.TB, s Settings) func() codecs.Codec {
	return func() codecs.Codec {
		stage, err := s.Stage()
		if err != nil {
			t.Fatal(err)
		}
		return build(t, nil, stage)
	}
}

func TestConformance(t *testing.T) {
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) { codectest.Run(t, chain(t, c.s), c.o) })
	}
}

func FuzzDecode(f *testing.F) { codectest.Fuzz(f, chain(f, suite[2].s)) }

func BenchmarkCodec(b *testing.B) {
	for _, c := range suite[:3] {
		b.Run(c.name, func(b *testing.B) { codectest.Bench(b, chain(b, c.s)) })
	}
}

var goldenNoise = map[Noise][]uint32{
	Uniform:   {0xb982ca8f, 0xba92ff0a, 0xbbc5dcd7, 0xbba523c5, 0xbc0b5af2, 0xbb554338},
	Gauss:     {0xbc07b4a1, 0xbc0e2c77, 0x3c935dca, 0xbc3c9ec1, 0xbc218663, 0x3c5e24d7},
	Bernoulli: {0x3c23d70a, 0x3c23d70a, 0x3c23d70a, 0x3c23d70a, 0x3c23d70a, 0x3c23d70a},
}
