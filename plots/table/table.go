package table

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"flsim/internal/units"
	"flsim/sim/record"
	"flsim/sim/results"
)

// Options choose what a table shows.
type Options struct {
	Columns []string  // of Names; none means DefaultNames
	Targets []float64 // metric values in place of the experiment's own
	Sort    string    // name of a column by which rows ascend, with a minus before it descend; empty leaves the curves' order
	Seeds   bool      // a row for each run, and for their mean
}

// Table is rows of cells.
type Table struct {
	Heads []string
	Rows  [][]string

	columns []column
	curves  []results.Curve
}

// New makes a table of curves, a row for each: means over seeds, with standard deviations (of a sample) where they matter.
func New(curves []results.Curve, o Options) (*Table, error) {
	targets := o.Targets
	if len(targets) == 0 {
		targets = results.Targets(results.Runs(curves))
	}
	columns, err := choose(o.Columns, targets)
	if err != nil {
		return nil, err
	}
	t := &Table{Heads: []string{"curve", "seeds"}, columns: columns, curves: curves}
	if o.Seeds {
		t.Heads[1] = "seed"
	}
	for _, c := range columns {
		t.Heads = append(t.Heads, c.head)
	}
	if t.curves, err = sorted(curves, columns, o.Sort); err != nil {
		return nil, err
	}
	for i := range t.curves {
		t.addCurve(&t.curves[i], o.Seeds)
	}
	return t, nil
}

func (t *Table) addCurve(c *results.Curve, seeds bool) {
	if !seeds {
		t.Rows = append(t.Rows, append([]string{c.Label, strconv.Itoa(len(c.Runs))}, t.means(c)...))
		return
	}
	for _, r := range c.Runs {
		row := []string{c.Label, strconv.FormatUint(r.Manifest.Seed, 10)}
		for _, col := range t.columns {
			row = append(row, col.single(r))
		}
		t.Rows = append(t.Rows, row)
	}
	if len(c.Runs) > 1 {
		t.Rows = append(t.Rows, append([]string{"  mean", units.Count(len(c.Runs), "seed")}, t.means(c)...))
	}
}

func (t *Table) means(c *results.Curve) []string {
	var row []string
	for _, col := range t.columns {
		row = append(row, col.over(c))
	}
	return row
}

// single writes one run's number.
func (col *column) single(r *record.Run) string {
	if col.words != nil {
		return col.words(r)
	}
	if v := col.value(r); !math.IsNaN(v) {
		return col.text(v)
	}
	if col.absent != nil {
		return col.absent(best(r))
	}
	return "–"
}

// best returns the best value of a run's metric.
func best(r *record.Run) float64 { return results.Best(r, r.Manifest.Metric) }

// over writes the mean over a curve's runs. How many of them have the number stands beside it if not all do.
func (col *column) over(c *results.Curve) string {
	if col.words != nil {
		return col.common(c)
	}
	s := c.Over(col.value)
	switch {
	case s.N == 0 && col.absent != nil:
		return col.absent(c.Over(best).Mean)
	case s.N == 0:
		return "–"
	}
	text := col.text(s.Mean)
	if s.N > 1 && col.spread != nil {
		text = col.spread(s.Mean, s.Std)
	}
	if s.N < len(c.Runs) {
		text += fmt.Sprintf(" (%d/%d)", s.N, len(c.Runs))
	}
	return text
}

// common returns the words that all runs of a curve have, or none.
func (col *column) common(c *results.Curve) string {
	text := col.words(c.Runs[0])
	for _, r := range c.Runs {
		if col.words(r) != text {
			return ""
		}
	}
	return text
}

// sorted returns the curves in the order of a column's means; what has none comes last.
func sorted(curves []results.Curve, columns []column, name string) ([]results.Curve, error) {
	if name == "" {
		return curves, nil
	}
	name, descending := strings.CutPrefix(name, "-")
	i := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
	if i < 0 {
		var names []string
		for _, c := range columns {
			names = append(names, c.name)
		}
		return nil, fmt.Errorf("the table has no column %q to sort by; it has %s", name, strings.Join(names, ", "))
	}
	key := func(c results.Curve) float64 {
		v := c.Over(columns[i].value).Mean
		switch {
		case math.IsNaN(v):
			return math.Inf(1)
		case descending:
			return -v
		}
		return v
	}
	out := slices.Clone(curves)
	slices.SortStableFunc(out, func(a, b results.Curve) int { return cmp.Compare(key(a), key(b)) })
	return out, nil
}
