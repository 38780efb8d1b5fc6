package configs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"flsim/internal/params"
)

// Axis is one swept key of a run, with the value that the run has.
type Axis struct {
	Key   string // as --set takes it
	Value any    // a number (float64), a truth value or a string; anything else as TOML text
	text  string // for labels
}

// maxRuns is how many runs a file may have.
const maxRuns = 10000

// sweepAxes settles which axes each variant has. A variant's own axes come before those of [sweep], which it replaces
// where both name one key; what options say comes last. It returns the options that all runs share, without the lists
// that only narrow axes.
func (l *loader) sweepAxes(section, base, common *node) *node {
	d := decoder{report: &l.report}
	shared := d.axes(section, "sweep")
	var narrowing [][]string
	for i := range l.variants {
		v := &l.variants[i]
		list := d.axes(v.sweep, join(join("variant", v.name), "sweep"))
		for _, a := range shared {
			if l.elsewhere(&a, v, base, common) {
				continue
			}
			k := slices.IndexFunc(list, func(b axis) bool { return a.name() == b.name() })
			switch {
			case k < 0:
				list = append(list, a)
			case a.optional() && !list[k].optional():
				narrow(list, k, a.path, a.values)
			}
		}
		for k := range list {
			for _, options := range []*node{common, v.options} {
				if d.option(list, k, options) {
					narrowing = append(narrowing, list[k].keys())
				}
			}
			d.clash(v, &list[k])
		}
		v.axes = list
	}
	for _, keys := range narrowing {
		common = common.cut(keys)
		for i := range l.variants {
			l.variants[i].options = l.variants[i].options.cut(keys)
		}
	}
	return common
}

// elsewhere reports whether an axis varies a codec that other variants define and this one does not.
func (l *loader) elsewhere(a *axis, v *variant, base, common *node) bool {
	if a.path[0].key != "codec" || len(a.path) < 2 {
		return false
	}
	table := a.keys()[:2]
	defines := func(v *variant) bool { return v.over.at(table) != nil || v.options.at(table) != nil }
	return base.at(table) == nil && common.at(table) == nil && !defines(v) &&
		slices.ContainsFunc(l.variants, func(o variant) bool { return defines(&o) })
}

// option lets an option for the key itself have the last word: a list or a range in the place of a value narrows the axis, and
// anything else ends it. It reports whether the option is such a list.
func (d *decoder) option(list []axis, k int, options *node) bool {
	a := &list[k]
	keys := a.keys()
	for i := 1; i < len(keys); i++ { // what replaces the table that holds the key
		path := options.at(keys[:i])
		if path != nil && (!path[i-1].table || path[i-1].kid("dist") != nil || keys[0] == "codec" && i == 2 && path[1].kid("type") != nil) {
			a.values, a.fixed = []any{"–"}, true
			return false
		}
	}
	path := options.at(keys)
	if path == nil {
		return false
	}
	n := path[len(path)-1]
	if !a.narrowedBy(n) {
		a.values, a.fixed = []any{n.plain()}, true
		return false
	}
	if values := d.values(n, a.name()); values != nil {
		narrow(list, k, path, values)
	}
	return true
}

// narrow gives axis k of a list other values. If it is zipped and had them all before, the axes beside it keep what goes
// with them.
func narrow(list []axis, k int, path []*node, values []any) {
	a := &list[k]
	wanted := make(map[string]bool)
	for _, v := range values {
		wanted[literal(v)] = true
	}
	var kept []int
	for i, v := range a.values {
		if wanted[literal(v)] {
			kept = append(kept, i)
		}
	}
	a.path = path
	if a.group == nil || len(kept) < len(wanted) {
		a.values = values
		return
	}
	for i := range list {
		if o := &list[i]; o.group == a.group {
			o.values = chosen(o.values, kept)
		}
	}
}

func chosen(values []any, index []int) (list []any) {
	for _, i := range index {
		list = append(list, values[i])
	}
	return list
}

