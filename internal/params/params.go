// Package params reads what a struct's tags say about its fields as parameters of an experiment.
//
// A struct of parameters sits beside the code that it configures and needs no code of its own:
//
//	type Settings struct {
//		Bits int `toml:"bits" in:"[1,16]" unit:"bit" doc:"Width of a code, sign included."`
//	}
//
// The tag in gives a range: a bracket includes the bound and a parenthesis excludes it; an empty bound or inf means
// none, and "inf]" admits infinity itself. The tag one lists the allowed words, as in one:"sgd|adam". The tag
// required:"true" names a parameter without a default, and default tells in words one that depends on others. On lists both apply to every element. A zero value that the
// range excludes stands for a parameter that was not given, and so does an empty string whose default is told in words.
package params

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Param describes one parameter in words.
type Param struct {
	Name     string // its key, dotted for parameters of a nested table
	Type     string // "integer", "number", "string", "true or false", "list of strings", ...
	Default  string // as it is written in a configuration, empty where there is none
	Computed string // the default in words, where it depends on other parameters
	Allowed  string // "1 to 16", `"sgd" or "adam"`, ..., empty where every value of the type is
	Unit     string
	Doc      string // one sentence
	Required bool   // has no default and must be given
}

// Problem is one parameter whose value is not allowed.
type Problem struct {
	Name    string
	Value   any
	Allowed string
}

// String says what is wrong, as in "bits must be 1 to 16, not 17".
func (p Problem) String() string {
	return fmt.Sprintf("%s must be %s, not %s", p.Name, p.Allowed, Format(p.Value))
}

// Bounded is a field's own type that has a smallest and a largest value, such as a distribution; a range applies to
// both.
type Bounded interface {
	Bounds() (low, high float64)
}

// Described is a field's own type that says what it is called, as in "number or distribution".
type Described interface {
	TypeInWords() string
}

// Field is one field of a struct of parameters.
type Field struct {
	Param
	Value reflect.Value // of the field itself, settable
	limit limit
}

// Fields returns the parameters of the struct that ptr points to, in order. Fields of embedded structs stand in their
// place; a nested struct is one field of type "table". Fields without a toml tag are left out. It panics if ptr is
// not a pointer to a struct or a tag cannot be read.
func Fields(ptr any) []Field {
	v := reflect.ValueOf(ptr)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("params: %T is not a pointer to a struct", ptr))
	}
	return fields(v.Elem(), nil)
}

func fields(v reflect.Value, list []Field) []Field {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct && sf.Tag.Get("toml") == "" {
			list = fields(v.Field(i), list)
			continue
		}
		name, _, _ := strings.Cut(sf.Tag.Get("toml"), ",")
		if name == "" || name == "-" {
			continue
		}
		list = append(list, newField(name, sf, v.Field(i)))
	}
	return list
}

func newField(name string, sf reflect.StructField, v reflect.Value) Field {
	f := Field{Value: v, limit: parseLimit(sf)}
	f.Param = Param{
		Name:     name,
		Type:     typeInWords(v),
		Unit:     sf.Tag.Get("unit"),
		Doc:      sf.Tag.Get("doc"),
		Computed: sf.Tag.Get("default"),
		Allowed:  f.limit.words(elemKind(v.Type()) == reflect.String),
		Required: sf.Tag.Get("required") == "true",
	}
	if !f.Unset() && !f.IsTable() {
		f.Default = Format(v.Interface())
	}
	return f
}

// IsTable reports whether the field is a nested struct of parameters.
func (f Field) IsTable() bool { return f.Type == "table" }

// Unset reports whether the field holds a zero value that stands for "not given": one outside its own range, a nil
// list, or an empty string whose default depends on other parameters.
func (f Field) Unset() bool {
	kind := f.Value.Kind()
	return f.Value.IsZero() && (kind == reflect.Slice || kind == reflect.String && f.Computed != "" || !f.limit.allows(f.Value))
}

// Ok reports whether the field's present value is allowed. Unlike Check it takes a zero value as it stands.
func (f Field) Ok() bool { return f.limit.allows(f.Value) }

// OfWords reports whether the field is a string or a list of strings.
func (f Field) OfWords() bool { return elemKind(f.Value.Type()) == reflect.String }

// Words returns the values that the field's one tag lists, nil if it has none.
func (f Field) Words() []string { return f.limit.one }

// Range is what a field's in tag says.
type Range struct {
	Low, High         float64 // infinite where there is no bound
	OpenLow, OpenHigh bool    // the bound itself is excluded
	Infinite          bool    // +Inf is a value like any other
}

// Range returns the field's range; ok is false if it has none.
func (f Field) Range() (r Range, ok bool) {
	l := f.limit
	return Range{l.low, l.high, l.openLow, l.openHigh, l.infinite}, l.ranged
}

// List describes the parameters of the struct that ptr points to, with the values it holds as defaults. Nested
// structs are flattened to dotted names.
func List(ptr any) []Param {
	var list []Param
	walk(Fields(ptr), "", func(f Field) { list = append(list, f.Param) })
	return list
}

// Check returns the parameters whose values are not allowed, nested structs included.
func Check(ptr any) []Problem {
	var bad []Problem
	walk(Fields(ptr), "", func(f Field) {
		if !f.Unset() && !f.Ok() {
			bad = append(bad, Problem{f.Name, f.Value.Interface(), f.Allowed})
		}
	})
	return bad
}

func walk(list []Field, prefix string, visit func(Field)) {
	for _, f := range list {
		f.Name = prefix + f.Name
		if f.IsTable() {
			walk(fields(f.Value, nil), f.Name+".", visit)
			continue
		}
		visit(f)
	}
}

var kindWords = map[reflect.Kind]string{reflect.Bool: "true or false", reflect.String: "string", reflect.Float32: "number", reflect.Float64: "number"}

func typeInWords(v reflect.Value) string {
	if v.CanAddr() {
		if d, ok := v.Addr().Interface().(Described); ok {
			return d.TypeInWords()
		}
	}
	if v.Kind() == reflect.Slice {
		return "list of " + kindInWords(v.Type().Elem().Kind()) + "s"
	}
	return kindInWords(v.Kind())
}

func kindInWords(k reflect.Kind) string {
	switch {
	case k == reflect.Struct:
		return "table"
	case k >= reflect.Int && k <= reflect.Uint64:
		return "integer"
	case kindWords[k] != "":
		return kindWords[k]
	}
	panic(fmt.Sprintf("params: a parameter cannot be of kind %v", k))
}

func elemKind(t reflect.Type) reflect.Kind {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind()
}

// Format writes a value as TOML has it: strings quoted, numbers of type float with a point or an exponent, lists in
// brackets. A fmt.Stringer is asked for its own form.
func Format(value any) string {
	if s, ok := value.(fmt.Stringer); ok {
		return s.String()
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.String:
		return quote(v.String())
	case reflect.Float32:
		return formatFloat(v.Float(), 32)
	case reflect.Float64:
		return formatFloat(v.Float(), 64)
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = Format(v.Index(i).Interface())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(value)
}

func formatFloat(x float64, size int) string {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return strings.ToLower(strings.TrimPrefix(fmt.Sprint(x), "+"))
	}
	s := strconv.FormatFloat(x, 'g', -1, size)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// quote writes a TOML basic string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
