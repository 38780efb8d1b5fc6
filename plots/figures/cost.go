package figures

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// costOf returns a part of a cost by the name of its axis.
func costOf(c results.Cost, name string) float64 {
	switch {
	case !c.Reached:
		return math.NaN()
	case name == "uplink_bits":
		return c.Uplink
	case name == "downlink_bits":
		return c.Downlink
	case name == "total_bits":
		return c.Total
	case name == "round":
		return c.Round
	}
	return c.SimTime
}

// costAxis returns the unit in which costs are shown, for the largest of them.
func costAxis(name string, largest float64) axis {
	switch name {
	case "round":
		return axis{label: "Rounds", scale: 1}
	case "sim_time":
		scale, label := timeAxis(largest)
		return axis{label: strings.Replace(label, "Simulated", "Sim.", 1), scale: scale}
	}
	unit, scale := "Mbit", 1e-6
	if largest >= 2e9 {
		unit, scale = "Gbit", 1e-9
	}
	words := map[string]string{"uplink_bits": "Uplink", "downlink_bits": "Downlink", "total_bits": "Uplink + downlink"}
	return axis{label: words[name] + " (" + unit + ")", scale: scale}
}

// to puts a target into the label of a cost, before its unit.
func (a axis) to(target float64, metric string) axis {
	y := yAxis(metric, nil)
	text := " to " + strconv.FormatFloat(target*y.scale, 'g', 4, 64)
	if y.scale == 100 {
		text += " %"
	}
	words, unit, ok := strings.Cut(a.label, " (")
	if ok {
		unit = " (" + unit
	}
	a.label = words + text + unit
	return a
}

// bars makes a figure of what it took to reach the targets that were asked for, or else the highest of the experiment's that is
// reached: o.X, one of XNames, or else uplink bits, rounds and simulated time.
func bars(curves []results.Curve, o Options) (plots.Drawing, error) {
	targets, err := o.targets(curves)
	if err != nil {
		return nil, err
	}
	if len(o.Targets) == 0 {
		targets = []float64{highestReached(curves, targets)}
	}
	measures := []string{"uplink_bits", "round", "sim_time"}
	if o.X != "" {
		if !slices.Contains(XNames(), o.X) {
			return nil, fmt.Errorf("bars show one of %s, not %q", strings.Join(XNames(), ", "), o.X)
		}
		measures = []string{o.X}
	}
	b := &plots.Bars{Abreast: len(measures)}
	b.Title, b.Subtitle = o.heading(curves, o.Band)
	for _, c := range curves {
		b.Names, b.Orders = append(b.Names, c.Label), append(b.Orders, c.Order)
	}
	for _, v := range targets {
		for _, m := range measures {
			b.Panels = append(b.Panels, barPanel(curves, m, v, o))
		}
	}
	if !o.Bare && slices.ContainsFunc(b.Panels, partly) {
		b.Subtitle += " · (1/2): reached by 1 of 2 seeds"
	}
	return b, nil
}

// highestReached returns the largest of ascending targets that any run reaches, or else the smallest.
func highestReached(curves []results.Curve, targets []float64) float64 {
	for i := len(targets) - 1; i > 0; i-- {
		if slices.ContainsFunc(results.Runs(curves), func(r *record.Run) bool { return results.CostOf(r, targets[i]).Reached }) {
			return targets[i]
		}
	}
	return targets[0]
}

// partly reports whether some seeds reach a target and others do not.
func partly(p plots.BarPanel) bool {
	return slices.ContainsFunc(p.Bars, func(b plots.Bar) bool { return !math.IsNaN(b.Value) && strings.HasSuffix(b.Text, ")") })
}

// barPanel shows one cost of one target.
func barPanel(curves []results.Curve, measure string, target float64, o Options) plots.BarPanel {
	low, high := math.Inf(1), 0.0
	all := make([][]float64, len(curves))
	for i := range curves {
		for _, r := range curves[i].Runs {
			if v := costOf(results.CostOf(r, target), measure); v >= 0 {
				all[i] = append(all[i], v)
				low, high = min(low, v), max(high, v)
			}
		}
	}
	axis := costAxis(measure, high).to(target, metricOf(curves))
	panel := plots.BarPanel{Name: axis.label, Whole: measure == "round"}
	panel.Log = scale(o.XScale, low > 0 && high > 40*low)
	for i := range curves {
		panel.Bars = append(panel.Bars, bar(&curves[i], all[i], axis, o.Band))
	}
	return panel
}

func bar(c *results.Curve, values []float64, a axis, band plots.Band) plots.Bar {
	if len(values) == 0 {
		best := c.Over(func(r *record.Run) float64 { return results.Best(r, r.Manifest.Metric) })
		b := plots.Bar{Value: math.NaN(), Text: "not reached"}
		if best.N > 0 {
			value := yAxis(c.Manifest().Metric, nil).text(best.Mean)
			b.Text, b.Short = b.Text+" (best "+value+")", "at best "+value
		}
		return b
	}
	mean, low, high := band.Around(values)
	b := plots.Bar{Value: mean * a.scale, Low: low * a.scale, High: high * a.scale, Text: digits(mean * a.scale)}
	if n := len(c.Runs); len(values) < n {
		b.Text += fmt.Sprintf(" (%d/%d)", len(values), n)
	}
	return b
}

// digits writes a number with three significant digits, all of them where it has more before the point.
func digits(v float64) string {
	if a := math.Abs(v); a >= 100 || a == math.Trunc(a) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', max(0, 2-int(math.Floor(math.Log10(math.Abs(v))))), 64)
}

