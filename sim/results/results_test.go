package results

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flsim/sim/record"
)

// written makes a run whose directory holds its settings and, if it is finished, a result of some age.
func written(t *testing.T, root, variant string, seed uint64, settings string, age time.Duration) *record.Run {
	t.Helper()
	dir := filepath.Join(root, fmt.Sprintf("%s-s%d-%x", variant, seed, len(settings)+len(root)))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	text := "schema = 1\nname = \"x\"\n" + settings + "\n[output]\ndir = \"" + variant + "\"\n"
	for name, text := range map[string]string{record.ConfigFile: text, record.ResultFile: "{}"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(1e9, 0).Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return &record.Run{Dir: dir, Result: &record.Result{}, Manifest: record.Manifest{Experiment: "x", Variant: variant, Label: variant, Seed: seed, ID: dir}}
}

func names(runs []*record.Run) string {
	var list []string
	for _, r := range runs {
		s, _ := ReadSettings(r.Dir)
		list = append(list, fmt.Sprintf("%s%d:%s%s", r.Manifest.Variant, r.Manifest.Seed, s["rounds"], s["clients.lr"]))
	}
	return strings.Join(list, " ")
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name, runs, want, note string
	}{
		{"one set", "a1:60 a2:60 b1:60", "a1:60 a2:60 b1:60", ""},
		{"a quick try", "a1:60 a2:60 b1:60 a1:2", "a1:60 a2:60 b1:60", "x: taking 3 runs with rounds = 60, leaving out 1 run with rounds = 2"},
		{"a second sweep", "a1:60 b1:60 a1:80 b1:80 c1:80", "a1:80 b1:80 c1:80", "x: taking 3 runs with rounds = 80, leaving out 2 runs with rounds = 60"},
		{"a variant that is gone", "a1:60 b1:60 old1:60 a1:80 b1:80 c1:80 d1:80", "a1:80 b1:80 c1:80 d1:80", "leaving out 3 runs with rounds = 60"},
		{"rates that variants may choose", "a1:lr.1 a1:lr.2 b1:lr.1 c1:lr.3", "a1:lr.1 b1:lr.1 c1:lr.3", "leaving out 1 run with clients.lr = 0.2"},
		{"rates of one variant alone", "a1:lr.1 b1:lr.1 c1:lr.3 c1:lr.2/9", "a1:lr.1 b1:lr.1 c1:lr.3", "x: taking 3 runs, leaving out 1 run with clients.lr = 0.2"},
		{"the newest of equals", "a1:60/9 a1:80/3", "a1:80", "with rounds = 80"},
	} {
		root := t.TempDir()
		var runs []*record.Run
		for _, word := range strings.Fields(c.runs) {
			name, value, _ := strings.Cut(word, ":")
			value, age, _ := strings.Cut(value, "/")
			setting := "rounds = " + value
			if rate, ok := strings.CutPrefix(value, "lr"); ok {
				setting = "[clients]\nlr = 0" + rate
			}
			sub := filepath.Join(root, value)
			runs = append(runs, written(t, sub, name[:len(name)-1], uint64(name[len(name)-1]-'0'), setting, time.Duration(len(age))*time.Hour))
			if age != "" {
				at := time.Unix(1e9, 0).Add(-time.Duration(age[0]-'0') * time.Hour)
				os.Chtimes(filepath.Join(runs[len(runs)-1].Dir, record.ResultFile), at, at)
			}
		}
		kept, note, err := Choose(runs)
		got := strings.ReplaceAll(names(kept), ":0.", ":lr.")
		if err != nil || got != c.want || !strings.Contains(note, c.note) || c.note == "" && note != "" {
			t.Errorf("%s: %s, %q, %v", c.name, got, note, err)
		}
	}
}

func TestChooseSaysWhenItCannot(t *testing.T) {
	a, b := written(t, filepath.Join(t.TempDir(), "p"), "a", 1, "rounds = 60", 0), written(t, filepath.Join(t.TempDir(), "pq"), "a", 1, "rounds = 80", 0)
	if _, _, err := Choose([]*record.Run{a, b}); err == nil || !strings.Contains(err.Error(), "--where") {
		t.Errorf("runs of one age: %v", err)
	}
	both, err := Spread([]*record.Run{a, b})
	if err != nil {
		t.Fatal(err)
	}
	curves, err := Group(both)
	if err != nil || len(curves) != 2 || curves[0].Label != "a, rounds = 60" || a.Manifest.Label != "a" {
		t.Errorf("%+v, %v", curves, err)
	}
	if kept, err := Where([]*record.Run{a, b}, []string{"rounds=80"}); err != nil || names(kept) != "a1:80" {
		t.Errorf("%v, %v", names(kept), err)
	}
	if _, err := Where([]*record.Run{a, b}, []string{"rounds=81"}); err == nil || !strings.Contains(err.Error(), "60, 80") {
		t.Error(err)
	}
	if _, err := Where([]*record.Run{a, b}, []string{"runds=81"}); err == nil || !strings.Contains(err.Error(), `no run has a setting named "runds"`) {
		t.Error(err)
	}
	if _, err := Group([]*record.Run{a, b}); err == nil || !strings.Contains(err.Error(), "settings differ") {
		t.Error(err)
	}
}

