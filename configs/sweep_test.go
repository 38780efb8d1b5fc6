package configs

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const sweepFile = "testdata/good/sweep.toml"

// curvesOf lists labels with the seeds of each curve, and checks that runs come curve by curve.
func curvesOf(t *testing.T, runs []Run) (list []string) {
	t.Helper()
	for i, r := range runs {
		if i == 0 || runs[i-1].Order != r.Order {
			list = append(list, r.Label+":")
		}
		if r.Order != len(list)-1 {
			t.Fatalf("run %d has order %d, want %d", i, r.Order, len(list)-1)
		}
		list[r.Order] += fmt.Sprintf(" %d", r.Seed)
	}
	return list
}

func TestSweepMakesCurves(t *testing.T) {
	runs := load(t, sweepFile)
	want := []string{
		"FedAvg: 1 2",
		"QSGD, bits = 2: 1 2", "QSGD, bits = 4: 1 2", "QSGD, bits = 8: 1 2",
		"Top-k 0.01, 2 bit: 1 2", "Top-k 0.01, 6 bit: 1 2", "Top-k 0.1, 2 bit: 1 2", "Top-k 0.1, 6 bit: 1 2",
		"Chains, chain = none: 1 2", "Chains, chain = q, bits = 2: 1 2", "Chains, chain = q, bits = 4: 1 2",
		"Chains, chain = top > q, bits = 2: 1 2", "Chains, chain = top > q, bits = 4: 1 2",
		"Zipped, lr = 0.1, bits = 2, median = 1: 1 2", "Zipped, lr = 0.1, bits = 2, median = 1.25: 1 2", "Zipped, lr = 0.1, bits = 2, median = 1.5: 1 2",
		"Zipped, lr = 0.2, bits = 4, median = 1: 1 2", "Zipped, lr = 0.2, bits = 4, median = 1.25: 1 2", "Zipped, lr = 0.2, bits = 4, median = 1.5: 1 2",
		"Links, uplink_mbps = 1: 7", `Links, uplink_mbps = { dist = "uniform", from = 1.0, to = 2.0 }: 7`,
	}
	if got := curvesOf(t, runs); !slices.Equal(got, want) {
		t.Errorf("curves are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What a curve's axes say is what its experiment has.
func TestAxesAreTrue(t *testing.T) {
	for _, r := range load(t, sweepFile) {
		axes := r.axes()
		if bits, swept := axes["codec.q.bits"]; swept != strings.Contains(r.Label, "bit") {
			t.Errorf("%q has axes %v", r.Label, axes)
		} else if line := fmt.Sprintf(".bits = %v\n", bits); swept && !strings.Contains(string(r.Experiment.Canonical()), line) {
			t.Errorf("%q lacks %s", r.Label, line)
		}
		if lr, swept := axes["clients.lr"]; swept && lr != r.Experiment.Clients.LR {
			t.Errorf("%q has learning rate %v", r.Label, r.Experiment.Clients.LR)
		}
		if m, swept := axes["network.uplink_mbps.median"]; swept && r.Experiment.Network.Uplink.String() != fmt.Sprintf(`{ dist = "lognormal", median = %s, sigma = 0.5 }`, literal(m)) {
			t.Errorf("%q has uplinks %v", r.Label, r.Experiment.Network.Uplink)
		}
	}
}

// A chain in words tells each value that is swept, even where it is the default, as topk's 0.01 is.
func TestWordsTellWhatIsSwept(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range load(t, sweepFile) {
		if strings.HasPrefix(r.Label, "Top-k") {
			seen[r.words(r.Experiment.UplinkStages(), false, "")] = true
		}
	}
	want := []string{"topk(keep=0.01) > qsgd(bits=2)", "topk(keep=0.01) > qsgd(bits=6)", "topk(keep=0.1) > qsgd(bits=2)", "topk(keep=0.1) > qsgd(bits=6)"}
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		t.Errorf("the chains are %q, not %q", got, want)
	}
}

// JSON has no word for infinity: manifests hold it as text.
func TestInfiniteAxesAreText(t *testing.T) {
	runs := load(t, sweepFile, "sweep.network.downlink_mbps=[1.0, inf]")
	var values []any
	for _, r := range runs {
		if v := r.axes()["network.downlink_mbps"]; !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if want := []any{1.0, "inf"}; !slices.Equal(values, want) {
		t.Errorf("the axis has values %v, not %v", values, want)
	}
}

// Ends of axes may be left to the data; what has to be finite says so.
func TestEndsOfAxes(t *testing.T) {
	file, err := Load(sweepFile, []string{"plot.a.xlim=[20, inf]", "plot.a.ylim=[-inf, 5.0]"})
	if err != nil || file.Plots[0].XLim[1] != math.Inf(1) || file.Plots[0].YLim[0] != math.Inf(-1) {
		t.Errorf("%v", err)
	}
	if _, err := Load(sweepFile, []string{"plot.a.minus=inf"}); err == nil || !strings.Contains(err.Error(), "plot.a.minus must be finite, got inf") {
		t.Errorf("%v", err)
	}
}

// A placeholder that stands for nothing is told even where nothing else is wrong.
func TestPlaceholdersThatStandForNothing(t *testing.T) {
	_, err := Load(sweepFile, []string{`variant.grid.label="{keep} {foo}"`})
	if err == nil || !strings.Contains(err.Error(), "{foo} in the label stands for no axis") {
		t.Errorf("got %v", err)
	}
}

func TestOptionsNarrowSweeps(t *testing.T) {
	labels := func(prefix string, sets ...string) string {
		f, err := Load(sweepFile, append(sets, "seed=1"))
		if err != nil {
			t.Fatal(sets, err)
		}
		var list []string
		for _, r := range f.Runs() {
			if strings.HasPrefix(r.Label, prefix) {
				list = append(list, r.Label)
			}
		}
		return strings.Join(list, "; ")
	}
	for _, c := range []struct{ prefix, set, want string }{
		{"QSGD", "codec.q.bits=4", "QSGD"}, // fixed: no axis any more
		{"QSGD", "codec.q.bits=[4]", "QSGD, bits = 4"},
		{"QSGD", "sweep.codec.q.bits=[8, 5]", "QSGD, bits = 8; QSGD, bits = 5"},
		{"QSGD", "codec.q.bits={from=2,to=3}", "QSGD, bits = 2; QSGD, bits = 3"},
		{"QSGD", "variant.bits.codec.q.bits=4", "QSGD"},
		{"QSGD", "variant.bits.codec.q.bits=[4, 8]", "QSGD, bits = 4; QSGD, bits = 8"},
		{"QSGD", "variant.bits.sweep.codec.q.bits=[4]", "QSGD, bits = 4"},
		{"QSGD", "variant.bits.sweep.clients.lr=[0.5]", "QSGD, bits = 2, lr = 0.5; QSGD, bits = 4, lr = 0.5; QSGD, bits = 8, lr = 0.5"},
		{"QSGD", "sweep.codec.top.keep=[0.5, 0.6]", "QSGD, bits = 2; QSGD, bits = 4; QSGD, bits = 8"}, // which has no top
		{"FedAvg", "codec.q.bits=[4]", "FedAvg"},
		{"FedAvg", "sweep.data.alpha=[0.1, 1.0]", "FedAvg, alpha = 0.1; FedAvg, alpha = 1"},
		{"Top-k", "codec.q.bits=4", "Top-k 0.01, 4 bit; Top-k 0.1, 4 bit"},
		{"Chains", `uplink.chain=["top"]`, "Chains"},
		{"Chains", `uplink.chain=[["top"], ["q"]]`, "Chains, chain = top; Chains, chain = q, bits = 2; Chains, chain = q, bits = 4"},
		{"Zipped", "clients.lr=[0.2]", "Zipped, lr = 0.2, bits = 4, median = 1; Zipped, lr = 0.2, bits = 4, median = 1.25; Zipped, lr = 0.2, bits = 4, median = 1.5"},
		{"Zipped", "network.uplink_mbps.median=1.0", "Zipped, lr = 0.1, bits = 2; Zipped, lr = 0.2, bits = 4"},
		{"Links", `network.uplink_mbps={dist="uniform",from=1.0,to=3.0}`, "Links"},
	} {
		if got := labels(c.prefix, c.set); got != c.want {
			t.Errorf("--set %s gives %q, want %q", c.set, got, c.want)
		}
	}
}

func TestRangesOfSweeps(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"{ from = 1, to = 3 }", "[1, 2, 3]"},
		{"{ from = 0.1, to = 0.4, step = 0.1 }", "[0.1, 0.2, 0.3, 0.4]"},
		{"{ from = 0.1, to = 0.35, step = 0.1 }", "[0.1, 0.2, 0.3]"},
		{"{ from = 0.1, to = 100.0, points = 7, log = true }", "[0.1, 0.316228, 1.0, 3.16228, 10.0, 31.6228, 100.0]"},
		{"{ from = 10, to = 1000, points = 5, log = true }", "[10, 32, 100, 316, 1000]"},
		{"{ from = 1, to = 3, points = 9, log = true }", "[1, 2, 3]"},
		{"{ from = 1.0, to = 2.0, points = 3 }", "[1.0, 1.5, 2.0]"},
		{"{ from = 5, to = 5 }", "[5]"},
	} {
		n, err := parse(&source{name: "r", text: "x = " + c.text})
		if err != nil {
			t.Fatal(err)
		}
		d := decoder{report: &report{order: []string{"r"}}}
		if got := literal(d.values(n.kids[0], "x")); got != c.want {
			t.Errorf("%s gives %s, want %s (%v)", c.text, got, c.want, d.report.errs)
		}
	}
}

// However an axis is written, its values ascend from one end to the other, and no two are equal.
func TestRangesAscend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Float64Range(-1e6, 1e6).Draw(t, "from")
		s := span{From: from, To: from + rapid.Float64Range(1e-3, 1e6).Draw(t, "width")}
		if rapid.Bool().Draw(t, "points") {
			s.Points = rapid.IntRange(2, 50).Draw(t, "n")
			s.Log = s.From > 1e-3 && rapid.Bool().Draw(t, "log") && s.To > s.From*1.01
		} else {
			s.Step = (s.To - s.From) / rapid.Float64Range(0.5, 50).Draw(t, "steps")
		}
		if s.problem() != "" {
			t.Fatalf("%+v: %s", s, s.problem())
		}
		var list []float64
		for i := range s.count() {
			list = append(list, s.at(i))
		}
		if !slices.IsSorted(list) || list[0] != s.From || list[len(list)-1] > s.To+1e-6 || s.Points > 0 && list[len(list)-1] != s.To {
			t.Errorf("%+v gives %v", s, list)
		}
	})
}

