package figures

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"flsim/plots"
	"flsim/plots/plotstest"
	"flsim/sim/record"
)

// golden compares a drawing, in small, with a picture in testdata.
func golden(t *testing.T, name string, d plots.Drawing, size plots.Size) {
	t.Helper()
	var buf bytes.Buffer
	if err := plots.WritePNG(&buf, d, SizeOf(d, size), plotstest.DPI); err != nil {
		t.Fatal(err)
	}
	plotstest.Golden(t, name, buf.Bytes())
}

var oneColumn = plots.Size{Name: "small", Width: 3.5 * vg.Inch, Height: 2.5 * vg.Inch, Text: 0.89}

func mustDraw(t *testing.T, runs []*record.Run, o Options) plots.Drawing {
	t.Helper()
	d, err := New(runs, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestGoldenCurves(t *testing.T) {
	runs := sampleRuns(variants, 3, 60, 5)
	for _, s := range DefaultSpecs(runs) {
		if s.X != "sim_time" && s.Kind == "" && !strings.HasPrefix(s.Name, "nmse") { // look like others
			golden(t, s.Name, mustDraw(t, runs, s.Options), plots.DefaultSize)
		}
	}
	golden(t, "many-small", mustDraw(t, sampleRuns(manyVariants(12), 1, 60, 3), Options{Targets: []float64{0.45}}), oneColumn)
}

func TestGoldenKinds(t *testing.T) {
	runs := sweptRuns()
	runs[0].Manifest.Targets = []float64{0.45, 0.65}
	for name, o := range map[string]Options{
		"facets":         {Facet: "bits", Band: plots.CI95Band},
		"facets-variant": {Facet: "variant", X: "round", Y: "nmse_uplink"},
		"bars":           {Kind: "bars"},
		"pareto":         {Kind: "pareto"},
		"heatmap":        {Kind: "heatmap"},
		"heatmap-cost":   {Kind: "heatmap", X: "keep", Y: "bits", Z: "uplink_bits", Targets: []float64{0.55}},
	} {
		golden(t, name, mustDraw(t, runs, o), plots.DefaultSize)
		o.Bare = true
		golden(t, name+"-small", mustDraw(t, runs, o), oneColumn)
	}
}

// hospitals are runs with a budget of two days, which they use up at different paces.
func hospitals() []*record.Run {
	runs := sampleRuns(variants, 3, 30, 3)
	for k, r := range runs {
		r.Manifest.Budget = 2 * 86400
		for i, row := range r.Rounds {
			row["sim_time_s"] = float64(i) * (3000 + 200*float64(k))
		}
	}
	return runs
}

func TestGoldenSteps(t *testing.T) {
	golden(t, "steps", mustFigure(t, hospitals(), "sim_time", "accuracy", Options{}), plots.DefaultSize)
}

func TestBudgetsAreDrawnInSteps(t *testing.T) {
	runs := hospitals()
	f := mustFigure(t, runs, "sim_time", "accuracy", Options{})
	if !f.Steps || f.XLabel != "Simulated time (h)" || !strings.Contains(f.Series[0].Label, ", area 0.") {
		t.Errorf("steps %v, %q, %q", f.Steps, f.XLabel, f.Series[0].Label)
	}
	for _, s := range f.Series {
		for _, c := range s.Seeds {
			if last := len(c.X) - 1; c.X[last] < 48 || c.Y[last] != c.Y[last-1] && c.X[last] == 48 {
				t.Errorf("%s ends at %v h", s.Label, c.X[last])
			}
		}
	}
	if f = mustFigure(t, runs, "round", "accuracy", Options{}); f.Steps || slices.ContainsFunc(f.Series, func(s plots.Series) bool { return strings.Contains(s.Label, "area") }) {
		t.Error("over rounds there are steps or areas too")
	}
}
