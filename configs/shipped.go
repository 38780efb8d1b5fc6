package configs

import "embed"

// Shipped holds the configurations that come with the program; those of papers are in the folder papers.
//
//go:embed *.toml papers/*.toml
var Shipped embed.FS

// presets holds the files that [Experiment].Preset names.
//
//go:embed presets/*.toml
var presets embed.FS

// withPreset lays an experiment over the preset that it names, if there is one of that name.
func withPreset(n *node) *node {
	name, ok := "", false
	if k := n.kid("preset"); k != nil {
		name, ok = k.value.(string)
	}
	text, err := presets.ReadFile("presets/" + name + ".toml")
	if !ok || err != nil {
		return n // which the decoder reports
	}
	preset, err := parse(&source{name: name, text: string(text)})
	if err != nil {
		panic(err)
	}
	preset.adopt(n.src)
	return merge(preset, n)
}
