package configs

import (
	"reflect"
	"slices"
	"strings"

	"flsim/internal/params"
)

// Keys lists the paths of all keys of an experiment, as --set takes them; those of codecs, whose tables have names of
// their own, are not among them.
func Keys() []string {
	var keys []string
	for _, p := range params.List(Default()) {
		keys = append(keys, p.Name)
	}
	return keys
}

// WordsOf returns the words that the key at path may hold, such as "iid" for data.partition, and nil for keys of numbers
// or free text. The path may begin with variant.NAME or plot.NAME.
func WordsOf(path string) []string {
	if rest, ok := strings.CutPrefix(path, "variant."); ok {
		_, path, _ = strings.Cut(rest, ".")
	}
	var at any = Default()
	if rest, ok := strings.CutPrefix(path, "plot."); ok {
		at = newPlot()
		_, path, _ = strings.Cut(rest, ".")
		if words := plotWords[path]; words != nil {
			return words
		}
	}
	prefix := ""
	for at != nil {
		head, rest, deeper := strings.Cut(path, ".")
		f, ok := fieldOf(at, head)
		if !ok {
			return nil
		}
		prefix, path = join(prefix, head), rest
		if !deeper {
			return wordsOf(prefix, f)
		}
		at = nil
		if f.IsTable() {
			at = f.Value.Addr().Interface()
		}
	}
	return nil
}

// plotWords are the words that are usual for the keys of figures that take columns; there are others.
var plotWords = map[string][]string{"x": append(slices.Clone(costNames), metricColumns...), "y": metricColumns, "z": metricColumns}

func fieldOf(table any, key string) (params.Field, bool) {
	for _, f := range params.Fields(table) {
		if f.Name == key {
			return f, true
		}
	}
	return params.Field{}, false
}

func wordsOf(path string, f params.Field) []string {
	if f.Value.Kind() == reflect.Bool {
		return []string{"true", "false"}
	}
	return wordsAt(path, f)
}