func (a *axis) narrowedBy(n *node) bool {
	if n.table {
		return n.kid("dist") == nil && (n.kid("from") != nil || n.kid("to") != nil)
	}
	list, ok := elements(n)
	if _, lists := a.values[0].([]any); !ok || !lists {
		return ok
	}
	return !slices.ContainsFunc(list, func(v any) bool { _, inner := v.([]any); return !inner })
}

// clash reports a variant that gives a key one value while the file sweeps it.
func (d *decoder) clash(v *variant, a *axis) {
	path := v.over.at(a.keys())
	if path == nil || a.fixed || a.optional() || path[len(path)-1].doc == nil {
		return
	}
	key := join("variant", v.name) + "." + a.name()
	if a.seeds() {
		d.fail(path[0], key, false, "", "variant %q sets a seed, which the [sweep] over seed would override; remove one of them", v.name)
		return
	}
	d.fail(path[len(path)-1], key, false, "", "variant %q sets %s, which a sweep over it would override; remove one of them", v.name, a.name())
}

// dimension is what one counter of a sweep's expansion counts: one axis, or several that run side by side.
type dimension struct {
	axes []*axis
	size int
}

// dimensions groups a variant's axes, those that make curves first and the seeds last. It is false if axes that are
// zipped have different lengths.
func (d *decoder) dimensions(v *variant) (list []dimension, ok bool) {
	var seeds []dimension
	ok = true
	for i := range v.axes {
		a := &v.axes[i]
		switch same := func(o dimension) bool { return a.group != nil && o.axes[0].group == a.group }; {
		case a.fixed:
		case a.seeds():
			seeds = append(seeds, dimension{[]*axis{a}, len(a.values)})
		case slices.ContainsFunc(list, same):
			o := &list[slices.IndexFunc(list, same)]
			o.axes = append(o.axes, a)
			if first := o.axes[0]; len(a.values) != o.size {
				ok = false
				d.fail(a.leaf(), a.name(), false, "", "%s has %d values and %s, with which it is zipped, has %d; they must have equally many",
					a.name(), len(a.values), first.name(), o.size)
			}
		default:
			list = append(list, dimension{[]*axis{a}, len(a.values)})
		}
		if a.group == nil && !a.fixed {
			ok = d.different(a) && ok
		}
	}
	return append(list, seeds...), ok
}

// different reports an axis that has a value twice.
func (d *decoder) different(a *axis) bool {
	seen := make(map[string]bool)
	for _, v := range a.values {
		text := literal(v)
		if seen[text] {
			d.fail(a.leaf(), a.name(), true, "", "the sweep over %s holds %s twice", a.name(), clip(text))
			return false
		}
		seen[text] = true
	}
	return true
}

// pick is one value of each dimension.
type pick []int

func product(dims []dimension) int {
	n := 1
	for _, o := range dims {
		if n *= o.size; n > maxRuns {
			return n
		}
	}
	return n
}

// picks returns the combinations of all values, the last dimension running fastest.
func picks(dims []dimension) []pick {
	list := []pick{nil}
	for _, o := range dims {
		var longer []pick
		for _, p := range list {
			for i := range o.size {
				longer = append(longer, append(slices.Clone(p), i))
			}
		}
		list = longer
	}
	return list
}

// cover returns combinations among which every value occurs: far fewer than all, and enough to check each.
func cover(dims []dimension) []pick {
	list := []pick{make(pick, len(dims))}
	for k, o := range dims {
		for i := 1; i < o.size; i++ {
			p := make(pick, len(dims))
			p[k] = i
			list = append(list, p)
		}
	}
	return list
}

// overlay returns the tree that sets all keys of a combination.
func (p pick) overlay(dims []dimension, src *source) *node {
	over := &node{table: true, src: src}
	for k, i := range p {
		for _, a := range dims[k].axes {
			over = merge(over, a.overlay(i))
		}
	}
	return over
}

