package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"gonum.org/v1/gonum/stat"

	"flsim/internal/f32"
	"flsim/internal/units"
	"flsim/sim/record"
)

// writeResults writes finished runs as a table, a line each, or as JSON lines.
func writeResults(w io.Writer, runs []*record.Run, asJSON bool) error {
	if asJSON {
		return writeJSON(w, runs)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "curve\tseed\tfinal\tbest\tuplink\tsaved\tbit/parameter\tdownlink\tsim time")
	targets := targetsOf(runs)
	for _, v := range targets {
		fmt.Fprintf(t, "\tuplink to %s", units.Percent(v))
	}
	fmt.Fprintln(t)
	for i, r := range runs {
		writeRow(t, r, targets)
		if last := i+1 == len(runs) || runs[i+1].Manifest.Variant != r.Manifest.Variant; last {
			writeMean(t, sameVariant(runs, r))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, footnote(runs))
	return err
}

func footnote(runs []*record.Run) string {
	m := runs[0].Manifest
	metric := m.Metric
	if len(m.Regions) > 0 {
		metric += ", mean over " + strings.Join(m.Regions, ", ") + " and the test cases"
	}
	text := fmt.Sprintf("final and best: test %s; bits on the wire of all clients; saved: against float32 values", metric)
	if m.Synthetic {
		text += "; synthetic data"
	}
	if slices.ContainsFunc(runs, func(r *record.Run) bool { return r.Manifest.Precision == f32.BFloat16.String() }) {
		text += "; trained in " + f32.BFloat16.String()
	}
	return text
}

func writeRow(w io.Writer, r *record.Run, targets []float64) {
	m, res := &r.Manifest, r.Result
	float := plainUplink(r)
	fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%.3g\t%s\t%s", m.Label, m.Seed, units.Percent(res.Final), units.Percent(res.Best),
		units.Bits(float64(res.Uplink.Wire)), units.Percent(saved(float64(res.Uplink.Wire), float)),
		32*float64(res.Uplink.Wire)/float, units.Bits(float64(res.Down.Wire)), units.Seconds(res.SimTime))
	for _, v := range targets {
		i := slices.IndexFunc(res.Targets, func(t record.Target) bool { return t.Value == v })
		switch {
		case i < 0:
			fmt.Fprint(w, "\t")
		case res.Targets[i].Reached:
			fmt.Fprintf(w, "\t%s (round %d)", units.Bits(float64(res.Targets[i].Uplink)), res.Targets[i].Round)
		default:
			fmt.Fprintf(w, "\tnot reached (best %s)", units.Percent(res.Best))
		}
	}
	fmt.Fprintln(w)
}

// sameVariant returns the runs of r's variant.
func sameVariant(runs []*record.Run, r *record.Run) []*record.Run {
	var same []*record.Run
	for _, other := range runs {
		if other.Manifest.Variant == r.Manifest.Variant {
			same = append(same, other)
		}
	}
	return same
}

// writeMean sums up a variant's seeds: means, and sample standard deviations of the metric.
func writeMean(w io.Writer, runs []*record.Run) {
	if len(runs) < 2 {
		return
	}
	over := func(value func(r *record.Run) float64) (mean, deviation float64) {
		var values []float64
		for _, r := range runs {
			values = append(values, value(r))
		}
		return stat.MeanStdDev(values, nil)
	}
	percent := func(value func(r *record.Run) float64) string {
		mean, deviation := over(value)
		return fmt.Sprintf("%s ± %.2f", units.Percent(mean), 100*deviation)
	}
	up, _ := over(func(r *record.Run) float64 { return float64(r.Result.Uplink.Wire) })
	down, _ := over(func(r *record.Run) float64 { return float64(r.Result.Down.Wire) })
	float, _ := over(plainUplink)
	span, _ := over(func(r *record.Run) float64 { return r.Result.SimTime })
	fmt.Fprintf(w, "  mean\t%s\t%s\t%s\t%s\t%s\t%.3g\t%s\t%s\n", units.Count(len(runs), "seed"),
		percent(func(r *record.Run) float64 { return r.Result.Final }), percent(func(r *record.Run) float64 { return r.Result.Best }),
		units.Bits(up), units.Percent(saved(up, float)), 32*up/float, units.Bits(down), units.Seconds(span))
}

// saved returns the share of float bits that wire bits save. What frames add to plain float32 counts as nothing.
func saved(wire, float float64) float64 {
	share := 1 - wire/float
	if share < 0 && share > -0.005 {
		return 0
	}
	return share
}

// plainUplink returns the bits that the run's updates have as bare float32.
func plainUplink(r *record.Run) float64 {
	messages := 0.0
	for _, row := range r.Rounds {
		messages += row["clients"]
	}
	return messages * 32 * float64(r.Manifest.Elements)
}

// targetsOf returns the targets of all runs in ascending order.
func targetsOf(runs []*record.Run) []float64 {
	var all []float64
	for _, r := range runs {
		all = append(all, r.Manifest.Targets...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func writeJSON(w io.Writer, runs []*record.Run) error {
	out := json.NewEncoder(w)
	for _, r := range runs {
		line := struct {
			Dir string `json:"dir"`
			*record.Manifest
			Result *record.Result `json:"result"`
		}{r.Dir, &r.Manifest, r.Result}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
