package feddip

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/codecs/internal/pruning"
	"flsim/internal/rng"
)

func defaults() Settings {
	return Settings{Start: 0.5, Final: 0.95, Every: 5, Initial: "erk", Lambda: "code", LambdaMax: 1e-3, Segments: 20, Feedback: true, Upload: "masked"}
}

func pruner(t testing.TB, s Settings) Pruner {
	t.Helper()
	stage, err := s.Stage()
	if err != nil {
		t.Fatal(err)
	}
	return stage.(Pruner)
}

func codec(t testing.TB, s Settings) *codecs.Chain {
	t.Helper()
	c, err := codecs.NewChain(nil, pruner(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lenet is LeNet-5 for images of 28 x 28 x 1.
func lenet() codecs.Layout {
	var l codecs.Layout
	l = l.Add("conv1.weight", codecs.Weight, 5, 5, 1, 6).Add("conv1.bias", codecs.Bias, 6)
	l = l.Add("conv2.weight", codecs.Weight, 5, 5, 6, 16).Add("conv2.bias", codecs.Bias, 16)
	l = l.Add("fc1.weight", codecs.Weight, 400, 120).Add("fc1.bias", codecs.Bias, 120)
	l = l.Add("fc2.weight", codecs.Weight, 120, 84).Add("fc2.bias", codecs.Bias, 84)
	return l.Add("fc3.weight", codecs.Weight, 84, 10).Add("fc3.bias", codecs.Bias, 10)
}

// TestLambda holds both schedules of the regularisation against the table of an independent program.
func TestLambda(t *testing.T) {
	code, linear := defaults(), defaults()
	linear.Lambda, linear.Segments = "linear", 10
	for _, c := range []struct {
		t            int
		code, linear float64
	}{
		{0, 0, 0}, {1, 0, 0}, {5, 0, 0}, {50, 0.00050000, 0}, {100, 0.00052632, 0.0001}, {250, 0.00060526, 0.0002},
		{500, 0.00073684, 0.0005}, {750, 0.00086842, 0.0007}, {900, 0.00094737, 0.0009}, {999, 0.00097368, 0.0009},
		{49, 0, 0}, {51, 0.0005, 0}, {99, 0.0005, 0}, {499, 0.00071053, 0.0004}, {949, 0.00094737, 0.0009}, {950, 0.00097368, 0.0009},
	} {
		if got := code.lambdaAt(c.t, 1000); math.Abs(got-c.code) > 5.1e-9 {
			t.Errorf("code, t = %d: %v, want %v", c.t, got, c.code)
		}
		if got := linear.lambdaAt(c.t, 1000); math.Abs(got-c.linear) > 1e-15 {
			t.Errorf("linear, t = %d: %v, want %v", c.t, got, c.linear)
		}
	}
	for i, want := range []float64{0, 0.0005, 0.00052632} { // T = 30: segments of one round
		if got := code.lambdaAt(i, 30); math.Abs(got-want) > 5.1e-9 {
			t.Errorf("T = 30, t = %d: %v, want %v", i, got, want)
		}
	}
	for _, i := range []int{19, 20, 29} {
		if got := code.lambdaAt(i, 30); math.Abs(got-0.00097368) > 5.1e-9 {
			t.Errorf("T = 30, t = %d: %v", i, got)
		}
	}
	for i := range 7 { // fewer rounds than segments
		if got := code.lambdaAt(i, 7); got < 0 || got > 1e-3 {
			t.Errorf("T = 7, t = %d: %v", i, got)
		}
	}
	code.Lambda = "none"
	if code.lambdaAt(999, 1000) != 0 {
		t.Error("there is a regularisation without a schedule")
	}
}

// row is a layout of one tensor.
func row(n int) codecs.Layout { return codecs.Layout{}.Add("w", codecs.Weight, n) }

// task returns what a client shares whose model is w and which was told a mask.
func task(p Pruner, layout codecs.Layout, w []float32, round, rounds int) *codecs.Shared {
	control, err := p.Control(nil, codecs.Feedback{Round: round, Rounds: rounds, Layout: layout, Model: w})
	if err != nil {
		panic(err)
	}
	return &codecs.Shared{Layout: layout, Round: round, Rounds: rounds, Reference: w, Control: control}
}

// TestFeedbackStep holds two steps of training against an independent program: a quadratic loss, lambda 1e-3, weight
// decay 5e-4 of the optimizer, learning rate 0.1. The masked weight moves.
func TestFeedbackStep(t *testing.T) {
	for _, feedback := range []bool{true, false} {
		m := &masked{Settings: defaults(), mask: pruning.Mask{true, false, true, true}, layout: row(4), lambda: 1e-3}
		m.Feedback = feedback
		theta, target := []float32{0.8, -0.05, 0.3, -0.6}, []float32{1, 0.5, 0, -1}
		for step, want := range []struct{ g, theta []float32 }{
			{[]float32{-0.198834, -0.500025, 0.300437, 0.399125}, []float32{0.819883, 0.000003, 0.269956, -0.639913}},
			{[]float32{-0.178944, -0.500000, 0.270342, 0.359172}, []float32{0.837778, 0.050002, 0.242922, -0.675830}},
		} {
			w, g := make([]float32, 4), make([]float32, 4)
			m.Weights(w, theta, step, 2)
			if w[1] != 0 {
				t.Fatal("the network computes with a masked weight")
			}
			for i := range g {
				g[i] = w[i] - target[i]
			}
			m.Gradient(g, theta, step, 2)
			if !feedback {
				if g[1] != 0 {
					t.Error("without feedback a masked weight has a gradient")
				}
				continue
			}
			for i := range g {
				g[i] += 5e-4 * theta[i]
				theta[i] -= 0.1 * g[i]
				if math.Abs(float64(g[i]-want.g[i])) > 1e-6 || math.Abs(float64(theta[i]-want.theta[i])) > 1e-6 {
					t.Errorf("step %d, element %d: gradient %v, weight %v, want %v and %v", step, i, g[i], theta[i], want.g[i], want.theta[i])
				}
			}
		}
	}
}

// play trains rounds of what stands in for training: every client's weights drift at random. It returns the masks
// of all rounds.
func play(t testing.TB, s Settings, layout codecs.Layout, rounds int, seed uint64) (masks []pruning.Mask, w []float32) {
	p, chain := pruner(t, s), codec(t, s)
	r := rng.New(seed, "play")
	w = make([]float32, layout.Len())
	for i := range w {
		w[i] = float32(0.05 * r.NormFloat64())
	}
	theta, u := make([]float32, len(w)), make([]float32, len(w))
	for round := 1; round <= rounds; round++ {
		shared := task(p, layout, w, round, rounds)
		msg, _, err := chain.Encode(nil, w, shared, 1)
		if err != nil {
			t.Fatal(err)
		}
		received := make([]float32, len(w))
		if err := chain.Decode(received, msg, shared); err != nil || !slices.Equal(received, w) {
			t.Fatalf("the model did not arrive: %v", err)
		}
		shared.Reference = received
		reparam := p.Reparam(shared, 1)
		reparam.Start(theta, received)
		g := make([]float32, len(w))
		for i := range g {
			g[i] = float32(0.2 * r.NormFloat64())
		}
		reparam.Gradient(g, theta, 0, 1)
		for i := range theta {
			theta[i] -= g[i]
		}
		reparam.Update(u, theta)
		if msg, _, err = chain.Encode(nil, u, shared, 1); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(u))
		if err := chain.Decode(got, msg, shared); err != nil || !slices.Equal(got, u) {
			t.Fatalf("the update did not arrive: %v", err)
		}
		for i := range w {
			w[i] += got[i]
		}
		if err := p.AfterAggregate(w, shared); err != nil {
			t.Fatal(err)
		}
		masks = append(masks, pruning.NonZero(w, layout))
	}
	return masks, w
}

// within reports whether all that a keeps is kept by b.
func within(a, b pruning.Mask) bool {
	for i, kept := range a {
		if kept && !b[i] {
			return false
		}
	}
	return true
}

// TestNested: without regrowth every mask is a part of the one before, with it some are not; and the sparsity is
// that of the schedule, to the weight.
func TestNested(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := defaults()
		s.Every = rapid.IntRange(1, 7).Draw(r, "every")
		s.Upload = rapid.SampledFrom([]string{"masked", "dense"}).Draw(r, "upload")
		s.Regrow = s.Upload == "dense" && rapid.Bool().Draw(r, "regrow")
		s.Feedback = rapid.Bool().Draw(r, "feedback") || s.Regrow
		layout := codecs.Layout{}.Add("a", codecs.Weight, 40, 20).Add("b", codecs.Bias, 20).Add("c", codecs.Weight, 20, 10)
		masks, _ := play(t, s, layout, 12, rapid.Uint64().Draw(r, "seed"))
		nested := true
		for i, m := range masks {
			last := i / s.Every * s.Every
			want := 1000 - pruning.Pruned(pruning.Sparsity(last, 12, 0.5, 0.95), 1000)
			if got := m.Kept(); got != want {
				r.Fatalf("round %d keeps %d weights, want %d", i+1, got, want)
			}
			if i > 0 {
				nested = nested && within(m, masks[i-1])
			}
		}
		if s.Regrow && s.Every > 3 {
			return // there are too few new masks to be sure that one of them lets a weight return
		}
		if nested == s.Regrow {
			r.Fatalf("regrow %v, nested %v", s.Regrow, nested)
		}
	})
}

