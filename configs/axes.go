package configs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"flsim/internal/params"

	"github.com/BurntSushi/toml"
)

// axis is one key that a sweep varies.
type axis struct {
	path   []*node // the tables that lead to the list or range, and itself
	values []any   // as package toml decodes them
	group  *node   // the list of keys that it is zipped with; nil if it varies alone
	fixed  bool    // by an option: it has one value and makes no curves
}

// leaf is where the values are written.
func (a *axis) leaf() *node { return a.path[len(a.path)-1] }

func (a *axis) keys() []string {
	keys := make([]string, len(a.path))
	for i, n := range a.path {
		keys[i] = n.key
	}
	return keys
}

// name is the key that is varied, as --set takes it.
func (a *axis) name() string { return toml.Key(a.keys()).String() }

// optional reports whether the values come from a --set option.
func (a *axis) optional() bool { return a.leaf().doc == nil }

// seeds reports whether the axis makes bands rather than curves.
func (a *axis) seeds() bool { return len(a.path) == 1 && a.path[0].key == "seed" }

// overlay returns the tree that gives the key its value number i.
func (a *axis) overlay(i int) *node {
	n := a.leaf().holding(a.values[i])
	for _, table := range slices.Backward(a.path[:len(a.path)-1]) {
		c := *table
		c.kids = []*node{n}
		n = &c
	}
	return &node{table: true, src: a.leaf().src, kids: []*node{n}}
}

// What no sweep can vary, since it belongs to the file or changes nothing that a run computes.
var notSwept = []string{"schema", "name", "output", "variant", "plot", "sweep", "label", "eval.targets"}

// maxValues is how many values an axis may have.
const maxValues = 1000

const axisForm = "a list such as [2, 4, 8], or a range such as { from = 1, to = 3 } or { from = 0.1, to = 100.0, points = 7, log = true }"

// axes reads a table of axes, which mirrors the file. where is the table's own path.
func (d *decoder) axes(section *node, where string) []axis {
	if section == nil {
		return nil
	}
	if !section.table {
		d.fail(section, where, true, "", "%s must be a table, as in %s.seed = [1, 2, 3]; got %s", where, where, describe(section))
		return nil
	}
	list := d.axesBelow(section.without("zip"), where, nil)
	if zip := section.kid("zip"); zip != nil {
		d.zip(zip, join(where, "zip"), list)
	}
	return list
}

func (d *decoder) axesBelow(n *node, where string, path []*node) (list []axis) {
	for _, k := range n.kids {
		at := append(slices.Clone(path), k)
		a := axis{path: at}
		name := a.name()
		key := where + "." + name
		switch {
		case slices.Contains(notSwept, name):
			d.fail(k, key, false, "", "%q cannot be swept: it is no part of what a run computes", name)
		case k.table && k.kid("from") == nil && k.kid("to") == nil:
			if len(k.kids) == 0 {
				d.fail(k, key, false, axisForm, "%s holds no axis", key)
			}
			list = append(list, d.axesBelow(k, where, at)...)
		default:
			if a.values = d.values(k, key); a.values != nil {
				list = append(list, a)
			}
		}
	}
	return list
}

// values reads a list or a range; what it returns is not empty, or nil if it has reported an error.
func (d *decoder) values(n *node, path string) []any {
	if n.table {
		return d.span(n, path)
	}
	list, ok := elements(n)
	if !ok {
		d.fail(n, path, true, axisForm, "%s wants the values to run through, got %s; what stays the same is written outside the sweep", path, describe(n))
		return nil
	}
	if len(list) == 0 || len(list) > maxValues {
		d.fail(n, path, true, axisForm, "%s must hold 1 to %d values, got %d", path, maxValues, len(list))
		return nil
	}
	return list
}

// elements returns the elements of a list, of values or of tables.
func elements(n *node) (list []any, ok bool) {
	switch v := n.value.(type) {
	case []any:
		return v, true
	case []map[string]any:
		for _, m := range v {
			list = append(list, m)
		}
		return list, true
	}
	return nil, false
}

// span is a range of values.
type span struct {
	From   float64 `toml:"from" in:"[-1e15,1e15]" required:"true" doc:"First value."`
	To     float64 `toml:"to" in:"[-1e15,1e15]" required:"true" doc:"Last value, included where the steps meet it."`
	Step   float64 `toml:"step" in:"(0,]" default:"1" doc:"Distance from one value to the next."`
	Points int     `toml:"points" in:"[2,1000]" doc:"Number of values, in place of step."`
	Log    bool    `toml:"log" doc:"Whether values follow each other at equal ratios; needs points."`
}

