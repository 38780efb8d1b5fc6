package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"flsim/internal/units"
	"flsim/plots/figures"
	"flsim/sim/record"
	"flsim/sim/results"
)

// Table is a table of the page. Its first column is the curve, which has no cell.
type Table struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Note    string   `json:"note,omitempty"`
	Columns []Head   `json:"columns"`
	Rows    []TabRow `json:"rows"`
}

// Head is a column's head.
type Head struct {
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
	High bool   `json:"high,omitempty"` // larger is better, hence first when sorted
	Best bool   `json:"best,omitempty"` // the best cell is marked
}

// TabRow is a row about the curve with the given index.
type TabRow struct {
	Curve int    `json:"curve"`
	Cells []Cell `json:"cells"`
}

// Cell is a text, and a number to sort by.
type Cell struct {
	Text   string
	Number float64 // NaN if there is none
}

// MarshalJSON writes a text alone, or [text, number].
func (c Cell) MarshalJSON() ([]byte, error) {
	text, err := marshal(c.Text)
	if err != nil || math.IsNaN(c.Number) || math.IsInf(c.Number, 0) {
		return text, err
	}
	out := append(append([]byte{'['}, text...), ',')
	return append(appendValue(out, shorter(c.Number)), ']'), nil
}

func word(text string) Cell { return Cell{text, math.NaN()} }

// number writes a number over seeds with its deviation, or nothing if there is none.
func number(s results.Stat, write func(float64) string) Cell {
	if s.N == 0 {
		return word("–")
	}
	return Cell{write(s.Mean), s.Mean}
}

// metric writes a metric, as a share in percent, with its deviation over seeds.
func metric(s results.Stat) Cell {
	if s.N == 0 {
		return word("–")
	}
	text := fmt.Sprintf("%.2f", 100*s.Mean)
	if s.N > 1 {
		text += fmt.Sprintf(" ± %.2f", 100*s.Std)
	}
	return Cell{text + " %", s.Mean}
}

