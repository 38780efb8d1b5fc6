package figures

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// BreakEven returns where two costs are equal, in ascending order, and whether the other one is below the base before the first
// such place, or, if there is none, everywhere. The costs are given at the same ascending x; between these they are
// straight lines on logarithmic axes, so x and costs must be positive. Where they touch or agree and do not cross, nothing
// is returned. Without any difference the other one is not below.
func BreakEven(x, base, other []float64) (at []float64, below bool) {
	last, equal := -1, -1 // indices of the last difference, and of the first agreement behind it
	difference := func(i int) float64 { return math.Log(other[i]) - math.Log(base[i]) }
	for i := range x {
		d := difference(i)
		switch {
		case d == 0:
			if equal < 0 {
				equal = i
			}
			continue
		case last < 0:
			below = d < 0
		case (d < 0) != (difference(last) < 0) && equal >= 0:
			at = append(at, x[equal])
		case (d < 0) != (difference(last) < 0):
			share := difference(last) / (difference(last) - d)
			from, to := math.Log(x[last]), math.Log(x[i])
			at = append(at, math.Exp(from+float64(share*(to-from))))
		}
		last, equal = i, -1
	}
	return at, below
}

// paysWords says for which values of a swept key a variant takes less time than the first one, for legends, by the geometric
// means over seeds. It is empty if they have no point in common.
func paysWords(first, other *sweepLine, key string) string {
	var x, base, cost []float64
	for i, at := range other.x {
		k := first.place(at)
		if k < 0 || !(at > 0) {
			continue
		}
		if a, b := geometricMean(first.values[k]), geometricMean(other.values[i]); a > 0 && b > 0 {
			x, base, cost = append(x, at), append(base, a), append(cost, b)
		}
	}
	if len(x) == 0 {
		return ""
	}
	at, below := BreakEven(x, base, cost)
	_, unit := keyUnit(key)
	var places []string
	for _, v := range at {
		places = append(places, strings.TrimSpace(twoDigits(v)+" "+unit))
	}
	switch {
	case len(at) == 0 && below:
		return ": pays throughout"
	case len(at) == 0:
		return ": pays nowhere"
	case len(at) > 1:
		return ": even at " + strings.Join(places, ", ")
	case below:
		return ": pays below " + places[0]
	}
	return ": pays above " + places[0]
}

// place returns the index of a line's point at x, -1 if there is none. A line without the key has its one value everywhere.
func (l *sweepLine) place(x float64) int {
	return slices.IndexFunc(l.x, func(v float64) bool { return v == x || math.IsNaN(v) })
}

// geometricMean returns the geometric mean of positive values, 0 if one is 0.
func geometricMean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}

// twoDigits writes a positive number with two significant digits.
func twoDigits(v float64) string {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 1, 64), 64)
	return strconv.FormatFloat(r, 'f', -1, 64)
}
