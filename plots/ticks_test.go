package plots

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"pgregory.net/rapid"
)

func labels(ticks []plot.Tick) string {
	var out []string
	for _, t := range ticks {
		if !t.IsMinor() {
			out = append(out, strings.ReplaceAll(t.Label, thinSpace, "_"))
		}
	}
	return strings.Join(out, " ")
}

func TestTickLabels(t *testing.T) {
	lg := math.Log10
	tests := []struct {
		ticker    plot.Ticker
		low, high float64
		want      string
	}{
		{linearTicks{6}, 0, 60, "0 10 20 30 40 50 60"},
		{linearTicks{5}, -1.2, 1.2, "−1.0 −0.5 0 0.5 1.0"},
		{linearTicks{5}, 0.1, 0.3, "0.10 0.15 0.20 0.25 0.30"},
		{linearTicks{4}, 0, 41000, "0 20_000 40_000"},
		{linearTicks{4}, 0, 4e9, "0 1×10⁹ 2×10⁹ 3×10⁹ 4×10⁹"},
		{linearTicks{4}, 0, 4e-6, "0 1×10⁻⁶ 2×10⁻⁶ 3×10⁻⁶ 4×10⁻⁶"},
		{integerTicks{8}, -0.1, 2.1, "0 1 2"},
		{integerTicks{8}, 0, 1.2, "0 1"},
		{integerTicks{6}, 0, 61, "0 20 40 60"},
		{linearTicks{4}, 5, 5, "5"},
		{linearTicks{2}, 1, 40680, "20_000 40_000"},
		{logTicks{8}, lg(3), lg(2300), "10 100 1000"},
		{logTicks{8}, lg(0.004), lg(20), "0.01 0.1 1 10"},
		{logTicks{8}, lg(9000), lg(2e5), "10_000 100_000"},
		{logTicks{8}, lg(1e-9), lg(1e-6), "10⁻⁹ 10⁻⁸ 10⁻⁷ 10⁻⁶"},
		{logTicks{3}, 0, 12, "10⁰ 10⁵ 10¹⁰"},
		{logTicks{8}, lg(150), lg(5200), "200 500 1000 2000 5000"},
		{logTicks{8}, lg(51), lg(83), "60 70 80"},
	}
	for _, test := range tests {
		if got := labels(test.ticker.Ticks(test.low, test.high)); got != test.want {
			t.Errorf("%T from %v to %v: %q, want %q", test.ticker, test.low, test.high, got, test.want)
		}
	}
}

func checkTicks(t *rapid.T, ticks []plot.Tick, low, high float64, most int) {
	seen := map[string]bool{}
	slack := (high - low) * 1e-6
	for i, tick := range ticks {
		if tick.Value < low-slack || tick.Value > high+slack {
			t.Fatalf("tick %v outside %v to %v", tick.Value, low, high)
		}
		if i > 0 && tick.Value <= ticks[i-1].Value {
			t.Fatalf("tick %v after %v", tick.Value, ticks[i-1].Value)
		}
		if !tick.IsMinor() && seen[tick.Label] {
			t.Fatalf("label %q stands twice", tick.Label)
		}
		seen[tick.Label] = true
	}
	if n := labelled(ticks); n < 2 && high-low > 0.4 || n > most || len(ticks) > 200 {
		t.Fatalf("%d labels and %d ticks from %v to %v: %v", n, len(ticks), low, high, ticks)
	}
}

func TestLinearTicksProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(2, 12).Draw(t, "count")
		low := rapid.Float64Range(-1e4, 1e4).Draw(t, "low")
		high := low + math.Pow(10, rapid.Float64Range(-3, 9).Draw(t, "width"))
		checkTicks(t, linearTicks{count}.Ticks(low, high), low, high, max(count+1, 6))
	})
}

func TestLogTicksProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(2, 12).Draw(t, "count")
		low := rapid.Float64Range(-20, 20).Draw(t, "low")
		high := low + rapid.Float64Range(0.01, 30).Draw(t, "width")
		checkTicks(t, logTicks{count}.Ticks(low, high), low, high, max(count+1, 7))
	})
}

// Tickers get whatever the data hold, so they end on every range.
func TestTickersEnd(t *testing.T) {
	values := []float64{math.Inf(-1), -math.MaxFloat64, -1, 0, 5e-324, 1, 1 + 1e-15, 1e300, math.MaxFloat64, math.Inf(1), math.NaN()}
	for _, low := range values {
		for _, high := range values {
			for _, ticker := range []plot.Ticker{linearTicks{5}, logTicks{5}} {
				if n := len(ticker.Ticks(low, high)); n > 1000 {
					t.Errorf("%T from %v to %v: %d ticks", ticker, low, high, n)
				}
			}
		}
	}
}
