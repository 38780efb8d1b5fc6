package plots

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestSummarise(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name  string
		seeds []Curve
		band  Band
		want  Summary
	}{
		{"nothing", nil, StdBand, Summary{}},
		{"only what is not finite", []Curve{{[]float64{0, nan}, []float64{nan, 1}}}, StdBand, Summary{}},
		{"one seed as it is", []Curve{{[]float64{0, 1}, []float64{3, 4}}}, StdBand,
			Summary{[]float64{0, 1}, []float64{3, 4}, []float64{3, 4}, []float64{3, 4}, 1}},
		{"sorted, the last of equal x, y missing", []Curve{{[]float64{2, 1, 1, 7}, []float64{5, 8, 9}}}, NoBand,
			Summary{[]float64{1, 2}, []float64{9, 5}, []float64{9, 5}, []float64{9, 5}, 1}},
		{"equal x, sample std", []Curve{{[]float64{0, 1}, []float64{1, 2}}, {[]float64{0, 1}, []float64{3, 2}}}, StdBand,
			Summary{[]float64{0, 1}, []float64{2, 2}, []float64{2 - math.Sqrt2, 2}, []float64{2 + math.Sqrt2, 2}, 2}},
		{"range", []Curve{{[]float64{0}, []float64{1}}, {[]float64{0}, []float64{2}}, {[]float64{0}, []float64{6}}}, MinMaxBand,
			Summary{[]float64{0}, []float64{3}, []float64{1}, []float64{6}, 3}},
		{"x differ: values at equal x, overlap only",
			[]Curve{{[]float64{0, 10, 20}, []float64{0, 10, 20}}, {[]float64{5, 15}, []float64{10, 30}}}, MinMaxBand,
			Summary{[]float64{5, 10, 15}, []float64{7.5, 15, 22.5}, []float64{5, 10, 15}, []float64{10, 20, 30}, 2}},
		{"no overlap: by index", []Curve{{[]float64{1}, []float64{2}}, {[]float64{3, 4}, []float64{6, 9}}}, MinMaxBand,
			Summary{[]float64{2}, []float64{4}, []float64{2}, []float64{6}, 2}},
		{"a seed without points does not count", []Curve{{}, {[]float64{1}, []float64{2}}}, StdBand,
			Summary{[]float64{1}, []float64{2}, []float64{2}, []float64{2}, 1}},
	}
	for _, test := range tests {
		got := Summarise(test.seeds, test.band)
		if diff := cmp.Diff(test.want, got, cmpopts.EquateApprox(0, 1e-12), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s:\n%s", test.name, diff)
		}
	}
}

func drawCurve(t *rapid.T, name string) Curve {
	value := rapid.Map(rapid.IntRange(-1e6, 1e6), func(n int) float64 { return float64(n) / 8 })
	n := rapid.IntRange(1, 30).Draw(t, name+" length")
	return Curve{
		rapid.SliceOfN(value, n, n).Draw(t, name+" x"),
		rapid.SliceOfN(value, n, n).Draw(t, name+" y"),
	}.clean()
}

// slowAt looks through every piece of the curve.
func slowAt(c Curve, x float64) float64 {
	for i := range c.X {
		if c.X[i] == x {
			return c.Y[i]
		}
		if i+1 < len(c.X) && c.X[i] < x && x < c.X[i+1] {
			slope := (c.Y[i+1] - c.Y[i]) / (c.X[i+1] - c.X[i])
			return c.Y[i] + slope*(x-c.X[i])
		}
	}
	return math.NaN()
}

func TestSummariseAgainstTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		curves := []Curve{drawCurve(t, "a"), drawCurve(t, "b"), drawCurve(t, "c")}
		if commonGrid(curves) == nil {
			t.Skip("no overlap")
		}
		s := Summarise(curves, MinMaxBand)
		if !slices.IsSorted(s.X) || len(s.X) == 0 {
			t.Fatalf("x = %v", s.X)
		}
		for i, x := range s.X {
			a, b, c := slowAt(curves[0], x), slowAt(curves[1], x), slowAt(curves[2], x)
			if math.Abs(s.Mean[i]-(a+b+c)/3) > 1e-3 || math.Abs(s.Low[i]-min(a, b, c)) > 1e-3 || math.Abs(s.High[i]-max(a, b, c)) > 1e-3 {
				t.Fatalf("at %v: mean %v, band %v to %v; curves %v %v %v", x, s.Mean[i], s.Low[i], s.High[i], a, b, c)
			}
		}
	})
}

func TestSummariseOfEqualCurvesIsTheCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCurve(t, "c")
		s := Summarise([]Curve{c, c}, StdBand)
		if !slices.Equal(s.X, c.X) || !slices.Equal(s.Mean, c.Y) || !slices.Equal(s.Low, c.Y) || !slices.Equal(s.High, c.Y) {
			t.Fatalf("%v became %v", c, s)
		}
	})
}

func TestLog10LeavesOutWhatHasNoLogarithm(t *testing.T) {
	c := Curve{[]float64{0, 10, 100, 1000}, []float64{1, 2, -3, 100}}
	if diff := cmp.Diff(Curve{[]float64{1, 2, 3}, []float64{2, -3, 100}}, c.log10(true, false)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Curve{[]float64{1, 3}, []float64{math.Log10(2), 2}}, c.log10(true, true)); diff != "" {
		t.Error(diff)
	}
}

func TestBest(t *testing.T) {
	c := Curve{[]float64{0, 1, 2, 3}, []float64{2, 1, 4, 3}}
	if got := c.Best(false).Y; !slices.Equal(got, []float64{2, 2, 4, 4}) {
		t.Errorf("highest so far: %v", got)
	}
	if got := c.Best(true).Y; !slices.Equal(got, []float64{2, 1, 1, 1}) {
		t.Errorf("lowest so far: %v", got)
	}
	if !slices.Equal(c.Y, []float64{2, 1, 4, 3}) {
		t.Errorf("the curve itself became %v", c.Y)
	}
}

func TestThinnedKeepsEnds(t *testing.T) {
	var c Curve
	for i := range 1000 {
		c.X, c.Y = append(c.X, float64(i)), append(c.Y, float64(-i))
	}
	s := Summarise([]Curve{c}, StdBand).thinned(120)
	if len(s.X) != 120 || s.X[0] != 0 || s.X[119] != 999 || s.Mean[119] != -999 || len(s.Low) != 120 || len(s.High) != 120 {
		t.Errorf("%d points from %v to %v", len(s.X), s.X[0], s.X[len(s.X)-1])
	}
}

func TestMarkerPlaces(t *testing.T) {
	for n := range 300 {
		for order := range 10 {
			places := markerPlaces(n, order)
			if len(places) > mostMarkers || n > 0 && len(places) == 0 {
				t.Fatalf("%d points, order %d: %v", n, order, places)
			}
			if len(places) > 0 && places[len(places)-1] >= n {
				t.Fatalf("%d points, order %d: %v", n, order, places)
			}
		}
	}
}
