package configs

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"flsim/codecs"
	"flsim/internal/params"
)

// schemaNode is a part of a JSON Schema. Package json writes its keys in alphabetical order.
type schemaNode = map[string]any

// JSONSchema returns a JSON Schema (draft 2020-12) of the files that Load reads, for editors that complete and check TOML
// by one. It is made of the same tags as Load's own checks. It refuses no file that Load takes; what concerns several keys
// at once only Load knows.
func JSONSchema() []byte {
	defs := schemaNode{"stage": stageSchema(), "plot": closed(properties("plot", params.Fields(newPlot())))}
	variant := schemaNode{"label": schemaNode{"type": "string", "minLength": 1, "description": "What legends call the variant."}, "sweep": sweepSchema()}
	top := schemaNode{}
	for _, f := range params.Fields(Default()) {
		node := fieldSchema(f.Name, f)
		if f.IsTable() {
			defs[f.Name] = node
			node = schemaNode{"$ref": "#/$defs/" + f.Name}
		}
		top[f.Name] = node
		if !slices.Contains(notInVariants, f.Name) {
			variant[f.Name] = node
		}
	}
	stages := named("stage", "A stage of a codec, for the chains of uplink and downlink.")
	top["codec"], variant["codec"] = stages, stages
	defs["variant"] = closed(variant)
	top["variant"] = named("variant", "What a curve changes of the file's other keys.")
	top["plot"] = named("plot", "A figure.")
	top["sweep"] = sweepSchema()
	root := closed(top)
	root["$schema"], root["title"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", "An experiment of flsim", defs
	root["required"] = []string{"schema", "name"}
	root["if"], root["then"] = alone(), complete()
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("configs: %v", err)) // it holds nothing but text, finite numbers and lists of them
	}
	return append(text, '\n')
}

func newPlot() *Plot {
	p := DefaultPlot()
	return &p
}

// closed makes the schema of a table that has these keys and no others.
func closed(keys schemaNode) schemaNode {
	return schemaNode{"type": "object", "properties": keys, "additionalProperties": false}
}

// named makes the schema of a table of tables that have names of their own.
func named(def, doc string) schemaNode {
	return schemaNode{"type": "object", "description": doc, "propertyNames": schemaNode{"pattern": namePattern.String()},
		"additionalProperties": schemaNode{"$ref": "#/$defs/" + def}}
}

// sweepSchema leaves the axes to Load: any key may be one.
func sweepSchema() schemaNode {
	return schemaNode{"type": "object", "description": "What is varied: keys, each with the list of its values, such as seed = [1, 2, 3]."}
}

// alone describes files whose own keys are all that they have: nothing else can give what is required.
func alone() schemaNode {
	others := []any{}
	for _, key := range append(slices.Clone(fileTables), "preset") {
		if key != "plot" {
			others = append(others, schemaNode{"required": []string{key}})
		}
	}
	return schemaNode{"not": schemaNode{"anyOf": others}}
}

// complete says which keys must be given.
func complete() schemaNode {
	tables := schemaNode{}
	needed := []string{}
	for _, f := range params.Fields(Default()) {
		if !f.IsTable() {
			if required(f.Name, f) {
				needed = append(needed, f.Name)
			}
			continue
		}
		if must := requiredOf(f); len(must) > 0 {
			tables[f.Name] = schemaNode{"allOf": must}
			needed = append(needed, f.Name)
		}
	}
	return schemaNode{"required": needed, "properties": tables}
}

// requiredOf lists what a table must have, each perhaps in either of two ways.
func requiredOf(table params.Field) (list []any) {
	for _, f := range params.Fields(table.Value.Addr().Interface()) {
		path := join(table.Name, f.Name)
		if !required(path, f) {
			continue
		}
		node := schemaNode{"required": []string{f.Name}}
		if other, ok := stoodInFor[path]; ok {
			node = schemaNode{"anyOf": []any{node, schemaNode{"required": []string{lastPart(other)}}}}
		}
		list = append(list, node)
	}
	return list
}

// properties describes the keys of a table.
func properties(path string, fields []params.Field) schemaNode {
	keys := schemaNode{}
	for _, f := range fields {
		keys[f.Name] = fieldSchema(join(path, f.Name), f)
	}
	return keys
}

