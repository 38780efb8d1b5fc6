package adaquant

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/codecs/quantize"
	"flsim/internal/rng"
)

// with returns the defaults, changed.
func with(change func(*Settings)) *Settings {
	s := Default()
	if change != nil {
		change(s)
	}
	return s
}

// losses are feedback of rounds in which these losses were reported.
func losses(reported ...float64) codecs.Feedback {
	f := codecs.Feedback{Round: len(reported) + 1, Rounds: 1000, LRFactor: 1}
	for _, x := range reported {
		f.Reported = append(f.Reported, codecs.Report{Loss: x})
	}
	return f
}

func build(t testing.TB, s *Settings) Quantizer {
	t.Helper()
	stage, err := s.Stage()
	if err != nil {
		t.Fatal(err)
	}
	return stage.(Quantizer)
}

const elements = 122_570

// TestLevels holds levels and bits for F_0 = ln 10 and s_0 = 2 against an independent program.
func TestLevels(t *testing.T) {
	first := math.Log(10)
	for _, c := range []struct {
		loss               float64
		millionths         int // of a level, before it is rounded
		ceil, round, floor int
		bits               float64
	}{
		{first, 2_000_000, 2, 2, 2, 367_742},
		{2.302585, 2_000_000, 2, 2, 2, 367_742}, // s = 2.00000004
		{2.0, 2_145_966, 3, 2, 2, 367_742},
		{1.5, 2_477_948, 3, 2, 2, 367_742},
		{1.0, 3_034_854, 4, 3, 3, 490_312},
		{0.7, 3_627_345, 4, 4, 3, 490_312},
		{0.5, 4_291_932, 5, 4, 4, 490_312},
		{0.3, 5_540_860, 6, 6, 5, 490_312},
		{0.2, 6_786_140, 7, 7, 6, 490_312},
		{0.1, 9_597_052, 10, 10, 9, 612_882},
		{0.05, 13_572_281, 14, 14, 13, 612_882},
		{0.01, 30_348_543, 31, 30, 30, 735_452},
		{0.001, 95_970_518, 96, 96, 95, 980_592},
	} {
		fine, f := with(func(s *Settings) { s.LRAware, s.Rounding, s.MaxLevels = true, "round", 1<<30 }), losses(first, c.loss)
		f.LRFactor = 1e6
		if got := fine.levels(f); got != c.millionths {
			t.Errorf("loss %v: %d millionths of a level, want %d", c.loss, got, c.millionths)
		}
		for rounding, want := range map[string]int{"ceil": c.ceil, "round": c.round, "floor": c.floor} {
			s := with(func(s *Settings) { s.Rounding = rounding })
			if got := s.levels(losses(first, 1.9, c.loss)); got != want {
				t.Errorf("loss %v, %s: %d levels, want %d", c.loss, rounding, got, want)
			}
		}
		q := build(t, with(func(s *Settings) { s.Scope = "model" }))
		control, err := q.Control(nil, losses(first, c.loss))
		if err != nil {
			t.Fatal(err)
		}
		if got := q.PaperBits(nil, []int{elements}, &codecs.Shared{Control: control}); got != c.bits {
			t.Errorf("loss %v: %v bits by the formula, want %v", c.loss, got, c.bits)
		}
		if got, err := q.Announced(control); err != nil || got != float64(c.ceil) {
			t.Errorf("loss %v: %v levels are announced (error %v), want %d", c.loss, got, err, c.ceil)
		}
	}
}

// TestFormula holds the authors' bits at both ends of each stretch of levels that take as many.
func TestFormula(t *testing.T) {
	q := build(t, with(func(s *Settings) { s.Scope = "model" }))
	for _, c := range []struct {
		low, high byte
		bits      float64
	}{{2, 3, 367_742}, {4, 7, 490_312}, {8, 15, 612_882}, {16, 31, 735_452}, {32, 63, 858_022}, {64, 127, 980_592}} {
		for _, levels := range []byte{c.low, c.high} {
			if got := q.PaperBits(nil, []int{elements}, &codecs.Shared{Control: []byte{levels}}); got != c.bits {
				t.Errorf("%d levels: %v bits by the formula, want %v", levels, got, c.bits)
			}
		}
	}
	for _, levels := range [][]byte{{0x80, 1}, {0xff, 1}} { // 128 and 255
		if got := q.PaperBits(nil, []int{elements}, &codecs.Shared{Control: levels}); got != 1_103_162 {
			t.Errorf("the settings %x: %v bits by the formula, want 1,103,162", levels, got)
		}
	}
}

