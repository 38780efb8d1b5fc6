package configs

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"flsim/internal/params"
	"flsim/internal/spell"

	"github.com/BurntSushi/toml"
)

// decoder reads a tree of nodes into structs of parameters and reports everything that is wrong on the way.
type decoder struct {
	report  *report
	variant string          // whose settings are being read
	partial bool            // keys may be missing, since variants may add them
	spare   bool            // no chain of the variant uses the codec that is being read
	bad     map[string]bool // paths that were reported
}

// fail reports an error about the key at path. n is where it was written; with value the caret points at the value.
func (d *decoder) fail(n *node, path string, value bool, allowed, format string, args ...any) {
	e := locate(n, value, fmt.Sprintf(format, args...))
	d.failAt(e, path, allowed)
}

func (d *decoder) failAt(e Error, path, allowed string) {
	e.Key = path
	if allowed != "" {
		if e.Excerpt != "" {
			e.Excerpt += "\n"
		}
		e.Excerpt += "       = allowed: " + allowed
	}
	if d.bad == nil {
		d.bad = make(map[string]bool)
	}
	d.bad[path] = true
	d.report.add(e, d.variant, !d.spare)
}

// isBad reports whether one of the paths, or a table that holds it, has been reported.
func (d *decoder) isBad(paths ...string) bool {
	for _, p := range paths {
		for ; p != ""; p = parent(p) {
			if d.bad[p] {
				return true
			}
		}
	}
	return false
}

func join(path, key string) string {
	if k := (toml.Key{key}).String(); path == "" {
		return k
	} else {
		return path + "." + k
	}
}

func parent(path string) string {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i]
	}
	return ""
}

// table reads the entries of n, which may be nil, into the struct that ptr points to. Entries called extra are left
// to the caller.
func (d *decoder) table(n *node, path string, ptr any, extra ...string) {
	fields := params.Fields(ptr)
	var legal []string
	for _, f := range fields {
		legal = append(legal, f.Name)
	}
	legal = append(legal, extra...)
	meant := d.unknown(n, path, legal)
	for _, f := range fields {
		k := n.kid(f.Name)
		p := join(path, f.Name)
		switch {
		case k == nil && meant[f.Name]:
			d.markBad(p)
		case f.IsTable() && (k == nil || k.table):
			d.table(k, p, f.Value.Addr().Interface())
		case k != nil:
			d.field(k, p, f)
		case required(p, f) && !d.partial && !d.isBad(path) && !d.given(n, p):
			d.missing(n, p, f)
		}
	}
}

func (d *decoder) markBad(path string) {
	if d.bad == nil {
		d.bad = make(map[string]bool)
	}
	d.bad[path] = true
}

// unknown reports the entries of n that are not legal and returns which legal ones they were probably meant to be.
func (d *decoder) unknown(n *node, path string, legal []string) map[string]bool {
	meant := make(map[string]bool)
	if n == nil {
		return meant
	}
	for _, k := range n.kids {
		if slices.Contains(legal, k.key) || d.report.full() {
			continue
		}
		var absent []string
		for _, l := range legal {
			if n.kid(l) == nil {
				absent = append(absent, l)
			}
		}
		if guess := d.stray(k, path, absent, legal); guess != "" {
			meant[guess] = true
		}
	}
	return meant
}

// stray reports the entry k, which its table does not have, and returns the key that was probably meant.
func (d *decoder) stray(k *node, path string, absent, legal []string) string {
	p := join(path, k.key)
	what := "key"
	if k.table {
		what = "table"
	}
	home, elsewhere := homes(k.key)
	meant := guess(k.key, absent)
	if meant == "" {
		meant = spell.Nearest(k.key, legal)
	}
	switch {
	case elsewhere && home == "":
		d.fail(k, p, false, "", "%s %q is unknown here; %q belongs at the top level, above the first [table]", what, p, k.key)
		return ""
	case elsewhere:
		d.fail(k, p, false, "", "%s %q is unknown here; %q belongs in the table [%s]", what, p, k.key, home)
		return ""
	case meant != "":
		d.fail(k, p, false, "", "%s %q is unknown; did you mean %q?", what, p, join(path, meant))
		return meant
	}
	d.fail(k, p, false, strings.Join(legal, ", "), "%s %q is unknown", what, p)
	return ""
}

