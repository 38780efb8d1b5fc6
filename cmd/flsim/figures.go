package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/plots"
	"flsim/sim/record"
)

// drawExperiment draws the default figures and those that the file asks for.
func drawExperiment(runs []*record.Run, asked []configs.Plot, folder string) ([]string, error) {
	specs := plots.DefaultSpecs(runs)
	for _, p := range asked {
		y := p.Y
		if y == configs.MetricWord {
			y = runs[0].Manifest.Metric
		}
		specs = append(specs, plots.Spec{Name: p.Name, X: p.X, Y: y,
			Options: plots.Options{Title: p.Title, Account: p.Account, Beside: p.Beside, Minus: p.Minus, Log: p.Log}})
	}
	return plots.DrawAll(runs, folder, specs, plots.DefaultSize)
}

// sheet collects the partitions of the runs that start, to draw each different one once.
type sheet struct{ maps []partitionMap }

type partitionMap struct {
	index int    // of the first run that has it
	name  string // of that run
	key   string
	heat  *plots.HeatMap
}

func (s *sheet) see(e runner.Event) {
	if e.Built != nil {
		s.add(e.Index, e.Built)
	}
}

// add notes the partition of a run and returns whether it was new.
func (s *sheet) add(index int, b *configs.Built) bool {
	m := partitionMap{index: index, name: fmt.Sprintf("%s-s%d", b.Manifest.Variant, b.Manifest.Seed), key: fmt.Sprint(b.Labels.Counts)}
	if len(b.Manifest.Axes) > 0 {
		m.name += fmt.Sprintf("-%.8s", b.Manifest.ID)
	}
	for i := range s.maps {
		if old := &s.maps[i]; old.key == m.key {
			if index < old.index {
				old.index, old.name = index, m.name
			}
			return false
		}
	}
	m.heat = heatMap(b)
	s.maps = append(s.maps, m)
	return true
}

func heatMap(b *configs.Built) *plots.HeatMap {
	subtitle := fmt.Sprintf("%s · %d clients · mean distance from the whole %.2f", b.Manifest.Data, b.Manifest.Clients, b.Labels.Heterogeneity)
	return &plots.HeatMap{Title: "Labels by client", Subtitle: subtitle, Counts: b.Labels.Counts, ClassNames: b.Sim.Data.ClassNames}
}

// draw draws the partitions: "partition" if there is one, else "partition-VARIANT-sSEED".
func (s *sheet) draw(folder string) ([]string, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	slices.SortFunc(s.maps, func(a, b partitionMap) int { return a.index - b.index })
	var all []string
	for _, m := range s.maps {
		name := "partition"
		if len(s.maps) > 1 {
			name += "-" + m.name
		}
		paths, err := plots.SaveAll(filepath.Join(folder, name), m.heat, plots.DefaultSize)
		if err != nil {
			return all, err
		}
		all = append(all, paths...)
	}
	return all, nil
}
