package figures

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// fromRuns makes a figure of curves.
func fromRuns(runs []*record.Run, x, y string, o Options) (*plots.Figure, error) {
	o.X, o.Y = x, y
	d, err := New(runs, o)
	if err != nil {
		return nil, err
	}
	return d.(*plots.Figure), nil
}

func mustFigure(t *testing.T, runs []*record.Run, x, y string, o Options) *plots.Figure {
	t.Helper()
	f, err := fromRuns(runs, x, y, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFromRuns(t *testing.T) {
	runs := sampleRuns(variants, 3, 10, 5)
	slices.Reverse(runs)
	f := mustFigure(t, runs, "uplink_bits", "accuracy", Options{})
	if f.Title != "sample" || f.XLabel != "Uplink, all clients (Mbit)" || f.YLabel != "Test accuracy (%)" || !f.LogX || f.LogY {
		t.Errorf("%+v", f)
	}
	if want := "synthetic data (synthetic-images) · tf-cnn · 100 clients · mean ± std over 3 seeds"; f.Subtitle != want {
		t.Errorf("subtitle %q", f.Subtitle)
	}
	for i, s := range f.Series {
		if s.Label != variants[i].label || s.Order != i || len(s.Seeds) != 3 || s.Beside != nil {
			t.Errorf("series %d: %+v", i, s)
		}
	}
	last := runs[len(runs)-1] // variant 0, seed 1
	got := f.Series[0].Seeds[0]
	if len(got.X) != 3 || got.X[2] != last.Rounds[10]["uplink_wire_bits_cum"]*1e-6 || got.Y[2] != last.Rounds[10]["accuracy"]*100 {
		t.Errorf("%v of %v", got, last.Rounds[10])
	}
}

func TestCurvesKeepTheirLook(t *testing.T) {
	runs := sampleRuns(variants, 1, 10, 5)
	some := mustFigure(t, runs, "round", "loss", Options{Selection: results.Selection{Without: []string{"v0", "v1"}}})
	if len(some.Series) != 2 || some.Series[0].Order != 2 || some.Series[1].Order != 3 {
		t.Errorf("variants changed their look where others were left out")
	}
}

func TestFromRunsOptions(t *testing.T) {
	runs := sampleRuns(variants[:1], 2, 10, 1)
	f := mustFigure(t, runs, "round", "loss", Options{Beside: true, Band: plots.MinMaxBand})
	if f.YLabel != "Loss" || f.Main != "test" || f.Beside != "training" || len(f.Series[0].Beside) != 2 {
		t.Errorf("training beside test: %+v", f)
	}
	if !strings.HasSuffix(f.Subtitle, "mean and range over 2 seeds") {
		t.Errorf("subtitle %q", f.Subtitle)
	}
	f = mustFigure(t, runs, "round", "accuracy", Options{Best: true})
	if f.YLabel != "Best test accuracy (%) so far" || !slices.IsSorted(f.Series[0].Seeds[0].Y) {
		t.Errorf("best so far: %q, %v", f.YLabel, f.Series[0].Seeds[0].Y)
	}
	f = mustFigure(t, runs, "round", "loss", Options{Minus: 0.25})
	if want := runs[0].Rounds[1]["loss"] - 0.25; f.YLabel != "Test loss − 0.25" || !f.LogY || f.Series[0].Seeds[0].Y[1] != want {
		t.Errorf("above a minimum: %q, %v, want %v", f.YLabel, f.Series[0].Seeds[0].Y, want)
	}
	if f = mustFigure(t, runs, "round", "loss", Options{YScale: "log"}); !f.LogY || f.YLabel != "Test loss" {
		t.Errorf("on a logarithmic axis: %+v", f)
	}
	for _, row := range runs[0].Rounds {
		row["uplink_paper_bits_cum"] = row["uplink_wire_bits_cum"] / 2
	}
	f = mustFigure(t, runs, "uplink_bits", "accuracy", Options{Account: "paper"})
	if f.XLabel != "Uplink paper, all clients (Mbit)" || len(f.Series[0].Seeds[0].X) == 0 {
		t.Errorf("paper bits: %q", f.XLabel)
	}
	for _, r := range runs {
		r.Manifest.Targets = []float64{0.45}
	}
	if f = mustFigure(t, runs, "round", "accuracy", Options{}); !slices.Equal(f.Targets, []plots.Target{{Value: 45, Label: "target 45", Far: true}}) {
		t.Errorf("targets: %v", f.Targets)
	}
	if f = mustFigure(t, runs, "round", "loss", Options{}); f.Targets != nil {
		t.Errorf("an accuracy is a target of the loss: %v", f.Targets)
	}
}

func TestDivergedLossMakesALogarithmicAxis(t *testing.T) {
	runs := sampleRuns(variants, 1, 10, 1)
	if mustFigure(t, runs, "round", "loss", Options{}).LogY {
		t.Error("ordinary losses are on a logarithmic axis")
	}
	runs[1].Rounds[10]["loss"] = 4e6
	if !mustFigure(t, runs, "round", "loss", Options{}).LogY {
		t.Error("a loss of 4 million flattens all others")
	}
}

func TestTimeUnits(t *testing.T) {
	for seconds, want := range map[float64]string{0: "s", 200: "s", 7000: "min", 86400: "h", 1e6: "days"} {
		if _, label := timeAxis(seconds); label != "Simulated time ("+want+")" {
			t.Errorf("%v s: %s", seconds, label)
		}
	}
	f := mustFigure(t, sampleRuns(variants, 1, 60, 5), "sim_time", "accuracy", Options{})
	if x := f.Series[0].Seeds[0].X; f.XLabel != "Simulated time (min)" || x[len(x)-1] < 60 || x[len(x)-1] > 120 {
		t.Errorf("%s: %v", f.XLabel, x)
	}
}

func TestSubtitles(t *testing.T) {
	runs := sampleRuns(variants[:2], 2, 2, 1)[:3]
	runs[0].Result = nil
	runs[1].Manifest.Synthetic = false
	runs[1].Manifest.Clients = 10000
	f := mustFigure(t, runs, "round", "loss", Options{})
	if want := "synthetic data in part · tf-cnn · mean ± std over 1 to 2 seeds · 1 of 3 runs unfinished"; f.Subtitle != want {
		t.Errorf("subtitle %q", f.Subtitle)
	}
	runs = runs[1:2]
	f = mustFigure(t, runs, "round", "loss", Options{})
	if want := "synthetic-images · tf-cnn · 10,000 clients · 1 seed"; f.Subtitle != want {
		t.Errorf("subtitle %q", f.Subtitle)
	}
}

func TestRunsOfSeveralExperiments(t *testing.T) {
	a, b := sampleRuns(variants[:2], 1, 2, 1), sampleRuns(variants[:2], 1, 2, 1)
	for _, r := range b {
		r.Manifest.Experiment = "other"
	}
	f := mustFigure(t, append(a, b...), "round", "loss", Options{})
	if f.Title != "" || len(f.Series) != 4 || f.Series[0].Label != "other: FedAvg (float32)" || f.Series[3].Order != 3 {
		t.Errorf("%+v", f)
	}
}

func TestSameRunTwice(t *testing.T) {
	runs := sampleRuns(variants[:1], 1, 2, 1)
	twin := *runs[0]
	twin.Dir = "copy"
	f := mustFigure(t, append(runs, &twin), "round", "loss", Options{})
	if len(f.Series) != 1 || len(f.Series[0].Seeds) != 1 {
		t.Errorf("%+v", f.Series)
	}
	twin.Manifest.ID = "other settings"
	if _, err := fromRuns(append(runs, &twin), "round", "loss", Options{}); err == nil || !strings.Contains(err.Error(), "settings differ") {
		t.Error(err)
	}
}

func TestFromRunsErrors(t *testing.T) {
	runs := sampleRuns(variants[:1], 1, 2, 1)
	for _, test := range []struct{ x, y, account, want string }{
		{"bits", "loss", "", `column "bits"; did you mean "uplink_bits"? there are uplink_bits, downlink_bits, total_bits, round, sim_time, accuracy, downlink`},
		{"round", "los", "", `column "los"`},
		{"uplink_bits", "loss", "payload", `column "uplink_payload_bits_cum"`},
		{"uplink_bits", "loss", "wires", "there are wire, payload, entropy, paper"},
	} {
		if _, err := fromRuns(runs, test.x, test.y, Options{Account: test.account}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test, err)
		}
	}
	if _, err := fromRuns(nil, "round", "loss", Options{}); err == nil {
		t.Error("no runs, no error")
	}
	runs[0].Rounds = nil
	if _, err := fromRuns(runs, "round", "loss", Options{Best: true, Beside: true}); err != nil {
		t.Error(err)
	}
	if f, err := fromRuns(runs, "round", "loss", Options{}); err != nil || len(f.Series[0].Seeds[0].X) != 0 {
		t.Errorf("a run that has not measured yet: %v", err)
	}
}

func TestAnyColumn(t *testing.T) {
	f := mustFigure(t, sampleRuns(variants[:1], 1, 2, 1), "downlink_wire_bits_cum", "uplink_wire_bits_cum", Options{})
	if f.XLabel != "Downlink wire bits, cumulative (Mbit)" || f.YLabel != "Uplink wire bits, cumulative (Mbit)" {
		t.Errorf("%q, %q", f.XLabel, f.YLabel)
	}
}

func TestDrawAll(t *testing.T) {
	runs := sampleRuns(variants[:2], 1, 10, 5)
	dir := filepath.Join(t.TempDir(), "made", "figures")
	paths, err := DrawAll(runs, dir, DefaultSpecs(runs), plots.DefaultSize)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range []string{"accuracy-uplink_bits", "accuracy-total_bits", "accuracy-round", "accuracy-sim_time", "loss-round", "nmse_uplink-round"} {
		for _, format := range []string{"png", "svg", "pdf"} {
			want = append(want, filepath.Join(dir, name+"."+format))
		}
	}
	if !slices.Equal(paths, want) {
		t.Errorf("%q", paths)
	}
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			t.Error(err)
		}
	}
}

