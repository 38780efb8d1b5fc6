package figures

import (
	"slices"
	"strings"
	"testing"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// curvesOf makes curves of one variant with given labels and axes.
func curvesOf(t *testing.T, labels []string, axes []record.Axes) []results.Curve {
	t.Helper()
	runs := sampleRuns(manyVariants(len(labels)), 1, 4, 2)
	for i, r := range runs {
		r.Manifest.Label, r.Manifest.Axes, r.Manifest.Variant = labels[i], axes[i], "v"
	}
	return grouped(t, runs)
}

func TestHeading(t *testing.T) {
	for stem, want := range map[string]string{
		"Top-k …, … bit": "Top-k", "CosSGD, … bit": "CosSGD", "CosSGD, … bit, biased": "CosSGD, biased", "FedAvg": "FedAvg",
		"QSGD … both": "QSGD both", "…": "…",
	} {
		if got := heading(stem); got != want {
			t.Errorf("%s: %q, want %q", stem, got, want)
		}
	}
}

func TestPointText(t *testing.T) {
	c := curvesOf(t, []string{"Top-k 0.1, 2 bit"}, []record.Axes{{"codec.q.bits": 2.0, "codec.top.keep": 0.1}})[0]
	if got := pointText(&c, []string{"codec.q.bits", "codec.top.keep"}); got != "keep 0.1, bits 2" {
		t.Error(got)
	}
	if got := pointText(&c, []string{"codec.q.bits"}); got != "2" {
		t.Error(got)
	}
}

func TestBetween(t *testing.T) {
	for want, labels := range map[string]string{
		"CosSGD, … bit": "CosSGD, 2 bit|CosSGD, 4 bit", "Top-k": "Top-k, 0.1|Top-k, 0.01", "same": "same|same",
		"QSGD … both": "QSGD α both|QSGD β both", "2-bit": "2-bit|4-bit",
	} {
		if got := between(strings.Split(labels, "|")); got != want {
			t.Errorf("%s: %q, want %q", labels, got, want)
		}
	}
}

func TestTellingKeys(t *testing.T) {
	bits := func(bits, clip float64) record.Axes { return record.Axes{"codec.c.bits": bits, "codec.c.clip": clip} }
	zipped := curvesOf(t, []string{"a, 1", "a, 2", "a, 4"}, []record.Axes{bits(1, 0.3), bits(2, 0.01), bits(4, 0.01)})
	if keys := tellingKeys(zipped, &zipped[0]); strings.Join(keys, " ") != "codec.c.bits" {
		t.Errorf("zipped axes: %v", keys)
	}
	if restOf(zipped, &zipped[0], "bits") != restOf(zipped, &zipped[2], "bits") {
		t.Error("what goes along with an axis tells curves apart")
	}
	if x, _ := gridKeys(zipped); x != "" {
		t.Error("zipped axes make a grid")
	}
	grid := curvesOf(t, []string{"a", "b", "c", "d"}, []record.Axes{bits(1, 0.3), bits(2, 0.3), bits(1, 0.1), bits(2, 0.1)})
	if x, y := gridKeys(grid); x != "bits" || y != "clip" {
		t.Errorf("a grid has keys %q, %q", x, y)
	}
}

func TestFacetsOfASweep(t *testing.T) {
	runs := sweptRuns()
	f := mustDraw(t, runs, Options{Facet: "bits"}).(*plots.Facets)
	if len(f.Panels) != 3 || f.Panels[1].Name != "bits = 4" || !strings.HasSuffix(f.Subtitle, "over 3 seeds") {
		t.Fatalf("%q, %+v", f.Subtitle, f.Panels)
	}
	var labels []string
	for _, s := range f.Panels[1].Figure.Series {
		labels = append(labels, s.Label)
	}
	if got := strings.Join(labels, "; "); got != "FedAvg (float32); QSGD; Top-k × QSGD, keep = 0.01; Top-k × QSGD, keep = 0.1" {
		t.Errorf("curves of a small figure: %s", got)
	}
	for i, s := range f.Panels[2].Figure.Series {
		if s.Order != f.Panels[0].Figure.Series[i].Order || s.Label != labels[i] {
			t.Errorf("%q has look %d here and %d there", s.Label, s.Order, f.Panels[0].Figure.Series[i].Order)
		}
	}
	if f = mustDraw(t, runs, Options{Facet: "variant"}).(*plots.Facets); len(f.Panels) != 2 || f.Panels[1].Name != "Top-k × QSGD" || len(f.Panels[1].Figure.Series) != 7 {
		t.Errorf("by variant: %+v", f.Panels)
	}
}

// Numbers come in ascending order, and what is no number behind them.
func TestSettingsInOrder(t *testing.T) {
	var axes []record.Axes
	for _, v := range []any{"inf", 10.0, "none", 2.0, 1.0} {
		axes = append(axes, record.Axes{"network.uplink_mbps": v})
	}
	curves := curvesOf(t, []string{"a", "b", "c", "d", "e"}, axes)
	if got, want := settingsOf(curves, "uplink_mbps"), []any{1.0, 2.0, 10.0, "inf", "none"}; !slices.Equal(got, want) {
		t.Errorf("the settings are %v, not %v", got, want)
	}
}

func TestSweepErrors(t *testing.T) {
	runs := sweptRuns()
	for want, o := range map[string]Options{
		"codec.q.bits, codec.top.keep are; or write variant": {Facet: "bit"},
		"\"lr\" is not swept":                                {Kind: "heatmap", X: "lr", Y: "bits"},
		"wants two swept keys":                               {Kind: "heatmap", X: "bits"},
		"give a target":                                      {Kind: "bars"},
		"bars show one of uplink_bits":                       {Kind: "bars", X: "accuracy", Targets: []float64{0.5}},
		"one of compression, total_compression":              {Kind: "pareto", X: "rounds"},
		"set output.transfers = true":                        {Kind: "timeline"},
		"no kind of figure is named":                         {Kind: "pie"},
		"a scale is auto, linear or log":                     {XScale: "cubic"},
		`column "heat"`:                                      {Kind: "heatmap", Z: "heat"},
	} {
		if _, err := New(runs, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestHeatMapValues(t *testing.T) {
	runs := sweptRuns()
	m := mustDraw(t, runs, Options{Kind: "heatmap", Z: "uplink_bits", Targets: []float64{0.55}}).(*plots.Matrix)
	if m.XLabel != "bits" || m.YLabel != "keep" || strings.Join(m.XNames, " ") != "2 4 8" || len(m.Panels) != 1 || m.Panels[0].Texts[0][0] != notReached {
		t.Fatalf("%+v", m)
	}
	want := results.CostOf(runs[len(runs)-1], 0.55).Uplink + results.CostOf(runs[len(runs)-2], 0.55).Uplink + results.CostOf(runs[len(runs)-3], 0.55).Uplink
	if got := m.Panels[0].Values[1][2]; got < want/3e6*0.999999 || got > want/3e6*1.000001 {
		t.Errorf("%v Mbit, want %v", got, want/3e6)
	}
}

func TestTimeline(t *testing.T) {
	c := curvesOf(t, []string{"a"}, []record.Axes{nil})[0]
	for i, row := range c.Runs[0].Rounds {
		row["sim_time_s"] = float64(100 * i)
	}
	l := timelineOf(c, []record.Transfer{
		{Round: 1, Client: 7, Direction: "downlink", Start: 0, End: 10}, {Round: 1, Client: 2, Direction: "downlink", Start: 0, End: 20},
		{Round: 1, Client: 7, Direction: "uplink", Start: 30, End: 100},
	}, 1, Options{})
	if strings.Join(l.Names, " ") != "2 7" || len(l.Marks) != 1 || l.Marks[0].Value != 100 {
		t.Errorf("%+v", l)
	}
	want := []plots.Span{{Row: 1, Kind: download, From: 0, To: 10}, {Row: 0, Kind: download, From: 0, To: 20}, {Row: 1, Kind: training, From: 10, To: 30}, {Row: 1, Kind: upload, From: 30, To: 100}}
	for i := range want {
		if i >= len(l.Spans) || l.Spans[i] != want[i] {
			t.Fatalf("%+v, want %+v", l.Spans, want)
		}
	}
	golden(t, "timeline", l, plots.DefaultSize)
}