// TestLevelsDoNotCompound: the level follows from the first loss and the latest, whatever lay between them.
func TestLevelsDoNotCompound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loss := rapid.Float64Range(1e-6, 10)
		first, last := loss.Draw(t, "first"), loss.Draw(t, "last")
		between := rapid.SliceOfN(loss, 0, 9).Draw(t, "between")
		s := with(func(s *Settings) {
			s.S0 = rapid.IntRange(1, 20).Draw(t, "s0")
			s.FillBits = rapid.Bool().Draw(t, "fill")
			s.Rounding = rapid.SampledFrom([]string{"ceil", "round", "floor"}).Draw(t, "rounding")
		})
		got := s.levels(losses(append(append([]float64{first}, between...), last)...))
		if want := s.levels(losses(first, last)); got != want {
			t.Fatalf("%d levels, without the rounds between %d", got, want)
		}
		if got < 1 || got > s.MaxLevels {
			t.Fatalf("%d levels", got)
		}
		if s.Rounding == "ceil" && last <= first && got < s.S0 {
			t.Fatalf("%d levels though the loss fell, fewer than the %d at first", got, s.S0)
		}
		if more := s.levels(losses(first, last/2)); more < got {
			t.Fatalf("half the loss gives %d levels, fewer than %d", more, got)
		}
		if s.FillBits && got < s.MaxLevels && got&(got+1) != 0 {
			t.Fatalf("%d levels do not fill their bits", got)
		}
	})
}

func TestEdgesOfTheLoss(t *testing.T) {
	for _, c := range []struct {
		name string
		s    *Settings
		f    codecs.Feedback
		want int
	}{
		{"nothing reported", with(nil), losses(), 2},
		{"first round", with(nil), losses(2.3), 2},
		{"no loss left", with(nil), losses(2.3, 0), 255},
		{"never any loss", with(nil), losses(0, 0), 2},
		{"loss from nothing", with(nil), losses(0, 1), 1},
		{"loss explodes", with(func(s *Settings) { s.Rounding = "floor" }), losses(1, 1e30), 1},
		{"a loss near 0", with(func(s *Settings) { s.MaxLevels = 32767 }), losses(math.Log(10), 1e-6), 3035},
		{"cap", with(func(s *Settings) { s.MaxLevels = 7 }), losses(2.3, 0.001), 7},
		{"filled", with(func(s *Settings) { s.FillBits = true }), losses(2.3, 1), 7},
		{"filled at first", with(func(s *Settings) { s.FillBits = true }), losses(), 3},
		{"filled already", with(func(s *Settings) { s.FillBits = true; s.S0 = 15 }), losses(), 15},
		{"filled, cap", with(func(s *Settings) { s.FillBits, s.MaxLevels = true, 6 }), losses(2.3, 1), 6},
		{"lag", with(func(s *Settings) { s.Lag = 3 }), losses(4, 1, 0.5, 0.1), 4},
		{"lag, too early", with(func(s *Settings) { s.Lag = 3 }), losses(4, 1), 2},
	} {
		if got := c.s.levels(c.f); got != c.want {
			t.Errorf("%s: %d levels, want %d", c.name, got, c.want)
		}
	}
	s, f := with(func(s *Settings) { s.LRAware = true }), losses(4, 0.04)
	f.LRFactor = 0.5
	if got := s.levels(f); got != 10 {
		t.Errorf("at half the learning rate: %d levels, want 2 x 10 / 2", got)
	}
}

// TestTimeRule plays losses that fall, rest and fall again through a twin that keeps its state from round to round, as
// the authors' server does.
func TestTimeRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := with(func(s *Settings) {
			s.Rule, s.S0, s.MaxLevels = "time", rapid.IntRange(1, 3).Draw(t, "s0"), rapid.IntRange(3, 40).Draw(t, "max")
			s.Patience = rapid.IntRange(2, 6).Draw(t, "patience")
			s.Smoothing = rapid.Float64Range(0, 0.95).Draw(t, "smoothing")
		})
		reported := rapid.SliceOfN(rapid.Float64Range(0, 3), 0, 60).Draw(t, "losses")
		level, increased := s.S0, 0
		var averages []float64
		for i, x := range reported {
			if i == 0 {
				averages = append(averages, x)
			} else {
				averages = append(averages, s.Smoothing*averages[i-1]+(1-s.Smoothing)*x)
			}
			n := len(averages)
			if n >= increased+s.Patience && averages[n-1] >= averages[n-s.Patience] {
				level, increased = min(2*level, s.MaxLevels), n
			}
			if got := s.levels(losses(reported[:n]...)); got != level {
				t.Fatalf("after %v: %d levels, want %d", reported[:n], got, level)
			}
		}
	})
	s := with(func(s *Settings) { s.Rule, s.S0, s.Smoothing, s.Patience = "time", 1, 0, 3 })
	for n, want := range []int{1, 1, 1, 1, 1, 2, 2, 2, 4, 4} {
		if got := s.levels(losses([]float64{5, 4, 3, 3, 3, 3, 3, 3, 1}[:n]...)); got != want {
			t.Errorf("after %d rounds: %d levels, want %d", n, got, want)
		}
	}
}

