package configs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxText is the largest file that is read, in bytes. Finding a place costs time in proportion to the file, and so a
// file that is no experiment at all must not keep anybody waiting.
const maxText = 256 << 10

// document is a TOML document as package toml decoded it.
type document struct {
	src   *source
	md    toml.MetaData
	order map[string]int // of a dotted key: when the document mentions it first
}

// parse reads a TOML document. Its only error is an *Error about syntax.
func parse(src *source) (*node, error) {
	src.text = strings.TrimPrefix(src.text, "\ufeff")
	if len(src.text) > maxText {
		return nil, &Error{File: src.name, Message: fmt.Sprintf("the file is longer than %d KiB, which no experiment needs", maxText>>10)}
	}
	var top map[string]toml.Primitive
	md, err := toml.Decode(src.text, &top)
	if err != nil {
		return nil, syntaxError(src, err)
	}
	var values map[string]any
	if _, err = toml.Decode(src.text, &values); err != nil {
		return nil, syntaxError(src, err)
	}
	d := &document{src: src, md: md, order: make(map[string]int)}
	for i, key := range md.Keys() {
		for n := range key {
			name := key[:n+1].String()
			if _, known := d.order[name]; !known {
				d.order[name] = i
			}
		}
	}
	root := &node{table: true, src: src}
	root.kids = d.table(nil, top, values)
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
		message += fmt.Sprintf(" (the last key read is %q)", pe.LastKey)
	}
	e := src.errorAt(pe.Position.Start, max(1, pe.Position.Len), message)
	return &e
}

// table makes nodes of a table's entries, in document order.
func (d *document) table(path toml.Key, prims map[string]toml.Primitive, values map[string]any) []*node {
	kids := make([]*node, 0, len(values))
	for key, value := range values {
		kids = append(kids, d.entry(append(slices.Clone(path), key), prims[key], value))
	}
	slices.SortFunc(kids, func(x, y *node) int {
		return cmp.Or(cmp.Compare(x.order, y.order), cmp.Compare(x.key, y.key))
	})
	return kids
}

func (d *document) entry(path toml.Key, prim toml.Primitive, value any) *node {
	n := &node{key: path[len(path)-1], src: d.src, value: value, prim: prim, doc: d, order: len(d.order)}
	if when, known := d.order[path.String()]; known {
		n.order = when
	}
	if table, ok := value.(map[string]any); ok {
		var inner map[string]toml.Primitive
		if d.md.PrimitiveDecode(prim, &inner) != nil {
			inner = nil
		}
		n.table, n.value = true, nil
		n.kids = d.table(path, inner, table)
	}
	return n
}

// trap is a type that nothing can be decoded into. Package toml reports its refusal with the place of the key, which
// is the only way to learn that place from outside.
type trap struct{}

var errTrap = errors.New("trap")

// UnmarshalTOML always fails.
func (trap) UnmarshalTOML(any) error { return errTrap }

// offset returns where package toml thinks that a value starts: inside an inline table it is the key, for a table
// with a header it is the header, for strings and lists it is their content. It is -1 for tables that are only implied.
func (d *document) offset(prim toml.Primitive) int {
	var pe toml.ParseError
	if err := d.md.PrimitiveDecode(prim, &trap{}); !errors.As(err, &pe) || pe.Position.Line == 0 {
		return -1
	}
	return min(pe.Position.Start, len(d.src.text))
}

// place returns the byte offsets of the key and of its value, -1 where there is none to point at.
func (n *node) place() (key, value int) {
	if n.of != nil {
		return n.of.place()
	}
	if n.doc == nil {
		return -1, -1
	}
	at := n.doc.offset(n.prim)
	if at < 0 {
		return n.implied()
	}
	return n.keyPlace(n.opening(at))
}

// opening moves the place of a string or a list from its content to the quote or bracket in front.
func (n *node) opening(at int) int {
	marks := ""
	switch n.value.(type) {
	case string:
		marks = `"'`
	case []any:
		marks = "["
	}
	for at > 0 && strings.IndexByte(marks, n.src.text[at-1]) >= 0 {
		at--
	}
	return at
}

// keyPlace finds the key's place from that of the value.
func (n *node) keyPlace(at int) (key, value int) {
	text := n.src.text
	rest, _, _ := strings.Cut(text[at:], "\n")
	if n.table && strings.HasPrefix(rest, "[") {
		header, _, _ := strings.Cut(rest, "]")
		return at + max(0, strings.LastIndex(header, n.key)), at
	}
	if name, after, found := strings.Cut(rest, "="); found && strings.Trim(lastPart(name), ` '"`) == n.key {
		return at + strings.LastIndex(name, n.key), at + len(rest) - len(strings.TrimLeft(after, " \t"))
	}
	start := lineStart(text, at)
	if i := strings.LastIndex(text[start:at], n.key); i >= 0 && n.key != "" {
		return start + i, at
	}
	return at, at
}

func lastPart(dotted string) string { return dotted[strings.LastIndexByte(dotted, '.')+1:] }

// implied finds the place of a table that is only implied, as uplink is by uplink.chain = []: in front of its first
// entry.
func (n *node) implied() (key, value int) {
	if len(n.kids) == 0 {
		return -1, -1
	}
	first, _ := n.kids[0].place()
	if first < 0 {
		return -1, -1
	}
	start := lineStart(n.src.text, first)
	if i := strings.LastIndex(n.src.text[start:first], n.key); i >= 0 {
		first = start + i
	}
	return first, first
}

func lineStart(text string, at int) int { return strings.LastIndexByte(text[:at], '\n') + 1 }

// locate makes an error about the key of n, or about its value.
func locate(n *node, value bool, message string) Error {
	if n.of != nil {
		n = n.of
	}
	key, val := n.place()
	if value && !n.table && val >= 0 {
		return n.src.errorAt(val, n.valueWidth(val), message)
	}
	return n.src.errorAt(key, len(n.key), message)
}

// valueWidth is the length of the value that is written at offset at, up to the end of its line.
func (n *node) valueWidth(at int) int {
	rest, _, _ := strings.Cut(n.src.text[at:], "\n")
	if s, ok := n.value.(string); ok && len(s)+2 <= len(rest) && rest[1:1+len(s)] == s {
		return len(s) + 2
	}
	if _, list := n.value.([]any); list {
		return strings.LastIndexByte(rest, ']') + 1
	}
	if i := strings.IndexAny(rest, " \t,}#\r"); i >= 0 {
		return i
	}
	return len(rest)
}

// locateWord points at a string inside a value, or at the whole value where the string cannot be found as it is.
func locateWord(n *node, word, message string) Error {
	if _, at := n.place(); at >= 0 {
		if i := strings.Index(n.src.text[at:], strconv.Quote(word)); i >= 0 && i < 4096 {
			return n.src.errorAt(at+i, len(word)+2, message)
		}
	}
	return locate(n, true, message)
}
