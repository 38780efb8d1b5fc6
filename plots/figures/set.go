package figures

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// Spec is one figure of an experiment.
type Spec struct {
	Name string     // of its files, without ending
	Size plots.Size // on paper; the zero value means that of the other figures
	Options
}

// mostCurves is how many curves the usual figures show in one frame.
const mostCurves = 10

// DefaultSpecs returns the figures that every experiment gets: the metric over uplink bits, all bits, rounds and
// simulated time; the loss, training beside test, over rounds; of a segmentation, the metric of each region over
// rounds; and, where there is something to be seen in them, the costs of targets, the final metric against
// compression, a heat map of two swept keys, the codecs' errors and levels, and the first rounds' timeline. Many curves of a sweep are
// divided by variant.
func DefaultSpecs(runs []*record.Run) []Spec {
	curves, err := results.Group(runs)
	if err != nil {
		return nil
	}
	metric := metricOf(curves)
	facet, crowded := "", []string(nil)
	if len(curves) > mostCurves && len(sweptKeys(curves)) > 0 {
		facet, crowded = variantKey, crowdedVariants(curves)
	}
	var specs []Spec
	add := func(name string, o Options) {
		o.Facet, o.Without = facet, crowded
		specs = append(specs, Spec{Name: name, Options: o})
	}
	for _, x := range []string{"uplink_bits", "total_bits", "round", "sim_time"} {
		add(metric+"-"+x, Options{X: x, Y: metric})
	}
	if regions := regionColumns(metric, runs[0].Manifest.Regions); len(regions) > 0 && checkColumn(runs, regions[0]) == nil {
		specs = append(specs, Spec{Name: metric + "-regions-round", Options: Options{X: "round", Y: metric, Regions: true}})
	}
	for _, column := range []string{"loss", "nmse_uplink", "nmse_downlink", "levels"} {
		if varies(runs, column) {
			add(column+"-round", Options{X: "round", Y: column, Beside: column == "loss" && facet == ""})
		}
	}
	return append(specs, summaries(curves)...)
}

// crowdedVariants returns the variants with too many curves for one frame, if there are others too.
func crowdedVariants(curves []results.Curve) []string {
	n := map[string]int{}
	var names, crowded []string
	for _, c := range curves {
		name := c.Manifest().Variant
		if n[name]++; n[name] == 1 {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if n[name] > mostCurves {
			crowded = append(crowded, name)
		}
	}
	if len(crowded) == len(names) {
		return nil
	}
	return crowded
}

// varies reports whether a column has more than one value.
func varies(runs []*record.Run, column string) bool {
	first, seen := 0.0, false
	for _, r := range runs {
		_, values := r.Column(column)
		for _, v := range values {
			if seen && v != first {
				return true
			}
			first, seen = v, true
		}
	}
	return false
}

// summaries returns the usual figures with a mark or a row for each curve.
func summaries(curves []results.Curve) []Spec {
	var specs []Spec
	if len(results.Targets(results.Runs(curves))) > 0 && len(curves) > 1 {
		specs = append(specs, Spec{Name: "targets", Options: Options{Kind: "bars"}})
	}
	ratios := func(c results.Curve) float64 {
		return c.Over(func(r *record.Run) float64 { return results.Uplink(r).Ratio() }).Mean
	}
	if first := ratios(curves[0]); slices.ContainsFunc(curves, func(c results.Curve) bool { v := ratios(c); return v > 1.01*first || v < 0.99*first }) {
		specs = append(specs, Spec{Name: "pareto", Options: Options{Kind: "pareto"}})
	}
	for i := range curves {
		if keys := sweptKeys(curves[i : i+1]); len(keys) == 2 {
			specs = append(specs, Spec{Name: "heatmap", Options: Options{Kind: "heatmap", X: keys[0], Y: keys[1]}})
			break
		}
	}
	if slices.ContainsFunc(results.Runs(curves), (*record.Run).HasTransfers) {
		specs = append(specs, Spec{Name: "timeline", Options: Options{Kind: "timeline"}})
	}
	return specs
}

// fitting is a drawing whose height depends on what it shows.
type fitting interface {
	Fit(plots.Size) plots.Size
}

// SizeOf returns the size on paper of a drawing: of the given width, and as high as suits it.
func SizeOf(d plots.Drawing, size plots.Size) plots.Size {
	if f, ok := d.(fitting); ok {
		return f.Fit(size)
	}
	return size
}

// DrawAll draws figures of runs into a directory, which it makes if need be, each in all formats. It returns the
// files' paths in order. A figure that cannot be drawn does not keep the others from it.
func DrawAll(runs []*record.Run, dir string, specs []Spec, size plots.Size) ([]string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	var all []string
	var errs []error
	for _, s := range specs {
		paths, err := drawOne(runs, dir, &s, size)
		all = append(all, paths...)
		if err != nil {
			errs = append(errs, fmt.Errorf("figure %s: %w", s.Name, err))
		}
	}
	return all, errors.Join(errs...)
}

func drawOne(runs []*record.Run, dir string, s *Spec, size plots.Size) ([]string, error) {
	d, err := New(runs, s.Options)
	if err != nil {
		return nil, err
	}
	if s.Size.Name != "" && s.Size != plots.DefaultSize {
		size = s.Size
	}
	return plots.SaveAll(filepath.Join(dir, s.Name), d, SizeOf(d, size))
}
