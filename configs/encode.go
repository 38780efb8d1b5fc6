package configs

import (
	"fmt"
	"slices"
	"strings"

	"flsim/internal/params"

	"github.com/BurntSushi/toml"
)

// Canonical returns what determines an experiment's results, one line per key in a fixed order. Names, which are
// labels only, targets and the output table are left out, and a chain's stages are written out where they are used: two files
// that say the same thing in different ways give equal bytes.
func (e *Experiment) Canonical() []byte {
	var b strings.Builder
	for _, f := range params.Fields(e) {
		switch f.Name {
		case "name", "output", "seed": // the seeds' table holds all that seed decides
			continue
		}
		writeLines(&b, "", f)
	}
	writeStages(&b, "uplink", e.UplinkStages())
	writeStages(&b, "downlink", e.DownlinkStages())
	return []byte(b.String())
}

// Setting is one key of an experiment and its value as TOML.
type Setting struct{ Key, Value string }

// Settings lists what Canonical writes.
func (e *Experiment) Settings() []Setting {
	var list []Setting
	for line := range strings.Lines(string(e.Canonical())) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
		list = append(list, Setting{key, value})
	}
	return list
}

// elsewhere are the keys that canonical forms leave out: chains, whose stages follow in full, targets, which no run
// depends on, and the files of initial weights and of sites, of which the weights and the division matter and not the name.
var elsewhere = []string{"uplink.chain", "downlink.chain", "eval.targets", "model.weights", "data.mapping"}

func writeLines(b *strings.Builder, path string, f params.Field) {
	path = join(path, f.Name)
	if f.IsTable() {
		for _, inner := range params.Fields(f.Value.Addr().Interface()) {
			writeLines(b, path, inner)
		}
		return
	}
	if f.Unset() || slices.Contains(elsewhere, path) {
		return
	}
	fmt.Fprintf(b, "%s = %s\n", path, params.Format(f.Value.Interface()))
}

func writeStages(b *strings.Builder, direction string, stages []Stage) {
	for i, s := range stages {
		path := fmt.Sprintf("%s.chain.%d", direction, i)
		fmt.Fprintf(b, "%s.type = %s\n", path, params.Format(s.Type))
		for _, f := range params.Fields(s.Settings) {
			writeLines(b, path, f)
		}
	}
}

// TOML returns the experiment as a file that Load reads back to an equal one.
func (e *Experiment) TOML() []byte {
	var b strings.Builder
	fields := params.Fields(e)
	writeValues(&b, fields)
	for _, f := range fields {
		if f.IsTable() {
			if f.Name == "uplink" {
				e.writeCodecs(&b)
			}
			writeTable(&b, f.Name, f.Value.Addr().Interface())
		}
	}
	return []byte(b.String())
}

// TOML returns the run as a file of its own with one variant.
func (r Run) TOML() []byte {
	text := r.Experiment.TOML()
	if !r.Named {
		return text
	}
	return fmt.Appendf(text, "\n[variant.%s]\nlabel = %s\n", toml.Key{r.Variant}, params.Format(r.Label))
}

func (e *Experiment) writeCodecs(b *strings.Builder) {
	for _, s := range e.Codec {
		fmt.Fprintf(b, "\n[codec.%s]\ntype = %s\n", toml.Key{s.Name}, params.Format(s.Type))
		writeFields(b, "codec."+toml.Key{s.Name}.String(), params.Fields(s.Settings))
	}
}

func writeTable(b *strings.Builder, name string, ptr any) {
	fmt.Fprintf(b, "\n[%s]\n", name)
	writeFields(b, name, params.Fields(ptr))
}

// writeFields writes the values of a table, then its inner tables.
func writeFields(b *strings.Builder, name string, fields []params.Field) {
	writeValues(b, fields)
	for _, f := range fields {
		if f.IsTable() {
			writeTable(b, name+"."+f.Name, f.Value.Addr().Interface())
		}
	}
}

func writeValues(b *strings.Builder, fields []params.Field) {
	for _, f := range fields {
		if !f.IsTable() && !f.Unset() {
			fmt.Fprintf(b, "%s = %s\n", f.Name, params.Format(f.Value.Interface()))
		}
	}
}