// digits writes three significant digits, or all before the point.
func digits(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// measure is a column of the results.
type measure struct {
	Head
	cell func(c *results.Curve) Cell
}

// measures returns the columns of the results; the last ones are there only if runs have what they tell.
func measures(runs []*record.Run) []measure {
	last := func(column string, write func(float64) string) func(*results.Curve) Cell {
		return func(c *results.Curve) Cell {
			return number(c.Over(func(r *record.Run) float64 { return results.Last(r, column) }), write)
		}
	}
	list := []measure{
		{Head{Text: "seeds"}, func(c *results.Curve) Cell { return Cell{fmt.Sprint(len(c.Runs)), float64(len(c.Runs))} }},
		{Head{Text: "final", High: true, Best: true, Hint: "after the last round"}, final},
		{Head{Text: "best", High: true, Best: true, Hint: "over all evaluations"}, func(c *results.Curve) Cell {
			return metric(c.Over(func(r *record.Run) float64 { return results.Best(r, r.Manifest.Metric) }))
		}},
		{Head{Text: "uplink", Hint: "bits on the wire, all clients"}, last("uplink_wire_bits_cum", units.Bits)},
		{Head{Text: "compression", High: true, Hint: "of the uplink: float32 bits / bits on the wire"}, func(c *results.Curve) Cell {
			return number(c.Over(func(r *record.Run) float64 { return results.Uplink(r).Ratio() }), func(v float64) string { return digits(v) + "×" })
		}},
		{Head{Text: "bit/parameter", Hint: "of the uplink"}, func(c *results.Curve) Cell {
			return number(c.Over(func(r *record.Run) float64 { return 32 / results.Uplink(r).Ratio() }), digits)
		}},
		{Head{Text: "downlink", Hint: "bits on the wire, all clients"}, last("downlink_wire_bits_cum", units.Bits)},
		{Head{Text: "rounds"}, last("round", digits)},
		{Head{Text: "simulated time"}, last("sim_time_s", units.Seconds)},
		{Head{Text: "state"}, state},
	}
	if slices.ContainsFunc(runs, func(r *record.Run) bool { return r.Manifest.Budget > 0 }) {
		list = append(list, measure{Head{Text: "area", High: true, Best: true, Hint: "mean of the metric over the budget of simulated time"}, area})
	}
	if slices.ContainsFunc(runs, func(r *record.Run) bool {
		return r.Result != nil && r.Result.Stopped != "" && r.Result.Stopped != "rounds"
	}) {
		list = append(list, measure{Head{Text: "ended by"}, endedBy})
	}
	return list
}

func final(c *results.Curve) Cell {
	return metric(c.Over(func(r *record.Run) float64 { return results.Last(r, r.Manifest.Metric) }))
}

func area(c *results.Curve) Cell {
	s := c.Over(results.Area)
	return number(s, func(v float64) string {
		if s.N > 1 {
			return fmt.Sprintf("%.4f ± %.4f", v, s.Std)
		}
		return fmt.Sprintf("%.4f", v)
	})
}

func endedBy(c *results.Curve) Cell {
	var words []string
	for _, r := range c.Runs {
		if r.Result != nil && !slices.Contains(words, r.Result.Stopped) {
			words = append(words, r.Result.Stopped)
		}
	}
	return word(cmp.Or(strings.Join(words, ", "), "–"))
}

func resultsTable(curves []results.Curve) *Table {
	runs := results.Runs(curves)
	t := &Table{ID: "results", Title: "Results", Note: resultsNote(runs)}
	columns := measures(runs)
	for _, m := range columns {
		t.Columns = append(t.Columns, m.Head)
	}
	for i := range curves {
		row := TabRow{Curve: i}
		for _, m := range columns {
			row.Cells = append(row.Cells, m.cell(&curves[i]))
		}
		t.Rows = append(t.Rows, row)
	}
	if _, most := seeds(curves); most > 1 {
		t.Note += "; mean ± sample standard deviation over seeds"
	}
	t.Note += ". Bits on the wire of all clients; compression against bare float32 values."
	return t
}

// resultsNote names what final and best values are of.
func resultsNote(runs []*record.Run) string {
	var words []string
	for _, name := range distinct(runs, func(m *record.Manifest) string { return m.Metric }) {
		words = append(words, axisOf(figures.YAxis(name, runs[0].Manifest.Regions)).Label)
	}
	return "Final and best: " + strings.Join(words, ", ")
}

// state says how far the runs of a curve are.
func state(c *results.Curve) Cell {
	done, share := 0, 0.0
	for _, r := range c.Runs {
		if r.Result != nil {
			done++
			share++
		} else if n := len(r.Rounds); n > 0 && r.Manifest.Rounds > 0 {
			share += r.Rounds[n-1]["round"] / float64(r.Manifest.Rounds)
		}
	}
	share /= float64(len(c.Runs))
	if done == len(c.Runs) {
		return Cell{"done", 1}
	}
	return Cell{fmt.Sprintf("%.0f %%", 100*share), share}
}

// sweptTable shows the values of the keys that a sweep varied; nil if no manifest tells of a sweep.
func sweptTable(curves []results.Curve) *Table {
	keys := map[string]bool{}
	for i := range curves {
		for key := range curves[i].Manifest().Axes {
			keys[key] = true
		}
	}
	if len(keys) == 0 {
		return nil
	}
	t := &Table{ID: "swept", Title: "Swept keys", Note: "What the sweep varied beside the seed, and what came of it."}
	sorted := slices.Sorted(maps.Keys(keys))
	for _, key := range sorted {
		t.Columns = append(t.Columns, Head{Text: key})
	}
	t.Columns = append(t.Columns, Head{Text: "final", High: true, Best: true}, Head{Text: "uplink"})
	for i := range curves {
		c := &curves[i]
		row := TabRow{Curve: i}
		for _, key := range sorted {
			row.Cells = append(row.Cells, value(c.Manifest().Axes[key]))
		}
		row.Cells = append(row.Cells, final(c), number(c.Over(func(r *record.Run) float64 { return results.Last(r, "uplink_wire_bits_cum") }), units.Bits))
		t.Rows = append(t.Rows, row)
	}
	return t
}

// value writes a setting; numbers can be sorted by.
func value(v any) Cell {
	switch v := v.(type) {
	case nil:
		return word("–")
	case float64:
		return Cell{fmt.Sprint(v), v}
	case int64:
		return Cell{fmt.Sprint(v), float64(v)}
	}
	return word(fmt.Sprint(v))
}

// originTable says where each run comes from.
func originTable(curves []results.Curve) *Table {
	t := &Table{ID: "origin", Title: "Origin", Columns: []Head{
		{Text: "seed"}, {Text: "run id"}, {Text: "folder"}, {Text: "data"}, {Text: "data digest"}, {Text: "result digest", Hint: "of rounds.jsonl and the final weights"},
		{Text: "flsim"}, {Text: "kernel"}, {Text: "precision"}, {Text: "host"},
	}}
	var notes []string
	for i := range curves {
		for _, r := range curves[i].Runs {
			m := &r.Manifest
			data, digest := m.Data, "under way"
			if m.Synthetic {
				data += " (synthetic)"
			}
			if r.Result != nil {
				digest = short(r.Result.Digest)
			}
			t.Rows = append(t.Rows, TabRow{i, []Cell{{fmt.Sprint(m.Seed), float64(m.Seed)}, word(short(m.ID)), word(filepath.Base(r.Dir)), word(data), word(short(m.DataDigest)),
				word(digest), word(m.Version), word(m.Kernel), word(m.Precision), word(cmp.Or(m.Host, "–"))}})
			for _, note := range m.DataNotes {
				if note = m.Data + ": " + note; !slices.Contains(notes, note) {
					notes = append(notes, note)
				}
			}
		}
	}
	t.Note = "Ids and digests are SHA-256; runs of one id have the same numbers on any machine. " + strings.Join(notes, "; ")
	return t
}

// short returns the first digits of a digest, which suffice to tell runs apart.
func short(digest string) string { return digest[:min(len(digest), 12)] }
