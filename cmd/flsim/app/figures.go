package app

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/internal/units"
	"flsim/plots"
	"flsim/plots/figures"
	"flsim/sim/record"
	"flsim/sim/results"
)

// drawExperiment draws the figures that the file asks for, or else the usual ones.
func drawExperiment(runs []*record.Run, asked []configs.Plot, folder string) ([]string, error) {
	specs := specsOf(asked)
	if len(specs) == 0 {
		specs = figures.DefaultSpecs(runs)
	}
	return figures.DrawAll(runs, folder, specs, plots.DefaultSize)
}

// longestName is how long the name of a folder of figures may be before it is cut short, in bytes.
const longestName = 60

// figuresFolder returns where the figures of a run go: figures, or, where --set options changed the file, a folder of their
// own that names the options, so that a quick try does not replace the figures of the experiment as it stands.
func figuresFolder(experiment string, sets []string) string {
	name := "figures"
	for _, s := range sets {
		name += "-" + strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._=+-,", r) {
				return r
			}
			return -1
		}, s)
	}
	if len(name) > longestName {
		sum := sha256.Sum256([]byte(strings.Join(sets, "\x00")))
		name = fmt.Sprintf("figures-%x", sum[:4])
	}
	return filepath.Join(experiment, name)
}

// specsOf returns the figures of [plot.NAME] tables, whose words Load has checked.
func specsOf(asked []configs.Plot) []figures.Spec {
	var specs []figures.Spec
	for _, p := range asked {
		band, _ := plots.BandByName(p.Band)
		size, _ := plots.SizeByName(p.Size)
		specs = append(specs, figures.Spec{Name: p.Name, Size: size, Options: figures.Options{
			Kind: p.Kind, X: p.X, Y: p.Y, Z: p.Z, Band: band, Best: p.Best, Beside: p.Beside, Account: p.Account, Minus: p.Minus,
			Regions: p.Regions, Targets: p.Targets, Rounds: p.Rounds, Facet: p.Facet, XScale: p.XScale, YScale: p.YScale,
			XLim: plots.LimitsOf(p.XLim), YLim: plots.LimitsOf(p.YLim), Title: p.Title, Bare: !p.Heading, Unmarked: !p.Marks,
			Selection: results.Selection{Only: p.Only, Without: p.Without, Order: p.Order, Labels: p.Labels},
		}})
	}
	return specs
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
	m := partitionMap{index: index, name: fmt.Sprintf("%s-s%d", b.Manifest.Variant, b.Manifest.Seed), key: fmt.Sprint(b.Manifest.Data, b.Labels.Counts)}
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
	subtitle := fmt.Sprintf("%s · %s · mean distance from the whole %.2f", b.Manifest.Data, units.Count(b.Manifest.Clients, "client"), b.Labels.Heterogeneity)
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
