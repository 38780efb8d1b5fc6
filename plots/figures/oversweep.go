package figures

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// wideRange is the factor between the ends of an axis above which it is logarithmic.
const wideRange = 20

// sweepLine is a variant over a swept key: at each x a value of each seed, in recorded units. A variant without the key has one
// point at NaN.
type sweepLine struct {
	label  string
	order  int // of the variant's first curve
	x      []float64
	values [][]float64
	left   bool // some seeds have a value at an x where others have none, which is left out
}

// overSweep makes a figure over a swept key, o.X: a curve for each variant of the final metric, of the last value of column o.Y, or,
// where o.Y is one of XNames, of what it took to reach the target. Points at which a seed has no value are left out. A variant
// without the key is a horizontal line. Legends of simulated times say where a variant takes less of it than the first one.
func overSweep(curves []results.Curve, o Options) (plots.Drawing, error) {
	key, xs, err := results.Line(curves, o.X)
	if err != nil {
		return nil, err
	}
	o.X = key
	value, a, err := o.sweepValue(curves)
	if err != nil {
		return nil, err
	}
	list := sweepLines(curves, o.X, value)
	f := &plots.Figure{Band: o.Band, XLabel: keyLabel(o.X), YLabel: a.label, XLim: o.XLim, YLim: o.YLim}
	f.Title, f.Subtitle = o.heading(curves, o.Band)
	f.LogX = scale(o.XScale, farApart(xs))
	f.WholeX = !slices.ContainsFunc(xs, func(x float64) bool { return x != math.Trunc(x) })
	f.LogY = scale(o.YScale, a.log)
	o.addLines(f, list, a)
	return f, nil
}

// addLines adds variants to a figure, and to its subtitle those that have no point.
func (o *Options) addLines(f *plots.Figure, list []sweepLine, a axis) {
	first := slices.MinFunc(list, func(a, b sweepLine) int { return cmp.Compare(a.order, b.order) })
	var missed []string
	for i, l := range list {
		label := l.label
		if o.Y == "sim_time" && l.order != first.order {
			label += paysWords(&first, &l, o.X)
		}
		switch {
		case len(l.x) == 0:
			missed = append(missed, l.label)
		case math.IsNaN(l.x[0]):
			mean, _, _ := plots.NoBand.Around(l.values[0])
			f.Targets = append(f.Targets, plots.Target{Value: mean * a.scale, Label: label})
		default:
			f.Series = append(f.Series, plots.Series{Label: label, Order: i, Seeds: l.seeds(a.scale)})
		}
	}
	if o.Bare || !slices.Contains(XNames(), o.Y) {
		return
	}
	if slices.ContainsFunc(list, func(l sweepLine) bool { return l.left }) {
		f.Subtitle += " · no points where a seed does not reach it"
	}
	if len(missed) > 0 {
		f.Subtitle += " · target not reached: " + strings.Join(missed, ", ")
	}
}

// seeds returns a curve for each seed, of shown values.
func (l *sweepLine) seeds(scale float64) []plots.Curve {
	list := make([]plots.Curve, len(l.values[0]))
	for k := range list {
		for i := range l.x {
			list[k].X = append(list[k].X, l.x[i])
			list[k].Y = append(list[k].Y, l.values[i][k]*scale)
		}
	}
	return list
}

// sweepValue returns what is taken from a run, and its axis.
func (o *Options) sweepValue(curves []results.Curve) (func(*record.Run) float64, axis, error) {
	runs, metric := results.Runs(curves), metricOf(curves)
	if !slices.Contains(XNames(), o.Y) {
		column := o.Y
		if column == "" || column == "metric" {
			column = metric
		}
		a := yAxis(column, curves[0].Manifest().Regions)
		value, word := results.Last, "Final "
		if o.Best {
			value, word = results.Best, "Best "
		}
		a.label = word + small(a.label)
		return func(r *record.Run) float64 { return value(r, column) }, a, checkColumn(runs, column, XNames()...)
	}
	targets, err := o.targets(curves)
	if err != nil {
		return nil, axis{}, err
	}
	if len(targets) > 1 {
		return nil, axis{}, errors.New("there are several targets; give the one to show")
	}
	value := func(r *record.Run) float64 { return costOf(results.CostOf(r, targets[0]), o.Y) }
	var all []float64
	for _, r := range runs {
		if v := value(r); !math.IsNaN(v) {
			all = append(all, v)
		}
	}
	largest := 0.0
	if len(all) > 0 {
		largest = slices.Max(all)
	}
	a := costAxis(o.Y, largest).to(targets[0], metric)
	a.label = strings.Replace(a.label, "Sim.", "Simulated", 1)
	a.log = farApart(all)
	return value, a, nil
}

