package figures

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"flsim/plots"
	"flsim/sim/results"
)

// variantKey names the facets by variant.
const variantKey = "variant"

// sweptKeys returns the keys that are swept in any curve, in alphabetical order.
func sweptKeys(curves []results.Curve) []string {
	keys := map[string]bool{}
	for i := range curves {
		for key := range curves[i].Manifest().Axes {
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// tellingKeys returns the swept keys of the curves of c's variant without those that go along with others, as zipped axes do:
// what is left still tells the curves apart.
func tellingKeys(curves []results.Curve, c *results.Curve) []string {
	keys := sweptKeys([]results.Curve{*c})
	var family []results.Curve
	for i := range curves {
		if m := curves[i].Manifest(); m.Variant == c.Manifest().Variant && m.Experiment == c.Manifest().Experiment && len(m.Axes) == len(keys) {
			family = append(family, curves[i])
		}
	}
	for i := len(keys) - 1; i >= 0 && len(keys) > 1; i-- {
		less := slices.Delete(slices.Clone(keys), i, i+1)
		seen := map[string]bool{}
		for k := range family {
			seen[settingsText(&family[k], less)] = true
		}
		if len(seen) == len(family) {
			keys = less
		}
	}
	return keys
}

// settingsText writes a curve's values of some keys, as in "4, 0.1".
func settingsText(c *results.Curve, keys []string) string {
	var values []string
	for _, key := range keys {
		values = append(values, valueText(c.Manifest().Axes[key]))
	}
	return strings.Join(values, ", ")
}

// means reports whether a word stands for a swept key: the key itself or an end of it, as bits does for codec.q.bits.
func means(word, key string) bool { return key == word || strings.HasSuffix(key, "."+word) }

// checkSwept reports a word that stands for no swept key.
func checkSwept(curves []results.Curve, word string) error {
	keys := sweptKeys(curves)
	if slices.ContainsFunc(keys, func(key string) bool { return means(word, key) }) {
		return nil
	}
	if len(keys) == 0 {
		return fmt.Errorf("nothing is swept in these runs, so not %q either", word)
	}
	return fmt.Errorf("%q is not swept in these runs; %s", word, isOrAre(keys))
}

func isOrAre(words []string) string {
	if len(words) == 1 {
		return words[0] + " is"
	}
	return strings.Join(words, ", ") + " are"
}

// setting returns the value that a curve has of a swept key. ok is false if it has none, or several.
func setting(c *results.Curve, word string) (value any, ok bool) {
	n := 0
	for key, v := range c.Manifest().Axes {
		if means(word, key) {
			value = v
			n++
		}
	}
	return value, n == 1
}

// valueText writes a value of a swept key.
func valueText(v any) string {
	if x, ok := v.(float64); ok {
		return strconv.FormatFloat(x, 'g', 6, 64)
	}
	return fmt.Sprint(v)
}

// settingsOf returns the different values of a swept key: numbers in ascending order, then others, such as "inf", as the
// curves have them.
func settingsOf(curves []results.Curve, word string) []any {
	var values []any
	for i := range curves {
		if v, ok := setting(&curves[i], word); ok && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	slices.SortStableFunc(values, func(a, b any) int {
		x, xok := a.(float64)
		y, yok := b.(float64)
		switch {
		case xok && yok:
			return cmp.Compare(x, y)
		case xok:
			return -1
		case yok:
			return 1
		}
		return 0
	})
	return values
}

// restOf writes what tells one of the curves from others that differ in the given keys alone.
func restOf(curves []results.Curve, c *results.Curve, words ...string) string {
	m := c.Manifest()
	parts := []string{m.Experiment, m.Variant}
	for _, key := range tellingKeys(curves, c) {
		if !slices.ContainsFunc(words, func(w string) bool { return means(w, key) }) {
			parts = append(parts, key, valueText(m.Axes[key]))
		}
	}
	return strings.Join(parts, "\x00")
}

// stem returns a curve's label without its values of some swept keys: what the label writes the usual way, as in ", bits = 4", is
// left out, and other words that are the values become dots. Where that finds nothing, dots stand for what differs between the
// labels of similar curves.
func stem(c *results.Curve, similar []string, words ...string) string {
	label := c.Label
	values := map[string]bool{}
	for key, v := range c.Manifest().Axes {
		if !slices.ContainsFunc(words, func(w string) bool { return means(w, key) }) {
			continue
		}
		values[valueText(v)] = true
		for short, more := key, true; more; _, short, more = strings.Cut(short, ".") {
			label = strings.Replace(label, ", "+short+" = "+valueText(v), "", 1)
		}
	}
	if label == c.Label {
		label = dotted(label, values)
	}
	if label == c.Label && len(similar) > 1 {
		return between(similar)
	}
	return label
}

// heading returns a stem as it stands above a figure: without dots, and without the words between commas that belong to them.
func heading(stem string) string {
	var parts []string
	for i, part := range strings.Split(stem, ", ") {
		if !strings.Contains(part, "…") {
			parts = append(parts, part)
			continue
		}
		words := slices.DeleteFunc(strings.Fields(part), func(w string) bool { return strings.Contains(w, "…") })
		if i == 0 && len(words) > 0 {
			parts = append(parts, strings.Join(words, " "))
		}
	}
	if len(parts) == 0 {
		return stem
	}
	return strings.Join(parts, ", ")
}

// dotted replaces the words of a label that are among some values by dots, and drops them at its end.
func dotted(label string, values map[string]bool) string {
	parts := strings.Split(label, " ")
	for i, word := range parts {
		if bare := strings.TrimSuffix(word, ","); values[bare] {
			parts[i] = "…" + word[len(bare):]
		}
	}
	return strings.TrimRight(strings.Join(parts, " "), " ,…")
}

// labelsOf returns the labels of the curves whose rest, without some swept keys, is the same.
func labelsOf(curves []results.Curve, rest string, words []string) (labels []string) {
	for i := range curves {
		if restOf(curves, &curves[i], words...) == rest {
			labels = append(labels, curves[i].Label)
		}
	}
	return labels
}

// between returns the words that all labels begin and end with, with dots for what differs, unless that is at the end.
func between(labels []string) string {
	head, tail := labels[0], labels[0]
	for _, l := range labels {
		for !strings.HasPrefix(l, head) {
			head = head[:len(head)-1]
		}
		for !strings.HasSuffix(l, tail) {
			tail = tail[1:]
		}
	}
	if head == labels[0] {
		return head
	}
	head = head[:strings.LastIndexByte(head, ' ')+1]
	if i := strings.IndexByte(tail, ' '); i >= 0 {
		return head + "…" + tail[i:]
	}
	if head = strings.Trim(head, " ,=:"); head != "" {
		return head
	}
	return labels[0]
}

// facets makes a small figure for each value of a swept key, or for each variant. Curves that do not have the key, such as a
// baseline, stand in all of them.
func facets(curves []results.Curve, o Options) (plots.Drawing, error) {
	names, members, err := facetNames(curves, o.Facet)
	if err != nil {
		return nil, err
	}
	title, under := o.heading(curves, o.Band)
	out := &plots.Facets{Title: title, Subtitle: under}
	orders := map[string]int{}
	single := o
	single.Facet, single.Selection = "", results.Selection{}
	for k, name := range names {
		var panel []results.Curve
		for i, c := range curves {
			if in := members[i]; in < 0 || in == k {
				c.Label = facetLabel(curves, i, o.Facet, in < 0)
				if _, known := orders[c.Label]; !known {
					orders[c.Label] = len(orders)
				}
				c.Order = orders[c.Label]
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
	members = make([]int, len(curves))
	if word == variantKey {
		swept := slices.ContainsFunc(curves, func(c results.Curve) bool { return len(c.Manifest().Axes) > 0 })
		place := map[string]int{}
		for i := range curves {
			c := &curves[i]
			if swept && len(c.Manifest().Axes) == 0 {
				members[i] = -1
				continue
			}
			key := restOf(curves, c, sweptKeys(curves)...)
			if _, known := place[key]; !known {
				place[key] = len(names)
				names = append(names, heading(stem(c, labelsOf(curves, key, sweptKeys(curves)), sweptKeys(curves)...)))
			}
			members[i] = place[key]
		}
		return names, members, nil
	}
	if err := checkSwept(curves, word); err != nil {
		return nil, nil, fmt.Errorf("facets: %w; or write %s", err, variantKey)
	}
	values := settingsOf(curves, word)
	for _, v := range values {
		names = append(names, word+" = "+valueText(v))
	}
	for i := range curves {
		v, ok := setting(&curves[i], word)
		members[i] = -1
		if ok {
			members[i] = slices.Index(values, v)
		}
	}
	return names, members, nil
}

// facetLabel names a curve in the legend that all small figures share.
func facetLabel(curves []results.Curve, i int, word string, everywhere bool) string {
	c := &curves[i]
	if everywhere {
		return c.Label
	}
	if word == variantKey {
		if axes := axesWords(c, tellingKeys(curves, c)); axes != "" {
			return axes
		}
		return c.Label
	}
	return stem(c, labelsOf(curves, restOf(curves, c, word), []string{word}), word)
}

// axesWords writes a curve's values of some swept keys, as in "bits = 4, keep = 0.1".
func axesWords(c *results.Curve, keys []string) string {
	var parts []string
	for _, key := range keys {
		parts = append(parts, short(key)+" = "+valueText(c.Manifest().Axes[key]))
	}
	return strings.Join(parts, ", ")
}

// short returns the last part of a key.
func short(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }
