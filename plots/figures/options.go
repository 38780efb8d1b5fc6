// Package figures makes drawings of runs: it knows the columns of their records, the names and units of these, and what
// runs have in common.
package figures

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// Options choose what is drawn of runs. The zero value is the usual figure.
type Options struct {
	Kind     string       // one of Kinds; empty is "curves"
	X, Y, Z  string       // what the axes show; what they may be depends on the kind
	Band     plots.Band   // what is drawn around means over seeds
	Best     bool         // show the best value so far in place of the value
	Beside   bool         // draw the column on training data, "train_" + y, beside y
	Account  string       // which bits an x axis of bits counts, one of Accounts; empty is "wire"
	Minus    float64      // what is taken off y, such as a known minimum; the axis is logarithmic then
	Regions  bool         // a curve for each region of a segmentation, column y + "_" + its name, in place of y
	Targets  []float64    // metric values in place of the experiment's own
	Rounds   int          // of a timeline; 0 means 3
	Facet    string       // a small figure for each value of this key
	XScale   string       // "linear" or "log"; empty is what suits the column
	YScale   string       // the same
	XLim     plots.Limits // in the units of the axis
	YLim     plots.Limits
	Title    string // empty is the experiment's name
	Unmarked bool   // no lines at targets
	Bare     bool   // neither title nor subtitle
	results.Selection
}

// Kinds returns the kinds of figures.
func Kinds() []string { return []string{"curves", "bars", "pareto", "heatmap", "sweep", "timeline"} }

// New makes a figure of runs. Errors say what to change.
func New(runs []*record.Run, o Options) (plots.Drawing, error) {
	all, err := results.Group(runs)
	if err != nil {
		return nil, err
	}
	curves, err := o.Selection.Apply(all)
	if err != nil {
		return nil, err
	}
	return o.draw(curves)
}

// draw makes a figure of the curves that were selected.
func (o Options) draw(curves []results.Curve) (plots.Drawing, error) {
	for _, scale := range []string{o.XScale, o.YScale} {
		if !slices.Contains([]string{"", "auto", "linear", "log"}, scale) {
			return nil, fmt.Errorf("a scale is auto, linear or log, not %q", scale)
		}
	}
	if o.Facet != "" && o.Kind != "" && o.Kind != "curves" {
		return nil, fmt.Errorf("small multiples, as by %q, are of curves, not of kind %s", o.Facet, o.Kind)
	}
	curves = distinct(curves)
	switch o.Kind {
	case "", "curves":
		if o.Facet != "" {
			return facets(curves, o)
		}
		return Curves(curves, o)
	case "bars":
		return bars(curves, o)
	case "pareto":
		return pareto(curves, o)
	case "heatmap":
		return heatMap(curves, o)
	case "sweep":
		return overSweep(curves, o)
	case "timeline":
		return timeline(curves, o)
	}
	return nil, fmt.Errorf("no kind of figure is named %q; there are %s", o.Kind, strings.Join(Kinds(), ", "))
}

// distinct gives curves whose colours clash other ones, where few are shown.
func distinct(curves []results.Curve) []results.Curve {
	var orders []int
	for _, c := range curves {
		orders = append(orders, c.Order)
	}
	out := slices.Clone(curves)
	for i, order := range plots.Distinct(orders) {
		out[i].Order = order
	}
	return out
}

// scale returns whether an axis is logarithmic, where auto says what suits it.
func scale(word string, auto bool) bool {
	switch word {
	case "linear":
		return false
	case "log":
		return true
	}
	return auto
}

// heading returns title and subtitle of a figure.
func (o *Options) heading(curves []results.Curve, band plots.Band) (title, under string) {
	if o.Bare {
		return "", ""
	}
	runs := results.Runs(curves)
	title = cmp.Or(o.Title, results.Common(runs, func(m *record.Manifest) string { return m.Experiment }))
	return title, subtitle(runs, curves, band)
}

// targets returns the metric values of interest.
func (o *Options) targets(curves []results.Curve) ([]float64, error) {
	if len(o.Targets) > 0 {
		return o.Targets, nil
	}
	if list := results.Targets(results.Runs(curves)); len(list) > 0 {
		return list, nil
	}
	return nil, errors.New("the runs have no eval.targets; give a target, such as 0.7")
}

func metricOf(curves []results.Curve) string { return cmp.Or(curves[0].Manifest().Metric, "accuracy") }
