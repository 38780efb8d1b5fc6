package plots

import (
	"os"
	"path/filepath"

	"flsim/sim/record"
)

// Spec is one figure of an experiment.
type Spec struct {
	Name string // of its files, without ending
	X, Y string // as FromRuns takes them
	Options
}

// DefaultSpecs returns the figures that every experiment gets: the metric over uplink bits, all bits, rounds and
// simulated time, the loss, training beside test, over rounds and, of a segmentation, the metric of each region over
// rounds. Figures whose column no run has are left out.
func DefaultSpecs(runs []*record.Run) []Spec {
	if len(runs) == 0 {
		return nil
	}
	metric := runs[0].Manifest.Metric
	if metric == "" {
		metric = "accuracy"
	}
	var specs []Spec
	for _, x := range []string{"uplink_bits", "total_bits", "round", "sim_time"} {
		specs = append(specs, Spec{Name: metric + "-" + x, X: x, Y: metric})
	}
	if regions := regionColumns(metric, runs[0].Manifest.Regions); len(regions) > 0 && checkColumn(runs, regions[0]) == nil {
		specs = append(specs, Spec{Name: metric + "-regions-round", X: "round", Y: metric, Options: Options{Regions: true}})
	}
	if checkColumn(runs, "loss") == nil {
		specs = append(specs, Spec{Name: "loss-round", X: "round", Y: "loss", Options: Options{Beside: true}})
	}
	return specs
}

// DrawAll draws figures of runs into a directory, which it makes if need be, each in all Formats. It returns the
// files' paths in order.
func DrawAll(runs []*record.Run, dir string, specs []Spec, size Size) ([]string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	var all []string
	for _, s := range specs {
		f, err := FromRuns(runs, s.X, s.Y, s.Options)
		if err != nil {
			return all, err
		}
		paths, err := SaveAll(filepath.Join(dir, s.Name), f, size)
		all = append(all, paths...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}
