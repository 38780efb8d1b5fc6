// Package units writes quantities for people: SI prefixes, decimal, one unit per quantity.
package units

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Bits writes a number of bits with the SI prefix that leaves one to three digits before the point, as in
// "1.24 Gbit".
func Bits(n float64) string { return scaled(n, "bit", "kbit", "Mbit", "Gbit", "Tbit", "Pbit") }

func scaled(n float64, units ...string) string {
	i := 0
	for ; math.Abs(n) >= 999.5 && i < len(units)-1; i++ {
		n /= 1000
	}
	return strconv.FormatFloat(n, 'f', decimals(n, i == 0), 64) + " " + units[i]
}

func decimals(n float64, whole bool) int {
	switch {
	case whole || math.Abs(n) >= 99.95:
		return 0
	case math.Abs(n) >= 9.995:
		return 1
	}
	return 2
}

// Percent writes a share between 0 and 1 in percent with two decimals, as in "61.25 %".
func Percent(share float64) string { return fmt.Sprintf("%.2f %%", 100*share) }

// Span writes a span of time in its two largest units, as in "2h13m" or "4.2s".
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%02dh", int(d.Hours())/24, int(d.Hours())%24)
}

// Seconds writes a span given in seconds as Span does.
func Seconds(s float64) string { return Span(time.Duration(s * float64(time.Second))) }

// Bytes writes a number of bytes with the SI prefix that leaves one to three digits before the point, as in "231 MB".
func Bytes(n float64) string { return scaled(n, "B", "kB", "MB", "GB", "TB") }

// Count writes a number of things, as in "1 run", "4 runs" and "10,000 clients".
func Count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && len(s) > 4 && n > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s + " " + thing
}
