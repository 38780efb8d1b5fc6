package feddip

import (
	"math"
	"testing"

	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/codecs/internal/pruning"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// random fills a model of a layout.
func random(layout codecs.Layout, seed uint64) []float32 {
	w, r := make([]float32, layout.Len()), rng.New(seed, "model")
	for i := range w {
		w[i] = float32(r.NormFloat64())
	}
	return w
}

// TestDefaults: a table that says nothing has the authors' settings.
func TestDefaults(t *testing.T) {
	entry, _ := codecs.Lookup("feddip")
	if got := *entry.New().(*Settings); got != defaults() {
		t.Errorf("%+v, want %+v", got, defaults())
	}
}

// TestMessageBits counts a message to the byte: 4 bytes for each weight that is sent and for every bias, scale and
// running statistic, and one that says how positions are known. The first round's model goes down whole, with 9 bytes
// of settings for the seed of its mask.
func TestMessageBits(t *testing.T) {
	layout := codecs.Layout{}.Add("conv", codecs.Weight, 3, 3, 4, 20).Add("scale", codecs.Norm, 20).Add("mean", codecs.Buffer, 20).
		Add("fc", codecs.Weight, 20, 10).Add("bias", codecs.Bias, 10)
	settings := defaults()
	settings.Initial = "uniform"
	p, chain := pruner(t, settings), codec(t, settings)
	const weights, others = 920, 50
	for _, c := range []struct {
		name          string
		round         int
		masked, dense bool // the model; the upload
		sent          int  // weights
	}{
		{"first model", 1, false, true, weights}, {"first upload", 1, false, false, 460},
		{"later model", 7, true, false, 400}, {"dense upload", 7, true, true, weights},
	} {
		w := random(layout, 1)
		if c.masked {
			pruning.Global(w, layout, 400).Apply(w, layout)
		}
		s := task(p, layout, w, c.round, 20)
		if c.round == 1 && len(s.Control) != 9 {
			t.Errorf("the first mask is told in %d bytes", len(s.Control))
		}
		v := random(layout, 2)
		if !c.dense {
			mask, err := p.Mask(s)
			if err != nil {
				t.Fatal(err)
			}
			mask.Apply(v, layout)
		}
		msg, account, err := chain.Encode(nil, v, s, 1)
		if err != nil {
			t.Fatal(err)
		}
		if want := 4*(c.sent+others) + 1; len(msg) != want || account.Side != 1 || account.Paper != float64(32*(c.sent+others)) {
			t.Errorf("%s: %d bytes, want %d, and %+v", c.name, len(msg), want, account)
		}
	}
}

// TestAuthorsBits holds the released code's count, 32 (1 - s_t) n bits of all n parameters, against an independent
// program's at both ends of T = 1000 rounds, and the paper column of a real message against it: that has the unprunable
// parameters whole.
func TestAuthorsBits(t *testing.T) {
	authors := func(n, round int) float64 { return 32 * (1 - pruning.Sparsity(round, 1000, 0.5, 0.95)) * float64(n) }
	for _, c := range []struct {
		model       string
		in          tensor.Shape
		classes     int
		first, last float64
	}{
		{"lenet5", tensor.Shape{H: 28, W: 28, C: 1}, 10, 987_296, 98_729},
		{"alexnet-cifar", tensor.Shape{H: 32, W: 32, C: 3}, 10, 372_356_256, 37_235_625},
		{"resnet18-gn", tensor.Shape{H: 32, W: 32, C: 3}, 100, 179_522_112, 17_952_211},
	} {
		cfg := nn.DefaultConfig()
		cfg.Name = c.model
		model, err := nn.New(cfg, c.in, c.classes)
		if err != nil {
			t.Fatal(err)
		}
		n := model.Layout().Trainable()
		if first, last := math.Floor(authors(n, 0)), math.Floor(authors(n, 999)); first != c.first || last != c.last {
			t.Errorf("%s: %v and %v bits, want %v and %v", c.model, first, last, c.first, c.last)
		}
	}
	layout, p, chain := lenet(), pruner(t, defaults()), codec(t, defaults())
	prunable := pruning.Prunable(layout)
	for _, round := range []int{0, 500, 999} {
		s := pruning.Sparsity(round, 1000, 0.5, 0.95)
		w := random(layout, 1)
		pruning.Global(w, layout, prunable-pruning.Pruned(s, prunable)).Apply(w, layout)
		_, account, err := chain.Encode(nil, w, task(p, layout, w, round+2, 1000), 1)
		if err != nil {
			t.Fatal(err)
		}
		more := 32 * s * float64(layout.Len()-prunable)
		if got := account.Paper - authors(layout.Len(), round); math.Abs(got-more) > 16 { // half a weight, by rounding
			t.Errorf("round %d: %v bits more than the authors count, want %v", round, got, more)
		}
	}
}

// TestWholeModelSparsity: of all parameters fewer are zero than of the prunable ones.
func TestWholeModelSparsity(t *testing.T) {
	for _, c := range []struct {
		prunable, all int
		want          float64
	}{{61_470, 61_706, 0.946359}, {23_262_912, 23_272_266, 0.949618}} {
		if got := float64(pruning.Pruned(0.95, c.prunable)) / float64(c.all); math.Abs(got-c.want) > 5.1e-7 {
			t.Errorf("%d of %d parameters: %v, want %v", c.prunable, c.all, got, c.want)
		}
	}
}

// TestLearningRate holds the rate of the authors' runs, 0.1 and 0.998 to the power of the round, against an independent
// program's.
func TestLearningRate(t *testing.T) {
	s := nn.DefaultScheduleConfig()
	s.Kind, s.Gamma = "exponential", 0.998
	for round, want := range map[int]float64{0: 0.1, 1: 0.0998, 5: 0.09900399, 50: 0.09047468, 100: 0.08185668, 250: 0.06062271,
		500: 0.03675113, 750: 0.02227953, 900: 0.01650012, 999: 0.01353352} {
		if got := 0.1 * s.Factor(round, 1000); math.Abs(got-want) > 5.1e-9 {
			t.Errorf("round %d: a rate of %v, want %v", round, got, want)
		}
	}
}
