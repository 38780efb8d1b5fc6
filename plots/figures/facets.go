package figures

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"flsim/plots"
	"flsim/sim/results"
)

// variantKey names the facets by variant.
const variantKey = "variant"

// facets makes a small figure for each value of a swept key, or for each variant. Curves that do not have the key, such as a
// baseline, stand in all of them.
func facets(curves []results.Curve, o Options) (plots.Drawing, error) {
	names, members, err := facetNames(curves, o.Facet)
	if err != nil {
		return nil, err
	}
	labelled := relabelled(curves, facetLabels(curves, o.Facet, members))
	out := &plots.Facets{}
	out.Title, out.Subtitle = o.heading(curves, o.Band)
	single := o
	single.Facet, single.Selection = "", results.Selection{}
	for k, name := range names {
		var panel []results.Curve
		for i, c := range labelled {
			if members[i] < 0 || members[i] == k {
				panel = append(panel, c)
			}
		}
		f, err := Curves(panel, single)
		if err != nil {
			return nil, err
		}
		out.Panels = append(out.Panels, plots.Facet{Name: name, Figure: f})
	}
	alike(out.Panels)
	if marks := unnamed(out.Panels); len(marks) > 0 && !o.Bare {
		out.Subtitle += " · dotted: targets " + strings.Join(marks, ", ")
	}
	return out, nil
}

// relabelled gives curves other labels, and looks by these: equal labels look the same in all small figures.
func relabelled(curves []results.Curve, labels []string) []results.Curve {
	out := slices.Clone(curves)
	orders := map[string]int{}
	for i, label := range labels {
		if _, known := orders[label]; !known {
			orders[label] = len(orders)
		}
		out[i].Label, out[i].Order = label, orders[label]
	}
	return out
}

// unnamed takes their names off the targets, for which small figures have no room, and returns those of the first figure.
func unnamed(panels []plots.Facet) (names []string) {
	for i, p := range panels {
		for k := range p.Figure.Targets {
			name, isTarget := strings.CutPrefix(p.Figure.Targets[k].Label, "target ")
			if !isTarget {
				continue
			}
			p.Figure.Targets[k].Label = ""
			if i == 0 {
				names = append(names, name)
			}
		}
	}
	return names
}

// alike makes an axis logarithmic in all figures where it is in one.
func alike(panels []plots.Facet) {
	y := slices.ContainsFunc(panels, func(p plots.Facet) bool { return p.Figure.LogY })
	for _, p := range panels {
		p.Figure.LogY = y
	}
}

// facetNames returns the names of the small figures, and of each curve the index of its own, -1 for all.
func facetNames(curves []results.Curve, word string) (names []string, members []int, err error) {
	if word == variantKey {
		names, members = variantFacets(curves)
		return names, members, nil
	}
	if err := results.CheckSwept(curves, word); err != nil {
		return nil, nil, fmt.Errorf("facets: %w; or write %s", err, variantKey)
	}
	values := results.SweptValues(curves, word)
	for _, v := range values {
		names = append(names, word+" = "+results.ValueText(v))
	}
	for i := range curves {
		member := -1
		if v, ok := curves[i].SweptValue(word); ok {
			member = slices.Index(values, v)
		}
		members = append(members, member)
	}
	return names, members, nil
}

// variantFacets is facetNames for a small figure of each variant. If some are swept, the others stand in all.
func variantFacets(curves []results.Curve) (names []string, members []int) {
	keys := results.SweptKeys(curves)
	stems := stemsOf(curves, keys...)
	place := map[string]int{}
	for i := range curves {
		c := &curves[i]
		if len(keys) > 0 && len(c.Manifest().Axes) == 0 {
			members = append(members, -1)
			continue
		}
		rest := restOf(curves, c, keys...)
		if _, known := place[rest]; !known {
			place[rest] = len(names)
			names = append(names, stems[rest])
		}
		members = append(members, place[rest])
	}
	return names, members
}

// facetLabels names the curves in the legend that all small figures share.
func facetLabels(curves []results.Curve, word string, members []int) (labels []string) {
	stems := stemsOf(curves, word)
	for i := range curves {
		c := &curves[i]
		label := c.Label
		switch {
		case members[i] < 0:
		case word == variantKey:
			label = cmp.Or(axesWords(c, results.TellingKeys(curves, c)), label)
		default:
			label = stems[restOf(curves, c, word)]
		}
		labels = append(labels, label)
	}
	return labels
}