// Whatever is chosen can be grouped, and nothing without a rival of other settings goes.
func TestChooseProperties(t *testing.T) {
	root := t.TempDir()
	var pool []*record.Run
	for v := range 3 {
		for seed := range 2 {
			for n := range 3 {
				pool = append(pool, written(t, filepath.Join(root, fmt.Sprint(n)), string(rune('a'+v)), uint64(seed), fmt.Sprintf("rounds = %d", 10+n), time.Duration(n)*time.Hour))
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		runs := rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 1, 12, func(r *record.Run) string { return r.Dir }).Draw(t, "runs")
		kept, note, err := Choose(runs)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Group(kept); err != nil {
			t.Fatal(err)
		}
		if (note == "") != (len(kept) == len(runs)) {
			t.Fatalf("%d of %d kept, and the note is %q", len(kept), len(runs), note)
		}
		_, err = Group(runs)
		if (err == nil) != (len(kept) == len(runs)) {
			t.Fatalf("%d of %d kept, where grouping all gives %v", len(kept), len(runs), err)
		}
	})
}

func curve(variant, label string, order int) *record.Run {
	return &record.Run{Manifest: record.Manifest{Experiment: "x", Variant: variant, Label: label, Order: order, Seed: 1, ID: label}}
}

func TestSelection(t *testing.T) {
	list := []*record.Run{curve("fedavg", "FedAvg", 0), curve("qsgd", "QSGD, bits = 2", 1), curve("qsgd2", "QSGD, bits = 4", 2), curve("a", "x/y", 3)}
	curves, err := Group(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s    Selection
		want string
	}{
		{Selection{}, "FedAvg; QSGD, bits = 2; QSGD, bits = 4; x/y"},
		{Selection{Only: []string{"qsgd*"}}, "QSGD, bits = 2; QSGD, bits = 4"},
		{Selection{Only: []string{"QSGD, bits = 4", "fedavg"}}, "FedAvg; QSGD, bits = 4"},
		{Selection{Without: []string{"x*", "fedavg"}}, "QSGD, bits = 2; QSGD, bits = 4"},
		{Selection{Order: []string{"qsgd2", "x/y"}}, "QSGD, bits = 4; x/y; FedAvg; QSGD, bits = 2"},
		{Selection{Only: []string{"qsgd?"}, Labels: []string{"QSGD, bits = 4=χ² = 1", "fedavg=-"}}, "χ² = 1"},
		{Selection{Only: []string{"nothing"}}, `error: no curve is called "nothing"; there are fedavg ("FedAvg"), qsgd ("QSGD, bits = 2"), qsgd2`},
		{Selection{Only: []string{"fedavg, QSGD, bits = 4"}}, "error: no curve is called"},
		{Selection{Only: []string{"fedavg, qsgd2,a"}}, "FedAvg; QSGD, bits = 4; x/y"},
		{Selection{Only: []string{"QSGD, bits = 5"}}, "error: no curve is called \"QSGD, bits = 5\"; did you mean \"QSGD, bits = "},
		{Selection{Without: []string{"fedavk"}}, `error: no curve is called "fedavk"; did you mean "fedavg"?`},
		{Selection{Without: []string{"*"}}, "error: no curve is left"},
		{Selection{Labels: []string{"fedavg"}}, "error: a label is written NAME=TEXT"},
		{Selection{Labels: []string{"fedavg="}}, "error: a label is written NAME=TEXT, not \"fedavg=\""},
		{Selection{Labels: []string{"fedavk=x"}}, "error: no curve is called \"fedavk\"; did you mean \"fedavg\"?"},
		{Selection{Only: []string{"fedavg, qsdg"}}, "error: no curve is called \"qsdg\"; did you mean \"qsgd\"?"},
		{Selection{Only: []string{"nix"}, Order: []string{"qsdg"}, Labels: []string{"nothing"}}, `error: no curve is called "nix"; there are fedavg ("FedAvg"), qsgd ("QSGD, bits = 2"), qsgd2 ("QSGD, bits = 4"), a ("x/y")
no curve is called "qsdg"; did you mean "qsgd"?
a label is written NAME=TEXT`},
	} {
		got, err := c.s.Apply(curves)
		var labels []string
		for _, c := range got {
			labels = append(labels, c.Label)
		}
		text := strings.Join(labels, "; ")
		if err != nil {
			text = "error: " + err.Error()
		}
		if text != c.want && !(err != nil && strings.HasPrefix(text, c.want)) {
			t.Errorf("%+v: %s", c.s, text)
		}
	}
	if curves[2].Label != "QSGD, bits = 4" {
		t.Error("own labels changed the curves that they were given for")
	}
}

