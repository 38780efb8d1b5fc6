package figures

import (
	"cmp"
	"slices"
	"strings"

	"flsim/sim/results"
)

// restOf writes what tells one of the curves from others that differ in the given keys alone.
func restOf(curves []results.Curve, c *results.Curve, words ...string) string {
	m := c.Manifest()
	parts := []string{m.Experiment, m.Variant}
	for _, key := range results.TellingKeys(curves, c) {
		if !meansOne(words, key) {
			parts = append(parts, key, results.ValueText(m.Axes[key]))
		}
	}
	return strings.Join(parts, "\x00")
}

func meansOne(words []string, key string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return results.Means(w, key) })
}

// stems names groups of curves that differ in some swept keys alone, which a figure spreads out: by what restOf says of them,
// their label without the values of these keys.
type stems map[string]string

// stemsOf names the groups of curves that differ in the given keys alone. Groups have different names if their labels have.
func stemsOf(curves []results.Curve, words ...string) stems {
	groups := map[string][]results.Curve{}
	for i := range curves {
		rest := restOf(curves, &curves[i], words...)
		groups[rest] = append(groups[rest], curves[i])
	}
	names, uses := stems{}, map[string]int{}
	for rest, group := range groups {
		names[rest] = stem(group, words)
		uses[names[rest]]++
	}
	for rest, group := range groups {
		if uses[names[rest]] > 1 {
			names[rest] = template(group, words)
		}
	}
	return names
}

// stem names a group of curves without their values of some swept keys, by the variant if its label holds nothing else.
func stem(group []results.Curve, words []string) string {
	var names keyNames
	for _, key := range results.SweptKeys(group) {
		if meansOne(words, key) {
			names = append(names, strings.Split(results.LastPart(key), "_")...)
		}
	}
	return cmp.Or(names.plain(template(group, words)), group[0].Manifest().Variant)
}

// template returns the label that a group of curves has in common, with dots in the place of their values of some swept keys.
func template(group []results.Curve, words []string) string {
	values := map[string]bool{}
	for key, v := range group[0].Manifest().Axes {
		if meansOne(words, key) {
			values[results.ValueText(v)] = true
		}
	}
	var labels []string
	for i := range group {
		labels = append(labels, group[i].Label)
	}
	switch {
	case len(values) == 0:
		return labels[0]
	case len(labels) == 1:
		return dotted(labels[0], values)
	}
	return common(labels)
}

// axesWords writes a curve's values of some swept keys, as in "bits = 4, keep = 0.1".
func axesWords(c *results.Curve, keys []string) string {
	var parts []string
	for _, key := range keys {
		parts = append(parts, results.LastPart(key)+" = "+results.ValueText(c.Manifest().Axes[key]))
	}
	return strings.Join(parts, ", ")
}