// sweepLines gathers the points of each variant, in ascending order of the key. Settings that are no numbers have no place.
func sweepLines(curves []results.Curve, word string, value func(*record.Run) float64) []sweepLine {
	var list []sweepLine
	stems, place, most := stemsOf(curves, word), map[string]int{}, map[string]int{}
	for i := range curves {
		c := &curves[i]
		key := restOf(curves, c, word)
		most[key] = max(most[key], len(c.Runs))
		if _, known := place[key]; !known {
			place[key] = len(list)
			list = append(list, sweepLine{label: stems[key], order: c.Order})
		}
	}
	for i := range curves {
		c := &curves[i]
		key := restOf(curves, c, word)
		l := &list[place[key]]
		x, placed := xOf(c, word)
		if values := measured(c, value); placed && len(values) == most[key] {
			at, _ := slices.BinarySearch(l.x, x)
			l.x, l.values = slices.Insert(l.x, at, x), slices.Insert(l.values, at, values)
		} else if len(values) > 0 {
			l.left = true
		}
		l.order = min(l.order, c.Order)
	}
	return list
}

// xOf returns a curve's number of a swept key, NaN if it does not have the key.
func xOf(c *results.Curve, word string) (x float64, placed bool) {
	v, swept := c.SweptValue(word)
	if !swept {
		return math.NaN(), true
	}
	x, placed = v.(float64)
	return x, placed
}

// measured returns the values of a curve's runs that have one.
func measured(c *results.Curve, value func(*record.Run) float64) (values []float64) {
	for _, r := range c.Runs {
		if v := value(r); !math.IsNaN(v) && !math.IsInf(v, 0) {
			values = append(values, v)
		}
	}
	return values
}

// farApart reports whether positive values differ so much that they want a logarithmic axis.
func farApart(values []float64) bool {
	return len(values) > 0 && slices.Min(values) > 0 && slices.Max(values) > wideRange*slices.Min(values)
}

// keyUnits are the ends of keys that name a unit.
var keyUnits = []struct{ end, unit string }{{"_mbps", "Mbit/s"}, {"_ms", "ms"}, {"_s", "s"}}

// keyUnit splits a swept key into its words and its unit, if its name tells one.
func keyUnit(key string) (words, unit string) {
	for _, u := range keyUnits {
		if name, ok := strings.CutSuffix(results.LastPart(key), u.end); ok {
			return strings.ReplaceAll(name, "_", " "), u.unit
		}
	}
	return key, ""
}

// keyLabel names an axis of a swept key, as in "Uplink (Mbit/s)".
func keyLabel(key string) string {
	words, unit := keyUnit(key)
	if unit == "" {
		return key
	}
	return capital(words) + " (" + unit + ")"
}

// usualSweep returns the figure over the one key that the variants sweep, if it has three numbers or more: of a network's key,
// if there is a target, the time to it, else the metric.
func usualSweep(curves []results.Curve) (Options, bool) {
	o := Options{Kind: "sweep", X: results.OneKey(curves)}
	if o.X == "" {
		return o, false
	}
	xs := results.Numbers(results.SweptValues(curves, o.X))
	targets := results.Targets(results.Runs(curves))
	if strings.HasPrefix(o.X, "network.") && len(targets) > 0 {
		o.Y, o.Targets = "sim_time", []float64{highestReached(curves, targets)}
	}
	return o, len(xs) > 2
}
