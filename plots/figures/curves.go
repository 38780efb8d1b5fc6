package figures

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// Curves makes a figure of column o.Y over o.X, one of XNames or a column's name: for each curve the mean with a band over
// its seeds. Shares such as accuracy are shown in percent, bits in Mbit over all clients, simulated time
// in the unit that suits its length. Axes of bits are logarithmic, so round 0, before which nothing was sent, is not on
// them. Against simulated time, runs with a budget of it are drawn in steps up to the budget, with the area under the
// metric in the legend. On axes of bits a baseline that sends nothing is a horizontal line at its last value. That the
// data are synthetic stands in the subtitle.
func Curves(curves []results.Curve, o Options) (*plots.Figure, error) {
	runs := results.Runs(curves)
	xa, ya, columns, err := o.axes(runs)
	if err != nil {
		return nil, err
	}
	f := &plots.Figure{WholeX: xa.column == "round", Steps: xa.column == "sim_time_s" && longestBudget(runs) > 0, LogX: scale(o.XScale, xa.log), Band: o.Band, XLabel: xa.label, YLabel: ya.label, XLim: o.XLim, YLim: o.YLim}
	for i := range curves {
		c := &curves[i]
		if !o.Regions {
			s := series(c, xa, ya, o)
			if f.Steps && ya.column == metricOf(curves) {
				s.Label += area(c)
			}
			f.Series = append(f.Series, s)
			f.Targets = append(f.Targets, reference(&s, f.LogX)...)
			continue
		}
		for k, column := range columns {
			f.Series = append(f.Series, region(c, k, xa, ya.of(column), o, len(curves) > 1))
		}
	}
	f.LogY = scale(o.YScale, ya.log || o.Minus != 0 || ya.low && wide(f.Series))
	describe(f, curves, ya, o)
	return f, nil
}

// axes returns the axes and the columns to draw.
func (o *Options) axes(runs []*record.Run) (x, y axis, columns []string, err error) {
	metric := runs[0].Manifest.Metric
	name := o.Y
	if name == "" || name == "metric" {
		name = metric
	}
	if x, err = xAxis(orElse(o.X, "uplink_bits"), o.Account); err != nil {
		return x, y, nil, err
	}
	regions := runs[0].Manifest.Regions
	y, columns = yAxis(name, regions), []string{name}
	if o.Regions {
		y.label, columns = yAxis(name, nil).label, regionColumns(name, regions)
	}
	for _, column := range columns {
		if err := checkColumn(runs, column); err != nil {
			return x, y, nil, err
		}
	}
	if err := checkColumn(runs, x.column, XNames()...); err != nil {
		return x, y, nil, err
	}
	if x.column == "sim_time_s" {
		x.scale, x.label = timeAxis(max(longestBudget(runs), longest(runs, x.column)))
	}
	return x, y, columns, nil
}

func orElse(word, other string) string {
	if word == "" {
		return other
	}
	return word
}

func series(c *results.Curve, x, y axis, o Options) plots.Series {
	s := plots.Series{Label: c.Label, Order: c.Order}
	for _, r := range c.Runs {
		s.Seeds = append(s.Seeds, curveOf(r, x, y, o))
		if o.Beside {
			training := y
			training.column = "train_" + y.column
			s.Beside = append(s.Beside, curveOf(r, x, training, o))
		}
	}
	return s
}

// region returns the series of region k; several curves need to be named too.
func region(c *results.Curve, k int, x, y axis, o Options, several bool) plots.Series {
	regions := c.Manifest().Regions
	s := series(c, x, y, o)
	s.Label, s.Order = regions[k], k
	if several {
		s.Label, s.Order = c.Label+", "+regions[k], len(regions)*c.Order+k
	}
	return s
}

// reference returns a line at the mean of the last values of a series that, on a logarithmic axis of bits, has no place:
// a baseline that sends nothing.
func reference(s *plots.Series, log bool) []plots.Target {
	sum, n := 0.0, 0
	for _, c := range s.Seeds {
		if !log || len(c.X) < 2 || slices.Max(c.X) > 0 {
			return nil
		}
		sum += c.Y[len(c.Y)-1]
		n++
	}
	if n == 0 {
		return nil
	}
	return []plots.Target{{Value: sum / float64(n), Label: s.Label}}
}

// area names the mean over seeds of the area under the metric, for legends.
func area(c *results.Curve) string {
	return fmt.Sprintf(", area %.3f", c.Over(results.Area).Mean)
}

func longestBudget(runs []*record.Run) float64 {
	most := 0.0
	for _, r := range runs {
		most = max(most, r.Manifest.Budget)
	}
	return most
}

func curveOf(r *record.Run, x, y axis, o Options) plots.Curve {
	var c plots.Curve
	c.X, c.Y = r.Pairs(x.column, y.column)
	if n, budget := len(c.X), r.Manifest.Budget; x.column == "sim_time_s" && r.Result != nil && n > 0 && c.X[n-1] < budget {
		c.X, c.Y = append(c.X, budget), append(c.Y, c.Y[n-1]) // a finished run holds its last value
	}
	for i := range c.X {
		c.X[i] *= x.scale
		c.Y[i] = (c.Y[i] - o.Minus) * y.scale
	}
	if o.Best {
		c = c.Best(y.low)
	}
	return c
}

func longest(runs []*record.Run, column string) float64 {
	most := 0.0
	for _, r := range runs {
		for _, row := range r.Rounds {
			most = max(most, row[column])
		}
	}
	return most
}

// wide reports whether a few values are so far above the others, as the losses of a run that diverges, that on a linear
// axis these would be one flat line.
func wide(list []plots.Series) bool {
	var all []float64
	for _, s := range list {
		for _, c := range slices.Concat(s.Seeds, s.Beside) {
			all = append(all, c.Y...)
		}
	}
	if len(all) == 0 {
		return false
	}
	slices.Sort(all)
	return all[0] > 0 && all[len(all)-1] > 30*all[len(all)/2]
}

// describe writes titles, labels and targets.
func describe(f *plots.Figure, curves []results.Curve, y axis, o Options) {
	f.Title, f.Subtitle = o.heading(curves, o.Band)
	if o.Beside {
		f.Main, f.Beside = "test", "training"
		f.YLabel = capital(strings.TrimPrefix(f.YLabel, "Test "))
	}
	if o.Minus != 0 {
		f.YLabel += " − " + strconv.FormatFloat(o.Minus*y.scale, 'g', 6, 64)
	}
	if o.Best {
		f.YLabel = "Best " + small(f.YLabel) + " so far"
	}
	if y.column != metricOf(curves) || o.Beside || o.Regions || o.Unmarked {
		return
	}
	targets, err := o.targets(curves)
	if err != nil {
		return // there are none
	}
	for _, v := range targets {
		v *= y.scale
		f.Targets = append(f.Targets, plots.Target{Value: v, Label: "target " + strconv.FormatFloat(v, 'g', 4, 64), Far: true})
	}
}
