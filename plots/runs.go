package plots

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"flsim/sim/record"
)

// Options choose how runs become a figure. The zero value is the usual one.
type Options struct {
	Band    Band
	Best    bool    // show the best value so far in place of the value
	Beside  bool    // draw the column on training data, "train_" + y, beside y
	Account string  // which bits an x axis of bits counts, one of Accounts; empty is "wire"
	Minus   float64 // what is taken off y, such as a known minimum; the axis is logarithmic then
	Regions bool    // a curve for each region of a segmentation, column y + "_" + its name, in place of y
	Log     bool    // whether the y axis is logarithmic in any case
	Title   string  // empty is the experiment's name
}

// FromRuns makes a figure of column y over x, one of XNames or a column's name: a curve for each variant, with
// a band over its seeds. Shares such as accuracy are shown in percent, bits in Mbit over all clients, simulated time
// in the unit that suits its length. Axes of bits are logarithmic, so round 0, before which nothing was sent, is not on
// them. Against simulated time, runs with a budget of it are drawn in steps up to the budget, with the area under the
// metric in the legend. On axes of bits a baseline that sends nothing is a horizontal line at its last value. That the
// data are synthetic stands in the subtitle.
func FromRuns(runs []*record.Run, x, y string, o Options) (*Figure, error) {
	groups, err := byVariant(runs)
	if err != nil {
		return nil, err
	}
	xa, err := xAxis(x, o.Account)
	if err != nil {
		return nil, err
	}
	regions := runs[0].Manifest.Regions
	ya, columns := yAxis(y, regions), []string{y}
	if o.Regions {
		ya.label, columns = yAxis(y, nil).label, regionColumns(y, regions)
	}
	for _, column := range append(columns, xa.column) {
		if err := checkColumn(runs, column); err != nil {
			return nil, err
		}
	}
	budget := longestBudget(runs)
	if xa.column == "sim_time_s" {
		xa.scale, xa.label = timeAxis(max(budget, longest(runs, xa.column)))
	}
	f := &Figure{Steps: xa.column == "sim_time_s" && budget > 0, LogX: xa.log, LogY: ya.log, Band: o.Band, XLabel: xa.label, YLabel: ya.label}
	for _, g := range groups {
		if !o.Regions {
			s := g.series(xa, ya, o)
			if f.Steps && y == runs[0].Manifest.Metric {
				s.Label += g.area()
			}
			f.Series = append(f.Series, s)
			f.Targets = append(f.Targets, s.reference(f.LogX)...)
			continue
		}
		for k, column := range columns {
			f.Series = append(f.Series, g.region(regions, k, xa, ya.of(column), o, len(groups) > 1))
		}
	}
	f.LogY = f.LogY || o.Log || o.Minus != 0 || ya.low && f.wide()
	f.describe(runs, groups, ya, o)
	return f, nil
}

// group is the runs of one variant.
type group struct {
	label string
	order int
	runs  []*record.Run
}

func (g group) experiment() string { return g.runs[0].Manifest.Experiment }

// byVariant groups runs, in the order of experiments' names and of the variants in their files. A run that was given
// twice counts once; two different runs of one variant and seed cannot both be right and are an error.
func byVariant(runs []*record.Run) ([]group, error) {
	if len(runs) == 0 {
		return nil, errors.New("there are no runs to draw")
	}
	sorted := slices.Clone(runs)
	slices.SortStableFunc(sorted, func(a, b *record.Run) int {
		m, n := &a.Manifest, &b.Manifest
		return cmp.Or(cmp.Compare(m.Experiment, n.Experiment), cmp.Compare(m.Order, n.Order),
			cmp.Compare(m.Variant, n.Variant), cmp.Compare(m.Label, n.Label), cmp.Compare(m.Seed, n.Seed), cmp.Compare(a.Dir, b.Dir))
	})
	var groups []group
	for _, r := range sorted {
		last := len(groups) - 1
		if last < 0 || !sameVariant(groups[last].runs[0], r) {
			groups = append(groups, group{labelOf(r), r.Manifest.Order, []*record.Run{r}})
			continue
		}
		g := &groups[last]
		before := g.runs[len(g.runs)-1]
		if before.Manifest.Seed != r.Manifest.Seed {
			g.runs = append(g.runs, r)
		} else if before.Manifest.ID != r.Manifest.ID {
			return nil, fmt.Errorf("%s and %s are both %q with seed %d, but their settings differ; draw only one of them",
				before.Dir, r.Dir, g.label, r.Manifest.Seed)
		}
	}
	tellApart(groups)
	return groups, nil
}