// homes returns the table that has a key of this name, the top level being "". Keys of several tables have no home
// to point to.
func homes(key string) (table string, found bool) {
	for _, f := range params.Fields(Default()) {
		if f.Name == key && !f.IsTable() {
			return "", true
		}
		if !f.IsTable() {
			continue
		}
		for _, inner := range params.Fields(f.Value.Addr().Interface()) {
			if inner.Name != key {
				continue
			}
			if found {
				return "", false
			}
			table, found = f.Name, true
		}
	}
	return table, found
}

func (d *decoder) missing(n *node, path string, f params.Field) {
	message := fmt.Sprintf("key %q is missing", path)
	if other, ok := stoodInFor[path]; ok {
		message += fmt.Sprintf("; give it or %s", other)
	}
	if path == "schema" {
		message = fmt.Sprintf("key %q is missing; write schema = %d at the top of the file", path, Schema)
	}
	e := Error{Message: message}
	switch {
	case n == nil || n.key == "":
		e.File = d.report.file()
	default:
		e = locate(n, false, message)
	}
	d.failAt(e, path, wanted(path, f))
}

// wanted says in words what a field takes.
func wanted(path string, f params.Field) string {
	words := []string{f.Type}
	if f.Unit != "" {
		words[0] += " (" + f.Unit + ")"
	}
	if a := allowed(path, f); a != "" {
		words = append(words, a)
	}
	return strings.Join(words, ", ")
}

func allowed(path string, f params.Field) string {
	if list := wordsAt(path, f); list != nil && f.OfWords() {
		return params.Choice(list, true)
	}
	return f.Allowed
}

// field reads the value k into the field f.
func (d *decoder) field(k *node, path string, f params.Field) {
	fresh := reflect.New(f.Value.Type()).Elem()
	if u, ok := fresh.Addr().Interface().(toml.Unmarshaler); ok {
		if err := u.UnmarshalTOML(k.plain()); err != nil {
			d.unmarshalError(k, path, f, err)
			return
		}
	} else if x, ok := k.value.(int64); ok && x < 0 && fresh.CanUint() {
		d.fail(k, path, true, wanted(path, f), "%s must be at least 0, got %d", path, x)
		return
	} else if !assign(fresh, k.plain()) {
		d.fail(k, path, true, wanted(path, f), "%s wants %s, got %s", path, article(f.Type), describe(k))
		return
	}
	f.Value.Set(fresh)
	if list := wordsAt(path, f); list != nil && f.OfWords() {
		d.words(k, path, f, list)
		return
	}
	if !f.Ok() {
		d.fail(k, path, true, wanted(path, f), "%s must be %s, got %s", path, cmp.Or(f.Allowed, "finite"), params.Format(f.Value.Interface()))
	}
}

// words checks a string, or the strings of a list, against those that are allowed.
func (d *decoder) words(k *node, path string, f params.Field, legal []string) {
	var given []string
	if f.Value.Kind() == reflect.Slice {
		for i := range f.Value.Len() {
			given = append(given, f.Value.Index(i).String())
		}
	} else {
		given = []string{f.Value.String()}
	}
	for _, w := range given {
		if slices.Contains(legal, w) {
			continue
		}
		message := fmt.Sprintf("%s cannot be %q", path, w)
		if guess := spell.Nearest(w, legal); guess != "" {
			message += fmt.Sprintf("; did you mean %q?", guess)
		}
		d.failAt(locateWord(k, w, message), path, params.Choice(legal, true))
	}
}

// keyed is an error about one key of a table that a type reads by itself.
type keyed interface {
	error
	Key() string
	Legal() []string
}

func (d *decoder) unmarshalError(k *node, path string, f params.Field, err error) {
	at, message := k, path+": "+err.Error()
	var ke keyed
	if errors.As(err, &ke) {
		if inner := k.kid(ke.Key()); inner != nil {
			at, path = inner, join(path, inner.key)
			if guess := spell.Nearest(inner.key, ke.Legal()); guess != "" && !slices.Contains(ke.Legal(), inner.key) {
				message += fmt.Sprintf("; did you mean %q?", guess)
			}
		}
	}
	d.fail(at, path, !errors.As(err, &ke), wanted(path, f), "%s", message)
}
