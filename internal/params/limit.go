package params

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// limit is what a field's tags allow. The zero value allows everything that is a number.
type limit struct {
	ranged            bool
	low, high         float64
	openLow, openHigh bool // the bound itself is excluded
	infinite          bool // +Inf is a value like any other
	both              bool // and -Inf is
	one               []string
}

func parseLimit(sf reflect.StructField) limit {
	var l limit
	if words := sf.Tag.Get("one"); words != "" {
		l.one = strings.Split(words, "|")
	}
	if text := sf.Tag.Get("in"); text != "" {
		if err := l.parseRange(text); err != nil {
			panic(fmt.Sprintf("params: field %s: %v", sf.Name, err))
		}
	}
	return l
}

func (l *limit) parseRange(text string) error {
	body, found := strings.CutPrefix(text, "[")
	if !found {
		if body, l.openLow = strings.CutPrefix(text, "("); !l.openLow {
			return fmt.Errorf("range %q starts with neither [ nor (", text)
		}
	}
	low, high, comma := strings.Cut(body, ",")
	if !comma || !strings.HasSuffix(high, "]") && !strings.HasSuffix(high, ")") {
		return fmt.Errorf("range %q is not written as [low,high]", text)
	}
	l.ranged = true
	l.openHigh = strings.HasSuffix(high, ")")
	high = high[:len(high)-1]
	l.infinite = high == "inf" && !l.openHigh
	l.both = l.infinite && low == "-inf" && !l.openLow
	var err error
	if l.low, err = parseBound(low, math.Inf(-1)); err != nil {
		return err
	}
	l.high, err = parseBound(high, math.Inf(1))
	return err
}

func parseBound(text string, none float64) (float64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return none, nil
	}
	return strconv.ParseFloat(text, 64)
}

// allows reports whether every number or word in v is allowed.
func (l limit) allows(v reflect.Value) bool {
	if b, ok := v.Interface().(Bounded); ok {
		low, high := b.Bounds()
		return l.allowsNumber(low) && (math.IsInf(high, 1) || l.allowsNumber(high))
	}
	switch k := v.Kind(); {
	case k == reflect.Slice:
		for i := range v.Len() {
			if !l.allows(v.Index(i)) {
				return false
			}
		}
	case k == reflect.String:
		return l.one == nil || slices.Contains(l.one, v.String())
	case v.CanInt():
		return l.allowsNumber(float64(v.Int()))
	case v.CanUint():
		return l.allowsNumber(float64(v.Uint()))
	case v.CanFloat():
		return l.allowsNumber(v.Float())
	}
	return true
}

func (l limit) allowsNumber(x float64) bool {
	if l.one != nil {
		return slices.Contains(l.one, strconv.FormatFloat(x, 'g', -1, 64))
	}
	if math.IsNaN(x) || math.IsInf(x, -1) && !l.both || math.IsInf(x, 1) && !l.infinite {
		return false
	}
	if !l.ranged {
		return true
	}
	above := x > l.low || x == l.low && !l.openLow
	below := x < l.high || x == l.high && !l.openHigh
	return above && below
}

// words says in prose what is allowed.
func (l limit) words(quoted bool) string {
	if l.one != nil {
		return Choice(l.one, quoted)
	}
	if !l.ranged {
		return ""
	}
	low, high := number(l.low), number(l.high)
	switch {
	case l.both:
		return "finite, -inf or inf"
	case l.infinite && l.openLow:
		return "above " + low + ", or inf"
	case l.infinite:
		return "at least " + low + ", or inf"
	case math.IsInf(l.high, 1) && l.openLow:
		return "above " + low
	case math.IsInf(l.high, 1):
		return "at least " + low
	case math.IsInf(l.low, -1) && l.openHigh:
		return "below " + high
	case math.IsInf(l.low, -1):
		return "at most " + high
	case l.openLow && l.openHigh:
		return "above " + low + " and below " + high
	case l.openLow:
		return "above " + low + ", at most " + high
	case l.openHigh:
		return "at least " + low + ", below " + high
	}
	return low + " to " + high
}

func number(x float64) string {
	if size := math.Abs(x); size == 0 || size >= 1e-6 && size < 1e12 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// Choice lists words in prose, as in `"a", "b" or "c"`.
func Choice(words []string, quoted bool) string {
	list := slices.Clone(words)
	if quoted {
		for i, w := range list {
			list[i] = strconv.Quote(w)
		}
	}
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}
