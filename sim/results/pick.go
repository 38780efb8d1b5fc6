package results

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"flsim/internal/spell"
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

// Apply returns the curves that are selected. A pattern that no curve matches is an error.
func (s *Selection) Apply(curves []Curve) ([]Curve, error) {
	all := curves
	if len(s.Only) > 0 {
		only, err := parted(all, s.Only)
		if err != nil {
			return nil, err
		}
		curves = matching(curves, only, true)
	}
	without, err := parted(all, s.Without)
	if err != nil {
		return nil, err
	}
	curves = matching(curves, without, false)
	if len(curves) == 0 {
		return nil, fmt.Errorf("no curve is left; there are %s", listed(all))
	}
	if curves, err = s.ordered(all, curves); err != nil {
		return nil, err
	}
	return s.labelled(all, curves)
}

// parted divides patterns at their commas, but for those that match a curve as they are. A pattern that matches none is an error.
func parted(all []Curve, patterns []string) (out []string, err error) {
	for _, p := range patterns {
		whole := known(all, p)
		if whole == nil {
			out = append(out, p)
			continue
		}
		for part := range strings.SplitSeq(p, ",") {
			part = strings.TrimSpace(part)
			if known(all, part) != nil {
				return nil, whole
			}
			out = append(out, part)
		}
	}
	return out, nil
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

// mostListed is how many curves an error names.
const mostListed = 20

// listed names curves by their variants and labels.
func listed(curves []Curve) string {
	var names []string
	for i, c := range curves {
		if i == mostListed {
			names = append(names, fmt.Sprintf("and %d more", len(curves)-i))
			break
		}
		names = append(names, fmt.Sprintf("%s (%q)", c.Manifest().Variant, c.Label))
	}
	return strings.Join(names, ", ")
}

func (s *Selection) ordered(all, curves []Curve) ([]Curve, error) {
	order, err := parted(all, s.Order)
	if err != nil {
		return nil, err
	}
	place := func(c Curve) int {
		if i := slices.IndexFunc(order, c.matches); i >= 0 {
			return i
		}
		return len(order)
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
	return out, nil
}

// apart writes the values of curve i of the swept keys in which some curves differ, as in ", bits = 4".
func apart(curves []Curve, among []int, i int) string {
	text := ""
	axes := curves[i].Manifest().Axes
	for _, key := range slices.Sorted(maps.Keys(axes)) {
		if slices.ContainsFunc(among, func(k int) bool { return curves[k].Manifest().Axes[key] != axes[key] }) {
			text += fmt.Sprintf(", %s = %v", key[strings.LastIndexByte(key, '.')+1:], axes[key])
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