// TestFeedbackNeedsDenseUploads: masked weights that are trained on matter to nobody unless they are uploaded, and
// without regrowth only in the first round, before there is a global mask.
func TestFeedbackNeedsDenseUploads(t *testing.T) {
	layout := codecs.Layout{}.Add("a", codecs.Weight, 40, 20)
	for _, c := range []struct {
		initial, upload string
		regrow, matters bool
	}{{"erk", "masked", false, false}, {"none", "dense", false, false}, {"erk", "dense", false, true}, {"none", "dense", true, true}} {
		s := defaults()
		s.Initial, s.Upload, s.Regrow = c.initial, c.upload, c.regrow
		_, with := play(t, s, layout, 12, 3)
		s.Feedback = false
		_, without := play(t, s, layout, 12, 3)
		if same := slices.Equal(with, without); same == c.matters {
			t.Errorf("%+v: the same model with and without feedback: %v", c, same)
		}
	}
}

// TestSavings measures three accountings on LeNet-5 with real messages at every tenth of T = 1000 rounds, and holds them
// against the sums of the formula: both directions sparse, uploads dense, and sparse with a bitmap of the mask on every
// download. The formula takes the whole model for prunable and so has 0.162725, 0.581363 and 0.178350 of FedAvg's bits;
// of LeNet-5's 61,706 parameters 236 are biases, so that savings are a little smaller: those of docs/papers/feddip.md.
func TestSavings(t *testing.T) {
	layout, p, chain := lenet(), pruner(t, defaults()), codec(t, defaults())
	n := pruning.Prunable(layout)
	r := rng.New(1, "savings")
	w, u := make([]float32, layout.Len()), make([]float32, layout.Len())
	size := func(v []float32, s *codecs.Shared) float64 {
		msg, _, err := chain.Encode(nil, v, s, 1)
		if err != nil {
			t.Fatal(err)
		}
		return float64(len(msg))
	}
	var down, masked, dense, full, masks float64
	for i := 5; i < 1000; i += 10 {
		for j := range w {
			w[j], u[j] = float32(r.NormFloat64()), float32(r.NormFloat64())
		}
		mask := pruning.Global(w, layout, n-pruning.Pruned(pruning.Sparsity(i, 1000, 0.5, 0.95), n))
		mask.Apply(w, layout)
		s := task(p, layout, w, i+1, 1000)
		down += size(w, s)
		dense += size(u, s)
		mask.Apply(u, layout)
		masked += size(u, s)
		full += float64(4 * len(w))
		masks += float64(len(s.Control))
		if bitmap := (n+7)/8 + 6; len(s.Control) > bitmap {
			t.Fatalf("a mask costs %d bytes, a bitmap %d", len(s.Control), bitmap)
		}
	}
	for _, c := range []struct {
		name                 string
		bytes, formula, want float64
	}{
		{"sparse both ways", down + masked, 6.145, 6.03},
		{"dense uploads", down + dense, 1.720, 1.72},
		{"sparse both ways and a bitmap each time", down + masked + 100*float64((n+7)/8), 5.607, 5.52},
		{"sparse both ways and a coded mask each time", down + masked + masks, 0, 5.73}, // no formula
	} {
		got := 2 * full / c.bytes
		if math.Abs(got-c.want) > 0.0051 || c.formula > 0 && (got > c.formula || got < 0.98*c.formula) {
			t.Errorf("%s: %.3f times fewer bits, want %v, and the formula %v", c.name, got, c.want, c.formula)
		}
	}
}