func TestRangeRule(t *testing.T) {
	s := with(func(s *Settings) { s.Rule, s.S0 = "range", 15 })
	f := codecs.Feedback{LRFactor: 1}
	for i, c := range []struct {
		spread float64
		want   int // before it is reported
	}{{0.4, 15}, {0.2, 15}, {0.11, 8}, {0.05, 5}, {0, 2}, {100, 1}, {0, 255}} {
		if got := s.levels(f); got != c.want {
			t.Errorf("round %d: %d levels, want %d", i+1, got, c.want)
		}
		f.Reported = append(f.Reported, codecs.Report{Range: c.spread})
	}
	if r := build(t, s).Reports(); r != (codecs.Reports{Range: true}) {
		t.Errorf("clients are asked for %+v", r)
	}
}

func TestReports(t *testing.T) {
	for loss, want := range map[string]codecs.Reports{"sampled": {Loss: true}, "all": {Loss: true, All: true}} {
		if got := build(t, with(func(s *Settings) { s.Loss = loss })).Reports(); got != want {
			t.Errorf("loss = %s asks for %+v", loss, got)
		}
	}
}

// TestIsQSGD: a message is the one that qsgd makes with as many levels.
func TestIsQSGD(t *testing.T) {
	layout := codectest.Typical()
	v, r := make([]float32, layout.Len()), rng.New(1, "values")
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	for _, norms := range []quantize.NormSettings{{Norm: "l2", Scope: "tensor"}, {Norm: "max", Scope: "model"}, {Norm: "l2", Scope: "bucket", Bucket: 100}} {
		q := build(t, with(func(s *Settings) { s.NormSettings = norms }))
		control, err := q.Control(nil, losses(9, 1))
		if err != nil || !bytes.Equal(control, []byte{6}) {
			t.Fatalf("the settings are %x (error %v)", control, err)
		}
		fixed, err := norms.QSGD(6)
		if err != nil {
			t.Fatal(err)
		}
		adaptive, plain := chainOf(t, q), chainOf(t, fixed)
		got, account, err := adaptive.Encode(nil, v, &codecs.Shared{Layout: layout, Control: control}, 7)
		if err != nil {
			t.Fatal(err)
		}
		want, same, err := plain.Encode(nil, v, &codecs.Shared{Layout: layout}, 7)
		if err != nil || !bytes.Equal(got, want) || account != same {
			t.Errorf("%+v: messages or accounts %+v and %+v differ (error %v)", norms, account, same, err)
		}
	}
}

func chainOf(t testing.TB, stage any) codecs.Codec {
	c, err := codecs.New(nil, stage)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRefusals(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"s0 above the cap":      func(s *Settings) { s.S0 = 300 },
		"lr_aware in time":      func(s *Settings) { s.LRAware, s.Rule = true, "time" },
		"ranges of all":         func(s *Settings) { s.Loss, s.Rule = "all", "range" },
		"bucket without bucket": func(s *Settings) { s.Bucket = 3 },
	} {
		if _, err := with(change).Stage(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	q, layout := build(t, Default()), codecs.Layout{}.Add("w", codecs.Weight, 3)
	for _, control := range [][]byte{nil, {}, {0}, {2, 2}, {0x80}, {0x80, 2}, {0x82, 0}} {
		s := &codecs.Shared{Layout: layout, Control: control}
		if _, _, err := chainOf(t, q).Encode(nil, make([]float32, 3), s, 1); err == nil {
			t.Errorf("the settings %x are accepted", control)
		}
		if err := chainOf(t, q).Decode(make([]float32, 3), make([]byte, 9), s); err == nil {
			t.Errorf("the settings %x are accepted by the decoder", control)
		}
	}
}

var variants = []struct {
	name   string
	change func(*Settings)
	codectest.Options
}{
	// codectest reports the losses 2.3 and 1.1: s = 3, 22 and 28.
	{"default", nil, codectest.Options{Gaussian: 26, Laplace: 23, Unbiased: true}},
	{"bucket", func(s *Settings) { s.S0, s.Norm, s.Scope, s.Bucket = 15, "max", "bucket", 100 }, codectest.Options{Gaussian: 0.0028, Laplace: 0.0052, Unbiased: true}},
	{"model", func(s *Settings) { s.S0, s.Scope, s.FillBits = 15, "model", true }, codectest.Options{Gaussian: 3.6, Laplace: 3.3, Unbiased: true}},
}

func newCodec(t testing.TB, change func(*Settings)) func() codecs.Codec {
	return func() codecs.Codec { return chainOf(t, build(t, with(change))) }
}

func TestConformance(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) { codectest.Run(t, newCodec(t, v.change), v.Options) })
	}
}

func FuzzDecode(f *testing.F) { codectest.Fuzz(f, newCodec(f, variants[1].change)) }

func BenchmarkCodec(b *testing.B) { codectest.Bench(b, newCodec(b, nil)) }

// TestHistoryIsNotChanged: controllers look at what the server keeps.
func TestHistoryIsNotChanged(t *testing.T) {
	f := losses(3, 2, 1, 1, 1)
	before := slices.Clone(f.Reported)
	for _, rule := range []string{"loss", "time", "range"} {
		with(func(s *Settings) { s.Rule, s.Patience = rule, 2 }).levels(f)
	}
	if !slices.Equal(before, f.Reported) {
		t.Error("the reports were changed")
	}
}
