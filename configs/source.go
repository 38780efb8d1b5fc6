package configs

import (
	"errors"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// source is a text that keys come from: a file, or one --set option.
type source struct {
	name string // the file's path, or the option as it was typed
	text string // of a file; empty for an option, which has no lines to show
}

// node is a table or a value of a document, together with where it was written.
type node struct {
	key    string
	table  bool
	kids   []*node // of a table, in document order, each key once
	value  any     // of anything but a table: string, int64, float64, bool, []any, time.Time, []map[string]any
	src    *source
	keyAt  int // byte offset of the key in src.text
	valAt  int // byte offset of the value
	header bool
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

// Keys that say the same thing in two ways: who overrides one takes the other away.
var alternatives = [][2]string{{"local_epochs", "local_steps"}, {"local_steps", "local_epochs"}}

// displace removes the alternative to an overridden key, unless over gives both.
func (n *node) displace(over *node, key string) {
	for _, a := range alternatives {
		if a[0] == key && over.kid(a[1]) == nil {
			n.kids = slices.DeleteFunc(n.kids, func(k *node) bool { return k.key == a[1] })
		}
	}
}

// parse reads a TOML document. Its only error is an *Error about syntax.
func parse(src *source) (*node, error) {
	src.text = strings.TrimPrefix(src.text, "\ufeff")
	var top map[string]toml.Primitive
	md, err := toml.Decode(src.text, &top)
	if err != nil {
		return nil, syntaxError(src, err)
	}
	var values map[string]any
	if _, err = toml.Decode(src.text, &values); err != nil {
		return nil, syntaxError(src, err)
	}
	b := builder{src: src, md: md, order: make(map[string]int)}
	for i, key := range md.Keys() {
		for n := range key {
			name := key[:n+1].String()
			if _, known := b.order[name]; !known {
				b.order[name] = i
			}
		}
	}
	root := &node{table: true, src: src}
	root.kids = b.table(nil, top, values)
	return root, nil
}

// syntaxError gives package toml's own error our form. The column is counted from the offset, because the library
// counts it from the line before where an error stands at the start of a line.
func syntaxError(src *source, err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return &Error{File: src.name, Message: err.Error()}
	}
	message := pe.Message
	if pe.LastKey != "" {
		message += " (the last key read is \"" + pe.LastKey + "\")"
	}
	e := src.errorAt(pe.Position.Start, max(1, pe.Position.Len), message)
	return &e
}

// builder turns what package toml decoded into nodes with places.
type builder struct {
	src   *source
	md    toml.MetaData
	order map[string]int // of a dotted key: when the document mentions it first
}

func (b *builder) table(path toml.Key, prims map[string]toml.Primitive, values map[string]any) []*node {
	kids := make([]*node, 0, len(values))
	for key, value := range values {
		kids = append(kids, b.entry(append(slices.Clone(path), key), prims[key], value))
	}
	when := func(n *node) int {
		if i, ok := b.order[append(slices.Clone(path), n.key).String()]; ok {
			return i
		}
		return len(b.order)
	}
	slices.SortFunc(kids, func(x, y *node) int {
		if d := when(x) - when(y); d != 0 {
			return d
		}
		return strings.Compare(x.key, y.key)
	})
	for _, k := range kids {
		b.placeTable(k)
	}
	return kids
}

func (b *builder) entry(path toml.Key, prim toml.Primitive, value any) *node {
	n := &node{key: path[len(path)-1], src: b.src, value: value, keyAt: -1, valAt: -1}
	n.valAt = b.opening(b.offset(prim), value)
	if table, ok := value.(map[string]any); ok {
		var inner map[string]toml.Primitive
		if b.md.PrimitiveDecode(prim, &inner) != nil {
			inner = nil
		}
		n.table, n.value = true, nil
		n.kids = b.table(path, inner, table)
	}
	if n.valAt >= 0 {
		b.placeKey(n)
	}
	return n
}

// trap is a type that nothing can be decoded into. Package toml reports its refusal with the place of the key, which
// is the only way to learn that place from outside.
type trap struct{}

var errTrap = errors.New("trap")

// UnmarshalTOML always fails.
func (trap) UnmarshalTOML(any) error { return errTrap }

// offset returns where package toml thinks that a key's value starts: inside an inline table it is the key, for a
// table with a header it is the header. It is -1 for tables that are only implied.
func (b *builder) offset(prim toml.Primitive) int {
	var pe toml.ParseError
	if err := b.md.PrimitiveDecode(prim, &trap{}); !errors.As(err, &pe) || pe.Position.Line == 0 {
		return -1
	}
	return min(pe.Position.Start, len(b.src.text))
}

// opening moves the place of a string or a list, which package toml gives as that of its content, to the quote or
// bracket in front.
func (b *builder) opening(at int, value any) int {
	marks := ""
	switch value.(type) {
	case string:
		marks = `"'`
	case []any:
		marks = "["
	}
	for at > 0 && strings.IndexByte(marks, b.src.text[at-1]) >= 0 {
		at--
	}
	return at
}

// placeKey finds the key's own place from the value's.
func (b *builder) placeKey(n *node) {
	text, at := b.src.text, n.valAt
	line := text[lineStart(text, at):at]
	rest, _, _ := strings.Cut(text[at:], "\n")
	if n.table && strings.HasPrefix(rest, "[") {
		n.header = true
		if i := strings.LastIndex(strings.SplitAfter(rest, "]")[0], n.key); i >= 0 {
			n.keyAt = at + i
			return
		}
	}
	if name, after, found := strings.Cut(rest, "="); found && strings.Trim(lastPart(name), ` '"`) == n.key {
		n.keyAt = at + strings.LastIndex(name, n.key)
		n.valAt = len(text[:at]) + len(rest) - len(strings.TrimLeft(after, " \t"))
		return
	}
	n.keyAt = at
	if i := strings.LastIndex(line, n.key); i >= 0 && n.key != "" {
		n.keyAt = at - len(line) + i
	}
}

func lastPart(dotted string) string { return dotted[strings.LastIndexByte(dotted, '.')+1:] }

// placeTable gives a table that is only implied, as uplink is by uplink.chain = [], a place in front of its first
// entry.
func (b *builder) placeTable(n *node) {
	if n.keyAt >= 0 || len(n.kids) == 0 {
		return
	}
	first := n.kids[0].keyAt
	if first < 0 {
		return
	}
	start := lineStart(b.src.text, first)
	n.keyAt = first
	if i := strings.LastIndex(b.src.text[start:first], n.key); i >= 0 {
		n.keyAt = start + i
	}
	n.valAt = n.keyAt
}

func lineStart(text string, at int) int { return strings.LastIndexByte(text[:at], '\n') + 1 }
