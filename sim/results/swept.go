package results

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"flsim/internal/spell"
)

// SweptKeys returns the keys that are swept in any curve, in alphabetical order.
func SweptKeys(curves []Curve) []string {
	keys := map[string]bool{}
	for i := range curves {
		for key := range curves[i].Manifest().Axes {
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// TellingKeys returns the swept keys of the curves of c's variant without those that go along with others, as zipped axes
// do: what is left still tells the curves apart.
func TellingKeys(curves []Curve, c *Curve) []string {
	keys := SweptKeys([]Curve{*c})
	var family []Curve
	for i := range curves {
		if m := curves[i].Manifest(); m.Variant == c.Manifest().Variant && m.Experiment == c.Manifest().Experiment && len(m.Axes) == len(keys) {
			family = append(family, curves[i])
		}
	}
	for i := len(keys) - 1; i >= 0 && len(keys) > 1; i-- {
		less := slices.Delete(slices.Clone(keys), i, i+1)
		seen := map[string]bool{}
		for k := range family {
			seen[family[k].ValuesText(less)] = true
		}
		if len(seen) == len(family) {
			keys = less
		}
	}
	return keys
}

// OneKey returns the key that the first variant sweeps that sweeps one, "" if there is none.
func OneKey(curves []Curve) string {
	if keys, _ := firstKeys(curves, 1); keys != nil {
		return keys[0]
	}
	return ""
}

// TwoKeys returns words for the two keys that the first variant sweeps that sweeps two, each for all values of the other: their
// last parts, or the keys where the variant sweeps several of that end. They are "" if there is none.
func TwoKeys(curves []Curve) (x, y string) {
	if keys, all := firstKeys(curves, 2); keys != nil {
		return shortest(keys[0], all), shortest(keys[1], all)
	}
	return "", ""
}

// shortest returns the last part of a key, or the key if that stands for others too.
func shortest(key string, all []string) string {
	last := LastPart(key)
	if slices.ContainsFunc(all, func(other string) bool { return other != key && Means(last, other) }) {
		return key
	}
	return last
}

// firstKeys returns the telling keys of the first variant that has n of them, and all that it sweeps.
func firstKeys(curves []Curve, n int) (telling, all []string) {
	type family struct {
		experiment, variant string
		keys                int
	}
	seen := map[family]bool{}
	for i := range curves {
		m := curves[i].Manifest()
		f := family{m.Experiment, m.Variant, len(m.Axes)}
		if seen[f] || len(m.Axes) < n {
			continue
		}
		seen[f] = true
		if keys := TellingKeys(curves, &curves[i]); len(keys) == n {
			return keys, SweptKeys(curves[i : i+1])
		}
	}
	return nil, nil
}

// Grid completes two words for swept keys where neither is given, and returns the curves that have both.
func Grid(curves []Curve, x, y string) (wordX, wordY string, both []Curve, err error) {
	if x == "" && y == "" {
		x, y = TwoKeys(curves)
	}
	if x == "" || y == "" {
		return x, y, nil, fmt.Errorf("a heat map wants two swept keys, one for each axis; %s", SweptWords(curves))
	}
	if err := errors.Join(CheckSwept(curves, x), CheckSwept(curves, y)); err != nil {
		return x, y, nil, err
	}
	for i := range curves {
		_, hasX := curves[i].SweptValue(x)
		_, hasY := curves[i].SweptValue(y)
		if hasX && hasY {
			both = append(both, curves[i])
		}
	}
	if len(both) == 0 {
		return x, y, nil, fmt.Errorf("no curve has both %s and %s, each as one key", x, y)
	}
	return x, y, both, nil
}

// Line completes a word for the swept key that an axis shows, and returns the numbers that the curves have of it.
func Line(curves []Curve, word string) (key string, numbers []float64, err error) {
	if word == "" {
		word = OneKey(curves)
	}
	if word == "" {
		return "", nil, fmt.Errorf("a figure over a swept key wants its name for x; %s", SweptWords(curves))
	}
	if err := CheckSwept(curves, word); err != nil {
		return word, nil, err
	}
	if numbers = Numbers(SweptValues(curves, word)); len(numbers) == 0 {
		return word, nil, fmt.Errorf("%s is swept over values that are no numbers, which have no place on an axis", word)
	}
	return word, numbers, nil
}

// Means reports whether a word stands for a swept key: the key itself or an end of it, as bits does for codec.q.bits.
func Means(word, key string) bool { return key == word || strings.HasSuffix(key, "."+word) }

// LastPart returns what stands behind the last dot of a key.
func LastPart(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// CheckSwept reports a word that stands for no swept key.
func CheckSwept(curves []Curve, word string) error {
	keys := SweptKeys(curves)
	if slices.ContainsFunc(keys, func(key string) bool { return Means(word, key) }) {
		return nil
	}
	if len(keys) == 0 {
		return fmt.Errorf("nothing is swept in these runs, so not %q either", word)
	}
	near := NearestKey(word, keys)
	if near != "" {
		near = fmt.Sprintf("did you mean %q? ", near)
	}
	return fmt.Errorf("%q is not swept in these runs; %s%s", word, near, isOrAre(keys))
}

// NearestKey returns the key, or the last part of one, that a word was probably meant to be.
func NearestKey(word string, keys []string) string {
	names := slices.Clone(keys)
	for _, key := range keys {
		names = append(names, LastPart(key))
	}
	return spell.Nearest(word, names)
}

// SweptWords says which keys are swept.
func SweptWords(curves []Curve) string {
	keys := SweptKeys(curves)
	if len(keys) == 0 {
		return "nothing is swept in these runs"
	}
	if len(keys) == 1 {
		return "swept is " + keys[0]
	}
	return "swept are " + strings.Join(keys, ", ")
}

func isOrAre(words []string) string {
	if len(words) == 1 {
		return words[0] + " is"
	}
	return strings.Join(words, ", ") + " are"
}

// SweptValue returns the value that the curve has of a swept key. ok is false if it has none, or several.
func (c *Curve) SweptValue(word string) (value any, ok bool) {
	n := 0
	for key, v := range c.Manifest().Axes {
		if Means(word, key) {
			value = v
			n++
		}
	}
	return value, n == 1
}

// SweptValues returns the different values of a swept key: numbers in ascending order, then others, such as "inf", as the
// curves have them.
func SweptValues(curves []Curve, word string) []any {
	var values []any
	for i := range curves {
		if v, ok := curves[i].SweptValue(word); ok && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	slices.SortStableFunc(values, func(a, b any) int {
		x, xok := a.(float64)
		y, yok := b.(float64)
		switch {
		case xok && yok:
			return cmp.Compare(x, y)
		case xok:
			return -1
		case yok:
			return 1
		}
		return 0
	})
	return values
}

// Numbers returns those of some settings that are numbers.
func Numbers(settings []any) (numbers []float64) {
	for _, v := range settings {
		if x, ok := v.(float64); ok {
			numbers = append(numbers, x)
		}
	}
	return numbers
}

// ValuesText writes the curve's values of some keys, as in "4, 0.1".
func (c *Curve) ValuesText(keys []string) string {
	var values []string
	for _, key := range keys {
		values = append(values, ValueText(c.Manifest().Axes[key]))
	}
	return strings.Join(values, ", ")
}

// ValueText writes a value of a swept key.
func ValueText(v any) string {
	if x, ok := v.(float64); ok {
		return strconv.FormatFloat(x, 'g', 6, 64)
	}
	return fmt.Sprint(v)
}
