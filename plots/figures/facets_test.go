package figures

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

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

func TestPlain(t *testing.T) {
	names := keyNames{"bits", "keep"}
	for template, want := range map[string]string{
		"CosSGD, … bit": "CosSGD", "Top-k …, … bit": "Top-k", "CosSGD, … bit, biased": "CosSGD, biased", "FedAvg": "FedAvg",
		"Top-k … + CosSGD … bit": "Top-k + CosSGD", "CosSGD both ways, … bit": "CosSGD both ways", "QSGD … both": "QSGD both",
		"FedAvg (float32), … clients": "FedAvg (float32)", "CosSGD 2 bit, … Mbit/s": "CosSGD 2 bit", "… bit CosSGD": "CosSGD",
		"Top-k × QSGD, bits = …, keep = 0.01": "Top-k × QSGD, keep = 0.01", "CosSGD (… bit)": "CosSGD", "CosSGD (… bit, biased)": "CosSGD (biased)",
		"CosSGD-…": "CosSGD", "CosSGD, b=…": "CosSGD", "QSGD bits=…, error feedback": "QSGD, error feedback", "Top-k at … %": "Top-k",
		"FedProx, μ = …": "FedProx", "FedProx μ = …": "FedProx", "FedProx μ …": "FedProx", "QSGD, … quantisation levels": "QSGD",
		"A, error feedback = …": "A", "… + CosSGD": "CosSGD", "CosSGD + …": "CosSGD", "Top-k (1 %, EF), … bit": "Top-k (1 %, EF)",
		"CosSGD, keep: …": "CosSGD", "…": "", "… bit": "", "bits = …": "", "(…)": "", "": "",
	} {
		if got := names.plain(template); got != want {
			t.Errorf("%s: %q, want %q", template, got, want)
		}
	}
}

// Nothing but the dots' surroundings goes, and no dots stay.
func TestPlainLeavesOtherPartsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[A-Z][a-z]{2,6}(-k)?( 2 bit| 1 %| \(float32\))?`)
		parts := rapid.SliceOfN(word, 1, 4).Draw(t, "parts")
		want := strings.Join(parts, ", ")
		at := rapid.IntRange(1, len(parts)).Draw(t, "at")
		added := rapid.SampledFrom([]string{"… bit", "bits = …", "keep …", "k=…", "… grid points", "…"}).Draw(t, "added")
		if got := (keyNames{"bits", "keep"}).plain(strings.Join(slices.Insert(parts, at, added), ", ")); got != want {
			t.Fatalf("with %q at %d: %q, want %q", added, at, got, want)
		}
	})
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

func TestCommon(t *testing.T) {
	for want, labels := range map[string]string{
		"CosSGD, … bit": "CosSGD, 2 bit|CosSGD, 4 bit|CosSGD, inf bit", "Top-k, …": "Top-k, 0.1|Top-k, 0.01", "same": "same|same",
		"QSGD … both": "QSGD α both|QSGD β both", "…": "2-bit|4-bit", "CosSGD-…": "CosSGD-4|CosSGD-8", "A, …": "A, topk|A, topq",
		"A …, … bit": "A 0.1, 2 bit|A 0.1, 4 bit|A 0.01, 2 bit", "A (… bit)": "A (2 bit)|A (16 bit)", "A (…)": "A (2)|A (16)", "A, bits = …, b": "A, bits = 2, b|A, bits = 16, b",
		"A, … b": "A, x > y b|A, none b", "A …": "A|A b", "… A": "A|b A",
	} {
		if got := common(strings.Split(labels, "|")); got != want {
			t.Errorf("%s: %q, want %q", labels, got, want)
		}
	}
}

// Groups of curves have names of their own, whatever is left of their labels.
func TestStemsAreDistinct(t *testing.T) {
	axes := []record.Axes{{"codec.q.bits": 2.0}, {"codec.q.bits": 4.0}, {"codec.q.clip": 0.1}, {"codec.q.clip": 0.2}, {"codec.q.levels": 3.0}, nil}
	curves := curvesOf(t, []string{"CosSGD, 2 bit", "CosSGD, 4 bit", "CosSGD, clip 0.1", "CosSGD, clip 0.2", "3 levels", "FedAvg, 2 bit"}, axes)
	for i := range curves {
		curves[i].Runs[0].Manifest.Variant = []string{"a", "a", "b", "b", "c", "d"}[i]
	}
	stems := stemsOf(curves, results.SweptKeys(curves)...)
	for i, want := range []string{"CosSGD, … bit", "CosSGD, … bit", "CosSGD, clip …", "CosSGD, clip …", "c", "FedAvg, 2 bit"} {
		if got := stems[restOf(curves, &curves[i], results.SweptKeys(curves)...)]; got != want {
			t.Errorf("%s: %q, want %q", curves[i].Label, got, want)
		}
	}
	if got := stemsOf(curves[:2], "bits"); len(got) != 1 || got[restOf(curves[:2], &curves[0], "bits")] != "CosSGD" {
		t.Errorf("alone: %q", got)
	}
}

func TestCloudLabels(t *testing.T) {
	for want, telling := range map[string]string{"A (bits)": "codec.q.bits", "A (Mbit/s)": "network.uplink_mbps", "A": "codec.q.bits codec.q.clip"} {
		if got := cloudLabel("A", strings.Fields(telling)); got != want {
			t.Errorf("%s: %q", telling, got)
		}
	}
	if got := cloudLabel("A, … bit", []string{"codec.q.bits"}); got != "A, … bit" {
		t.Error(got)
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
		`did you mean "bits"?`:                               {Facet: "bist"},
		"are of curves, not of kind pareto":                  {Kind: "pareto", Facet: "bits"},
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
	for _, r := range runs { // two keys that end alike
		if keep, swept := r.Manifest.Axes["codec.top.keep"]; swept {
			r.Manifest.Axes = record.Axes{"codec.down.bits": keep, "codec.q.bits": r.Manifest.Axes["codec.q.bits"]}
		}
	}
	m = mustDraw(t, runs, Options{Kind: "heatmap"}).(*plots.Matrix)
	if m.XLabel != "codec.down.bits" || m.YLabel != "codec.q.bits" || len(m.Panels) != 1 || len(m.XNames) != 2 || len(m.YNames) != 3 {
		t.Errorf("%+v", m)
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
