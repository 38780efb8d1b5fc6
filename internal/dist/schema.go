package dist

import (
	"maps"
	"slices"
)

// JSONSchema describes what UnmarshalTOML takes: a number, or a table for each kind of distribution. number is the schema
// of a plain number that is allowed. No key is required, since a variant may change a single one of a table.
func (Dist) JSONSchema(number map[string]any) map[string]any {
	forms := []any{number}
	for _, kind := range slices.Sorted(maps.Keys(keysOf)) {
		properties := map[string]any{"dist": map[string]any{"const": kind}}
		for _, key := range keysOf[kind] {
			properties[key] = map[string]any{"type": "number"}
		}
		forms = append(forms, map[string]any{"type": "object", "properties": properties, "additionalProperties": false})
	}
	return map[string]any{"anyOf": forms}
}
