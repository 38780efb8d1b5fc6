package plots

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/plot/vg"
)

// sampleCounts returns skewed counts of examples.
func sampleCounts(clients, classes int) [][]int {
	g := rand.New(rand.NewPCG(1, 2))
	counts := make([][]int, clients)
	for i := range counts {
		counts[i] = make([]int, classes)
		for k := range counts[i] {
			counts[i][k] = int(300 * math.Pow(g.Float64(), 12))
		}
	}
	return counts
}

func TestGoldenHeatMaps(t *testing.T) {
	size := Size{"", 3.5 * vg.Inch, 2.5 * vg.Inch, 0.89}
	names := []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
	golden(t, "heatmap", &HeatMap{Title: "Labels", Subtitle: "Dirichlet, α = 0.3", Counts: sampleCounts(20, 10), ClassNames: names}, size)
	golden(t, "heatmap-many", &HeatMap{Title: "Labels", Counts: sampleCounts(5000, 10)}, size)
}

func TestOddHeatMapsAreDrawn(t *testing.T) {
	for name, counts := range map[string][][]int{
		"none": nil, "no classes": {nil, nil}, "zeros": {{0, 0}, {0}}, "one": {{1}}, "negative": {{-3, 2}},
		"ragged": {{1, 2, 3}, {}, {4}}, "many classes": sampleCounts(3, 1000), "huge": {{math.MaxInt, 1}},
	} {
		for _, format := range Formats() {
			if err := Write(new(bytes.Buffer), &HeatMap{Counts: counts}, format, DefaultSize); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestHeatMapSample(t *testing.T) {
	h := &HeatMap{Counts: sampleCounts(12345, 10)}
	rows, label := h.sample()
	if len(rows) != 200 || label != "200 of 12,345 clients, ordered by main class" {
		t.Errorf("%d rows, %q", len(rows), label)
	}
	if !slices.IsSortedFunc(rows, func(a, b []int) int { return mainClass(a) - mainClass(b) }) {
		t.Error("rows are not ordered by main class")
	}
	h.Counts = h.Counts[:200]
	if rows, label := h.sample(); &rows[0] != &h.Counts[0] || label != "Client" {
		t.Errorf("%d rows, %q", len(rows), label)
	}
}

func TestShadesGetDarker(t *testing.T) {
	last := math.Inf(1)
	for s := range shades + 1 {
		c := ramp(float64(s) / shades)
		if l := luminance(c.R, c.G, c.B); l >= last {
			t.Errorf("shade %d is not darker than the one before", s)
		} else {
			last = l
		}
	}
	if shade(1, 1000000) != 1 || shade(5, 5) != shades || shade(math.MaxInt, math.MaxInt) != shades {
		t.Error("shades do not run from 1 to the last")
	}
}
