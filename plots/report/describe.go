package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"flsim/internal/units"
	"flsim/sim/record"
	"flsim/sim/results"
)

// describe writes the page's title and what its runs have in common.
func (p *Page) describe(curves []results.Curve, o Options) {
	runs := results.Runs(curves)
	p.Metric = runs[0].Manifest.Metric
	p.Targets = results.Targets(runs)
	p.Title = cmp.Or(o.Title, strings.Join(distinct(runs, func(m *record.Manifest) string { return m.Experiment }), ", "), "Runs")
	p.Subtitle = subtitle(curves, runs)
	p.Synthetic = synthetic(runs)
	if metrics := distinct(runs, func(m *record.Manifest) string { return m.Metric }); len(metrics) > 1 {
		p.Notes = append(p.Notes, "the runs measure different things: "+strings.Join(metrics, ", ")+"; the tables compare them all the same")
	}
	if n := unfinished(runs); n > 0 && !p.Live {
		p.Notes = append(p.Notes, fmt.Sprintf("%d of %s unfinished: their last values are not final", n, units.Count(len(runs), "run")))
	}
	few, many := seeds(curves)
	for n := range many + 1 {
		p.Student = append(p.Student, halfWidth95(n))
	}
	if few != many {
		p.Notes = append(p.Notes, fmt.Sprintf("curves have from %d to %s", few, units.Count(many, "seed")))
	}
}

// halfWidth95 returns half the width of the 95 % confidence interval of the mean of n values, in their sample standard
// deviations, by Student's t; 0 below two values.
func halfWidth95(n int) float64 {
	if n < 2 {
		return 0
	}
	return shorter(distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile(0.975) / math.Sqrt(float64(n)))
}

func subtitle(curves []results.Curve, runs []*record.Run) string {
	parts := []string{
		strings.Join(distinct(runs, func(m *record.Manifest) string { return m.Data }), ", "),
		strings.Join(distinct(runs, func(m *record.Manifest) string { return m.Model }), ", "),
		results.Common(runs, func(m *record.Manifest) string { return units.Count(m.Clients, "client") }),
		results.Common(runs, func(m *record.Manifest) string { return units.Count(m.Rounds, "round") }),
		units.Count(len(curves), "curve"), units.Count(len(runs), "run"),
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, " · ")
}

func synthetic(runs []*record.Run) string {
	n := 0
	for _, r := range runs {
		if r.Manifest.Synthetic {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case len(runs):
		return "Synthetic data: generated, not measured. The curves say how codecs compare on them, not what a model reaches on real data."
	}
	return "Synthetic data in part: the origin table says which runs learned from generated data."
}

func unfinished(runs []*record.Run) int {
	n := 0
	for _, r := range runs {
		if r.Result == nil {
			n++
		}
	}
	return n
}

func seeds(curves []results.Curve) (fewest, most int) {
	fewest = maxInt
	for _, c := range curves {
		fewest, most = min(fewest, len(c.Runs)), max(most, len(c.Runs))
	}
	return fewest, most
}

// distinct returns the different things that f says of runs, in the order of runs, without empty ones.
func distinct(runs []*record.Run, f func(*record.Manifest) string) []string {
	var all []string
	for _, r := range runs {
		if s := f(&r.Manifest); s != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// Contents says in one line what the page holds.
func (p *Page) Contents() string {
	parts := []string{units.Count(len(p.Curves), "curve") + " of " + units.Count(len(p.Runs), "run")}
	for _, t := range p.Tables {
		parts = append(parts, strings.ToLower(t.Title))
	}
	if n := len(p.Cases); n > 0 {
		parts = append(parts, units.Count(n, "contact sheet"))
	}
	if p.Synthetic != "" {
		parts = append(parts, "synthetic data")
	}
	return strings.Join(parts, ", ")
}