func TestBaselinesAreLinesOnAxesOfBits(t *testing.T) {
	runs := sampleRuns(variants, 2, 10, 5)
	for _, r := range runs[:2] {
		for _, row := range r.Rounds {
			row["uplink_wire_bits_cum"] = 0
		}
	}
	f := mustFigure(t, runs, "uplink_bits", "accuracy", Options{})
	want := 50 * (runs[0].Rounds[10]["accuracy"] + runs[1].Rounds[10]["accuracy"])
	if len(f.Targets) != 1 || math.Abs(f.Targets[0].Value-want) > 1e-9 || f.Targets[0].Label != variants[0].label {
		t.Errorf("lines at %v, want one at %v", f.Targets, want)
	}
	if f = mustFigure(t, runs, "round", "accuracy", Options{}); len(f.Targets) != 0 {
		t.Errorf("over rounds there are lines at %v", f.Targets)
	}
}

// Runs that mark regions have axes of their own, and a figure with a curve for each region.
func TestSegmentationFigures(t *testing.T) {
	runs := sampleRuns(variants[:2], 1, 10, 5)
	for _, r := range runs {
		r.Manifest.Metric, r.Manifest.Regions, r.Manifest.Targets = "dice", []string{"WT", "E T"}, []float64{0.4}
		for _, row := range r.Rounds {
			if v, ok := row["accuracy"]; ok {
				row["dice"], row["dice_wt"], row["dice_e_t"], row["dice_north"], row["hd95_wt"] = v, v+0.1, v-0.1, v, 9-v
				delete(row, "accuracy")
			}
		}
	}
	for y, want := range map[string]string{"dice": "Mean Dice of WT, E T (%)", "dice_wt": "Dice of WT (%)", "dice_e_t": "Dice of E T (%)",
		"dice_north": "Mean Dice at site north (%)", "hd95_wt": "Surface distance of WT, HD95 (voxels)"} {
		if f := mustFigure(t, runs, "round", y, Options{}); f.YLabel != want || (len(f.Targets) == 1) != (y == "dice") {
			t.Errorf("%s: label %q, targets %v", y, f.YLabel, f.Targets)
		}
	}
	f := mustFigure(t, runs, "round", "dice", Options{Regions: true})
	if len(f.Series) != 4 || f.Series[3].Label != variants[1].label+", E T" || f.Series[3].Order != 3 || f.YLabel != "Test Dice (%)" || f.Targets != nil {
		t.Errorf("%+v", f)
	}
	if got, want := f.Series[1].Seeds[0].Y[2], 100*runs[0].Rounds[10]["dice_e_t"]; got != want {
		t.Errorf("the curve of a region ends at %v, want %v", got, want)
	}
	f = mustFigure(t, runs[:1], "round", "dice", Options{Regions: true})
	if len(f.Series) != 2 || f.Series[1].Label != "E T" || f.Series[1].Order != 1 {
		t.Errorf("%+v", f.Series)
	}
	var names []string
	for _, s := range DefaultSpecs(runs) {
		names = append(names, s.Name)
	}
	if want := "dice-uplink_bits dice-total_bits dice-round dice-sim_time dice-regions-round loss-round nmse_uplink-round targets"; strings.Join(names, " ") != want {
		t.Errorf("figures %v", names)
	}
}
