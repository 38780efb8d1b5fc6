package figures

import (
	"cmp"
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

// DefaultSpecs returns the figures that every experiment gets: the metric over uplink bits, all bits, rounds and
// simulated time; the loss, training beside test, over rounds; of a segmentation, the metric of each region over
// rounds; and, where there is something to be seen in them, the costs of targets, the final metric against
// compression, a heat map of two swept keys or a figure over one, the codecs' errors and levels, and the first rounds' timeline.
func DefaultSpecs(runs []*record.Run) []Spec {
	curves, err := results.Group(runs)
	if err != nil {
		return nil
	}
	metric := metricOf(curves)
	var specs []Spec
	add := func(name string, o Options) { specs = append(specs, Spec{Name: name, Options: o}) }
	for _, x := range []string{"uplink_bits", "total_bits", "round", "sim_time"} {
		add(metric+"-"+x, Options{X: x, Y: metric})
	}
	if regions := regionColumns(metric, runs[0].Manifest.Regions); len(regions) > 0 && checkColumn(runs, regions[0]) == nil {
		add(metric+"-regions-round", Options{X: "round", Y: metric, Regions: true})
	}
	for _, column := range []string{"loss", "nmse_uplink", "nmse_downlink", "levels"} {
		if varies(runs, column) {
			add(column+"-round", Options{X: "round", Y: column, Beside: column == "loss"})
		}
	}
	return append(specs, summaries(curves)...)
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
	if x, y := results.TwoKeys(curves); x != "" {
		specs = append(specs, Spec{Name: "heatmap", Options: Options{Kind: "heatmap", X: x, Y: y}})
	}
	if o, ok := usualSweep(curves); ok {
		specs = append(specs, Spec{Name: "sweep", Options: o})
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

// DrawAll draws figures of runs into a directory, which it makes if need be, each in all formats. If the curves are too
// many for one frame, a figure of curves becomes several: an overview under its own name, and one for each variant that has
// several curves, with the variant's name behind its own. It returns the files' paths in order. A figure that cannot be
// drawn does not keep the others from it.
func DrawAll(runs []*record.Run, dir string, specs []Spec, size plots.Size) ([]string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	all, err := results.Group(runs)
	if err != nil {
		return nil, err
	}
	var paths []string
	var errs []error
	for _, s := range specs {
		if s.Size.Name == "" || s.Size == plots.DefaultSize {
			s.Size = size
		}
		more, err := s.draw(all, dir)
		paths = append(paths, more...)
		if err != nil {
			errs = append(errs, fmt.Errorf("figure %s: %w", s.Name, err))
		}
	}
	return paths, errors.Join(errs...)
}

// draw draws one figure, or its parts.
func (s *Spec) draw(all []results.Curve, dir string) (paths []string, err error) {
	curves, err := s.Selection.Apply(all)
	if err != nil {
		return nil, err
	}
	parts := []part{{curves: curves}}
	if (s.Kind == "" || s.Kind == "curves") && s.Facet == "" {
		parts = split(curves)
	}
	for _, p := range parts {
		o := s.Options
		name := s.Name
		if p.name != "" {
			name += "-" + p.name
		}
		if p.note != "" {
			o.Title = cmp.Or(o.Title, curves[0].Experiment()) + ": " + p.note
		}
		d, err := o.draw(p.curves)
		if err != nil && len(parts) > 1 && s.recorded(curves) {
			continue // what only other variants record
		}
		if err != nil {
			return paths, err
		}
		more, err := plots.SaveAll(filepath.Join(dir, name), d, SizeOf(d, s.Size))
		paths = append(paths, more...)
		if err != nil {
			return paths, err
		}
	}
	return paths, nil
}

// recorded reports whether any of the curves has the figure's columns.
func (s *Spec) recorded(curves []results.Curve) bool {
	_, _, _, err := s.axes(results.Runs(curves))
	return err == nil
}
