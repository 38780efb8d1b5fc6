package configs

import (
	"fmt"
	"slices"
	"strings"

	"flsim/sim/record"
	"flsim/sim/results"
)

// figure is a [plot.NAME] table: what was read, where it is written, and who reports what is wrong with it.
type figure struct {
	Plot
	d    *decoder
	node *node
	path string
}

// readPlots reads the [plot.NAME] tables.
func (l *loader) readPlots(section *node) {
	if section == nil {
		return
	}
	for _, n := range section.kids {
		d := &decoder{report: &l.report}
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
		l.figures = append(l.figures, figure{p, d, n, path})
	}
}

// checkPlots refuses figures that could not be drawn once the runs are done.
func (l *loader) checkPlots() {
	l.checkColumns()
	curves := l.drawn()
	for i := range l.figures {
		if len(curves) > 0 {
			l.checkShown(&l.figures[i], curves)
		}
	}
}

// drawn returns the curves that the file's runs will make, as figures see them. Variants that have errors of their own are there by
// their names; it is nil if the labels of their curves are not known.
func (l *loader) drawn() []results.Curve {
	var runs []*record.Run
	for _, r := range l.file.runs {
		runs = append(runs, &record.Run{Manifest: record.Manifest{Experiment: r.Experiment.Name, Variant: r.Variant, Label: r.Label,
			Order: r.Order, Axes: r.axes(), Seed: r.Seed, Targets: r.Experiment.Eval.Targets}})
	}
	for _, v := range l.variants {
		switch {
		case v.listed:
		case v.name == "" || v.sweeps():
			return nil
		default:
			runs = append(runs, &record.Run{Manifest: record.Manifest{Variant: v.name, Label: v.label}})
		}
	}
	curves, err := results.Group(runs)
	if err != nil {
		return nil // there are no runs
	}
	return curves
}

// checkShown refuses names of no curve in a figure's table, keys that none of its curves has swept, and targets that it lacks.
func (l *loader) checkShown(f *figure, curves []results.Curve) {
	selection := results.Selection{Only: f.Only, Without: f.Without, Order: f.Order, Labels: f.Labels}
	for _, p := range selection.Check(curves) {
		f.unknown(p)
	}
	chosen, err := selection.Apply(curves)
	if err != nil || f.d.isBad(f.path+".kind", f.path+".x", f.path+".y", f.path+".facet") {
		return
	}
	switch f.Kind {
	case "curves":
		if f.Facet != "" && f.Facet != facetByVariant {
			l.checkKey(f, "facet", f.Facet, chosen)
		}
	case "heatmap":
		l.checkKey(f, "x", f.X, chosen)
		l.checkKey(f, "y", f.Y, chosen)
		if _, _, _, err := results.Grid(chosen, f.X, f.Y); err != nil && !f.d.isBad(f.path+".x", f.path+".y") {
			f.d.fail(f.node, f.path, false, "", "%s: %v", f.path, err)
		}
	case "sweep":
		l.checkKey(f, "x", f.X, chosen)
		if _, _, err := results.Line(chosen, f.X); err != nil && !f.d.isBad(f.path+".x") {
			f.d.fail(f.node, f.path, false, "", "%s: %v", f.path, err)
		}
	case "timeline":
		if len(l.file.runs) > 0 && !l.file.runs[0].Experiment.Output.Transfers {
			f.d.fail(f.node.kid("kind"), f.path+".kind", true, "", "%s.kind = \"timeline\" needs transfers, which are not recorded; set output.transfers = true", f.path)
		}
	}
	if f.Facet != "" && f.Kind != "curves" {
		f.d.fail(f.node.kid("facet"), f.path+".facet", true, "", "%s.facet: small multiples are of curves, not of kind %s", f.path, f.Kind)
	}
	f.checkTargets(chosen)
}

// facetByVariant is the facet that is no swept key.
const facetByVariant = "variant"

// unknown reports a word that selects nothing.
func (f *figure) unknown(p *results.Problem) {
	key := join(f.path, p.List)
	message := key + ": " + p.What
	if p.Near != "" {
		message += fmt.Sprintf("; did you mean %q?", p.Near)
	}
	n := f.node.kid(p.List)
	e := locate(n, true, message)
	if p.Word != "" {
		e = locateWord(n, p.Word, message)
	}
	f.d.failAt(e, key, p.Have)
}

// checkKey reports a word, if there is one, that stands for no key that the figure's curves have swept.
func (l *loader) checkKey(f *figure, key, word string, curves []results.Curve) {
	if word == "" || results.CheckSwept(curves, word) == nil {
		return
	}
	keys := results.SweptKeys(curves)
	path := join(f.path, key)
	message := fmt.Sprintf("%s = %q is no key that the figure's curves have swept", path, word)
	if near := results.NearestKey(word, keys); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	} else if a := l.fixedAxis(word, curves); a != nil {
		message += fmt.Sprintf("; an option gives %s one value, which ends its sweep: a list of one, as in --set '%s=[%s]', does not", a.name(), a.name(), literal(a.values[0]))
	}
	allowed := strings.Join(keys, ", ") + ", or the last part of one"
	if len(keys) == 0 {
		allowed = "nothing, since nothing is swept"
	}
	if key == "facet" {
		allowed += "; or " + facetByVariant
	}
	f.d.fail(f.node.kid(key), path, true, allowed, "%s", message)
}

// fixedAxis returns an axis of the curves' variants that a word stands for and to which an option gave one value.
func (l *loader) fixedAxis(word string, curves []results.Curve) *axis {
	for _, v := range l.variants {
		shown := slices.ContainsFunc(curves, func(c results.Curve) bool { return c.Manifest().Variant == v.name })
		for i := range v.axes {
			if a := &v.axes[i]; shown && a.fixed && results.Means(word, a.name()) {
				return a
			}
		}
	}
	return nil
}

// checkTargets reports a figure of the cost of targets that has none, or of the cost of one that has several.
func (f *figure) checkTargets(curves []results.Curve) {
	one := f.Kind == "heatmap" && slices.Contains(costNames, f.Z) || f.Kind == "sweep" && slices.Contains(costNames, f.Y)
	if f.Kind != "bars" && !one || f.d.isBad(f.path+".targets", f.path+".z") {
		return
	}
	targets := f.Targets
	if len(targets) == 0 {
		targets = results.Targets(results.Runs(curves))
	}
	switch {
	case len(targets) == 0:
		f.d.fail(f.node, f.path, false, "", "%s shows what it took to reach a target, and there is none; give it targets, or the experiment eval.targets", f.path)
	case one && len(targets) > 1:
		f.d.fail(f.node, f.path, false, "", "%s shows what it took to reach one target, and there are %d; give it the one, as in targets = [%v]", f.path, len(targets), targets[0])
	}
}

// checkColumns refuses figures of columns that no run records.
func (l *loader) checkColumns() {
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
	for _, f := range l.figures {
		column, key := f.column()
		d, path := f.d, join(f.path, key)
		switch n := f.node.kid(key); {
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
