package plots

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"pgregory.net/rapid"
)

// Whatever the numbers are, there is a drawing in every format.
func TestOddDrawingsAreDrawn(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	long := strings.Repeat("a very long name ", 20)
	point := func(x, y float64) Point { return Point{x, y, y - 1, y + 1, long} }
	drawings := map[string]Drawing{
		"no bars":          &Bars{},
		"bars without any": &Bars{Names: []string{"a"}, Orders: []int{0}, Panels: []BarPanel{{Bars: []Bar{{Value: nan, Text: "not reached"}}}}},
		"odd bars": &Bars{Names: []string{long, "b", "c", "d"}, Orders: []int{-1, 1 << 40, 2, 3}, Abreast: 3, Panels: []BarPanel{
			{Bars: []Bar{{Value: 0, Text: long}, {Value: 1e300, Low: -1e300, High: 1e301}, {Value: inf}, {Value: -1}}},
			{Log: true, Bars: []Bar{{Value: 0, Text: "0"}, {Value: 1e300, Low: nan, High: inf, Text: "x"}, {Value: 1e-300}, {Value: -1}}},
			{Log: true, Bars: []Bar{{Value: 5, Text: "5"}, {Value: 5}, {Value: 5}, {Value: 5}}}}},
		"no matrix":    &Matrix{},
		"odd matrix":   &Matrix{XNames: []string{long, "b"}, YNames: []string{"a"}, Log: true, Panels: []MatrixPanel{{Values: [][]float64{{0, 1e300}}, Texts: [][]string{{long, ""}}}, {}}},
		"flat":         &Matrix{XNames: []string{"b"}, YNames: []string{"a"}, Panels: []MatrixPanel{{Values: [][]float64{{7}}, Texts: [][]string{{"7"}}}}},
		"no points":    &Scatter{},
		"odd points":   &Scatter{LogX: true, Clouds: []Cloud{{long, -3, []Point{point(0, 1), point(10, nan), point(inf, 1), point(1, 1)}, true}, {"b", 1, nil, true}}},
		"one point":    &Scatter{Clouds: []Cloud{{"a", 0, []Point{point(1, 1)}, true}}},
		"no facets":    &Facets{},
		"empty facets": &Facets{Panels: []Facet{{"a", &Figure{}}, {"b", &Figure{}}}},
		"facets":       &Facets{Title: long, Panels: []Facet{{long, sampleFigure(2)}, {"b", &Figure{}}, {"c", sampleFigure(1)}}},
		"no spans":     &Timeline{},
		"odd spans":    &Timeline{Names: []string{long, "b"}, Kinds: []string{long, "b"}, Spans: []Span{{0, 0, 5, 1}, {1, 1 << 40, 0, 0}}, Marks: []Target{{0, long, false}, {3, "x", false}, {3, "y", false}}},
	}
	for name, d := range drawings {
		for i, size := range []Size{Sizes()[1], {"stamp", 30, 20, 1}, DefaultSize} {
			paper := size
			if f, ok := d.(interface{ Fit(Size) Size }); ok && size.Name != "stamp" {
				paper = f.Fit(size)
			}
			if err := Write(new(bytes.Buffer), d, Formats()[i%3], paper); err != nil {
				t.Errorf("%s, %s: %v", name, size.Name, err)
			}
		}
	}
}

