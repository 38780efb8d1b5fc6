// Package report makes one self-contained web page of runs: curves with axes to choose, tables, settings and origin.
package report

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"flsim/internal/units"
	"flsim/sim/record"
	"flsim/sim/results"
)

// Page is what a page shows. It is written into the page as JSON; assets/*.js read it by these names.
type Page struct {
	Title     string         `json:"title"`
	Subtitle  string         `json:"subtitle"`
	Synthetic string         `json:"synthetic,omitempty"` // says that data were generated, if any were
	Live      bool           `json:"live,omitempty"`      // runs may still be going on
	Metric    string         `json:"metric"`              // column of the metric that the runs have in common, or of the first
	Targets   []float64      `json:"targets,omitempty"`   // of the metric
	X         []Axis         `json:"x"`
	Y         []Axis         `json:"y"`
	Accounts  []string       `json:"accounts"`
	Student   []float64      `json:"student"` // half the width of the 95 % confidence interval of a mean of i values, in their standard deviations
	Curves    []*Curve       `json:"curves"`
	Runs      map[string]Run `json:"-"` // by their key, see Curve.Runs
	Tables    []*Table       `json:"tables"`
	Cases     []Case         `json:"cases,omitzero"`
	Notes     []string       `json:"notes,omitempty"` // what was left out, and what a reader must not overlook
}

// Curve is the runs that differ in their seed alone.
type Curve struct {
	Label  string    `json:"label"`
	Colour string    `json:"colour"` // on white paper, "#rrggbb"
	Place  int       `json:"place"`  // chooses the look; curves of one place look the same
	Dash   []float64 `json:"dash,omitempty"`
	Marker int       `json:"marker"`
	Runs   []string  `json:"runs"` // keys, in the order of seeds
}

// Options choose what a page holds.
type Options struct {
	Title     string            // empty is the experiments' names
	Selection results.Selection // of curves
	Notes     []string          // that the page shows beside its own
	MostRows  int               // lines of one run that the page keeps; 0 is DefaultMostRows, a negative number keeps all
	Live      bool
	Sheets    Sheets
}

// DefaultMostRows is how many lines of rounds.jsonl a page keeps of one run.
const DefaultMostRows = 2000

// ErrEmpty says that there is nothing to make a page of.
var ErrEmpty = errors.New("there are no runs to report")

// New makes a page of runs. Of runs of one curve and seed whose settings differ, it keeps those that results.Choose
// keeps. Equal runs give equal pages, in whichever order they are given.
func New(runs []*record.Run, o Options) (*Page, error) {
	if len(runs) == 0 {
		return nil, ErrEmpty
	}
	runs = slices.Clone(runs)
	slices.SortFunc(runs, func(a, b *record.Run) int { return cmp.Compare(a.Dir, b.Dir) })
	kept, note, err := results.Choose(runs)
	if err != nil {
		return nil, err
	}
	curves, err := results.Group(kept)
	if err != nil {
		return nil, err
	}
	if curves, err = o.Selection.Apply(curves); err != nil {
		return nil, err
	}
	p := &Page{Live: o.Live, Runs: map[string]Run{}, Notes: slices.Clone(o.Notes)}
	if note != "" {
		p.Notes = append(p.Notes, note)
	}
	return p, p.fill(curves, o)
}

// Empty returns a live page that waits for its first run.
func Empty(title string) *Page {
	p := &Page{Title: title, Subtitle: "waiting for the first run", Live: true, Metric: "accuracy", Runs: map[string]Run{}, Curves: []*Curve{}, Tables: []*Table{}}
	p.axes(nil)
	return p
}

func (p *Page) fill(curves []results.Curve, o Options) error {
	runs := results.Runs(curves)
	p.describe(curves, o)
	p.axes(runs)
	p.thin(curves, o.MostRows)
	p.Tables = append(p.Tables, resultsTable(curves))
	settings, err := settingsTable(curves)
	if err != nil {
		return err
	}
	p.Tables = append(p.Tables, sweptTable(curves), settings, originTable(curves))
	p.Tables = slices.DeleteFunc(p.Tables, func(t *Table) bool { return t == nil })
	p.addCases(curves, o.Sheets)
	return nil
}

// thin adds the curves and the lines of their runs that fit.
func (p *Page) thin(curves []results.Curve, most int) {
	total := len(results.Runs(curves))
	switch {
	case most == 0:
		most = min(DefaultMostRows, max(200, mostRowsOfAll/total))
	case most < 0:
		most = maxInt
	}
	thinned, longest := 0, 0
	for i := range curves {
		c := newCurve(&curves[i])
		for _, r := range curves[i].Runs {
			run := newRun(r, most)
			run.Key = p.key(r)
			p.Runs[run.Key] = run
			c.Runs = append(c.Runs, run.Key)
			longest = max(longest, len(r.Rounds))
			if len(run.lines) < len(r.Rounds) {
				thinned++
			}
		}
		p.Curves = append(p.Curves, c)
	}
	if thinned > 0 {
		p.Notes = append(p.Notes, "curves of "+units.Count(thinned, "run")+" are thinned: up to "+units.Count(longest, "round")+
			" were recorded, at most "+units.Count(most, "point")+" per run are in this page, evaluated rounds first")
	}
}

// key names a run by its folder, without what is above the experiment's: a page that is passed on does not tell
// where its author keeps things.
func (p *Page) key(r *record.Run) string {
	key := r.Manifest.Experiment + "/" + filepath.Base(r.Dir)
	for n := 2; ; n++ {
		if _, taken := p.Runs[key]; !taken {
			return key
		}
		key = fmt.Sprintf("%s/%s#%d", r.Manifest.Experiment, filepath.Base(r.Dir), n)
	}
}

const maxInt = int(^uint(0) >> 1)

// mostRowsOfAll bounds a page to a few megabytes: a line has some 100 to 200 bytes.
const mostRowsOfAll = 25_000
