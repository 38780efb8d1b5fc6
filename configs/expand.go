package configs

import (
	"fmt"
	"slices"
)

// Axis is one swept key of a run, with the value that the run has.
type Axis struct {
	Key   string // as --set takes it
	Value any    // a finite number (float64), a truth value or a string; anything else as TOML text
	text  string // for labels
}

// maxRuns is how many runs a file may have.
const maxRuns = 10000

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
	v.listed = true
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
	e := r.Experiment
	key := fmt.Sprint(r.Seed, "\n", string(e.Canonical()), e.Model.Weights, "\n", e.Data.Mapping) // files may hold what they will
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
				l.warnings.add(e, "", true)
			}
		}
	}
}