// A file without axes but seeds reads as it always did: the same experiments, in the same order.
func TestPicksAreAllCombinations(t *testing.T) {
	dims := []dimension{{size: 2}, {size: 3}, {size: 2}}
	all := picks(dims)
	if len(all) != product(dims) || !reflect.DeepEqual(all[0], pick{0, 0, 0}) || !reflect.DeepEqual(all[1], pick{0, 0, 1}) || !reflect.DeepEqual(all[11], pick{1, 2, 1}) {
		t.Errorf("picks are %v", all)
	}
	met := make(map[string]bool)
	for _, p := range cover(dims) {
		for k, i := range p {
			met[fmt.Sprint(k, i)] = true
		}
	}
	if len(met) != 7 || len(cover(dims)) != 5 {
		t.Errorf("the cover %v meets %v", cover(dims), slices.Sorted(maps.Keys(met)))
	}
}

func TestTooManyRuns(t *testing.T) {
	_, err := Load(sweepFile, []string{"sweep.seed={from=1,to=1000}"})
	if err == nil || !strings.Contains(err.Error(), "more than 10000 runs") {
		t.Errorf("got %v", err)
	}
}

func TestCurvesThatAreTheSame(t *testing.T) {
	_, err := Load(sweepFile, []string{"variant.bits.sweep.clients.lr=[1, 1.0]"})
	if err == nil || !strings.Contains(err.Error(), `"QSGD, bits = 2, lr = 1" and "QSGD, bits = 2, lr = 1" of variant "bits" come to the same`) {
		t.Errorf("got %v", err)
	}
}

func TestAxisOverACodecThatNobodyUses(t *testing.T) {
	f, err := Load(sweepFile, []string{`variant.bits.uplink.chain=["top"]`})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) != 1 || f.Warnings[0].Line != 29 || !strings.Contains(f.Warnings[0].Message, "[codec.q]") {
		t.Errorf("warnings are %v", f.Warnings)
	}
}
