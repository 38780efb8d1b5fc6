package figures

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flsim/plots"
	"flsim/sim/record"
	"flsim/sim/results"
)

// families returns runs of a reference and of families of curves with the given sizes.
func families(sizes ...int) []*record.Run {
	total := 1
	for _, n := range sizes {
		total += n
	}
	runs := sampleRuns(manyVariants(total), 2, 4, 2)
	at := 2
	for f, n := range sizes {
		for k := range 2 * n {
			runs[at].Manifest.Variant, runs[at].Manifest.Axes = fmt.Sprint("family", f), record.Axes{"codec.q.bits": float64(k / 2)}
			at++
		}
	}
	return runs
}

func ordersOf(curves []results.Curve) (list []int) {
	for _, c := range curves {
		list = append(list, c.Order)
	}
	return list
}

func grouped(t *testing.T, runs []*record.Run) []results.Curve {
	t.Helper()
	curves, err := results.Group(runs)
	if err != nil {
		t.Fatal(err)
	}
	return curves
}

func TestFewCurvesStayTogether(t *testing.T) {
	parts := split(grouped(t, families(5, 6)))
	if len(parts) != 1 || parts[0].name != "" || len(ordersOf(parts[0].curves)) != 12 {
		t.Errorf("%+v", parts)
	}
}

func TestManyCurvesAreDivided(t *testing.T) {
	runs := families(3, 1, 15)
	parts := split(grouped(t, runs))
	var got []string
	for _, p := range parts {
		got = append(got, fmt.Sprint(p.name, ": ", ordersOf(p.curves)))
	}
	// Of the made-up curves the later ones learn better.
	want := []string{": [0 3 4 19]", "family0: [0 1 2 3]", "family2: [0 5 6 7 8 9 10 11 12 13 14 15 16]", "family2-2: [0 17 18 19]"}
	if !slices.Equal(got, want) {
		t.Errorf("parts\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The parts have files of their own, within the folder, even if variants share names or these hold slashes.
func TestPartsHaveNamesOfTheirOwn(t *testing.T) {
	one, two := families(7), families(7)
	for _, r := range two {
		r.Manifest.Experiment = "second"
	}
	for _, r := range one[2:] {
		r.Manifest.Variant = "a model.weights = ../w"
	}
	for _, r := range two[2:] {
		r.Manifest.Variant = "a model.weights = ..-w"
	}
	parts := split(grouped(t, slices.Concat(one, two)))
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	if want := []string{"", "a model.weights = ..-w", "a model.weights = ..-w-2"}; !slices.Equal(names, want) {
		t.Errorf("the parts are called %q, not %q", names, want)
	}
}

func TestDrawAllDividesFigures(t *testing.T) {
	runs := families(6, 7)
	for _, r := range runs[len(runs)-2:] {
		r.Rounds[2]["levels"] = 3
	}
	specs := []Spec{{Name: "a", Options: Options{X: "round", Y: "accuracy"}}, {Name: "l", Options: Options{X: "round", Y: "levels"}}}
	paths, err := DrawAll(runs, t.TempDir(), specs, plots.DefaultSize)
	var names []string
	for _, path := range paths {
		if filepath.Ext(path) == ".png" {
			names = append(names, filepath.Base(path))
		}
	}
	if want := []string{"a.png", "a-family0.png", "a-family1.png", "l.png", "l-family1.png"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("drawn are %v, %v, want %v", names, err, want)
	}
	if _, err := DrawAll(runs, t.TempDir(), []Spec{{Name: "x", Options: Options{X: "round", Y: "nothing"}}}, plots.DefaultSize); err == nil {
		t.Error("a column that no run has is drawn")
	}
}
