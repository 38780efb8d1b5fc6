package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"flsim/plots"
	"flsim/plots/figures"
	"flsim/sim/record"
	"flsim/sim/results"
)

// Axis says how a column is shown.
type Axis struct {
	Name  string `json:"name"` // of the column; a star stands for one of the accounts
	Label string `json:"label"`
	Unit  string `json:"unit,omitempty"` // "%", "bit", "s" or nothing; the page scales it
	Group string `json:"group,omitempty"`
	Log   bool   `json:"log,omitempty"`
	Low   bool   `json:"low,omitempty"` // smaller is better
}

// axes lists what the page can show: the horizontal axes of figures, and every column that a run has.
func (p *Page) axes(runs []*record.Run) {
	p.Accounts = figures.Accounts()
	for _, name := range figures.XNames() {
		a, err := figures.XAxis(name, "")
		if err != nil {
			panic(err) // the name is one of XNames
		}
		p.X = append(p.X, axisOf(a))
	}
	regions := map[string]bool{}
	have := map[string]bool{p.Metric: true}
	for _, r := range runs {
		for _, name := range r.Manifest.Regions {
			regions[name] = true
		}
		for _, row := range r.Rounds {
			for column := range row {
				have[column] = true
			}
		}
	}
	delete(have, "")
	marked := slices.Sorted(maps.Keys(regions))
	if len(runs) > 0 && len(runs[0].Manifest.Regions) == len(marked) {
		marked = runs[0].Manifest.Regions
	}
	seen := map[string]bool{}
	for column := range have {
		if a := p.yAxis(column, marked); !seen[a.Name] {
			seen[a.Name] = true
			p.Y = append(p.Y, a)
		}
	}
	slices.SortFunc(p.Y, func(a, b Axis) int {
		return cmp.Or(cmp.Compare(p.rank(a), p.rank(b)), cmp.Compare(a.Label, b.Label), cmp.Compare(a.Name, b.Name))
	})
}

// yAxis describes a column as a vertical axis. Rounds and time have the words of the horizontal one.
func (p *Page) yAxis(column string, regions []string) Axis {
	for _, a := range p.X {
		if a.Name == column {
			a.Group = groupOf(column)
			return a
		}
	}
	a := axisOf(figures.YAxis(column, regions))
	if a.Unit == "bit" && !strings.HasSuffix(column, "_cum") {
		a.Label += " per round"
	}
	return a
}

var groups = []string{"Test", "Training and validation", "Messages", "Traffic", "Other"}

// rank sorts the metric first, then by group.
func (p *Page) rank(a Axis) int {
	if a.Name == p.Metric {
		return -1
	}
	return slices.Index(groups, a.Group)
}

// axisOf makes the page's axis of a figure's: units stand beside the words instead of in them, since the page chooses
// their prefixes, and the columns of one direction's bits become one axis for all accounts.
func axisOf(a figures.Axis) Axis {
	out := Axis{Name: a.Column, Label: a.Label, Log: a.Log, Low: a.Low, Group: groupOf(a.Column)}
	for _, u := range []struct{ word, unit string }{{" (Mbit)", "bit"}, {" (%)", "%"}, {" (s)", "s"}} {
		if label, found := strings.CutSuffix(a.Label, u.word); found {
			out.Label, out.Unit = label, u.unit
		}
	}
	direction, rest, bits := strings.Cut(a.Column, "_")
	for _, account := range figures.Accounts() {
		if tail, found := strings.CutPrefix(rest, account+"_bits"); found && bits {
			out.Name = direction + "_*_bits" + tail
			if out.Group != "" {
				out.Label = strings.Replace(out.Label, " "+account, "", 1)
			}
		}
	}
	return out
}

func groupOf(column string) string {
	holds := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(column, w) })
	}
	switch {
	case holds("_bits"):
		return "Traffic"
	case holds("nmse", "levels", "reported"):
		return "Messages"
	case holds("train", "validation", "local_", "objective"):
		return "Training and validation"
	case holds("accuracy", "loss", "dice", "hd95"):
		return "Test"
	}
	return "Other"
}

// newCurve returns the looks of a curve, without its runs.
func newCurve(c *results.Curve) *Curve {
	clr, dash, marker := plots.Look(c.Order)
	return &Curve{Label: c.Label, Colour: fmt.Sprintf("#%02x%02x%02x", clr.R, clr.G, clr.B), Place: c.Order, Dash: dash, Marker: marker}
}