// text writes a value as the axis shows it.
func (a axis) text(v float64) string {
	if a.scale == 100 {
		return tenths(v*a.scale) + " %"
	}
	return digits(v)
}

// tenths writes a number with one decimal. Halves go away from zero by what is written, hence 30.65 to 30.7, though
// floating point may hold a little less.
func tenths(v float64) string {
	return strconv.FormatFloat(math.Round(math.Round(v*1e6)/1e5)/10, 'f', 1, 64)
}

// pareto makes a figure of the final metric, or of the last value of column o.Y, over what was sent: o.X is "compression"
// (how many times smaller the uplink is than float32), "total_compression", or one of XNames.
func pareto(curves []results.Curve, o Options) (plots.Drawing, error) {
	column := o.Y
	if column == "" || column == "metric" {
		column = metricOf(curves)
	}
	runs := results.Runs(curves)
	if err := checkColumn(runs, column); err != nil {
		return nil, err
	}
	x, amount, err := paretoAxis(runs, orElse(o.X, "compression"))
	if err != nil {
		return nil, err
	}
	y := yAxis(column, curves[0].Manifest().Regions)
	s := &plots.Scatter{XLabel: x.label, YLabel: "Final " + small(y.label), LogX: scale(o.XScale, x.log), LogY: scale(o.YScale, y.log),
		WholeX: x.column == "round", LowX: x.low, LowY: y.low, XLim: o.XLim, YLim: o.YLim}
	if o.Best {
		s.YLabel = "Best " + small(y.label)
	}
	s.Title, s.Subtitle = o.heading(curves, o.Band)
	point := func(c *results.Curve) plots.Point {
		var values []float64
		for _, r := range c.Runs {
			v := results.Last(r, column)
			if o.Best {
				v = results.Best(r, column)
			}
			if !math.IsNaN(v) {
				values = append(values, v*y.scale)
			}
		}
		p := plots.Point{X: c.Over(amount).Mean * x.scale, Y: math.NaN()}
		if len(values) > 0 {
			p.Y, p.Low, p.High = o.Band.Around(values)
		}
		return p
	}
	s.Clouds = clouds(curves, point)
	return s, nil
}

// paretoAxis returns the axis of a cost and how it is taken from a run.
func paretoAxis(runs []*record.Run, name string) (axis, func(*record.Run) float64, error) {
	switch name {
	case "compression":
		return axis{label: "Uplink compression against float32 (×)", scale: 1, log: true},
			func(r *record.Run) float64 { return results.Uplink(r).Ratio() }, nil
	case "total_compression":
		return axis{label: "Uplink + downlink compression against float32 (×)", scale: 1, log: true},
			func(r *record.Run) float64 { return results.Both(r).Ratio() }, nil
	}
	if !slices.Contains(XNames(), name) {
		return axis{}, nil, fmt.Errorf("the horizontal axis is one of compression, total_compression, %s, not %q", strings.Join(XNames(), ", "), name)
	}
	a, err := xAxis(name, "")
	if a.column == "sim_time_s" {
		a.scale, a.label = timeAxis(longest(runs, a.column))
	}
	a.low = true
	return a, func(r *record.Run) float64 { return results.Last(r, a.column) }, err
}

// clouds gathers the curves of each variant.
func clouds(curves []results.Curve, point func(*results.Curve) plots.Point) []plots.Cloud {
	var list []plots.Cloud
	keys := results.SweptKeys(curves)
	stems, place := stemsOf(curves, keys...), map[string]int{}
	several := false
	for i := range curves {
		c := &curves[i]
		telling, rest := results.TellingKeys(curves, c), restOf(curves, c, keys...)
		if _, known := place[rest]; !known {
			place[rest] = len(list)
			list = append(list, plots.Cloud{Label: cloudLabel(stems[rest], telling), Order: c.Order})
		}
		p := point(c)
		p.Text = pointText(c, telling)
		cloud := &list[place[rest]]
		cloud.Points = append(cloud.Points, p)
		several = several || len(cloud.Points) > 1
	}
	for i := range list {
		if several {
			list[i].Order = i
		}
		list[i].Joined = len(keys) > 0 && len(list[i].Points) > 1 && !strings.Contains(list[i].Points[0].Text, ", ")
		slices.SortStableFunc(list[i].Points, func(a, b plots.Point) int { return cmp.Compare(a.X, b.X) })
	}
	return list
}

// cloudLabel names a variant, and says what the values at its points are, unless they or dots say it.
func cloudLabel(stem string, telling []string) string {
	if len(telling) != 1 || strings.Contains(stem, dots) {
		return stem
	}
	_, unit := keyUnit(telling[0])
	return stem + " (" + cmp.Or(unit, results.LastPart(telling[0])) + ")"
}

// pointText writes a curve's values of some keys for its point: one by itself, several with their names, in the order in which the
// curve's label has them, as in "keep 0.1, bits 2".
func pointText(c *results.Curve, keys []string) string {
	if len(keys) < 2 {
		return c.ValuesText(keys)
	}
	words := strings.FieldsFunc(c.Label, func(r rune) bool { return r == ' ' || r == ',' })
	place := func(key string) int {
		if i := slices.Index(words, results.ValueText(c.Manifest().Axes[key])); i >= 0 {
			return i
		}
		return len(words)
	}
	keys = slices.Clone(keys)
	slices.SortStableFunc(keys, func(a, b string) int { return place(a) - place(b) })
	var parts []string
	for _, key := range keys {
		parts = append(parts, results.LastPart(key)+" "+results.ValueText(c.Manifest().Axes[key]))
	}
	return strings.Join(parts, ", ")
}
