package configs

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Span is a span of simulated time in seconds. Files write it with its unit, as in "7d", or as inf for no end.
type Span float64

var spanUnits = []struct {
	name    string
	seconds float64
}{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}}

// UnmarshalTOML sets s from a decoded TOML value.
func (s *Span) UnmarshalTOML(value any) error {
	if x, ok := value.(float64); ok && math.IsInf(x, 1) {
		*s = Span(x)
		return nil
	}
	text, _ := value.(string)
	for _, u := range spanUnits {
		number, ok := strings.CutSuffix(text, u.name)
		x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if ok && err == nil && x > 0 && !math.IsInf(x*u.seconds, 0) {
			*s = Span(x * u.seconds)
			return nil
		}
	}
	return errors.New("a span of time is written with its unit, s, m, h or d, as in \"7d\" or \"1.5h\"")
}

// String writes the span as files have it, in the largest unit of which it is a whole number.
func (s Span) String() string {
	if math.IsInf(float64(s), 0) {
		return "inf"
	}
	for _, u := range spanUnits {
		if n := float64(s) / u.seconds; n == math.Trunc(n) && n < 1e15 {
			return strconv.Quote(strconv.FormatFloat(n, 'f', -1, 64) + u.name)
		}
	}
	return strconv.Quote(strconv.FormatFloat(float64(s), 'g', -1, 64) + "s")
}

// TypeInWords says what configurations may hold in the place of a Span.
func (Span) TypeInWords() string { return "span such as \"90s\", \"30m\", \"12h\" or \"7d\"" }
