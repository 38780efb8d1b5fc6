package figures

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"flsim/sim/record"
	"flsim/sim/results"
)

// mostCurves is how many curves a figure holds and can still be read.
const mostCurves = 12

// part is those of an experiment's curves that get figures of their own.
type part struct {
	name   string // for file names; empty for the first part
	note   string // for titles
	curves []results.Curve
}

// split divides curves that are too many for one figure. The first part is an overview, the best curve of each
// variant; then each variant that a sweep has made several curves of has a part, which the experiment's first curve joins
// for comparison if it is the only one of its variant.
func split(curves []results.Curve) []part {
	if len(curves) <= mostCurves {
		return []part{{curves: curves}}
	}
	families := byFamily(curves)
	var best []results.Curve
	for _, f := range families {
		best = append(best, bestOf(f))
	}
	parts := parted("", "best of each variant", best, nil)
	var reference []results.Curve
	if len(families[0]) == 1 {
		reference = families[0]
	}
	for _, f := range families {
		if name := f[0].Manifest().Variant; len(f) > 1 {
			parts = append(parts, parted(name, name, f, reference)...)
		}
	}
	return apart(parts)
}

// apart makes file names of the parts' names, each different from the others: variants of several experiments may share
// theirs, and those that results.Spread makes hold values of settings.
func apart(parts []part) []part {
	taken := map[string]bool{}
	for i := range parts {
		name := strings.Map(fileLetter, parts[i].name)
		parts[i].name = name
		for n := 2; taken[parts[i].name]; n++ {
			parts[i].name = fmt.Sprintf("%s-%d", name, n)
		}
		taken[parts[i].name] = true
	}
	return parts
}

func fileLetter(r rune) rune {
	if r < ' ' || strings.ContainsRune(`/\:`, r) {
		return '-'
	}
	return r
}

// byFamily puts the curves of each variant together.
func byFamily(curves []results.Curve) (families [][]results.Curve) {
	for i, c := range curves {
		if i == 0 || c.Experiment() != curves[i-1].Experiment() || c.Manifest().Variant != curves[i-1].Manifest().Variant {
			families = append(families, nil)
		}
		families[len(families)-1] = append(families[len(families)-1], c)
	}
	return families
}

// bestOf returns the curve whose metric ends highest, in the mean over its seeds.
func bestOf(family []results.Curve) results.Curve {
	final := func(c results.Curve) float64 {
		return c.Over(func(r *record.Run) float64 { return results.Last(r, r.Manifest.Metric) }).Mean
	}
	best := family[0]
	for _, c := range family[1:] {
		if final(c) > final(best) {
			best = c
		}
	}
	return best
}

// parted makes one part of some curves, or several if they are too many, each with the reference in front.
func parted(name, note string, curves, reference []results.Curve) (parts []part) {
	for from := 0; from < len(curves); from += mostCurves {
		p := part{name: name, note: note}
		if from > 0 {
			number := fmt.Sprint(1 + from/mostCurves)
			p.note += ", " + number
			p.name = cmp.Or(name, "best") + "-" + number
		}
		p.curves = slices.Concat(reference, curves[from:min(from+mostCurves, len(curves))])
		parts = append(parts, p)
	}
	return parts
}
