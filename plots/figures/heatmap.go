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
	x, y, swept, err := results.Grid(curves, o.X, o.Y)
	if err != nil {
		return nil, err
	}
	m := &plots.Matrix{XLabel: results.LastPart(x), YLabel: results.LastPart(y)}
	if m.XLabel == m.YLabel {
		m.XLabel, m.YLabel = x, y
	}
	xs, ys := results.SweptValues(swept, x), results.SweptValues(swept, y)
	for _, v := range xs {
		m.XNames = append(m.XNames, results.ValueText(v))
	}
	for _, v := range ys {
		m.YNames = append(m.YNames, results.ValueText(v))
	}
	value, a, err := o.cell(swept)
	if err != nil {
		return nil, err
	}
	m.ValueLabel, m.Log = a.label, a.log
	m.Title, m.Subtitle = o.heading(swept, plots.NoBand)
	stems, place := stemsOf(swept, x, y), map[string]int{}
	for i := range swept {
		c := &swept[i]
		rest := restOf(swept, c, x, y)
		k, known := place[rest]
		if !known {
			k = len(m.Panels)
			place[rest] = k
			m.Panels = append(m.Panels, emptyPanel(stems[rest], len(ys), len(xs)))
		}
		valueX, _ := c.SweptValue(x)
		valueY, _ := c.SweptValue(y)
		row, column := slices.Index(ys, valueY), slices.Index(xs, valueX)
		v, text := value(c)
		m.Panels[k].Values[row][column], m.Panels[k].Texts[row][column] = v*a.scale, text
		if text == notReached && !strings.Contains(m.Subtitle, notReached) && !o.Bare {
			m.Subtitle += " · " + notReached + ": not reached"
		}
	}
	return m, nil
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
	if len(targets) > 1 {
		return nil, axis{}, errors.New("there are several targets; give the one to show")
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
