package configs

import (
	"fmt"
	"slices"
	"strings"

	"flsim/codecs"
	"flsim/internal/params"
	"flsim/internal/spell"
)

func typeNames() []string {
	var names []string
	for _, e := range codecs.Entries() {
		names = append(names, e.Type)
	}
	return names
}

// chains reads the codec tables and builds the stages that the two chains use.
func (d *decoder) chains(n *node, e *Experiment) {
	tables := n.kid("codec")
	if tables != nil && !tables.table {
		d.fail(tables, "codec", true, "", "codec must hold tables, as in [codec.NAME]; got %s", describe(tables))
		return
	}
	stages := make(map[string]Stage)
	if tables != nil {
		for _, k := range tables.kids {
			reader := *d
			reader.spare = !slices.Contains(e.Uplink.Chain, k.key) && !slices.Contains(e.Downlink.Chain, k.key)
			if s, ok := reader.stage(k); ok {
				stages[k.key] = s
			}
			d.bad = reader.bad
		}
	}
	up := d.chain(n.kid("uplink").kid("chain"), "uplink.chain", e.Uplink.Chain, tables, stages)
	down := d.chain(n.kid("downlink").kid("chain"), "downlink.chain", e.Downlink.Chain, tables, stages)
	d.wiring(n.kid("uplink").kid("chain"), "uplink.chain", e.Uplink.Skip, up)
	d.wiring(n.kid("downlink").kid("chain"), "downlink.chain", e.Downlink.Skip, down)
	for _, s := range slices.Concat(up, down) {
		if !slices.ContainsFunc(e.Codec, func(o Stage) bool { return o.Name == s.Name }) {
			e.Codec = append(e.Codec, s)
		}
	}
	d.downlink(n, e, down)
}

// stage reads one [codec.NAME] table.
func (d *decoder) stage(n *node) (Stage, bool) {
	path := join("codec", n.key)
	if !n.table {
		d.fail(n, path, true, "", "%s must be a table, as in [codec.%s]; got %s", path, n.key, describe(n))
		return Stage{}, false
	}
	entry, ok := d.stageType(n, path)
	if !ok {
		d.markBad(path)
		return Stage{}, false
	}
	s := Stage{Name: n.key, Type: entry.Type, Slot: entry.Slot, Settings: entry.New()}
	before := len(d.bad)
	d.table(n, path, s.Settings, "type")
	if len(d.bad) > before {
		d.markBad(path)
		return s, true
	}
	if _, err := s.Settings.Stage(); err != nil {
		d.fail(n, path, false, "", "[%s] does not hold together: %v", path, err)
	}
	return s, true
}

func (d *decoder) stageType(n *node, path string) (codecs.Entry, bool) {
	k := n.kid("type")
	if k == nil {
		for _, other := range n.kids {
			if spell.Nearest(other.key, []string{"type"}) != "" {
				d.fail(other, join(path, other.key), false, "", "key %q is unknown; did you mean %q?", join(path, other.key), path+".type")
				return codecs.Entry{}, false
			}
		}
		d.fail(n, path+".type", false, params.Choice(typeNames(), true), "[%s] lacks the key type, which says what kind of stage it is", path)
		return codecs.Entry{}, false
	}
	name, isString := k.value.(string)
	if !isString {
		d.fail(k, path+".type", true, params.Choice(typeNames(), true), "%s.type wants a string, got %s", path, describe(k))
		return codecs.Entry{}, false
	}
	entry, known := codecs.Lookup(name)
	if !known {
		d.fail(k, path+".type", true, params.Choice(typeNames(), true), "no stage is of type %q%s", name, didYouMean(name, typeNames()))
		return codecs.Entry{}, false
	}
	if _, taken := codecs.Lookup(n.key); taken && n.key != name {
		d.fail(n, path, false, "", "[%s] is called like the stage type %q but is of type %q; call it something else", path, n.key, name)
	}
	return entry, true
}

func didYouMean(word string, legal []string) string {
	if guess := spell.Nearest(word, legal); guess != "" {
		return fmt.Sprintf("; did you mean %q?", guess)
	}
	return ""
}

// chain looks up the stages of one direction and checks their order. n is where the chain was written.
func (d *decoder) chain(n *node, path string, names []string, tables *node, stages map[string]Stage) []Stage {
	if n == nil || d.isBad(path) {
		return nil
	}
	var list []Stage
	for _, name := range names {
		s, ok := stages[name]
		entry, known := codecs.Lookup(name)
		switch {
		case ok:
		case tables.kid(name) != nil: // has been reported
			d.markBad(path)
			continue
		case known:
			s = Stage{Name: name, Type: name, Slot: entry.Slot, Settings: entry.New()}
			if _, err := s.Settings.Stage(); err != nil {
				d.failAt(locateWord(n, name, fmt.Sprintf("stage %q needs a table of its own, [codec.%s] with type = %q: %v", name, name, name, err)), path, "")
			}
		default:
			d.unknownStage(n, path, name, tables)
			continue
		}
		list = append(list, s)
	}
	if !d.isBad(path) {
		d.slots(n, path, list)
	}
	return list
}