// expansions settles what each variant counts through. It is false if the file makes too many runs to read.
func (l *loader) expansions() bool {
	total := 0
	for i := range l.variants {
		d, v := decoder{report: &l.report}, &l.variants[i]
		v.dims, v.sound = d.dimensions(v)
		d.checkLabel(v)
		if total += product(v.dims); total > maxRuns && len(v.dims) > 0 {
			d.fail(v.dims[0].axes[0].leaf(), "sweep", false, "", "the file makes more than %d runs, which is the most that a file may have", maxRuns)
			return false
		}
	}
	return true
}

// expand reads the runs of one variant: its curves, and of each the seeds. build lays an overlay over everything else.
func (l *loader) expand(v *variant, build func(over *node) *node) {
	if len(v.dims) > 0 {
		for _, p := range cover(v.dims) {
			_, clean := l.readRun(v, build(p.overlay(v.dims, v.over.src)))
			v.sound = v.sound && clean
		}
	}
	if !v.sound {
		return
	}
	c := curves{variant: v, used: make(map[string]bool), places: make(map[string]int), seen: make(map[string]*Run)}
	for _, p := range picks(v.dims) {
		e, clean := l.readRun(v, build(p.overlay(v.dims, v.over.src)))
		if !clean {
			return
		}
		c.add(l, p, e)
	}
	c.unused(l)
}

// curves collects the runs of one variant.
type curves struct {
	*variant
	used   map[string]bool // axes that some curve has
	places map[string]int  // of the curves, by the counts of the axes that they have
	seen   map[string]*Run // by seed and canonical form
}

// add makes a run of an experiment, unless it repeats another one: an axis over a codec that the run's chains do not
// use is none of its axes.
func (c *curves) add(l *loader, p pick, e *Experiment) {
	r := Run{Variant: c.name, Order: l.curves, Named: c.name != "", Seed: e.Seed, Experiment: e}
	var own []*axis
	var place []any
	for k, i := range p {
		for _, a := range c.dims[k].axes {
			if a.seeds() || !applies(a, e) {
				continue
			}
			own, place = append(own, a), append(place, k, i)
			c.used[a.name()] = true
			r.Axes = append(r.Axes, Axis{Key: a.name(), Value: scalar(a.values[i]), text: text(a.values[i])})
		}
	}
	if !r.Named {
		r.Variant, c.label = e.Name, e.Name
		r.Named = len(r.Axes) > 0 // so that its own file keeps the label
	}
	r.Label = c.labelOf(r.Axes, own)
	if order, known := c.places[fmt.Sprint(place)]; known {
		r.Order = order
	} else {
		c.places[fmt.Sprint(place)] = l.curves
		l.curves++
	}
	if c.repeats(l, &r, own) {
		return
	}
	l.file.runs = append(l.file.runs, r)
}

// repeats tells whether the variant has the run already. Two values that come to the same are an error.
func (c *curves) repeats(l *loader, r *Run, own []*axis) bool {
	if len(c.dims) == 0 || len(c.dims) == 1 && c.dims[0].axes[0].seeds() {
		return false
	}
	key := fmt.Sprint(r.Seed, "\n", string(r.Experiment.Canonical()))
	other, known := c.seen[key]
	if !known {
		c.seen[key] = r
		return false
	}
	if r.Order != other.Order {
		d := decoder{report: &l.report}
		d.fail(own[0].leaf(), own[0].name(), false, "", "the curves %q and %q of variant %q come to the same experiment; leave one of them out", other.Label, r.Label, r.Variant)
	}
	return true
}

// applies reports whether an axis means anything to an experiment: one over a codec does if a chain uses that codec.
func applies(a *axis, e *Experiment) bool {
	return a.path[0].key != "codec" || len(a.path) < 2 ||
		slices.ContainsFunc(e.Codec, func(s Stage) bool { return s.Name == a.path[1].key })
}