// TestFedSparsify: the schedule of server-side progressive pruning, S_T + (S_0 - S_T)(1 - F floor(t/F)/T)^3, is that
// of a pruner without feedback, regularisation and first mask.
func TestFedSparsify(t *testing.T) {
	s := defaults()
	s.Start, s.Final, s.Every, s.Initial, s.Lambda, s.Feedback = 0, 0.9, 3, "none", "none", false
	masks, _ := play(t, s, row(1000), 20, 1)
	for i, m := range masks {
		want := 0.9 - 0.9*math.Pow(1-3*math.Floor(float64(i)/3)/20, 3)
		if got := 1 - float64(m.Kept())/1000; math.Abs(got-want) > 5.1e-4 {
			t.Errorf("round %d: a sparsity of %v, want %v", i, got, want)
		}
	}
}

func TestContradictions(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"falling sparsity":          func(s *Settings) { s.Final = 0.4 },
		"regrowth from masked ones": func(s *Settings) { s.Regrow = true },
	} {
		s := defaults()
		if change(&s); func() error { _, err := s.Stage(); return err }() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	p := pruner(t, defaults())
	if err := p.AfterAggregate(make([]float32, 4), &codecs.Shared{Layout: row(4), Round: 2, Rounds: 9}); err == nil {
		t.Error("the second round ends without a mask, and there is no error")
	}
}