// An error names the variants, and of many curves not all.
func TestListed(t *testing.T) {
	var curves []Curve
	for i := range 25 {
		for k := range 1 + i%2 {
			curves = append(curves, Curve{Label: fmt.Sprint("label ", k), Runs: []*record.Run{curve(fmt.Sprint("v", i), "", i)}})
		}
	}
	if got := listed(curves); !strings.HasPrefix(got, `v0 ("label 0"), v1 ("label 0" and 1 other), `) || !strings.HasSuffix(got, `v19 ("label 0" and 1 other), and 5 more`) {
		t.Error(got)
	}
}

func TestGroupIgnoresEditsOfTheFile(t *testing.T) {
	a, b := curve("v", "old", 3), curve("v", "new", 1)
	b.Manifest.Seed = 2
	curves, err := Group([]*record.Run{a, b})
	if err != nil || len(curves) != 1 || len(curves[0].Runs) != 2 || curves[0].Runs[0].Manifest.Seed != 1 {
		t.Errorf("%+v, %v", curves, err)
	}
}

func TestMeasures(t *testing.T) {
	r := &record.Run{Manifest: record.Manifest{Metric: "accuracy", Elements: 10}, Rounds: []record.Row{
		{"round": 0, "accuracy": 0.1, "sim_time_s": 0},
		{"round": 1, "clients": 2, "uplink_wire_bits": 64, "uplink_wire_bits_cum": 64, "downlink_wire_bits": 640, "accuracy": 0.6, "sim_time_s": 5},
		{"round": 2, "clients": 0, "uplink_wire_bits": 99, "uplink_wire_bits_cum": 163, "sim_time_s": 7},
		{"round": 3, "clients": 2, "uplink_wire_bits": 64, "uplink_wire_bits_cum": 227, "downlink_wire_bits": 640, "accuracy": 0.5, "sim_time_s": 9},
	}}
	if c := CostOf(r, 0.6); !c.Reached || c.Round != 1 || c.Uplink != 64 || c.SimTime != 5 {
		t.Errorf("%+v", c)
	}
	if c := CostOf(r, 0.61); c.Reached {
		t.Errorf("%+v", c)
	}
	if Last(r, "accuracy") != 0.5 || Best(r, "accuracy") != 0.6 || !math.IsNaN(Last(r, "dice")) || math.Abs(Mean(r, "accuracy")-0.4) > 1e-12 {
		t.Error(Last(r, "accuracy"), Best(r, "accuracy"), Mean(r, "accuracy"))
	}
	if up := Uplink(r); up.Ratio() != 10 || up.Saved() != 0.9 {
		t.Errorf("%+v", up)
	}
	if both := Both(r); both.Ratio() != 2560.0/1408 {
		t.Errorf("%+v", both)
	}
	if !math.IsNaN((Traffic{}).Ratio()) {
		t.Error("no traffic has a ratio")
	}
	if s := StatOf([]float64{1, 3, math.NaN(), math.Inf(1)}); s.N != 2 || s.Mean != 2 || s.Std != math.Sqrt2 {
		t.Errorf("%+v", s)
	}
}

// An own label of a variant that sweeps a key leaves its curves with different labels.
func TestLabelsOfSweeps(t *testing.T) {
	var runs []*record.Run
	for i, bits := range []float64{2, 4} {
		r := curve("q", fmt.Sprint("QSGD, bits = ", bits), i)
		r.Manifest.Axes = record.Axes{"codec.q.bits": bits, "clients.lr": 0.1}
		runs = append(runs, r)
	}
	curves, err := Group(runs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&Selection{Labels: []string{"q=Ours"}}).Apply(curves)
	if err != nil || got[0].Label != "Ours, bits = 2" || got[1].Label != "Ours, bits = 4" {
		t.Errorf("%v, %v", got, err)
	}
	got, err = (&Selection{Labels: []string{"QSGD, bits = 4=Best"}}).Apply(curves)
	if err != nil || got[1].Label != "Best" {
		t.Errorf("%v, %v", got, err)
	}
}
