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
	listed  bool // whether all of them are
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
	switch {
	case !ok:
		d.fail(k, path+".label", true, "string", "%s.label wants a string, got %s", path, describe(k))
	case strings.TrimSpace(label) == "":
		d.fail(k, path+".label", true, "", "%s.label is empty, and legends would not name the curve; without the key they say %q", path, n.key)
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
