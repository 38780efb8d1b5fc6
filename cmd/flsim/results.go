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
	cols := columnsOf(runs)
	fmt.Fprint(t, "curve\tseed\tfinal\tbest\tuplink\tsaved\tbit/parameter\tdownlink\tsim time")
	if cols.stopped {
		fmt.Fprint(t, "\tended by")
	}
	if cols.area {
		fmt.Fprint(t, "\tarea")
	}
	for _, v := range cols.targets {
		fmt.Fprintf(t, "\tuplink to %s\ttime to %[1]s", units.Percent(v))
	}
	fmt.Fprintln(t)
	for i, r := range runs {
		writeRow(t, r, cols)
		if last := i+1 == len(runs) || runs[i+1].Manifest.Variant != r.Manifest.Variant; last {
			writeMean(t, sameVariant(runs, r), cols)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, footnote(runs, cols))
	return err
}

// columns says which columns a table has besides the usual ones.
type columns struct {
	stopped bool      // a run ended before its last round
	area    bool      // a run has a budget of time
	targets []float64 // of all runs, in ascending order
}

func columnsOf(runs []*record.Run) columns {
	c := columns{targets: targetsOf(runs)}
	for _, r := range runs {
		c.stopped = c.stopped || r.Result.Stopped != "" && r.Result.Stopped != "rounds"
		c.area = c.area || r.Manifest.Budget > 0
	}
	return c
}

func footnote(runs []*record.Run, cols columns) string {
	m := runs[0].Manifest
	metric := m.Metric
	if len(m.Regions) > 0 {
		metric += ", mean over " + strings.Join(m.Regions, ", ") + " and the test cases"
	}
	text := fmt.Sprintf("final and best: test %s; bits on the wire of all clients; saved: against float32 values", metric)
	if cols.area {
		text += "; area: mean of the test metric over the budget of simulated time"
	}
	if m.Synthetic {
		text += "; synthetic data"
	}
	if slices.ContainsFunc(runs, func(r *record.Run) bool { return r.Manifest.Precision == f32.BFloat16.String() }) {
		text += "; trained in " + f32.BFloat16.String()
	}
	return text
}

func writeRow(w io.Writer, r *record.Run, cols columns) {
	m, res := &r.Manifest, r.Result
	coded, float := updates(r)
	fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s", m.Label, m.Seed, units.Percent(res.Final), units.Percent(res.Best),
		units.Bits(float64(res.Uplink.Wire)), compression(coded, float), units.Bits(float64(res.Down.Wire)), units.Seconds(res.SimTime))
	if cols.stopped {
		fmt.Fprintf(w, "\t%s", res.Stopped)
	}
	if cols.area {
		fmt.Fprintf(w, "\t%.4f", res.Area)
	}
	for _, v := range cols.targets {
		i := slices.IndexFunc(res.Targets, func(t record.Target) bool { return t.Value == v })
		switch {
		case i < 0:
			fmt.Fprint(w, "\t\t")
		case res.Targets[i].Reached:
			t := &res.Targets[i]
			fmt.Fprintf(w, "\t%s (round %d)\t%s", units.Bits(float64(t.Uplink)), t.Round, units.Seconds(t.SimTime))
		default:
			fmt.Fprintf(w, "\tnot reached (best %s)\t–", units.Percent(res.Best))
		}
	}
	fmt.Fprintln(w)
}

// compression returns two columns: the share that coded bits save of bare float32, and what is left of 32 bits. Runs
// that sent nothing have none.
func compression(coded, float float64) string {
	if coded == 0 || float == 0 {
		return "–\t–"
	}
	return fmt.Sprintf("%s\t%.3g", units.Percent(saved(coded, float)), 32*coded/float)
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
func writeMean(w io.Writer, runs []*record.Run, cols columns) {
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
	coded, _ := over(func(r *record.Run) float64 { coded, _ := updates(r); return coded })
	float, _ := over(func(r *record.Run) float64 { _, float := updates(r); return float })
	span, _ := over(func(r *record.Run) float64 { return r.Result.SimTime })
	fmt.Fprintf(w, "  mean\t%s\t%s\t%s\t%s\t%s\t%s\t%s", units.Count(len(runs), "seed"),
		percent(func(r *record.Run) float64 { return r.Result.Final }), percent(func(r *record.Run) float64 { return r.Result.Best }),
		units.Bits(up), compression(coded, float), units.Bits(down), units.Seconds(span))
	if cols.stopped {
		fmt.Fprint(w, "\t")
	}
	if cols.area {
		area, deviation := over(func(r *record.Run) float64 { return r.Result.Area })
		fmt.Fprintf(w, "\t%.4f ± %.4f", area, deviation)
	}
	fmt.Fprintln(w)
}

// saved returns the share of float bits that wire bits save. What frames add to plain float32 counts as nothing.
func saved(wire, float float64) float64 {
	share := 1 - wire/float
	if share < 0 && share > -0.005 {
		return 0
	}
	return share
}

// updates returns the uplink bits of the run's aggregated rounds, and those that their updates have as bare float32.
func updates(r *record.Run) (coded, float float64) {
	for _, row := range r.Rounds {
		if n := row["clients"]; n > 0 {
			coded += row["uplink_wire_bits"]
			float += n * 32 * float64(r.Manifest.Elements)
		}
	}
	return coded, float
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
