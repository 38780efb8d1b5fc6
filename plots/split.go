package plots

import (
	"cmp"
	"fmt"

	"flsim/sim/record"
)

// mostCurves is how many curves a figure holds and can still be read.
const mostCurves = 12

// part is those of an experiment's runs that get figures of their own.
type part struct {
	name string // for file names; empty for the first part
	note string // for titles
	runs []*record.Run
}

// split divides runs whose curves are too many for one figure. The first part is an overview, the best curve of each
// variant; then each variant that a sweep has made several curves of has a part, which the experiment's first curve joins
// for comparison if it is the only one of its variant.
func split(runs []*record.Run) ([]part, error) {
	groups, err := byVariant(runs)
	if err != nil {
		return nil, err
	}
	if len(groups) <= mostCurves {
		return []part{{runs: runs}}, nil
	}
	families := byFamily(groups)
	var best []group
	for _, f := range families {
		best = append(best, bestOf(f))
	}
	parts := parted("", "best of each variant", best, nil)
	var reference []group
	if len(families[0]) == 1 {
		reference = families[0]
	}
	for _, f := range families {
		if name := f[0].runs[0].Manifest.Variant; len(f) > 1 {
			parts = append(parts, parted(name, name, f, reference)...)
		}
	}
	return parts, nil
}

// byFamily puts the curves of each variant together.
func byFamily(groups []group) (families [][]group) {
	for i, g := range groups {
		if i == 0 || g.experiment() != groups[i-1].experiment() || g.runs[0].Manifest.Variant != groups[i-1].runs[0].Manifest.Variant {
			families = append(families, nil)
		}
		families[len(families)-1] = append(families[len(families)-1], g)
	}
	return families
}

// bestOf returns the curve whose metric ends highest, in the mean over its seeds.
func bestOf(family []group) group {
	best := family[0]
	for _, g := range family[1:] {
		if g.final() > best.final() {
			best = g
		}
	}
	return best
}

func (g group) final() float64 {
	sum := 0.0
	for _, r := range g.runs {
		if _, values := r.Column(r.Manifest.Metric); len(values) > 0 {
			sum += values[len(values)-1]
		}
	}
	return sum / float64(len(g.runs))
}

// parted makes one part of some curves, or several if they are too many, each with the reference in front.
func parted(name, note string, groups, reference []group) (parts []part) {
	for from := 0; from < len(groups); from += mostCurves {
		p := part{name: name, note: note}
		if from > 0 {
			number := fmt.Sprint(1 + from/mostCurves)
			p.note += ", " + number
			p.name = cmp.Or(name, "best") + "-" + number
		}
		for _, g := range append(append([]group{}, reference...), groups[from:min(from+mostCurves, len(groups))]...) {
			p.runs = append(p.runs, g.runs...)
		}
		parts = append(parts, p)
	}
	return parts
}
