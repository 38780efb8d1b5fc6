package figures

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// crossings finds where two costs are equal by walking along the lines in many small steps.
func crossings(x, base, other []float64) (at []float64) {
	const steps = 2000
	line := func(y []float64, i int, share float64) float64 {
		return math.Pow(y[i], 1-share) * math.Pow(y[i+1], share)
	}
	for i := range len(x) - 1 {
		for k := range steps {
			from, to := float64(k)/steps, float64(k+1)/steps
			if (line(base, i, from) < line(other, i, from)) != (line(base, i, to) < line(other, i, to)) {
				at = append(at, line(x, i, (from+to)/2))
			}
		}
	}
	return at
}

func TestBreakEvenIsWhereLinesCross(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		cost := rapid.SliceOfN(rapid.Float64Range(1, 100), n, n)
		base, other, x := cost.Draw(t, "base"), cost.Draw(t, "other"), make([]float64, n)
		for i := range x {
			x[i] = math.Pow(3, float64(i))
			if math.Abs(math.Log(base[i]/other[i])) < 0.01 {
				other[i] = base[i] * 1.02
			}
		}
		got, below := BreakEven(x, base, other)
		want := crossings(x, base, other)
		if len(got) != len(want) || below != (other[0] < base[0]) {
			t.Fatalf("%v, %v; want %v", got, below, want)
		}
		for i := range got {
			if math.Abs(math.Log(got[i]/want[i])) > 1e-3 {
				t.Fatalf("%v, want %v", got, want)
			}
		}
	})
}

func TestBreakEvenWhereCostsAgree(t *testing.T) {
	x := []float64{1, 10, 100}
	for _, c := range []struct {
		base, other, at []float64
		below           bool
	}{
		{[]float64{9, 5, 2}, []float64{4, 5, 6}, []float64{10}, true},
		{[]float64{9, 5, 8}, []float64{4, 5, 6}, nil, true},
		{[]float64{5, 5, 8}, []float64{5, 5, 6}, nil, true},
		{[]float64{5, 5, 5}, []float64{5, 5, 5}, nil, false},
		{[]float64{100, 10, 1}, []float64{4, 4, 4}, []float64{25}, true},
		{[]float64{1, 10, 100}, []float64{4, 4, 4}, []float64{4}, false},
	} {
		at, below := BreakEven(x, c.base, c.other)
		same := slices.EqualFunc(at, c.at, func(a, b float64) bool { return math.Abs(a-b) < 1e-9*b })
		if !same || below != c.below {
			t.Errorf("%v against %v: %v, %v", c.other, c.base, at, below)
		}
	}
}

// linkRuns returns runs at four rates, whose rounds last as long as their bits take, and a baseline at one rate.
func linkRuns() []*record.Run {
	list := []variant{{"FedAvg", 1e6, 0.06, 0.7}, {"QSGD", 1e5, 0.05, 0.68}, {"Top-k", 2e4, 0.02, 0.66}, {"Sign", 1e4, 0.01, 0.3}}
	rates := []float64{0.1, 1, 10, 100}
	var all []variant
	for _, v := range list {
		for _, rate := range rates {
			all = append(all, variant{fmt.Sprintf("%s, %v Mbit/s", v.label, rate), v.bits, v.rate, v.top})
		}
	}
	runs := sampleRuns(all, 3, 60, 5)
	for _, r := range runs {
		m := &r.Manifest
		rate := rates[m.Order%4]
		m.Variant, m.Axes = list[m.Order/4].label, record.Axes{"network.uplink_mbps": rate}
		for i, row := range r.Rounds {
			row["sim_time_s"] = float64(i) * (0.5 + list[m.Order/4].bits*1e-6/rate)
		}
	}
	return runs
}

func TestOverSweep(t *testing.T) {
	runs := linkRuns()
	o := Options{Kind: "sweep", X: "uplink_mbps", Y: "sim_time", Targets: []float64{0.45}}
	f := mustDraw(t, runs, o).(*plots.Figure)
	if !f.LogX || !f.LogY || f.XLabel != "Uplink (Mbit/s)" || f.YLabel != "Simulated time to 45 % (s)" || !strings.HasSuffix(f.Subtitle, "not reached: Sign") {
		t.Errorf("%q, %q, %q", f.XLabel, f.YLabel, f.Subtitle)
	}
	if len(f.Series) != 3 || f.Series[0].Label != "FedAvg" || !strings.HasPrefix(f.Series[2].Label, "Top-k: pays below ") || len(f.Series[1].Seeds) != 3 {
		t.Fatalf("%+v", f.Series)
	}
	want := results.CostOf(runs[2*3], 0.45).SimTime // FedAvg, third rate, first seed
	if c := f.Series[0].Seeds[0]; !slices.Equal(c.X, []float64{0.1, 1, 10, 100}) || c.Y[2] != want {
		t.Errorf("%v, want %v at 10 Mbit/s", c, want)
	}
	golden(t, "oversweep", f, plots.DefaultSize)
}

// A point that a seed does not reach is left out; so are values that are no numbers; a variant without the key is a line.
func TestOverSweepLeavesOut(t *testing.T) {
	runs := linkRuns()
	for i, r := range runs {
		switch {
		case i/3 == 1 && i%3 == 2: // FedAvg at 1 Mbit/s, the last seed
			r.Rounds = r.Rounds[:2]
		case i/3 == 7:
			r.Manifest.Axes = record.Axes{"network.uplink_mbps": "inf"}
		}
	}
	base := sampleRuns([]variant{{"Local", 1e6, 0.06, 0.7}}, 3, 60, 5)
	for _, r := range base {
		r.Manifest.Variant, r.Manifest.Order = "local", 99
	}
	f := mustDraw(t, append(runs, base...), Options{Kind: "sweep", Y: "round", Targets: []float64{0.45}}).(*plots.Figure)
	if x := f.Series[0].Seeds[2].X; !slices.Equal(x, []float64{0.1, 10, 100}) || !strings.Contains(f.Subtitle, "no points where a seed does not reach it") {
		t.Errorf("%v, %q", x, f.Subtitle)
	}
	if x := f.Series[1].Seeds[0].X; !slices.Equal(x, []float64{0.1, 1, 10}) {
		t.Errorf("beside inf: %v", x)
	}
	if len(f.Targets) != 1 || f.Targets[0].Label != "Local" {
		t.Errorf("without the key: %+v", f.Targets)
	}
}

func TestOverSweepOfColumns(t *testing.T) {
	runs := sweptRuns()
	f := mustDraw(t, runs, Options{Kind: "sweep", X: "bits"}).(*plots.Figure)
	if f.LogX || f.LogY || f.YLabel != "Final test accuracy (%)" || len(f.Series) != 3 || len(f.Targets) != 1 {
		t.Fatalf("%+v", f)
	}
	if f.Series[2].Label != "Top-k × QSGD, keep = 0.1" || f.Series[2].Seeds[1].Y[0] != 100*results.Last(runs[7*3+1], "accuracy") {
		t.Errorf("%+v", f.Series[2])
	}
	for want, o := range map[string]Options{
		`"lr" is not swept`: {X: "lr"}, `column "heat"`: {X: "bits", Y: "heat"}, "give a target": {X: "bits", Y: "round"},
		"several targets": {X: "bits", Y: "round", Targets: []float64{0.3, 0.4}},
	} {
		o.Kind = "sweep"
		if _, err := New(runs, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
