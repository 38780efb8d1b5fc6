package figures

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"flsim/internal/units"
	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// capital returns s with its first letter as a capital, small with a small one.
func capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[n:]
}

func small(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToLower(first)) + s[n:]
}

// subtitle tells what all runs have in common, what the band is, and what a reader must not overlook.
func subtitle(runs []*record.Run, curves []results.Curve, band plots.Band) string {
	parts := []string{dataWords(runs), results.Common(runs, func(m *record.Manifest) string { return m.Model })}
	parts = append(parts, results.Common(runs, func(m *record.Manifest) string {
		if m.Clients == 0 {
			return ""
		}
		return units.Count(m.Clients, "client")
	}))
	if inexact := slices.ContainsFunc(runs, func(r *record.Run) bool { return r.Manifest.Precision == "bf16" }); inexact {
		parts = append(parts, cmp.Or(results.Common(runs, func(m *record.Manifest) string { return m.Precision }), "bf16 in part"))
	}
	parts = append(parts, seedWords(curves, band))
	unfinished := 0
	for _, r := range runs {
		if r.Result == nil {
			unfinished++
		}
	}
	if unfinished > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s unfinished", unfinished, units.Count(len(runs), "run")))
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, " · ")
}

func dataWords(runs []*record.Run) string {
	name := results.Common(runs, func(m *record.Manifest) string { return m.Data })
	synthetic := 0
	for _, r := range runs {
		if r.Manifest.Synthetic {
			synthetic++
		}
	}
	switch {
	case synthetic == 0:
		return name
	case synthetic < len(runs):
		return "synthetic data in part"
	case name == "":
		return "synthetic data"
	}
	return "synthetic data (" + name + ")"
}

func seedWords(curves []results.Curve, band plots.Band) string {
	fewest, most := len(curves[0].Runs), 0
	for _, c := range curves {
		fewest, most = min(fewest, len(c.Runs)), max(most, len(c.Runs))
	}
	seeds := units.Count(most, "seed")
	if fewest != most {
		seeds = fmt.Sprintf("%d to %s", fewest, seeds)
	}
	if most == 1 {
		return seeds
	}
	return band.Words(seeds)
}