func TestLimitsAreParsed(t *testing.T) {
	for text, want := range map[string]string{"": "- -", "1:2": "1 2", "-5:": "−5 -", ":0.5": "- 0.5", ":": "- -",
		"2:1": "error", "1:1": "error", "a:2": "error", "5": "error", "nan:1": "error", "1:2:3": "error"} {
		l, err := ParseLimits(text)
		got := "error"
		if err == nil {
			got = show(l.Low) + " " + show(l.High)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func show(v *float64) string {
	if v == nil {
		return "-"
	}
	return strings.TrimRight(strings.TrimRight(number(*v, 0.1), "0"), ".")
}

func FuzzParseLimits(f *testing.F) {
	for _, text := range []string{"1:2", ":", "1e400:", "-inf:inf", "0x1p3:99"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLimits(text)
		if err != nil {
			return
		}
		for _, log := range []bool{false, true} {
			low, high := 1.0, 2.0
			if l.set(&low, &high, log); !(low < high) {
				t.Fatalf("%q sets an axis from %v to %v", text, low, high)
			}
		}
	})
}

func TestLimitsOfLogarithmicAxes(t *testing.T) {
	low, high := 0.0, 3.0
	l := LimitsOf([]float64{-1, 100})
	if l.set(&low, &high, true); low != 0 || high != 2 {
		t.Errorf("from %v to %v", low, high)
	}
	if l = LimitsOf([]float64{math.Inf(-1), 7}); l.Low != nil || *l.High != 7 {
		t.Error("an infinite limit is one")
	}
}

// What lies outside of the limits is not drawn.
func TestLimitsCutCurves(t *testing.T) {
	f := &Figure{Series: []Series{{Label: "a", Seeds: []Curve{at(0, 100), at(0, 90)}}}, YLim: LimitsOf([]float64{10, 20}), XLim: LimitsOf([]float64{0.12, 0.18})}
	theme := DefaultSize.theme()
	c, err := newCanvas("svg", DefaultSize, dpi)
	if err != nil {
		t.Fatal(err)
	}
	p := f.plot(theme, draw.New(c), lines{theme, f.lines()})
	if p.X.Min != 0.12 || p.X.Max != 0.18 || p.Y.Min != 10 || p.Y.Max != 20 {
		t.Errorf("axes from %v to %v and %v to %v", p.X.Min, p.X.Max, p.Y.Min, p.Y.Max)
	}
}

// The 97.5 % quantiles of Student's t are those of printed tables.
func TestConfidenceIntervals(t *testing.T) {
	for n, quantile := range map[int]float64{2: 12.706, 3: 4.303, 5: 2.776, 11: 2.228} {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(i)
		}
		mean, std := meanStd(values)
		got, low, high := CI95Band.Around(values)
		if want := quantile * std / math.Sqrt(float64(n)); got != mean || math.Abs(high-mean-want) > 1e-3*want || math.Abs(mean-low-want) > 1e-3*want {
			t.Errorf("%d values: %v to %v, want %v ± %v", n, low, high, mean, want)
		}
	}
	if mean, low, high := CI95Band.Around([]float64{3}); mean != 3 || low != 3 || high != 3 {
		t.Error("one value has an interval")
	}
}

func TestManyBandsBecomeWhiskers(t *testing.T) {
	f := sampleFigure(3)
	if list := f.lines(); !list[0].banded() || list[0].whisker {
		t.Error("five curves lack their bands")
	}
	f.Series = slices.Repeat(f.Series, 3)
	curves := lines{DefaultSize.theme(), f.lines()}
	for _, l := range curves.list {
		if l.banded() || !l.whisker {
			t.Errorf("%s has a band among fifteen", l.label)
		}
	}
	if n := curves.abreast(); n != 3 {
		t.Errorf("%d bars stand side by side, want 3", n)
	}
}

// The front against its definition, on numbers that are often equal.
func TestParetoFrontAgainstTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &Scatter{LowX: rapid.Bool().Draw(t, "low x"), LowY: rapid.Bool().Draw(t, "low y")}
		coordinate := rapid.Map(rapid.IntRange(0, 5), func(n int) float64 { return float64(n) })
		for range rapid.IntRange(1, 8).Draw(t, "points") {
			s.Clouds = append(s.Clouds, Cloud{Points: []Point{{X: coordinate.Draw(t, "x"), Y: coordinate.Draw(t, "y")}}})
		}
		sign := func(v float64, low bool) float64 {
			if low {
				return -v
			}
			return v
		}
		for _, p := range s.places() {
			beaten := false
			for _, q := range s.places() {
				x, y := sign(q.x-p.x, s.LowX), sign(q.y-p.y, s.LowY)
				beaten = beaten || x >= 0 && y >= 0 && x+y > 0
			}
			if p.front == beaten {
				t.Fatalf("%+v: front %v, beaten %v", p, p.front, beaten)
			}
		}
	})
}

func TestGridsAreBalanced(t *testing.T) {
	size := Size{Width: 400, Text: 1}
	for n, want := range map[int][2]int{1: {1, 1}, 2: {2, 1}, 3: {3, 1}, 4: {2, 2}, 5: {3, 2}, 7: {3, 3}} {
		if columns, rows := gridOf(n, size, 120); columns != want[0] || rows != want[1] {
			t.Errorf("%d figures in %d x %d", n, columns, rows)
		}
	}
	if columns, _ := gridOf(3, Size{Width: vg.Length(50), Text: 1}, 120); columns != 1 {
		t.Error("a narrow page has several columns")
	}
}