// wiring reports what package codecs refuses in a chain whose stages are sound one by one.
func (d *decoder) wiring(n *node, path string, skip []string, list []Stage) {
	if n == nil || d.isBad(path, parent(path)+".skip", "codec") {
		return
	}
	for _, s := range list {
		if d.isBad(join("codec", s.Name)) {
			return
		}
	}
	if _, err := chain(list, skip); err != nil {
		d.fail(n, path, true, "", "%s: %v", path, err)
	}
}

func (d *decoder) unknownStage(n *node, path, name string, tables *node) {
	var legal []string
	if tables != nil {
		for _, k := range tables.kids {
			legal = append(legal, k.key)
		}
	}
	legal = append(legal, typeNames()...)
	message := fmt.Sprintf("%s names %q, which is neither a [codec.NAME] table nor a type of stage%s", path, name, didYouMean(name, legal))
	d.failAt(locateWord(n, name, message), path, strings.Join(legal, ", "))
}

// slots checks that a chain's stages come in the order of their slots, each slot at most once.
func (d *decoder) slots(n *node, path string, list []Stage) {
	for i, s := range list {
		var message string
		switch {
		case s.Slot == codecs.SlotWhole && len(list) > 1:
			message = fmt.Sprintf("%q is a codec of its own and cannot stand in a chain with other stages", s.Name)
		case i == 0:
		case s.Slot == list[i-1].Slot:
			message = fmt.Sprintf("%q and %q are both the chain's %s; leave one out", list[i-1].Name, s.Name, s.Slot)
		case s.Slot < list[i-1].Slot:
			message = fmt.Sprintf("the %s %q must stand before the %s %q", s.Slot, s.Name, list[i-1].Slot, list[i-1].Name)
		}
		if message != "" {
			d.failAt(locateWord(n, s.Name, path+": "+message), path, "transform, sparsifier, quantizer, entropy coder, in this order, each of which may be left out")
			return
		}
	}
}

// downlink refuses to throw away most of a model's weights at every transfer, and stages that the server would have to
// send settings for.
func (d *decoder) downlink(n *node, e *Experiment, stages []Stage) {
	if d.isBad("downlink.chain", "downlink.reference") {
		return
	}
	for _, s := range stages {
		if _, ok := capability[codecs.Controller](s); ok && !(lossless(s) && contains(e.UplinkStages(), s.Type)) {
			d.failAt(locateWord(n.kid("downlink").kid("chain"), s.Name, fmt.Sprintf(
				"downlink.chain: %q needs settings that the server sends ahead of its messages, and is for the uplink only", s.Name)), "downlink.chain", "")
		}
		if s.Slot == codecs.SlotSparsify && !lossless(s) && e.Downlink.Reference != "last" {
			d.failAt(locateWord(n.kid("downlink").kid("chain"), s.Name, fmt.Sprintf(
				"downlink.chain: the sparsifier %q would set most of the model's weights to zero; add reference = \"last\" to [downlink], which sends the change since the model that a client holds", s.Name)),
				"downlink.chain", "")
		}
	}
}

func contains(stages []Stage, kind string) bool {
	return slices.ContainsFunc(stages, func(s Stage) bool { return s.Type == kind })
}

// lossless reports whether a sparsifier leaves out nothing but zeros.
func lossless(s Stage) bool {
	l, ok := capability[codecs.Lossless](s)
	return ok && l.Lossless()
}

// capability asks the stage that settings describe whether it can do something. One that is not known cannot.
func capability[T any](s Stage) (t T, ok bool) {
	if s.Settings == nil {
		return t, false
	}
	stage, err := s.Settings.Stage()
	if err != nil {
		return t, false // which wiring reports
	}
	t, ok = stage.(T)
	return t, ok
}

// announces tells whether a run's records hold the number that a controller announces.
func announces(e *Experiment) bool {
	return slices.ContainsFunc(e.UplinkStages(), func(s Stage) bool {
		_, ok := capability[codecs.Announcer](s)
		return ok
	})
}

// reported returns what clients of a run report.
func reported(e *Experiment) codecs.Reports {
	for _, s := range e.UplinkStages() {
		if r, ok := capability[codecs.Reporter](s); ok {
			return r.Reports()
		}
	}
	return codecs.Reports{}
}

// warnUnused warns of codec tables that no chain of any variant uses.
func (l *loader) warnUnused(base *node) {
	l.warnings.order = l.report.order
	used := make(map[string]bool)
	for _, r := range l.file.runs {
		for _, s := range r.Experiment.Codec {
			used[s.Name] = true
		}
	}
	places := []*node{base}
	for _, v := range l.variants {
		places = append(places, v.over)
	}
	for _, place := range places {
		tables := place.kid("codec")
		if tables == nil || !tables.table {
			continue
		}
		for _, k := range tables.kids {
			if !used[k.key] {
				used[k.key] = true // one warning is enough
				e := locate(k, false, fmt.Sprintf("no chain uses [codec.%s]", k.key))
				e.Key = join("codec", k.key)
				l.warnings.add(e, "", true)
			}
		}
	}
}