func sameVariant(a, b *record.Run) bool {
	m, n := &a.Manifest, &b.Manifest
	return m.Experiment == n.Experiment && m.Order == n.Order && m.Variant == n.Variant && m.Label == n.Label
}

func labelOf(r *record.Run) string {
	return cmp.Or(r.Manifest.Label, r.Manifest.Variant, filepath.Base(r.Dir))
}

// tellApart renumbers curves of several experiments, whose orders clash, and names their experiments.
func tellApart(groups []group) {
	taken := map[int]bool{}
	clash := false
	for _, g := range groups {
		clash = clash || taken[g.order]
		taken[g.order] = true
	}
	several := groups[0].experiment() != groups[len(groups)-1].experiment()
	for i := range groups {
		g := &groups[i]
		if clash {
			g.order = i
		}
		if several {
			g.label = g.experiment() + ": " + g.label
		}
	}
}

func (g group) series(x, y axis, o Options) Series {
	s := Series{Label: g.label, Order: g.order}
	for _, r := range g.runs {
		s.Seeds = append(s.Seeds, curveOf(r, x, y, o))
		if o.Beside {
			training := y
			training.column = "train_" + y.column
			s.Beside = append(s.Beside, curveOf(r, x, training, o))
		}
	}
	return s
}

// reference returns a line at the mean of the last values of a series that, on a logarithmic axis of bits, has no place:
// a baseline that sends nothing.
func (s *Series) reference(log bool) []Target {
	sum, n := 0.0, 0
	for _, c := range s.Seeds {
		if !log || len(c.X) < 2 || slices.Max(c.X) > 0 {
			return nil
		}
		sum += c.Y[len(c.Y)-1]
		n++
	}
	if n == 0 {
		return nil
	}
	return []Target{{sum / float64(n), s.Label}}
}

// area names the mean over seeds of the area under the metric, for legends.
func (g group) area() string {
	sum := 0.0
	for _, r := range g.runs {
		sum += record.Area(r.Rounds, r.Manifest.Metric, cmp.Or(r.Manifest.Budget, longest([]*record.Run{r}, "sim_time_s")))
	}
	return fmt.Sprintf(", area %.3f", sum/float64(len(g.runs)))
}

func longestBudget(runs []*record.Run) float64 {
	most := 0.0
	for _, r := range runs {
		most = max(most, r.Manifest.Budget)
	}
	return most
}

// region returns the series of region k; several groups need to be named too.
func (g group) region(regions []string, k int, x, y axis, o Options, several bool) Series {
	s := g.series(x, y, o)
	s.Label, s.Order = regions[k], k
	if several {
		s.Label, s.Order = g.label+", "+regions[k], len(regions)*g.order+k
	}
	return s
}

func curveOf(r *record.Run, x, y axis, o Options) Curve {
	var c Curve
	c.X, c.Y = r.Pairs(x.column, y.column)
	if n, budget := len(c.X), r.Manifest.Budget; x.column == "sim_time_s" && r.Result != nil && n > 0 && c.X[n-1] < budget {
		c.X, c.Y = append(c.X, budget), append(c.Y, c.Y[n-1]) // a finished run holds its last value
	}
	for i := range c.X {
		c.X[i] *= x.scale
		c.Y[i] = (c.Y[i] - o.Minus) * y.scale
	}
	if o.Best {
		c = c.best(y.low)
	}
	return c
}

func longest(runs []*record.Run, column string) float64 {
	most := 0.0
	for _, r := range runs {
		for _, row := range r.Rounds {
			most = max(most, row[column])
		}
	}
	return most
}

