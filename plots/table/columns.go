// Package table writes what runs achieved, and what it cost them, as tables for terminals, papers and programs.
package table

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"flsim/internal/units"
	"flsim/sim/record"
	"flsim/sim/results"
)

// column is one number of each run.
type column struct {
	name   string // in CSV files and options
	head   string // for people
	value  func(r *record.Run) float64
	text   func(v float64) string
	spread func(mean, std float64) string // both; nil where the mean alone is of interest
	absent func(best float64) string      // what stands where there is no number, of the best metric, over seeds of its mean; nil for a dash
	words  func(r *record.Run) string     // of a column of words, which has no numbers
}

// Names returns the names of the columns. Those that end in _to stand for a column for each target.
func Names() []string {
	var names []string
	for _, c := range plain() {
		names = append(names, c.name)
	}
	for _, c := range costs(0) {
		names = append(names, strings.TrimSuffix(c.name, "_0"))
	}
	return names
}

// DefaultNames returns the columns that are shown if none are asked for.
func DefaultNames() []string {
	return []string{"final", "best", "uplink", "compression", "bits_per_parameter", "downlink", "sim_time", "uplink_to", "rounds_to", "sim_time_to"}
}

func plain() []column {
	metric := func(of func(*record.Run, string) float64) func(*record.Run) float64 {
		return func(r *record.Run) float64 { return of(r, r.Manifest.Metric) }
	}
	traffic := func(of func(*record.Run) results.Traffic, f func(results.Traffic) float64) func(*record.Run) float64 {
		return func(r *record.Run) float64 { return f(of(r)) }
	}
	return []column{
		{name: "final", head: "final", value: metric(results.Last), text: units.Percent, spread: percent},
		{name: "best", head: "best", value: metric(results.Best), text: units.Percent, spread: percent},
		{name: "uplink", head: "uplink", value: last("uplink_wire_bits_cum"), text: units.Bits},
		{name: "downlink", head: "downlink", value: last("downlink_wire_bits_cum"), text: units.Bits},
		{name: "total", head: "up + down", value: last("total_wire_bits_cum"), text: units.Bits},
		{name: "compression", head: "compression", value: traffic(results.Uplink, results.Traffic.Ratio), text: times},
		{name: "total_compression", head: "up + down compression", value: traffic(results.Both, results.Traffic.Ratio), text: times},
		{name: "saved", head: "saved", value: traffic(results.Uplink, results.Traffic.Saved), text: units.Percent},
		{name: "bits_per_parameter", head: "bit/parameter", value: traffic(results.Uplink, perParameter), text: three},
		{name: "sim_time", head: "sim time", value: last("sim_time_s"), text: units.Seconds},
		{name: "rounds", head: "rounds", value: last("round"), text: whole},
		{name: "ended_by", head: "ended by", value: none, words: stoppedBy},
		{name: "area", head: "area", value: results.Area, text: four, spread: plusMinus(four)},
		{name: "loss", head: "test loss", value: last("loss"), text: three, spread: threeDigits},
		{name: "nmse_uplink", head: "uplink NMSE", value: mean("nmse_uplink"), text: three, spread: threeDigits},
		{name: "nmse_downlink", head: "downlink NMSE", value: mean("nmse_downlink"), text: three, spread: threeDigits},
	}
}

