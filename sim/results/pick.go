package results

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"flsim/internal/spell"
	"flsim/internal/units"
	"flsim/sim/record"
)

// Selection says which curves are shown, in which order, and by what names. Patterns are compared with the names of
// variants and with labels; they may hold the wildcards *, ? and [..] of path.Match. Patterns of Only, Without and Order that match
// nothing as a whole are lists of patterns, separated by commas; labels may hold commas themselves.
type Selection struct {
	Only    []string // patterns of the curves to show; none means all
	Without []string // patterns of curves to leave out
	Order   []string // patterns in the order in which their curves come; what matches none comes last
	Labels  []string // NAME=TEXT: own labels; if NAME stands for several curves of a sweep, their values follow TEXT
}

// Problem is a word of a selection that selects nothing, or not what it was meant to.
type Problem struct {
	List string // that the word stands in: "only", "without", "order" or "labels"
	Word string // as it was given; empty if the list as a whole is wrong
	What string // is wrong
	Near string // the name that was probably meant, if there is one
	Have string // the names that there are, if they help
}

// Error says what is wrong, and what may be written instead.
func (p *Problem) Error() string {
	switch {
	case p.Near != "":
		return fmt.Sprintf("%s; did you mean %q?", p.What, p.Near)
	case p.Have != "":
		return p.What + "; there are " + p.Have
	}
	return p.What
}

// Check returns all that is wrong with a selection from the curves: patterns that none of them matches, labels that are not
// written NAME=TEXT, or lists that leave no curve.
func (s *Selection) Check(curves []Curve) []*Problem {
	var problems []*Problem
	for _, l := range []struct {
		name     string
		patterns []string
	}{{"only", s.Only}, {"without", s.Without}, {"order", s.Order}} {
		for _, word := range l.patterns {
			if _, p := divided(curves, word); p != nil {
				problems = append(problems, &Problem{l.name, word, p.What, p.Near, p.Have})
			}
		}
	}
	for _, entry := range s.Labels {
		if p := checkLabel(curves, entry); p != nil {
			problems = append(problems, p)
		}
	}
	if len(problems) == 0 && len(s.chosen(curves)) == 0 {
		problems = append(problems, &Problem{List: "without", What: "no curve is left", Have: listed(curves)})
	}
	return problems
}

// Apply returns the curves that are selected. Its error tells all that Check returns.
func (s *Selection) Apply(curves []Curve) ([]Curve, error) {
	var errs []error
	for _, p := range s.Check(curves) {
		errs = append(errs, p)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return s.labelled(curves, s.ordered(curves, s.chosen(curves))), nil
}

// chosen returns the curves that Only and Without leave.
func (s *Selection) chosen(all []Curve) []Curve {
	list := all
	if len(s.Only) > 0 {
		list = matching(list, parted(all, s.Only), true)
	}
	return matching(list, parted(all, s.Without), false)
}

// parted divides patterns at their commas, but for those that match a curve as they are.
func parted(all []Curve, words []string) (patterns []string) {
	for _, w := range words {
		more, _ := divided(all, w)
		patterns = append(patterns, more...)
	}
	return patterns
}

// divided returns the patterns that a word stands for: itself if a curve matches it, else its parts between commas. If a curve
// matches some parts and none the others, these are the problem, else the word as a whole.
func divided(all []Curve, word string) (patterns []string, problem *Problem) {
	whole := known(all, word)
	if whole == nil {
		return []string{word}, nil
	}
	var wrong *Problem
	for part := range strings.SplitSeq(word, ",") {
		part = strings.TrimSpace(part)
		if p := known(all, part); p == nil {
			patterns = append(patterns, part)
		} else if wrong == nil {
			wrong = p
		}
	}
	if wrong != nil && len(patterns) == 0 {
		return nil, whole
	}
	return patterns, wrong
}

// matching returns the curves of a list that match one of the patterns, or that do not.
func matching(list []Curve, patterns []string, want bool) (out []Curve) {
	for _, c := range list {
		if slices.ContainsFunc(patterns, c.matches) == want {
			out = append(out, c)
		}
	}
	return out
}

func (c Curve) matches(pattern string) bool {
	for _, name := range []string{c.Manifest().Variant, c.Label} {
		if ok, _ := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00")); ok || name == pattern {
			return true
		}
	}
	return false
}

