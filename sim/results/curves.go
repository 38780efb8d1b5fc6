// Package results groups runs that were read back from their records into curves, and sums them up.
package results

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"flsim/sim/record"
)

// Curve is the runs that differ in their seed alone.
type Curve struct {
	Label string        // for people
	Order int           // chooses the look; the place of the curve in its experiment's file
	Runs  []*record.Run // in the order of seeds
}

// Manifest returns what the runs of a curve have in common; seed and id are those of the first.
func (c *Curve) Manifest() *record.Manifest { return &c.Runs[0].Manifest }

// Experiment returns the name of the curve's experiment.
func (c *Curve) Experiment() string { return c.Manifest().Experiment }

// Group groups runs into curves, in the order of experiments' names and of the curves in their files. A run that was
// given twice counts once; two different runs of one curve and seed cannot both be right and are an error (Choose
// decides between them).
func Group(runs []*record.Run) ([]Curve, error) {
	if len(runs) == 0 {
		return nil, errors.New("there are no runs to draw")
	}
	sorted := slices.Clone(runs)
	slices.SortStableFunc(sorted, compare)
	var curves []Curve
	place := map[string]int{}
	for _, r := range sorted {
		key := curveKey(r)
		i, known := place[key]
		if !known {
			place[key] = len(curves)
			curves = append(curves, Curve{labelOf(r), r.Manifest.Order, []*record.Run{r}})
			continue
		}
		if err := curves[i].add(r); err != nil {
			return nil, err
		}
	}
	tellApart(curves)
	return curves, nil
}

// add puts a run in its place among the seeds.
func (c *Curve) add(r *record.Run) error {
	i, found := slices.BinarySearchFunc(c.Runs, r.Manifest.Seed, func(r *record.Run, seed uint64) int { return cmp.Compare(r.Manifest.Seed, seed) })
	switch {
	case !found:
		c.Runs = slices.Insert(c.Runs, i, r)
	case c.Runs[i].Manifest.ID != r.Manifest.ID:
		return fmt.Errorf("%s and %s are both %q with seed %d, but their settings differ; give only one of them",
			c.Runs[i].Dir, r.Dir, c.Label, r.Manifest.Seed)
	}
	return nil
}

func compare(a, b *record.Run) int {
	m, n := &a.Manifest, &b.Manifest
	return cmp.Or(cmp.Compare(m.Experiment, n.Experiment), cmp.Compare(m.Order, n.Order), cmp.Compare(m.Variant, n.Variant),
		cmp.Compare(m.Label, n.Label), cmp.Compare(m.Seed, n.Seed), cmp.Compare(a.Dir, b.Dir))
}

// curveKey is equal for the runs of one curve. Neither label nor order is in it: an edit of the file may change them.
func curveKey(r *record.Run) string {
	m := &r.Manifest
	return fmt.Sprintf("%q %q %s", m.Experiment, m.Variant, AxesText(m.Axes))
}

// AxesText writes the values of swept keys in the order of the keys, as in "clients.lr = 0.1, codec.q.bits = 4".
func AxesText(axes record.Axes) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(axes)) {
		parts = append(parts, fmt.Sprintf("%s = %v", key, axes[key]))
	}
	return strings.Join(parts, ", ")
}

func labelOf(r *record.Run) string {
	return cmp.Or(r.Manifest.Label, r.Manifest.Variant, filepath.Base(r.Dir))
}

// tellApart renumbers curves whose orders clash, as those of several experiments do, and names their experiments.
func tellApart(curves []Curve) {
	taken := map[int]bool{}
	clash := false
	for i := range curves {
		clash = clash || taken[curves[i].Order]
		taken[curves[i].Order] = true
	}
	several := curves[0].Experiment() != curves[len(curves)-1].Experiment()
	for i := range curves {
		c := &curves[i]
		if clash {
			c.Order = i
		}
		if several {
			c.Label = c.Experiment() + ": " + c.Label
		}
	}
}

// Runs returns all runs of curves.
func Runs(curves []Curve) []*record.Run {
	var all []*record.Run
	for i := range curves {
		all = append(all, curves[i].Runs...)
	}
	return all
}

// Common returns what f says of all runs, or nothing if they differ.
func Common(runs []*record.Run, f func(*record.Manifest) string) string {
	s := f(&runs[0].Manifest)
	for _, r := range runs {
		if f(&r.Manifest) != s {
			return ""
		}
	}
	return s
}
