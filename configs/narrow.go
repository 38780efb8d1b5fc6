package configs

import "slices"

// sweepAxes settles which axes each variant has. It returns the options that all runs share, without the lists that only
// narrow axes.
func (l *loader) sweepAxes(section, base, common *node) *node {
	d := decoder{report: &l.report}
	shared := d.axes(section, "sweep")
	var narrowing [][]string
	for i := range l.variants {
		v := &l.variants[i]
		v.axes = d.axes(v.sweep, join(join("variant", v.name), "sweep"))
		for _, a := range shared {
			if !l.elsewhere(&a, v, base, common) {
				v.share(a)
			}
		}
		for k := range v.axes {
			for _, options := range []*node{common, v.options} {
				if d.option(v.axes, k, options) {
					narrowing = append(narrowing, v.axes[k].keys())
				}
			}
			d.clash(v, &v.axes[k])
		}
	}
	for _, keys := range narrowing {
		common = common.cut(keys)
		for i := range l.variants {
			l.variants[i].options = l.variants[i].options.cut(keys)
		}
	}
	return common
}

// share gives the variant an axis of [sweep], behind its own. One of its own over the same key wins, unless the other
// comes from an option.
func (v *variant) share(a axis) {
	k := slices.IndexFunc(v.axes, func(b axis) bool { return a.name() == b.name() })
	switch {
	case k < 0:
		v.axes = append(v.axes, a)
	case a.optional() && !v.axes[k].optional():
		narrow(v.axes, k, a.path, a.values)
	}
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