// unused warns of axes of the variant's own that none of its curves has.
func (c *curves) unused(l *loader) {
	for _, o := range c.dims {
		for _, a := range o.axes {
			if shared := c.sweep.at(a.keys()) == nil; !a.seeds() && !c.used[a.name()] && !shared {
				e := locate(a.leaf(), false, fmt.Sprintf("variant %q sweeps %s, but none of its chains uses [codec.%s]", c.name, a.name(), a.path[1].key))
				e.Key = join("variant", c.name) + ".sweep." + a.name()
				l.warnings.add(e, "")
			}
		}
	}
}

// scalar makes of a value what JSON and tables can hold.
func scalar(v any) any {
	switch x := v.(type) {
	case int64:
		return float64(x)
	case float64, bool, string:
		return x
	}
	return literal(v)
}

// text writes a value for people.
func text(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case float64:
		return strings.TrimSuffix(params.Format(x), ".0")
	case []any:
		var parts []string
		for _, e := range x {
			parts = append(parts, text(e))
		}
		if len(parts) == 0 {
			return "none"
		}
		return strings.Join(parts, " > ")
	}
	return literal(v)
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// axis returns the axis that a placeholder of the variant's label means: by its whole name, or by the end of it. ok is
// false if there is none or several.
func (v *variant) axis(word string) (found *axis, ok bool) {
	for i := range v.axes {
		a := &v.axes[i]
		switch {
		case a.seeds():
		case a.name() == word:
			return a, true
		case strings.HasSuffix(a.name(), "."+word):
			found, ok = a, found == nil
		}
	}
	return found, ok
}

// sweeps reports whether the variant's label may hold placeholders.
func (v *variant) sweeps() bool {
	return slices.ContainsFunc(v.axes, func(a axis) bool { return !a.seeds() })
}

// checkLabel reports placeholders in a label that stand for nothing.
func (d *decoder) checkLabel(v *variant) {
	if !v.sweeps() {
		return
	}
	for _, p := range placeholder.FindAllString(v.label, -1) {
		if _, ok := v.axis(p[1 : len(p)-1]); ok {
			continue
		}
		var names []string
		for _, a := range v.axes {
			if !a.seeds() {
				names = append(names, "{"+a.name()+"}")
			}
		}
		d.fail(v.titled, join("variant", v.name)+".label", true, strings.Join(names, ", "), "%s in the label stands for no axis of variant %q, or for several", p, v.name)
	}
}

// labelOf names a curve: the variant's label with its placeholders filled in, and the axes that it does not mention.
func (c *curves) labelOf(axes []Axis, own []*axis) string {
	if !c.sweeps() {
		return c.label
	}
	var told []*axis
	label := placeholder.ReplaceAllStringFunc(c.label, func(p string) string {
		a, _ := c.axis(p[1 : len(p)-1])
		told = append(told, a)
		if i := slices.Index(own, a); i >= 0 {
			return axes[i].text
		}
		if a.fixed {
			return text(a.values[0])
		}
		return "–"
	})
	for i, a := range own {
		if slices.ContainsFunc(told, func(t *axis) bool { return t == a || t.group != nil && t.group == a.group && distinct(t) }) {
			continue
		}
		label += fmt.Sprintf(", %s = %s", c.short(a), axes[i].text)
	}
	return label
}

// distinct reports whether an axis's values can be told apart in a label.
func distinct(a *axis) bool {
	seen := make(map[string]bool)
	for _, v := range a.values {
		seen[text(v)] = true
	}
	return len(seen) == len(a.values)
}

// short returns the least part of an axis's name, from its end, that none of the variant's other axes ends in.
func (v *variant) short(a *axis) string {
	keys := a.keys()
	for n := 1; n < len(keys); n++ {
		word := strings.Join(keys[len(keys)-n:], ".")
		if found, ok := v.axis(word); ok && found == a {
			return word
		}
	}
	return a.name()
}