// known reports a pattern that no curve matches.
func known(curves []Curve, pattern string) *Problem {
	if slices.ContainsFunc(curves, func(c Curve) bool { return c.matches(pattern) }) {
		return nil
	}
	var names []string
	for i, c := range curves {
		if v := c.Manifest().Variant; i == 0 || v != curves[i-1].Manifest().Variant {
			names = append(names, v)
		}
		names = append(names, c.Label)
	}
	return &Problem{What: fmt.Sprintf("no curve is called %q", pattern), Near: spell.Nearest(pattern, names), Have: listed(curves)}
}

// mostListed is how many variants an error names.
const mostListed = 20

// listed names curves by their variants and labels; of a sweep, one label stands for all.
func listed(curves []Curve) string {
	var names, labels []string
	others := map[string]int{}
	for _, c := range curves {
		v := c.Manifest().Variant
		if slices.Contains(names, v) {
			others[v]++
			continue
		}
		names, labels = append(names, v), append(labels, c.Label)
	}
	var parts []string
	for i, v := range names[:min(len(names), mostListed)] {
		text := fmt.Sprintf("%s (%q)", v, labels[i])
		if n := others[v]; n > 0 {
			text = fmt.Sprintf("%s (%q and %s)", v, labels[i], units.Count(n, "other"))
		}
		parts = append(parts, text)
	}
	if n := len(names) - mostListed; n > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(parts, ", ")
}

func (s *Selection) ordered(all, curves []Curve) []Curve {
	order := parted(all, s.Order)
	place := func(c Curve) int {
		if i := slices.IndexFunc(order, c.matches); i >= 0 {
			return i
		}
		return len(order)
	}
	out := slices.Clone(curves)
	slices.SortStableFunc(out, func(a, b Curve) int { return place(a) - place(b) })
	return out
}

func (s *Selection) labelled(all, curves []Curve) []Curve {
	texts := make(map[int]string)
	for _, entry := range s.Labels {
		name, text, _ := cutLabel(all, entry)
		var named []int
		for i := range curves {
			if curves[i].matches(name) {
				named = append(named, i)
			}
		}
		for _, i := range named {
			texts[i] = text + apart(curves, named, i)
		}
	}
	out := slices.Clone(curves)
	for i, text := range texts {
		out[i].Label = text
	}
	return out
}

// checkLabel reports an own label that is not written as it should be, or names no curve.
func checkLabel(curves []Curve, entry string) *Problem {
	name, text, ok := cutLabel(curves, entry)
	if !ok || strings.TrimSpace(text) == "" {
		return &Problem{List: "labels", Word: entry, What: fmt.Sprintf("a label is written NAME=TEXT, not %q", entry)}
	}
	p := known(curves, name)
	if p != nil {
		p.List, p.Word = "labels", entry
	}
	return p
}

// apart writes the values of curve i of the swept keys in which some curves differ, as in ", bits = 4".
func apart(curves []Curve, among []int, i int) string {
	text := ""
	axes := curves[i].Manifest().Axes
	for _, key := range slices.Sorted(maps.Keys(axes)) {
		if slices.ContainsFunc(among, func(k int) bool { return curves[k].Manifest().Axes[key] != axes[key] }) {
			text += fmt.Sprintf(", %s = %v", LastPart(key), axes[key])
		}
	}
	return text
}

// cutLabel cuts NAME=TEXT. Labels of swept curves hold equals signs themselves, so the longest name that is known wins.
func cutLabel(curves []Curve, entry string) (name, text string, ok bool) {
	for i := len(entry) - 1; i > 0; i-- {
		if entry[i] == '=' && known(curves, entry[:i]) == nil {
			return entry[:i], entry[i+1:], true
		}
	}
	return strings.Cut(entry, "=")
}

// Select returns the runs of the curves that are selected, in their order.
func Select(runs []*record.Run, s *Selection) ([]*record.Run, error) {
	curves, err := Group(runs)
	if err != nil {
		return nil, err
	}
	if curves, err = s.Apply(curves); err != nil {
		return nil, err
	}
	return Runs(curves), nil
}