// wide reports whether a few values are so far above the others, as the losses of a run that diverges, that on a linear
// axis these would be one flat line.
func (f *Figure) wide() bool {
	var all []float64
	for _, s := range f.Series {
		for _, c := range slices.Concat(s.Seeds, s.Beside) {
			all = append(all, c.clean().Y...)
		}
	}
	if len(all) == 0 {
		return false
	}
	slices.Sort(all)
	return all[0] > 0 && all[len(all)-1] > 30*all[len(all)/2]
}

// describe writes titles, labels and targets.
func (f *Figure) describe(runs []*record.Run, groups []group, y axis, o Options) {
	first := &runs[0].Manifest
	f.Title = cmp.Or(o.Title, common(runs, func(m *record.Manifest) string { return m.Experiment }))
	f.Subtitle = subtitle(runs, groups, o.Band)
	if o.Beside {
		f.Main, f.Beside = "test", "training"
		f.YLabel = capital(strings.TrimPrefix(f.YLabel, "Test "))
	}
	if o.Minus != 0 {
		f.YLabel += " − " + strconv.FormatFloat(o.Minus*y.scale, 'g', 6, 64)
	}
	if o.Best {
		f.YLabel = "Best " + small(f.YLabel) + " so far"
	}
	if y.column == first.Metric && !o.Beside && !o.Regions {
		for _, v := range first.Targets {
			v *= y.scale
			f.Targets = append(f.Targets, Target{v, "target " + strconv.FormatFloat(v, 'g', 4, 64)})
		}
	}
}

// capital returns s with its first letter as a capital, small with a small one.
func capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[n:]
}

func small(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToLower(first)) + s[n:]
}

// subtitle tells what all runs have in common, what the band is, and what a reader must not overlook.
func subtitle(runs []*record.Run, groups []group, band Band) string {
	parts := []string{dataWords(runs), common(runs, func(m *record.Manifest) string { return m.Model })}
	parts = append(parts, common(runs, func(m *record.Manifest) string {
		if m.Clients == 0 {
			return ""
		}
		return counted(m.Clients, "client")
	}))
	if inexact := slices.ContainsFunc(runs, func(r *record.Run) bool { return r.Manifest.Precision == "bf16" }); inexact {
		parts = append(parts, cmp.Or(common(runs, func(m *record.Manifest) string { return m.Precision }), "bf16 in part"))
	}
	parts = append(parts, seedWords(groups, band))
	unfinished := 0
	for _, r := range runs {
		if r.Result == nil {
			unfinished++
		}
	}
	if unfinished > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s unfinished", unfinished, counted(len(runs), "run")))
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, " · ")
}

func dataWords(runs []*record.Run) string {
	name := common(runs, func(m *record.Manifest) string { return m.Data })
	synthetic := 0
	for _, r := range runs {
		if r.Manifest.Synthetic {
			synthetic++
		}
	}
	switch {
	case synthetic == 0:
		return name
	case synthetic < len(runs):
		return "synthetic data in part"
	case name == "":
		return "synthetic data"
	}
	return "synthetic data (" + name + ")"
}

func seedWords(groups []group, band Band) string {
	fewest, most := len(groups[0].runs), 0
	for _, g := range groups {
		fewest, most = min(fewest, len(g.runs)), max(most, len(g.runs))
	}
	seeds := counted(most, "seed")
	if fewest != most {
		seeds = fmt.Sprintf("%d to %s", fewest, seeds)
	}
	switch {
	case most == 1:
		return seeds
	case band == MinMaxBand:
		return "mean and range over " + seeds
	case band == NoBand:
		return "mean over " + seeds
	}
	return "mean ± std over " + seeds
}

// common returns what f says of all runs, or nothing if they differ.
func common(runs []*record.Run, f func(*record.Manifest) string) string {
	s := f(&runs[0].Manifest)
	for _, r := range runs {
		if f(&r.Manifest) != s {
			return ""
		}
	}
	return s
}

func counted(n int, thing string) string {
	s := strconv.Itoa(n)
	if len(s) > 4 {
		s = grouped(s, ",")
	}
	if n != 1 {
		thing += "s"
	}
	return s + " " + thing
}
