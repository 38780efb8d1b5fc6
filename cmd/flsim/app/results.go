package app

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"flsim/internal/f32"
	"flsim/plots/table"
	"flsim/sim/record"
	"flsim/sim/results"
)

// writeResults writes finished runs as a table, a line each, or as JSON lines.
func writeResults(w io.Writer, runs []*record.Run, asJSON bool) error {
	if asJSON {
		return writeJSON(w, runs)
	}
	curves, err := results.Group(runs)
	if err != nil {
		return err
	}
	columns := []string{"final", "best", "uplink", "saved", "bits_per_parameter", "downlink", "sim_time"}
	if slices.ContainsFunc(runs, stopped) {
		columns = append(columns, "ended_by")
	}
	if slices.ContainsFunc(runs, hasBudget) {
		columns = append(columns, "area")
	}
	t, err := table.New(curves, table.Options{Seeds: true, Columns: append(columns, "uplink_to", "sim_time_to")})
	if err != nil {
		return err
	}
	if err := t.Write(w, "text"); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, footnote(runs))
	return err
}

// stopped reports whether a run ended before its last round.
func stopped(r *record.Run) bool { return r.Result.Stopped != "" && r.Result.Stopped != "rounds" }

func hasBudget(r *record.Run) bool { return r.Manifest.Budget > 0 }

func footnote(runs []*record.Run) string {
	m := runs[0].Manifest
	metric := m.Metric
	if len(m.Regions) > 0 {
		metric += ", mean over " + strings.Join(m.Regions, ", ") + " and the test cases"
	}
	text := fmt.Sprintf("final and best: test %s; bits on the wire of all clients; saved: against float32 values", metric)
	if slices.ContainsFunc(runs, hasBudget) {
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
