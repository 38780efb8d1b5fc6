package configs

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"flsim/codecs"
	"flsim/internal/params"

	"github.com/BurntSushi/toml"
)

// scalar makes of a value what JSON and tables can hold, which have no word for infinity.
func scalar(v any) any {
	switch x := v.(type) {
	case int64:
		return float64(x)
	case float64:
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return literal(x)
		}
		return x
	case bool, string:
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

// words writes a chain of the run for people, as in "topk(keep=0.05) > fse + error feedback": types with the parameters
// that are swept or not at their defaults.
func (r Run) words(stages []Stage, flag bool, meaning string) string {
	var parts []string
	for _, s := range stages {
		parts = append(parts, s.words(r.Axes))
	}
	text := cmp.Or(strings.Join(parts, " > "), "float32")
	if flag {
		text += " + " + meaning
	}
	return text
}

func (s *Stage) words(axes []Axis) string {
	entry, _ := codecs.Lookup(s.Type)
	defaults := params.Fields(entry.New())
	var told []string
	for i, f := range params.Fields(s.Settings) {
		key := toml.Key{"codec", s.Name, f.Name}.String()
		swept := slices.ContainsFunc(axes, func(a Axis) bool { return a.Key == key })
		if value := params.Format(f.Value.Interface()); swept || value != params.Format(defaults[i].Value.Interface()) {
			told = append(told, f.Name+"="+value)
		}
	}
	if len(told) == 0 {
		return s.Type
	}
	return fmt.Sprintf("%s(%s)", s.Type, strings.Join(told, ", "))
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
		a, ok := c.axis(p[1 : len(p)-1])
		if !ok {
			return p // which checkLabel has reported
		}
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
