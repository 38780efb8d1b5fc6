package figures

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

const notReached = "n. r."

// heatMap makes a table of colours over two swept keys, o.X and o.Y: of the final metric, of the last value of column o.Z, or, where
// o.Z is one of XNames, of what it took to reach the target. Variants that sweep both stand side by side.
func heatMap(curves []results.Curve, o Options) (plots.Drawing, error) {
	swept, err := o.sweptPair(curves)
	if err != nil {
		return nil, err
	}
	m := &plots.Matrix{XLabel: short(o.X), YLabel: short(o.Y)}
	xs, ys := settingsOf(swept, o.X), settingsOf(swept, o.Y)
	for _, v := range xs {
		m.XNames = append(m.XNames, valueText(v))
	}
	for _, v := range ys {
		m.YNames = append(m.YNames, valueText(v))
	}
	value, a, err := o.cell(swept)
	if err != nil {
		return nil, err
	}
	m.ValueLabel, m.Log = a.label, a.log
	m.Title, m.Subtitle = o.heading(swept, plots.NoBand)
	place := map[string]int{}
	for i := range swept {
		c := &swept[i]
		key := restOf(swept, c, o.X, o.Y)
		k, known := place[key]
		if !known {
			k = len(m.Panels)
			place[key] = k
			m.Panels = append(m.Panels, emptyPanel(heading(stem(c, labelsOf(swept, key, []string{o.X, o.Y}), o.X, o.Y)), len(ys), len(xs)))
		}
		x, _ := setting(c, o.X)
		y, _ := setting(c, o.Y)
		row, column := slices.Index(ys, y), slices.Index(xs, x)
		v, text := value(c)
		m.Panels[k].Values[row][column], m.Panels[k].Texts[row][column] = v*a.scale, text
		if text == notReached && !strings.Contains(m.Subtitle, notReached) && !o.Bare {
			m.Subtitle += " · " + notReached + ": not reached"
		}
	}
	return m, nil
}

// sweptPair completes o.X and o.Y and returns the curves that have both.
func (o *Options) sweptPair(curves []results.Curve) ([]results.Curve, error) {
	if o.X == "" && o.Y == "" {
		o.X, o.Y = gridKeys(curves)
	}
	if o.X == "" || o.Y == "" {
		return nil, fmt.Errorf("a heat map wants two swept keys, one for each axis; %s", sweptWords(curves))
	}
	for _, word := range []string{o.X, o.Y} {
		if err := checkSwept(curves, word); err != nil {
			return nil, err
		}
	}
	var both []results.Curve
	for i := range curves {
		_, x := setting(&curves[i], o.X)
		_, y := setting(&curves[i], o.Y)
		if x && y {
			both = append(both, curves[i])
		}
	}
	if len(both) == 0 {
		return nil, fmt.Errorf("no curve has both %s and %s", o.X, o.Y)
	}
	return both, nil
}

// gridKeys returns the two keys that the first variant sweeps that sweeps two, each for all values of the other.
func gridKeys(curves []results.Curve) (x, y string) {
	for i := range curves {
		if keys := tellingKeys(curves, &curves[i]); len(keys) == 2 {
			return short(keys[0]), short(keys[1])
		}
	}
	return "", ""
}

func sweptWords(curves []results.Curve) string {
	keys := sweptKeys(curves)
	if len(keys) == 0 {
		return "nothing is swept in these runs"
	}
	return "swept " + isOrAre(keys)
}

func emptyPanel(name string, rows, columns int) plots.MatrixPanel {
	p := plots.MatrixPanel{Name: name}
	for range rows {
		values := make([]float64, columns)
		for i := range values {
			values[i] = math.NaN()
		}
		p.Values, p.Texts = append(p.Values, values), append(p.Texts, make([]string, columns))
	}
	return p
}

// cell returns how a curve's cell is filled, and the axis of its values.
func (o *Options) cell(curves []results.Curve) (func(*results.Curve) (float64, string), axis, error) {
	metric := metricOf(curves)
	column := o.Z
	if column == "" || column == "metric" {
		column = metric
	}
	if !slices.Contains(XNames(), column) {
		a := yAxis(column, curves[0].Manifest().Regions)
		a.label, a.log = "Final "+small(a.label), scale(o.YScale, a.log)
		return func(c *results.Curve) (float64, string) {
			s := c.Over(func(r *record.Run) float64 { return results.Last(r, column) })
			if s.N == 0 {
				return math.NaN(), ""
			}
			return s.Mean, strings.TrimSuffix(a.text(s.Mean), " %")
		}, a, checkColumn(results.Runs(curves), column, XNames()...)
	}
	targets, err := o.targets(curves)
	if err != nil {
		return nil, axis{}, err
	}
	if len(targets) > 1 && len(o.Targets) == 0 {
		return nil, axis{}, errors.New("the runs have several eval.targets; give the one to show")
	}
	largest := 0.0
	for _, r := range results.Runs(curves) {
		if v := costOf(results.CostOf(r, targets[0]), column); v > largest {
			largest = v
		}
	}
	a := costAxis(column, largest).to(targets[0], metric)
	a.log = scale(o.YScale, true)
	return func(c *results.Curve) (float64, string) {
		s := c.Over(func(r *record.Run) float64 { return costOf(results.CostOf(r, targets[0]), column) })
		switch {
		case s.N == 0:
			return math.NaN(), notReached
		case s.N < len(c.Runs):
			return s.Mean, fmt.Sprintf("%s (%d/%d)", digits(s.Mean*a.scale), s.N, len(c.Runs))
		}
		return s.Mean, digits(s.Mean * a.scale)
	}, a, nil
}