// span reads a range. If both its ends are written as whole numbers, so are all its values.
func (d *decoder) span(n *node, path string) []any {
	var s span
	d.table(n, path, &s)
	if d.isBad(path, path+".from", path+".to", path+".step", path+".points", path+".log") {
		return nil
	}
	problem := s.problem()
	if problem != "" {
		d.fail(n, path, true, axisForm, "%s %s", path, problem)
		return nil
	}
	_, low := n.kid("from").value.(int64)
	_, high := n.kid("to").value.(int64)
	var list []any
	for i := range s.count() {
		v := s.at(i)
		switch {
		case !(low && high):
			list = append(list, v)
		case len(list) == 0 || list[len(list)-1] != any(int64(math.Round(v))):
			list = append(list, int64(math.Round(v)))
		}
	}
	return list
}

// problem says what is wrong with a range whose keys are sound one by one.
func (s *span) problem() string {
	switch {
	case s.To < s.From || !s.Log && s.Points == 0 && s.count() > maxValues:
		return fmt.Sprintf("counts from %s to %s; it must count up, over at most %d values", written(s.From), written(s.To), maxValues)
	case s.Points > 0 && s.Step > 0:
		return "has both step and points; give one of the two"
	case s.Log && s.Points == 0:
		return "is logarithmic and needs points, the number of its values"
	case s.Log && s.From <= 0:
		return "is logarithmic and must start above 0"
	case s.Points > 0 && s.To == s.From:
		return fmt.Sprintf("has %d points between %s and itself", s.Points, written(s.From))
	}
	return ""
}

func (s *span) step() float64 {
	if s.Step > 0 {
		return s.Step
	}
	return 1
}

func (s *span) count() int {
	if s.Points > 0 {
		return s.Points
	}
	return int(min((s.To-s.From)/s.step()+1e-9, 1e9)) + 1
}

// at returns value number i, rounded so far that all machines agree and people can read it.
func (s *span) at(i int) float64 {
	switch {
	case s.Points > 0 && i == s.Points-1:
		return s.To
	case i == 0:
		return s.From
	case s.Log:
		return rounded(s.From*math.Pow(s.To/s.From, float64(i)/float64(s.Points-1)), 6)
	case s.Points > 0:
		return rounded(s.From+float64((s.To-s.From)*float64(i)/float64(s.Points-1)), 12)
	}
	return rounded(s.From+float64(float64(i)*s.step()), 12)
}

// rounded returns x with so many significant digits.
func rounded(x float64, digits int) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64) // what was just formatted
	return y
}

func written(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// zip reads which of the axes of one table run side by side.
func (d *decoder) zip(n *node, path string, list []axis) {
	groups, ok := n.value.([]any)
	for i, g := range groups {
		names, isList := g.([]any)
		if ok = ok && isList && len(names) > 1; !ok {
			break
		}
		mark := &node{key: n.key, src: n.src, of: n, order: i}
		for _, name := range names {
			d.zipped(n, path, name, mark, list)
		}
	}
	if !ok {
		d.fail(n, path, true, `lists of keys that run side by side, as in [["codec.q.bits", "clients.lr"]]`, "%s wants lists of two or more keys each, got %s", path, clip(literal(n.plain())))
	}
}

func (d *decoder) zipped(n *node, path string, name any, mark *node, list []axis) {
	text, _ := name.(string)
	i := slices.IndexFunc(list, func(a axis) bool { return a.name() == text })
	var message string
	switch {
	case i < 0:
		var names []string
		for _, a := range list {
			names = append(names, a.name())
		}
		message = fmt.Sprintf("%s names %s, which is no axis of the same table%s", path, literal(name), suggestion(text, names))
	case list[i].seeds():
		message = path + ` names "seed", which cannot be zipped: seeds make the bands of curves`
	case list[i].group != nil:
		message = fmt.Sprintf("%s names %q twice", path, text)
	default:
		list[i].group = mark
		return
	}
	d.failAt(locateWord(n, text, message), path, "")
}

// literal writes a value as TOML has it.
func literal(v any) string {
	switch x := v.(type) {
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = literal(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(x))
		for _, key := range sortedKeys(x) {
			parts = append(parts, toml.Key{key}.String()+" = "+literal(x[key]))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return params.Format(v)
}
