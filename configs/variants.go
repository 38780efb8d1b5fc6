package configs

import (
	"fmt"
	"slices"
	"strings"

	"flsim/internal/params"
	"flsim/internal/spell"
)

// variant is one [variant.NAME] table.
type variant struct {
	name    string
	label   string
	titled  *node  // where the label is written; nil if it is not
	over    *node  // what it overrides
	sweep   *node  // its own axes, nil without
	options *node  // what --set options say about it
	axes    []axis // its own and those of all variants
	dims    []dimension
	sound   bool // whether its runs can be listed
}

// A variant cannot change what belongs to the file.
var notInVariants = []string{"schema", "name", "output", "variant", "plot"}

// readVariants returns the file's variants in document order; a file without any has one that overrides nothing.
func (l *loader) readVariants(section, base *node) []variant {
	var list []variant
	if section != nil {
		for _, n := range section.kids {
			if v, ok := l.readVariant(n, section); ok {
				list = append(list, v)
			}
		}
	}
	if list == nil {
		list = []variant{{over: &node{table: true, src: base.src}}}
	}
	return list
}

func (l *loader) readVariant(n, section *node) (v variant, ok bool) {
	d := decoder{report: &l.report}
	path := join("variant", n.key)
	switch {
	case n.src.text == "":
		d.fail(n, path, false, "", "the file has no variant %q%s", n.key, suggestion(n.key, writtenKeys(section)))
		return v, false
	case !n.table:
		d.fail(n, path, true, "", "%s must be a table, as in [variant.%s]; got %s", path, n.key, describe(n))
		return v, false
	}
	d.name(n, path, n.key)
	return variant{name: n.key, label: d.label(n, path), titled: n.kid("label"), over: d.overrides(n, path), sweep: n.kid("sweep")}, true
}

func writtenKeys(n *node) (keys []string) {
	for _, k := range n.kids {
		if k.src.text != "" {
			keys = append(keys, k.key)
		}
	}
	return keys
}

func suggestion(word string, legal []string) string {
	if guess := spell.Nearest(word, legal); guess != "" {
		return fmt.Sprintf("; did you mean %q?", guess)
	}
	if len(legal) == 0 {
		return ""
	}
	return "; there are " + strings.Join(legal, ", ")
}

func (d *decoder) label(n *node, path string) string {
	k := n.kid("label")
	if k == nil {
		return n.key
	}
	label, ok := k.value.(string)
	if !ok || label == "" {
		d.fail(k, path+".label", true, "string", "%s.label wants a string, got %s", path, describe(k))
	}
	return label
}

// overrides returns the variant without what is not an override, and reports what no variant can change.
func (d *decoder) overrides(n *node, path string) *node {
	var typo string
	for _, k := range n.kids {
		switch {
		case k.key != "label" && !isTopKey(k.key) && spell.Nearest(k.key, []string{"label"}) != "":
			typo = k.key
			d.fail(k, join(path, k.key), false, "", "key %q is unknown; did you mean \"label\"?", join(path, k.key))
		case slices.Contains(notInVariants, k.key):
			d.fail(k, join(path, k.key), false, "", "a variant cannot change %q; it belongs at the top level", k.key)
		}
	}
	return n.without(append([]string{"label", "sweep", typo}, notInVariants...)...)
}

func isTopKey(key string) bool {
	return slices.ContainsFunc(params.Fields(Default()), func(f params.Field) bool { return f.Name == key })
}

// readPlots reads the [plot.NAME] tables.
func (l *loader) readPlots(section *node) {
	if section == nil {
		return
	}
	for _, n := range section.kids {
		d := decoder{report: &l.report}
		path := join("plot", n.key)
		if !n.table {
			d.fail(n, path, true, "", "%s must be a table, as in [plot.%s]; got %s", path, n.key, describe(n))
			continue
		}
		d.name(n, path, n.key)
		p := DefaultPlot()
		p.Name = n.key
		d.table(n, path, &p)
		d.plot(n, path, &p)
		if strings.HasPrefix(n.key, "partition") {
			d.fail(n, path, false, "", "figures whose name begins with partition are the heat maps of the clients' labels; call %s otherwise", path)
		}
		l.file.Plots = append(l.file.Plots, p)
	}
}

// checkPlots refuses figures of what no run records.
func (l *loader) checkPlots(section *node) {
	recorded := func(part func(e *Experiment) bool) bool {
		return len(l.file.runs) == 0 || slices.ContainsFunc(l.file.runs, func(r Run) bool { return part(r.Experiment) })
	}
	held := recorded(func(e *Experiment) bool { return e.Data.Validation > 0 })
	train := recorded(func(e *Experiment) bool { return e.Eval.TrainExamples > 0 })
	top5 := recorded(func(e *Experiment) bool { return e.Eval.Top5 })
	perClient := recorded(func(e *Experiment) bool { return e.Eval.PerClient })
	received := recorded(func(e *Experiment) bool { return e.Eval.Received })
	surfaces := recorded(func(e *Experiment) bool { return e.Eval.HD95 })
	decay := recorded(func(e *Experiment) bool { return e.Clients.WeightDecay > 0 })
	announced := recorded(announces)
	reports := recorded(func(e *Experiment) bool { return reported(e).Loss })
	ranges := recorded(func(e *Experiment) bool { return reported(e).Range })
	for _, p := range l.file.Plots {
		column, key := p.column()
		d, path := decoder{report: &l.report}, join(join("plot", p.Name), key)
		switch n := section.kid(p.Name).kid(key); {
		case strings.HasPrefix(column, "validation_") && !held:
			d.fail(n, path, true, "", "%s = %q needs examples that are held out; set data.validation", path, column)
		case column == "objective" && !(train && decay):
			d.fail(n, path, true, "", "%s = %q is the loss of scored training examples with clients.weight_decay's term; set that and eval.train_examples above 0", path, column)
		case strings.HasPrefix(column, "train_") && !train:
			d.fail(n, path, true, "", "%s = %q needs training examples that are scored; set eval.train_examples above 0", path, column)
		case column == "levels" && !announced, column == "reported_loss" && !reports, column == "reported_range" && !ranges:
			d.fail(n, path, true, "", "%s = %q is not recorded; no uplink chain has a stage that wants it", path, column)
		case strings.HasPrefix(column, "top5_") && !top5:
			d.fail(n, path, true, "", "%s = %q is not recorded; set eval.top5 = true", path, column)
		case strings.HasPrefix(column, "received_") && !received:
			d.fail(n, path, true, "", "%s = %q is not recorded; set eval.received = true", path, column)
		case strings.HasPrefix(column, "hd95_") && !surfaces:
			d.fail(n, path, true, "", "%s = %q is not recorded; set eval.hd95 = true", path, column)
		case strings.Contains(column, "client_") && !perClient:
			d.fail(n, path, true, "", "%s = %q is not recorded; set eval.per_client = true", path, column)
		}
	}
}
