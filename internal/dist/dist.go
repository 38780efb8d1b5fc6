// Package dist describes quantities that differ between clients: a constant or a distribution to draw from.
package dist

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"flsim/internal/rng"
)

// Dist is a distribution of real numbers. In configurations it is a plain number, which is a constant, or a table
// such as { dist = "lognormal", median = 20.0, sigma = 0.5 }. The zero value is the constant 0. Dists are comparable.
type Dist struct {
	kind    string // "", "lognormal", "uniform" or "halves"; the empty kind is a constant
	a, b, c float64
}

// Constant returns the distribution that always gives v.
func Constant(v float64) Dist { return Dist{a: v} }

// Lognormal returns the distribution of median exp(sigma Z), where Z is standard normal. It panics unless
// median > 0 and 0 <= sigma <= 10.
func Lognormal(median, sigma float64) Dist { return must(lognormal(median, sigma)) }

// Uniform returns the uniform distribution over [from, to). It panics unless from < to.
func Uniform(from, to float64) Dist { return must(uniform(from, to)) }

// Halves returns the distribution that gives half of its values uniformly over [from, median) and half over
// [median, to): what is left to say of a quantity of which only range and median are known. It panics unless
// from < median < to.
func Halves(from, median, to float64) Dist { return must(halves(from, median, to)) }

func must(d Dist, err error) Dist {
	if err != nil {
		panic("dist: " + err.Error())
	}
	return d
}

// Draw returns one value. A constant draws nothing from r, which may then be nil.
func (d Dist) Draw(r *rng.Rand) float64 {
	switch d.kind {
	case "lognormal":
		return d.a * math.Exp(d.b*r.NormFloat64())
	case "uniform":
		return d.a + float64((d.b-d.a)*r.Float64())
	case "halves":
		u := 2 * r.Float64()
		if u < 1 {
			return d.a + float64((d.b-d.a)*u)
		}
		return d.b + float64((d.c-d.b)*(u-1))
	}
	return d.a
}

// IsConstant reports whether all draws are equal.
func (d Dist) IsConstant() bool { return d.kind == "" }

// Bounds returns the smallest and the largest value that can be drawn. A lognormal distribution comes as near to 0 as
// a float64 can and has no largest value.
func (d Dist) Bounds() (low, high float64) {
	switch d.kind {
	case "lognormal":
		return math.SmallestNonzeroFloat64, math.Inf(1)
	case "uniform":
		return d.a, d.b
	case "halves":
		return d.a, d.c
	}
	return d.a, d.a
}

// String writes the distribution as configurations have it.
func (d Dist) String() string {
	switch d.kind {
	case "lognormal":
		return fmt.Sprintf(`{ dist = "lognormal", median = %s, sigma = %s }`, number(d.a), number(d.b))
	case "uniform":
		return fmt.Sprintf(`{ dist = "uniform", from = %s, to = %s }`, number(d.a), number(d.b))
	case "halves":
		return fmt.Sprintf(`{ dist = "halves", from = %s, median = %s, to = %s }`, number(d.a), number(d.b), number(d.c))
	}
	return number(d.a)
}

// TypeInWords says what configurations may hold in the place of a Dist.
func (Dist) TypeInWords() string { return "number or distribution" }

func number(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(s, ".eIN") {
		s += ".0"
	}
	return strings.ToLower(strings.TrimPrefix(s, "+"))
}

// A KeyError is about one key of a distribution's table.
type KeyError struct {
	key     string
	legal   []string // the keys that the table may have
	message string
}

// Error says what is wrong.
func (e *KeyError) Error() string { return e.message }

// Key names the key that is wrong or missing.
func (e *KeyError) Key() string { return e.key }

// Legal lists the keys that the table may have.
func (e *KeyError) Legal() []string { return e.legal }

var keysOf = map[string][]string{"constant": {"value"}, "lognormal": {"median", "sigma"}, "uniform": {"from", "to"},
	"halves": {"from", "median", "to"}}

// UnmarshalTOML sets d from a decoded TOML value: a number, or a table that names its dist and exactly that
// distribution's parameters. Errors about a single key are of type *KeyError.
func (d *Dist) UnmarshalTOML(value any) error {
	if x, ok := float(value); ok {
		*d = Constant(x)
		return nil
	}
	table, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf(`a number or a table such as { dist = "lognormal", median = 20.0, sigma = 0.5 } is wanted here`)
	}
	kind, _ := table["dist"].(string)
	keys, ok := keysOf[kind]
	if !ok {
		return &KeyError{"dist", []string{"dist"}, `a distribution's table needs dist = "constant", "lognormal", "uniform" or "halves"`}
	}
	p, err := parameters(table, kind, keys)
	if err != nil {
		return err
	}
	switch kind {
	case "lognormal":
		*d, err = lognormal(p[0], p[1])
	case "uniform":
		*d, err = uniform(p[0], p[1])
	case "halves":
		*d, err = halves(p[0], p[1], p[2])
	default:
		*d = Constant(p[0])
	}
	return err
}

// parameters returns the numbers under keys, and an error for a key that is missing, unknown or not a number.
func parameters(table map[string]any, kind string, keys []string) (p [3]float64, err error) {
	legal := append([]string{"dist"}, keys...)
	for _, k := range sorted(table) {
		if !slices.Contains(legal, k) {
			return p, &KeyError{k, legal, fmt.Sprintf("a %s distribution has no key %q", kind, k)}
		}
	}
	for i, k := range legal[1:] {
		v, given := table[k]
		x, isNumber := float(v)
		switch {
		case !given:
			return p, &KeyError{k, legal, fmt.Sprintf("a %s distribution needs the key %q", kind, k)}
		case !isNumber || math.IsInf(x, 0) || math.IsNaN(x):
			return p, &KeyError{k, legal, fmt.Sprintf("%s wants a finite number", k)}
		}
		p[i] = x
	}
	return p, nil
}

func lognormal(median, sigma float64) (Dist, error) {
	if !(median > 0) || math.IsInf(median, 1) {
		return Dist{}, &KeyError{"median", nil, "the median of a lognormal distribution must be above 0"}
	}
	if !(sigma >= 0 && sigma <= 10) {
		return Dist{}, &KeyError{"sigma", nil, "the sigma of a lognormal distribution must be 0 to 10"}
	}
	return Dist{kind: "lognormal", a: median, b: sigma}, nil
}

func uniform(from, to float64) (Dist, error) {
	if !(from < to) || math.IsInf(to-from, 0) {
		return Dist{}, &KeyError{"from", nil, "a uniform distribution needs from below to"}
	}
	return Dist{kind: "uniform", a: from, b: to}, nil
}

func halves(from, median, to float64) (Dist, error) {
	if !(from < median && median < to) || math.IsInf(to-from, 0) {
		return Dist{}, &KeyError{"median", nil, "a halves distribution needs from below median and median below to"}
	}
	return Dist{"halves", from, median, to}, nil
}

func float(value any) (float64, bool) {
	switch x := value.(type) {
	case float64:
		return x, true
	case int64:
		return float64(x), true
	}
	return 0, false
}

func sorted(table map[string]any) []string {
	keys := make([]string, 0, len(table))
	for k := range table {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
