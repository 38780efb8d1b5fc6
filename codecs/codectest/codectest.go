// Package codectest is the conformance suite that every codec passes with one call.
package codectest

import (
	"math"
	"testing"

	"flsim/codecs"
	"flsim/internal/rng"
)

// Options says what is to be expected of a codec beyond the contract.
type Options struct {
	// Gaussian and Laplace are the greatest NMSE that messages about independent draws from these distributions have
	// on Typical, averaged over eight messages. 0 declares a lossless codec, whose messages are held to be exact for
	// any input. A bound that is more than twice what is measured fails too: it would not notice a mistake.
	Gaussian, Laplace float64

	// Unbiased codecs decode to their input on average over seeds.
	Unbiased bool

	// Repeats says that messages may be shorter than their entropy, because the coder also makes use of repetitions
	// or of changing statistics.
	Repeats bool
}

// Run checks that what make returns keeps the contract of codecs.Codec and what o declares. make is called many times
// and has to return equal codecs that share nothing.
func Run(t *testing.T, make func() codecs.Codec, o Options) {
	t.Helper()
	s := suite{make: make, Options: o}
	t.Run("round trip", s.roundTrips)
	t.Run("distortion", s.distortion)
	t.Run("concurrent use", s.concurrent)
	t.Run("refusals", s.refusals)
	t.Run("truncated", s.truncated)
	t.Run("damaged", s.damaged)
	t.Run("hostile", s.hostile)
	t.Run("error feedback", s.feedback)
	if o.Unbiased {
		t.Run("unbiased", s.unbiased)
	}
}

// RoundTrip checks a message for every layout of the suite and some of its inputs: Run without what takes longer.
func RoundTrip(t *testing.T, make func() codecs.Codec) {
	t.Helper()
	s := suite{make: make, Options: Options{Gaussian: math.Inf(1), Repeats: true}}
	for _, layout := range layouts() {
		for _, input := range inputs() {
			if layout.name == "typical" && input.name != "Gaussian" || input.name == "tiny" || input.name == "Laplace" {
				continue
			}
			s.roundTrip(t, layout.of, draws(layout.of, 1, input.of))
		}
	}
}

type suite struct {
	make func() codecs.Codec
	Options
}

func (s *suite) lossless() bool { return s.Gaussian == 0 && s.Laplace == 0 }

// Shared returns the facts that codec's messages about layout need, with settings if it is a Controller.
func Shared(codec codecs.Codec, layout codecs.Layout) *codecs.Shared {
	s := &codecs.Shared{Layout: layout, Round: 3, Rounds: 10, Reference: make([]float32, layout.Len())}
	fill(s.Reference, 99, gaussian)
	if c, ok := codecs.Find[codecs.Controller](codec); ok {
		control, err := c.Control(nil, codecs.Feedback{Round: 3, Rounds: 10, FirstLoss: 2.3, LastLoss: 1.1,
			Layout: layout, Model: s.Reference,
			LRFactor: 1, Reported: []codecs.Report{{Loss: 2.3, Range: 0.2}, {Loss: 1.1, Range: 0.1}}})
		if err != nil {
			panic(err)
		}
		s.Control = control
	}
	return s
}

// Typical is a layout of a small convolutional network: 26,094 elements in ten tensors, weights and biases.
func Typical() codecs.Layout {
	var l codecs.Layout
	l = l.Add("conv1/kernel", codecs.Weight, 3, 3, 3, 16).Add("conv1/bias", codecs.Bias, 16)
	l = l.Add("conv2/kernel", codecs.Weight, 3, 3, 16, 32).Add("conv2/bias", codecs.Bias, 32)
	l = l.Add("conv3/kernel", codecs.Weight, 3, 3, 32, 32).Add("conv3/bias", codecs.Bias, 32)
	l = l.Add("dense1/kernel", codecs.Weight, 256, 44).Add("dense1/bias", codecs.Bias, 44)
	return l.Add("dense2/kernel", codecs.Weight, 44, 10).Add("dense2/bias", codecs.Bias, 10)
}

type named[T any] struct {
	name string
	of   T
}

func layouts() []named[codecs.Layout] {
	var none codecs.Layout
	buffers := none.Add("kernel", codecs.Weight, 9, 5).Add("mean", codecs.Buffer, 5).Add("scale", codecs.Norm, 5).
		Add("bias", codecs.Bias, 5).Add("variance", codecs.Buffer, 5)
	return []named[codecs.Layout]{
		{"typical", Typical()},
		{"one tensor", none.Add("w", codecs.Weight, 1000)},
		{"one element", none.Add("w", codecs.Weight, 1)},
		{"tiny tensors", none.Add("a", codecs.Weight, 1).Add("b", codecs.Bias, 2).Add("c", codecs.Norm, 3).Add("d", codecs.Weight, 7)},
		{"empty tensors", none.Add("a", codecs.Weight, 0).Add("b", codecs.Weight, 70).Add("c", codecs.Bias, 0)},
		{"buffers", buffers},
		{"buffers only", none.Add("mean", codecs.Buffer, 4)},
		{"nothing", none},
	}
}

// small is the layout whose messages are damaged in every way.
func small() codecs.Layout {
	var none codecs.Layout
	return none.Add("kernel", codecs.Weight, 8, 13).Add("bias", codecs.Bias, 13).Add("mean", codecs.Buffer, 2).Add("last", codecs.Weight, 3)
}

func gaussian(r *rng.Rand, _ int) float32 { return float32(0.01 * r.NormFloat64()) }

func laplace(r *rng.Rand, _ int) float32 {
	x := 0.01 * r.ExpFloat64()
	if r.Uint64()&1 == 0 {
		x = -x
	}
	return float32(x)
}

func inputs() []named[func(r *rng.Rand, i int) float32] {
	return []named[func(r *rng.Rand, i int) float32]{
		{"Gaussian", gaussian},
		{"Laplace", laplace},
		{"zero", func(*rng.Rand, int) float32 { return 0 }},
		{"negative zero", func(*rng.Rand, int) float32 { return float32(math.Copysign(0, -1)) }},
		{"mostly zero", func(r *rng.Rand, i int) float32 {
			if r.IntN(100) > 0 {
				return 0
			}
			return gaussian(r, i)
		}},
		{"constant", func(*rng.Rand, int) float32 { return -0.25 }},
		{"one large element", func(r *rng.Rand, i int) float32 {
			if i == 0 {
				return 1e12
			}
			return gaussian(r, i)
		}},
		{"huge", func(r *rng.Rand, i int) float32 { return 1e32 * gaussian(r, i) }},
		{"tiny", func(r *rng.Rand, i int) float32 { return 1e-38 * gaussian(r, i) }},
		{"smallest", func(r *rng.Rand, _ int) float32 { return math.SmallestNonzeroFloat32 * float32(r.IntN(3)-1) }},
	}
}

func fill(v []float32, seed uint64, draw func(r *rng.Rand, i int) float32) []float32 {
	r := rng.New(seed, "codectest")
	for i := range v {
		v[i] = draw(r, i)
	}
	return v
}

func draws(layout codecs.Layout, seed uint64, draw func(r *rng.Rand, i int) float32) []float32 {
	return fill(make([]float32, layout.Len()), seed, draw)
}