// told is a codec whose messages belong to a task with a sparse mask.
type told struct{ *codecs.Chain }

func (c told) shared(s *codecs.Shared) *codecs.Shared {
	p, _ := codecs.Find[Pruner](c.Chain)
	x := *s
	w := slices.Clone(s.Reference)
	for i := range w {
		if i%3 > 0 {
			w[i] = 0
		}
	}
	x.Control = task(p, s.Layout, w, s.Round, s.Rounds).Control
	return &x
}

func (c told) Encode(dst []byte, v []float32, s *codecs.Shared, seed uint64) ([]byte, codecs.Account, error) {
	return c.Chain.Encode(dst, v, c.shared(s), seed)
}

func (c told) Decode(v []float32, msg []byte, s *codecs.Shared) error {
	return c.Chain.Decode(v, msg, c.shared(s))
}

func TestConformance(t *testing.T) {
	t.Run("mask of all", func(t *testing.T) {
		codectest.Run(t, func() codecs.Codec { return codec(t, defaults()) }, codectest.Options{})
	})
	t.Run("sparse mask", func(t *testing.T) {
		codectest.Run(t, func() codecs.Codec { return told{codec(t, defaults())} }, codectest.Options{})
	})
}

func FuzzDecode(f *testing.F) {
	codectest.Fuzz(f, func() codecs.Codec { return told{codec(f, defaults())} })
}

func BenchmarkCodec(b *testing.B) {
	codectest.Bench(b, func() codecs.Codec { return codec(b, defaults()) })
}

// BenchmarkMasked is a message as training sends it: an update that is zero outside a mask of 5 %.
func BenchmarkMasked(b *testing.B) {
	chain, p, layout := codec(b, defaults()), pruner(b, defaults()), lenet()
	w := make([]float32, layout.Len())
	for i := range w {
		w[i] = float32(rng.At(1, uint64(i))>>40) - 1<<23
	}
	mask := pruning.Global(w, layout, pruning.Prunable(layout)/20)
	mask.Apply(w, layout)
	s := task(p, layout, w, 2, 10)
	var msg []byte
	b.SetBytes(int64(4 * len(w)))
	for b.Loop() {
		var err error
		if msg, _, err = chain.Encode(msg[:0], w, s, 1); err != nil {
			b.Fatal(err)
		}
		if err = chain.Decode(w, msg, s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(8*float64(len(msg))/float64(len(w)), "bit/elem")
}
