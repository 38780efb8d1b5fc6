package report

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"flsim/sim/record"
	"flsim/sim/results"
)

// settingsTable shows the settings in which curves differ; nil if there is one curve or no difference.
func settingsTable(curves []results.Curve) (*Table, error) {
	all := make([]map[string]any, len(curves))
	for i := range curves {
		var err error
		if all[i], err = readSettings(curves[i].Runs[0].Dir); err != nil {
			return nil, err
		}
	}
	keys, same := differing(all)
	if len(keys) == 0 || len(curves) < 2 {
		return nil, nil
	}
	t := &Table{ID: "settings", Title: "Settings that differ",
		Note: fmt.Sprintf("Only keys in which curves differ; %d others are the same for all. Codecs stand in their chains, with their own settings in brackets.", same)}
	for _, key := range keys {
		t.Columns = append(t.Columns, Head{Text: key})
	}
	for i, settings := range all {
		row := TabRow{Curve: i}
		for _, key := range keys {
			row.Cells = append(row.Cells, value(settings[key]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// differing returns the keys whose values are not the same everywhere, in order, and the number of the others.
func differing(all []map[string]any) (keys []string, same int) {
	union := map[string]bool{}
	for _, settings := range all {
		for key := range settings {
			union[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(union)) {
		if slices.ContainsFunc(all, func(s map[string]any) bool { return s[key] != all[0][key] }) {
			keys = append(keys, key)
		} else {
			same++
		}
	}
	return keys, same
}

// readSettings reads a run's config.toml as values by dotted keys. What differs between the seeds of a curve and what
// does not bear on results is left out, and the codecs are written into the chains that use them. A run without the
// file has no settings.
func readSettings(dir string) (map[string]any, error) {
	path := filepath.Join(dir, record.ConfigFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tree := map[string]any{}
	if _, err := toml.Decode(string(text), &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	codecs, _ := tree["codec"].(map[string]any)
	for _, key := range []string{"schema", "name", "seed", "seeds", "output", "variant", "codec", "sweep", "plot"} {
		delete(tree, key)
	}
	for _, direction := range []string{"uplink", "downlink"} {
		if link, ok := tree[direction].(map[string]any); ok {
			link["chain"] = chain(link["chain"], codecs)
		}
	}
	flat := map[string]any{}
	flatten(flat, "", tree)
	return flat, nil
}

// chain writes a chain of codecs, as in "topk (keep 0.01) > qsgd (bits 2)".
func chain(names any, codecs map[string]any) string {
	list, _ := names.([]any)
	var links []string
	for _, name := range list {
		settings, ok := codecs[fmt.Sprint(name)].(map[string]any)
		if !ok {
			links = append(links, fmt.Sprint(name))
			continue
		}
		flat := map[string]any{}
		flatten(flat, "", settings)
		link := fmt.Sprint(flat["type"])
		delete(flat, "type")
		var own []string
		for _, key := range slices.Sorted(maps.Keys(flat)) {
			own = append(own, fmt.Sprintf("%s %v", key, flat[key]))
		}
		if len(own) > 0 {
			link += " (" + strings.Join(own, ", ") + ")"
		}
		links = append(links, link)
	}
	if len(links) == 0 {
		return "float32"
	}
	return strings.Join(links, " > ")
}

// flatten collects a tree's leaves by dotted keys: numbers and words as they are, lists as text.
func flatten(into map[string]any, prefix string, tree map[string]any) {
	for key, v := range tree {
		switch v := v.(type) {
		case map[string]any:
			flatten(into, prefix+key+".", v)
		case string, float64, int64, bool:
			into[prefix+key] = v
		default:
			into[prefix+key] = fmt.Sprint(v)
		}
	}
}
