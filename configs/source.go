package configs

import (
	"maps"
	"slices"

	"github.com/BurntSushi/toml"
)

// source is a text that keys come from: a file, or one --set option.
type source struct {
	name string // the file's path, or the option as it was typed
	text string // of a file; empty for an option, which has no lines to show
}

// node is a table or a value of a document, together with where it was written.
type node struct {
	key   string
	table bool
	kids  []*node // of a table, in document order, each key once
	value any     // of anything but a table: string, int64, float64, bool, []any, time.Time, []map[string]any
	src   *source
	order int            // when the document mentions the key first
	prim  toml.Primitive // knows the key's place
	doc   *document      // the document that prim belongs to; nil for what --set options say
	of    *node          // the list or range of a sweep that the value was taken from, whose place it has
}

// kid returns the entry called key, nil if there is none. A nil table has no entries.
func (n *node) kid(key string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.key == key {
			return k
		}
	}
	return nil
}

// set puts k in the place of the entry of the same key, or at the end.
func (n *node) set(k *node) {
	for i, old := range n.kids {
		if old.key == k.key {
			n.kids[i] = k
			return
		}
	}
	n.kids = append(n.kids, k)
}

// at returns the nodes that lead to the entry at a path, that entry last; nil if there is none.
func (n *node) at(keys []string) (path []*node) {
	for _, key := range keys {
		if n = n.kid(key); n == nil {
			return nil
		}
		path = append(path, n)
	}
	return path
}

// cut returns a copy of the table that lacks the entry at a path.
func (n *node) cut(keys []string) *node {
	k := n.kid(keys[0])
	if k == nil || len(keys) > 1 && !k.table {
		return n
	}
	if len(keys) == 1 {
		return n.without(keys[0])
	}
	c := *n
	c.kids = slices.Clone(n.kids)
	c.set(k.cut(keys[1:]))
	return &c
}

// holding returns a node of one value of the list or range n.
func (n *node) holding(value any) *node {
	k := &node{key: n.key, value: value, src: n.src, order: n.order, prim: n.prim, doc: n.doc, of: n}
	if table, ok := value.(map[string]any); ok {
		k.table, k.value = true, nil
		for _, key := range sortedKeys(table) {
			inner := n.holding(table[key])
			inner.key = key
			k.kids = append(k.kids, inner)
		}
	}
	return k
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// without returns a copy of the table that lacks some entries.
func (n *node) without(keys ...string) *node {
	c := *n
	c.kids = slices.DeleteFunc(slices.Clone(n.kids), func(k *node) bool { return slices.Contains(keys, k.key) })
	return &c
}

// plain returns the node's value as package toml would decode it into an interface.
func (n *node) plain() any {
	if !n.table {
		return n.value
	}
	m := make(map[string]any, len(n.kids))
	for _, k := range n.kids {
		m[k.key] = k.plain()
	}
	return m
}

// merge lays the entries of over on those of base. Tables are merged entry by entry, with one exception: a codec that
// names its type anew, or a distribution that names its dist, replaces the other one whole, because the keys of one
// type mean nothing to another.
func merge(base, over *node) *node { return mergeAt(base, over, 0, false) }

func mergeAt(base, over *node, depth int, codec bool) *node {
	anew := over.kid("dist") != nil || codec && depth == 2 && over.kid("type") != nil
	if base == nil || !base.table || !over.table || anew {
		return over
	}
	m := *base
	m.kids = slices.Clone(base.kids)
	for _, k := range over.kids {
		m.displace(over, k.key)
		m.set(mergeAt(m.kid(k.key), k, depth+1, codec || depth == 0 && k.key == "codec"))
	}
	return &m
}

// Keys that say the same thing in two ways: who overrides one takes the other away, and what goes with it.
var alternatives = [][2]string{
	{"local_epochs", "local_steps"}, {"local_steps", "local_epochs"},
	{"gflops", "seconds_per_case"}, {"gflops", "seconds_per_case_rsd"}, {"gflops", "validation_seconds_per_case"},
	{"gflops", "validation_seconds_per_case_rsd"}, {"seconds_per_case", "gflops"}, {"seconds_per_case", "jitter"},
	{"uplink_mbps", "uplink_seconds"}, {"uplink_mbps", "uplink_seconds_rsd"}, {"uplink_seconds", "uplink_mbps"},
	{"downlink_mbps", "downlink_seconds"}, {"downlink_mbps", "downlink_seconds_rsd"}, {"downlink_seconds", "downlink_mbps"},
}

// displace removes the alternative to an overridden key, unless over gives both.
func (n *node) displace(over *node, key string) {
	for _, a := range alternatives {
		if a[0] == key && over.kid(a[1]) == nil {
			n.kids = slices.DeleteFunc(n.kids, func(k *node) bool { return k.key == a[1] })
		}
	}
}
