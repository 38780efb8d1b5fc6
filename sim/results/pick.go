package results

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"flsim/internal/spell"
	"flsim/sim/record"
)

// Selection says which curves are shown, in which order, and by what names. Patterns are compared with the names of
// variants and with labels; they may hold the wildcards *, ? and [..] of path.Match.
type Selection struct {
	Only    []string // patterns of the curves to show; none means all
	Without []string // patterns of curves to leave out
	Order   []string // patterns in the order in which their curves come; what matches none comes last
	Labels  []string // NAME=TEXT: own labels
}

// Apply returns the curves that are selected. A pattern that no curve matches is an error.
func (s *Selection) Apply(curves []Curve) ([]Curve, error) {
	all := curves
	if len(s.Only) > 0 {
		kept, err := matching(all, curves, s.Only, true)
		if err != nil {
			return nil, err
		}
		curves = kept
	}
	curves, err := matching(all, curves, s.Without, false)
	if err != nil {
		return nil, err
	}
	if len(curves) == 0 {
		return nil, fmt.Errorf("no curve is left; there are %s", listed(all))
	}
	if curves, err = s.ordered(all, curves); err != nil {
		return nil, err
	}
	return s.labelled(all, curves)
}

// matching returns the curves of a list that match one of the patterns, or that do not.
func matching(all, list []Curve, patterns []string, want bool) ([]Curve, error) {
	for _, p := range patterns {
		if err := known(all, p); err != nil {
			return nil, err
		}
	}
	var out []Curve
	for _, c := range list {
		if slices.ContainsFunc(patterns, c.matches) == want {
			out = append(out, c)
		}
	}
	return out, nil
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
func known(curves []Curve, pattern string) error {
	if slices.ContainsFunc(curves, func(c Curve) bool { return c.matches(pattern) }) {
		return nil
	}
	var names []string
	for _, c := range curves {
		names = append(names, c.Manifest().Variant, c.Label)
	}
	if near := spell.Nearest(pattern, names); near != "" {
		return fmt.Errorf("no curve is called %q; did you mean %q?", pattern, near)
	}
	return fmt.Errorf("no curve is called %q; there are %s", pattern, listed(curves))
}

// listed names the variants of curves, each once.
func listed(curves []Curve) string {
	var names []string
	for _, c := range curves {
		if name := c.Manifest().Variant; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func (s *Selection) ordered(all, curves []Curve) ([]Curve, error) {
	for _, p := range s.Order {
		if err := known(all, p); err != nil {
			return nil, err
		}
	}
	place := func(c Curve) int {
		if i := slices.IndexFunc(s.Order, c.matches); i >= 0 {
			return i
		}
		return len(s.Order)
	}
	out := slices.Clone(curves)
	slices.SortStableFunc(out, func(a, b Curve) int { return place(a) - place(b) })
	return out, nil
}

func (s *Selection) labelled(all, curves []Curve) ([]Curve, error) {
	texts := make(map[int]string)
	for _, entry := range s.Labels {
		name, text, ok := cutLabel(all, entry)
		if !ok {
			return nil, fmt.Errorf("a label is written NAME=TEXT, not %q", entry)
		}
		if err := known(all, name); err != nil {
			return nil, err
		}
		for i := range curves {
			if curves[i].matches(name) {
				texts[i] = text
			}
		}
	}
	out := slices.Clone(curves)
	for i, text := range texts {
		out[i].Label = text
	}
	return out, nil
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

// Select returns the runs of the curves that are selected.
func Select(runs []*record.Run, s *Selection) ([]*record.Run, error) {
	curves, err := Group(runs)
	if err != nil {
		return nil, err
	}
	if curves, err = (&Selection{Only: s.Only, Without: s.Without}).Apply(curves); err != nil {
		return nil, err
	}
	return Runs(curves), nil
}