// fieldSchema describes one key.
func fieldSchema(path string, f params.Field) schemaNode {
	node := typeSchema(path, f)
	if text := describeField(f); text != "" {
		node["description"] = text
	}
	if f.Default != "" && !f.Unset() {
		switch f.Value.Kind() {
		case reflect.Struct, reflect.Slice:
		default:
			if x := f.Value; !x.CanFloat() || !math.IsInf(x.Float(), 0) {
				node["default"] = x.Interface()
			}
		}
	}
	return node
}

// describeField says for people what a key means.
func describeField(f params.Field) string {
	text := strings.TrimSuffix(f.Doc, ".")
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if f.Unit != "" {
		text += " (" + f.Unit + ")"
	}
	text += "."
	if f.Computed != "" {
		text += " Default: " + f.Computed + "."
	}
	return text
}

// schemed is a key's own type that describes what it takes beside a number.
type schemed interface {
	JSONSchema(number map[string]any) map[string]any
}

func typeSchema(path string, f params.Field) schemaNode {
	value := f.Value.Interface()
	if s, ok := value.(schemed); ok {
		return s.JSONSchema(ranged(schemaNode{"type": "number"}, f))
	}
	if _, ok := value.(params.Described); ok {
		return schemaNode{} // which Load reads by itself
	}
	if f.IsTable() {
		return closed(properties(path, params.Fields(f.Value.Addr().Interface())))
	}
	if f.Value.Kind() == reflect.Slice {
		return schemaNode{"type": "array", "items": scalarSchema(path, f, f.Value.Type().Elem().Kind())}
	}
	return scalarSchema(path, f, f.Value.Kind())
}

// scalarSchema describes a value that is no list.
func scalarSchema(path string, f params.Field, kind reflect.Kind) schemaNode {
	switch {
	case kind == reflect.Bool:
		return schemaNode{"type": "boolean"}
	case kind == reflect.String:
		node := schemaNode{"type": "string"}
		if words := wordsAt(path, f); words != nil {
			node["enum"] = words
		}
		return node
	case kind == reflect.Float32 || kind == reflect.Float64:
		return ranged(schemaNode{"type": "number"}, f)
	}
	node := schemaNode{"type": "integer"}
	if kind >= reflect.Uint && kind <= reflect.Uint64 {
		node["minimum"] = 0
	}
	return ranged(node, f)
}

// ranged adds a field's range, or the numbers that it lists, to the schema of a number. Infinity, which JSON has no
// word for, is null to those who hold TOML against a schema.
func ranged(node schemaNode, f params.Field) schemaNode {
	if words := f.Words(); words != nil {
		var numbers []any
		for _, w := range words {
			if x, err := strconv.ParseFloat(w, 64); err == nil {
				numbers = append(numbers, x)
			}
		}
		node["enum"] = numbers
	}
	r, ok := f.Range()
	if !ok {
		return node
	}
	if r.Infinite {
		node["type"] = []string{"number", "null"}
	}
	if !math.IsInf(r.Low, 0) {
		node[map[bool]string{false: "minimum", true: "exclusiveMinimum"}[r.OpenLow]] = r.Low
	}
	if !math.IsInf(r.High, 0) {
		node[map[bool]string{false: "maximum", true: "exclusiveMaximum"}[r.OpenHigh]] = r.High
	}
	return node
}

// stageSchema describes a [codec.NAME] table: its type says which keys it has. In a variant the type may be left to the
// file, and then the keys may be any type's.
func stageSchema() schemaNode {
	var types, cases []any
	every := schemaNode{"type": true}
	for _, e := range codecs.Entries() {
		keys := properties("codec", params.Fields(e.New()))
		for key := range keys {
			every[key] = true
		}
		is := schemaNode{"const": e.Type, "description": e.Doc}
		keys["type"] = is
		types = append(types, is)
		cases = append(cases, schemaNode{
			"if":   schemaNode{"required": []string{"type"}, "properties": schemaNode{"type": schemaNode{"const": e.Type}}},
			"then": closed(keys),
		})
	}
	cases = append(cases, schemaNode{"if": schemaNode{"not": schemaNode{"required": []string{"type"}}}, "then": closed(every)})
	return schemaNode{"type": "object", "properties": schemaNode{"type": schemaNode{"anyOf": types, "description": "What kind of stage it is."}}, "allOf": cases}
}
