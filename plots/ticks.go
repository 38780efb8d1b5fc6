package plots

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// linearTicks puts about count labelled ticks at multiples of 1, 2 or 5 times a power of ten, and unlabelled ones
// between them.
type linearTicks struct{ count int }

// Ticks returns the ticks in [low, high], ascending.
func (t linearTicks) Ticks(low, high float64) []plot.Tick {
	step, parts := niceStep((high - low) / float64(t.count))
	if !(step > 0) || math.Abs(low)/step > 1e9 || math.Abs(high)/step > 1e9 {
		return endTicks(low, high)
	}
	minor := step / float64(parts)
	var ticks []plot.Tick
	for i := math.Ceil(low/minor - 1e-9); i <= math.Floor(high/minor+1e-9); i++ {
		tick := plot.Tick{Value: i * minor}
		if math.Mod(i, float64(parts)) == 0 {
			tick.Value = i / float64(parts) * step
			tick.Label = number(tick.Value, step)
		}
		ticks = append(ticks, tick)
	}
	if labelled(ticks) < 2 { // one number tells no scale
		return linearTicks{2 * t.count}.Ticks(low, high)
	}
	return ticks
}

// integerTicks puts about count labelled ticks at whole numbers, for what is counted.
type integerTicks struct{ count int }

// Ticks returns the ticks in [low, high], ascending.
func (t integerTicks) Ticks(low, high float64) []plot.Tick {
	var whole []plot.Tick
	for _, tick := range linearTicks(t).Ticks(low, high) {
		if tick.Value != math.Trunc(tick.Value) {
			continue
		}
		if !tick.IsMinor() {
			tick.Label = number(tick.Value, 1)
		}
		whole = append(whole, tick)
	}
	return whole
}

// endTicks serves ranges that no round number divides, such as an empty one.
func endTicks(low, high float64) []plot.Tick {
	ticks := []plot.Tick{{Value: low, Label: strconv.FormatFloat(low, 'g', 6, 64)}}
	if high > low {
		ticks = append(ticks, plot.Tick{Value: high, Label: strconv.FormatFloat(high, 'g', 6, 64)})
	}
	return ticks
}

// niceStep returns the smallest of 1, 2 and 5 times a power of ten that is not below width, and into how many
// parts small ticks divide it; 0 if there is none.
func niceStep(width float64) (step float64, parts int) {
	if !(width > 1e-300 && width < 1e300) {
		return 0, 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(width)))
	switch m := width / unit; {
	case m <= 1+1e-9:
		return unit, 5
	case m <= 2+1e-9:
		return 2 * unit, 4
	case m <= 5+1e-9:
		return 5 * unit, 5
	}
	return 10 * unit, 5
}

// logTicks labels an axis that shows log10 of the values: powers of ten, or, where fewer than two of these are in
// sight, 1, 2 and 5 times them, or else round numbers.
type logTicks struct{ count int }

// Ticks returns the ticks for log10 values in [low, high], ascending.
func (t logTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low && low > -300 && high < 300) {
		return nil
	}
	first, last := math.Ceil(low-1e-9), math.Floor(high+1e-9)
	if last-first >= 1 {
		return t.decades(low, high, first, last)
	}
	if ticks := oneTwoFive(low, high); labelled(ticks) >= 3 {
		return ticks
	}
	return t.dense(low, high)
}

func (t logTicks) decades(low, high, first, last float64) []plot.Tick {
	every := math.Ceil((last - first + 1) / float64(t.count))
	for every > 1 && math.Floor(last/every)-math.Ceil(first/every) < 1 { // fewer than two labels
		every = math.Floor(every / 2)
	}
	plain := first >= -3 && last <= 5 // numbers that one reads without counting noughts
	var ticks []plot.Tick
	for d := first - 1; d <= last; d++ {
		if d >= first {
			tick := plot.Tick{Value: d}
			if math.Mod(d, every) == 0 {
				tick.Label = power(int(d), plain)
			}
			ticks = append(ticks, tick)
		}
		for m := 2.0; m < 10 && every == 1; m++ {
			if v := d + math.Log10(m); v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v})
			}
		}
	}
	return ticks
}

func oneTwoFive(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for d := math.Floor(low); d <= math.Floor(high); d++ {
		for m := 1.0; m < 10; m++ {
			v := d + math.Log10(m)
			if v < low-1e-9 || v > high+1e-9 {
				continue
			}
			tick := plot.Tick{Value: v}
			if m == 1 || m == 2 || m == 5 {
				tick.Label = number(m*math.Pow(10, d), math.Pow(10, d))
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// dense puts linear ticks at their places on the logarithmic axis.
func (t logTicks) dense(low, high float64) []plot.Tick {
	ticks := linearTicks{max(3, t.count*2/3)}.Ticks(math.Pow(10, low), math.Pow(10, high))
	out := ticks[:0]
	for _, tick := range ticks {
		if tick.Value > 0 {
			tick.Value = math.Log10(tick.Value)
			out = append(out, tick)
		}
	}
	return out
}

func labelled(ticks []plot.Tick) (n int) {
	for _, t := range ticks {
		if !t.IsMinor() {
			n++
		}
	}
	return n
}

const (
	minus     = "\u2212"
	thinSpace = "\u2009"
)

var superscripts = strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵",
	"6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹", "-", "⁻")

// power writes 10^d, as a decimal number where plain.
func power(d int, plain bool) string {
	if plain {
		return number(math.Pow(10, float64(d)), math.Pow(10, float64(min(d, 0))))
	}
	return "10" + superscripts.Replace(strconv.Itoa(d))
}

// number writes a multiple of step with as many digits as the step needs, thousands set apart from 10,000 on.
// Numbers that would be long have a power of ten of their own.
func number(v, step float64) string {
	if v == 0 {
		return "0"
	}
	if a := math.Abs(v); a >= 1e7 || step < 1e-4 {
		e := int(math.Floor(math.Log10(a) + 1e-12))
		mantissa := strconv.FormatFloat(v/math.Pow(10, float64(e)), 'g', 6, 64)
		return strings.Replace(mantissa, "-", minus, 1) + "×" + power(e, false)
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	s := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) > 4 {
		whole = grouped(whole, thinSpace)
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if v < 0 {
		whole = minus + whole
	}
	return whole
}

// grouped sets the thousands of a string of digits apart.
func grouped(digits, separator string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteRune(d)
	}
	return b.String()
}