// costs returns the columns of what it took to reach a target.
func costs(target float64) []column {
	suffix := "_" + strconv.FormatFloat(target, 'g', -1, 64)
	words := " to " + strconv.FormatFloat(math.Round(target*1e6)/1e4, 'g', -1, 64) + " %"
	cost := func(part func(results.Cost) float64) func(*record.Run) float64 {
		return func(r *record.Run) float64 {
			if c := results.CostOf(r, target); c.Reached {
				return part(c)
			}
			return math.NaN()
		}
	}
	missed := func(float64) string { return "not reached" }
	told := func(best float64) string {
		if !math.IsNaN(best) {
			return "not reached (best " + units.Percent(best) + ")"
		}
		return "not reached"
	}
	return []column{
		{"uplink_to" + suffix, "uplink" + words, cost(func(c results.Cost) float64 { return c.Uplink }), units.Bits, bits, told, nil},
		{"downlink_to" + suffix, "downlink" + words, cost(func(c results.Cost) float64 { return c.Downlink }), units.Bits, bits, missed, nil},
		{"total_to" + suffix, "up + down" + words, cost(func(c results.Cost) float64 { return c.Total }), units.Bits, bits, missed, nil},
		{"rounds_to" + suffix, "rounds" + words, cost(func(c results.Cost) float64 { return c.Round }), three, threeDigits, missed, nil},
		{"sim_time_to" + suffix, "time" + words, cost(func(c results.Cost) float64 { return c.SimTime }), units.Seconds, span, missed, nil},
	}
}

func last(name string) func(*record.Run) float64 {
	return func(r *record.Run) float64 { return results.Last(r, name) }
}

func mean(name string) func(*record.Run) float64 {
	return func(r *record.Run) float64 { return results.Mean(r, name) }
}

func perParameter(t results.Traffic) float64 { return 32 / t.Ratio() }

func percent(mean, std float64) string {
	return fmt.Sprintf("%.2f ± %.2f %%", 100*mean, 100*std)
}

// bits writes a mean and its deviation in the unit that suits the mean.
func bits(mean, std float64) string {
	if std == 0 {
		return units.Bits(mean)
	}
	number, unit, _ := strings.Cut(units.Bits(mean), " ")
	factor := math.Pow(1000, float64(slices.Index([]string{"bit", "kbit", "Mbit", "Gbit", "Tbit", "Pbit"}, unit)))
	_, fraction, _ := strings.Cut(number, ".")
	return number + " ± " + strconv.FormatFloat(std/factor, 'f', len(fraction), 64) + " " + unit
}

func plusMinus(text func(float64) string) func(mean, std float64) string {
	return func(mean, std float64) string { return text(mean) + " ± " + text(std) }
}

// threeDigits writes a mean with three digits, and its deviation to the same place.
func threeDigits(mean, std float64) string {
	places := 2
	if mean != 0 {
		places = min(max(0, 2-int(math.Floor(math.Log10(math.Abs(mean))))), 9)
	}
	if std == 0 {
		return three(mean)
	}
	return strconv.FormatFloat(mean, 'f', places, 64) + " ± " + strconv.FormatFloat(std, 'f', places, 64)
}

// span writes a mean of simulated time and its deviation in the unit that suits the mean.
func span(mean, std float64) string {
	unit, name := 1.0, "s"
	switch {
	case mean >= 2*3600:
		unit, name = 3600, "h"
	case mean >= 120:
		unit, name = 60, "min"
	}
	return threeDigits(mean/unit, std/unit) + " " + name
}

func none(*record.Run) float64 { return math.NaN() }

// stoppedBy names what ended a run, if it is done.
func stoppedBy(r *record.Run) string {
	if r.Result == nil {
		return "–"
	}
	return r.Result.Stopped
}

func four(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }

// three writes a number with three digits, all of them where it has up to six before the point.
func three(v float64) string {
	if a := math.Abs(v); a >= 999.5 && a < 1e6 {
		return whole(v)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func whole(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }

func times(v float64) string { return three(v) + "×" }

// choose returns the columns of the given names, each _to column once for every target.
func choose(names []string, targets []float64) ([]column, error) {
	if len(names) == 0 {
		names = DefaultNames()
	}
	var list []column
	for _, name := range names {
		if i := slices.IndexFunc(plain(), func(c column) bool { return c.name == name }); i >= 0 {
			list = append(list, plain()[i])
			continue
		}
		if !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("no column is named %q; there are %s", name, strings.Join(Names(), ", "))
		}
	}
	for _, v := range targets {
		for _, c := range costs(v) {
			if head, _, _ := strings.Cut(c.name, "_to_"); slices.Contains(names, head+"_to") {
				list = append(list, c)
			}
		}
	}
	return list, nil
}
