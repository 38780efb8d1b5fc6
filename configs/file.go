// Package configs turns TOML files into checked experiments and builds their simulations.
//
// Load reads a file strictly: every table and key must be known, in exactly its spelling, of its type and within its
// range, and everything that is wrong is reported at once with its place. A file holds one base and any number of
// variants, each of which overrides keys of the base; sweeps make several curves of a variant, and several runs of a curve,
// one for each seed. Runs lists what results.
package configs

import (
	"fmt"
	"os"
	"regexp"
	"slices"
)

// File is a configuration that has been read and checked.
type File struct {
	Path     string
	Name     string // of the experiment
	Plots    []Plot // in document order
	Warnings Errors // what is probably not meant, but does no harm

	runs     []Run
	mentions []mentioned
}

// Run is one experiment of a file: one curve of a variant with one seed.
type Run struct {
	Variant    string // NAME of [variant.NAME]; the experiment's name where a file has no variants
	Label      string // what legends call the curve
	Order      int    // place of the curve in the file, from 0
	Axes       []Axis // the swept keys that make the curve one of several of its variant; the seed is not among them
	Named      bool   // whether the file has variants
	Seed       uint64
	Experiment *Experiment
}

// Load reads and checks the file at path with --set options laid over it. Each option is path=value; it overrides the
// base and all variants, or one variant if its path starts with variant.NAME. An error about the content is of type
// Errors.
func Load(path string, sets []string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, string(text), sets)
}

// Parse is Load for a text that is at hand; path is used in messages only.
func Parse(path, text string, sets []string) (*File, error) {
	l := &loader{file: &File{Path: path}}
	src := &source{name: path, text: text}
	l.report.order = append(l.report.order, path)
	root, err := parse(src)
	if err != nil {
		return nil, Errors{*err.(*Error)}
	}
	over := &node{table: true, src: src}
	for _, option := range sets {
		l.report.order = append(l.report.order, setName(option))
		n, err := parseSet(option)
		if err != nil {
			l.report.add(*err.(*Error), "", true)
			continue
		}
		over = merge(over, n)
	}
	l.read(root, over)
	if errs := l.report.list(l.names()); len(errs) > 0 {
		return nil, errs
	}
	l.file.Warnings = l.warnings.list(nil)
	return l.file, nil
}

// Runs lists the file's experiments: variants in document order, within a variant its curves, the last axis running
// fastest, and of each curve its seeds.
func (f *File) Runs() []Run { return slices.Clone(f.runs) }

// loader carries what is known while one file is read.
type loader struct {
	file     *File
	report   report
	warnings report
	variants []variant
	figures  []figure
	curves   int // so far
}

func (l *loader) names() []string {
	var names []string
	for _, v := range l.variants {
		names = append(names, v.name)
	}
	return names
}

// what belongs to the file as a whole and not to an experiment
var fileTables = []string{"variant", "sweep", "plot"}

func (l *loader) read(root, over *node) {
	base := root.without(fileTables...)
	common := over.without(fileTables...)
	sections := make(map[string]*node)
	for _, key := range fileTables {
		sections[key] = l.section(key, root.kid(key), over.kid(key))
	}
	l.variants = l.readVariants(sections["variant"], base)
	l.readPlots(sections["plot"])
	for i := range l.variants {
		l.variants[i].options = l.own(over, &l.variants[i])
	}
	common = l.sweepAxes(sections["sweep"], base, common)
	l.checkBase(merge(base, common), sections)
	if l.expansions() {
		for i := range l.variants {
			v := &l.variants[i]
			l.expand(v, func(swept *node) *node {
				return merge(merge(merge(base, v.over), swept), merge(common, v.options))
			})
		}
	}
	l.checkPlots()
	l.warnUnused(base)
	if len(l.file.runs) > 0 {
		l.file.Name = l.file.runs[0].Experiment.Name
	}
}

// section joins what the file and the options say in one of the file's own tables.
func (l *loader) section(key string, inFile, inSets *node) *node {
	d := decoder{report: &l.report}
	n := inFile
	if inSets != nil {
		n = merge(inFile, inSets)
	}
	if n != nil && !n.table {
		d.fail(n, key, true, "", "%s must be a table, as in %s; got %s", key, sectionForm[key], describe(n))
		return nil
	}
	return n
}

var sectionForm = map[string]string{"variant": "[variant.NAME]", "sweep": "[sweep] seed = [1, 2, 3]", "plot": "[plot.NAME]"}

// checkBase reports what is wrong with keys of the base that every variant overrides.
func (l *loader) checkBase(base *node, sections map[string]*node) {
	d := decoder{report: &l.report, partial: true}
	e := Default()
	d.experiment(withPreset(base), e, sections)
}

// readRun reads one run of a variant. It is not clean if something is wrong with it.
func (l *loader) readRun(v *variant, n *node) (e *Experiment, clean bool) {
	d := decoder{report: &l.report, variant: v.name}
	e = Default()
	n = withPreset(n)
	d.experiment(n, e, nil)
	d.complete(n, e)
	d.rules(n, e)
	d.chains(n, e)
	d.timings(n, e)
	d.baseline(n, e)
	l.file.mention(n, e)
	return e, len(d.bad) == 0
}

// own returns what the options say about one variant.
func (l *loader) own(over *node, v *variant) *node {
	if n := over.kid("variant").kid(v.name); n != nil && n.table {
		return n.without("label", "sweep")
	}
	return &node{table: true, src: over.src}
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)

const nameRule = "letters, digits, '.', '_', '+' and '-', starting with a letter or digit"

func (d *decoder) name(n *node, path, name string) {
	if len(name) > 100 || !namePattern.MatchString(name) {
		d.fail(n, path, !n.table, nameRule, "%s cannot be the name of a folder of results", fmt.Sprintf("%q", name))
	}
}
