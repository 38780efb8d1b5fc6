package plots

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flsim/sim/record"
)

// sweptRuns returns runs of a reference and of families of curves with the given sizes.
func sweptRuns(sizes ...int) []*record.Run {
	total := 1
	for _, n := range sizes {
		total += n
	}
	runs := sampleRuns(manyVariants(total), 2, 4, 2)
	at := 2
	for f, n := range sizes {
		for range 2 * n {
			runs[at].Manifest.Variant = fmt.Sprint("family", f)
			at++
		}
	}
	return runs
}

func ordersOf(runs []*record.Run) (list []int) {
	for _, r := range runs {
		if !slices.Contains(list, r.Manifest.Order) {
			list = append(list, r.Manifest.Order)
		}
	}
	return list
}

func TestFewCurvesStayTogether(t *testing.T) {
	parts, err := split(sweptRuns(5, 6))
	if err != nil || len(parts) != 1 || parts[0].name != "" || len(ordersOf(parts[0].runs)) != 12 {
		t.Errorf("%+v, %v", parts, err)
	}
}

func TestManyCurvesAreDivided(t *testing.T) {
	runs := sweptRuns(3, 1, 15)
	parts, err := split(runs)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range parts {
		got = append(got, fmt.Sprint(p.name, ": ", ordersOf(p.runs)))
	}
	// Of the made-up curves the later ones learn better.
	want := []string{": [0 3 4 19]", "family0: [0 1 2 3]", "family2: [0 5 6 7 8 9 10 11 12 13 14 15 16]", "family2-2: [0 17 18 19]"}
	if !slices.Equal(got, want) {
		t.Errorf("parts\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDrawAllDividesFigures(t *testing.T) {
	runs := sweptRuns(6, 7)
	for _, r := range runs[len(runs)-2:] {
		r.Rounds[2]["levels"] = 3
	}
	specs := []Spec{{Name: "a", X: "round", Y: "accuracy"}, {Name: "l", X: "round", Y: "levels"}}
	paths, err := DrawAll(runs, t.TempDir(), specs, DefaultSize)
	var names []string
	for _, path := range paths {
		if filepath.Ext(path) == ".png" {
			names = append(names, filepath.Base(path))
		}
	}
	if want := []string{"a.png", "l.png", "a-family0.png", "a-family1.png", "l-family1.png"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("drawn are %v, %v, want %v", names, err, want)
	}
	if _, err := DrawAll(runs, t.TempDir(), []Spec{{Name: "x", X: "round", Y: "nothing"}}, DefaultSize); err == nil {
		t.Error("a column that no run has is drawn")
	}
}
