package plots

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"flsim/plots/plotstest"
)

// golden compares a drawing, in small, with a picture in testdata.
func golden(t *testing.T, name string, d Drawing, size Size) {
	t.Helper()
	var buf bytes.Buffer
	if err := WritePNG(&buf, d, size, plotstest.DPI); err != nil {
		t.Fatal(err)
	}
	plotstest.Golden(t, name, buf.Bytes())
}

func TestGoldenFigures(t *testing.T) {
	small := Size{"", 3.5 * vg.Inch, 2.5 * vg.Inch, 0.89}
	golden(t, "empty", &Figure{Title: "Nothing yet", XLabel: "Round", YLabel: "Loss"}, small)
	limited := sampleFigure(3)
	limited.LogX = false
	limited.XLim, limited.YLim = LimitsOf([]float64{20, 60}), LimitsOf([]float64{40, math.Inf(1)})
	golden(t, "limits", limited, small)
	many := sampleFigure(3)
	for i := range 8 {
		twin := many.Series[i]
		twin.Order, twin.Label = len(many.Series), twin.Label+" again"
		many.Series = append(many.Series, twin)
	}
	golden(t, "whiskers", many, DefaultSize)
}

// at returns a curve with the values at 0, 1, 2 and so on.
func at(y ...float64) Curve {
	c := Curve{Y: y}
	for i := range y {
		c.X = append(c.X, float64(i))
	}
	return c
}

// Whatever was recorded, there is a figure.
func TestOddFiguresAreDrawn(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	one := func(c ...Curve) []Series { return []Series{{Label: "a", Seeds: c}} }
	long := strings.Repeat("a very long label of a variant ", 20)
	var crowd []Series
	for i := range 60 {
		crowd = append(crowd, Series{Label: long, Order: i - 5, Seeds: []Curve{at(float64(i), float64(i+1))}})
	}
	figures := map[string]*Figure{
		"nothing":          {},
		"series without":   {Series: []Series{{}, {Label: "b"}}},
		"only NaN":         {Series: one(at(nan, nan, inf))},
		"one point":        {Series: one(at(3))},
		"one point log":    {LogX: true, LogY: true, Series: one(Curve{[]float64{10}, []float64{10}})},
		"flat":             {Series: one(at(5, 5, 5))},
		"flat at 0":        {Series: one(at(0, 0, 0))},
		"zeros on log":     {LogX: true, LogY: true, Series: one(at(0, 1, 0, 2))},
		"all zero on log":  {LogX: true, Series: one(Curve{[]float64{0, 0}, []float64{1, 2}}), Targets: []Target{{1, "t", true}}},
		"huge":             {Series: one(at(-1e300, 1e300)), LogX: true},
		"largest":          {Series: one(at(-math.MaxFloat64, math.MaxFloat64))},
		"tiny":             {Series: one(at(1, 1+1e-15))},
		"smallest":         {LogY: true, Series: one(at(5e-324, 1e-300, 1e300))},
		"negative targets": {LogY: true, Series: one(at(1, 2)), Targets: []Target{{-1, "no", true}, {0, "no", false}, {1.5, "yes", false}, {1e9, "far", true}}},
		"crowd":            {Title: long, Subtitle: long, XLabel: long, YLabel: long, Series: crowd},
		"unicode":          {Title: "α ± µ 漢字 \xff\n", Series: []Series{{Label: "w₂ ≤ 10⁻³ 🙂", Seeds: []Curve{at(1, 2)}}}},
	}
	sizes := []Size{Sizes()[1], {"stamp", 30, 20, 1}}
	for name, f := range figures {
		for i, size := range sizes {
			if err := Write(new(bytes.Buffer), f, Formats()[i%3], size); err != nil {
				t.Errorf("%s, %s: %v", name, size.Name, err)
			}
		}
		if err := Write(new(bytes.Buffer), f, "pdf", DefaultSize); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLooksAreDistinct(t *testing.T) {
	seen := map[string]int{}
	for order := range len(palette) * len(dashes) * len(markers) {
		key := fmt.Sprint(lookOf(order))
		if before, ok := seen[key]; ok {
			t.Fatalf("variants %d and %d look alike", before, order)
		}
		seen[key] = order
	}
	lookOf(-1 << 63) // must not panic
}

// luminance is the relative luminance of sRGB (IEC 61966-2-1).
func luminance(r, g, b uint8) float64 {
	lin := func(v uint8) float64 { return math.Pow((float64(v)/255+0.055)/1.055, 2.4) }
	return 0.2126*lin(r) + 0.7152*lin(g) + 0.0722*lin(b)
}

func TestLegendHidesNothing(t *testing.T) {
	f := &Figure{Series: []Series{{Label: "rising", Seeds: []Curve{at(0, 1, 2, 3, 4)}}}}
	theme := DefaultSize.theme()
	curves := lines{theme, f.lines()}
	g := f.legend(theme, curves)
	c, err := newCanvas("svg", DefaultSize, dpi)
	if err != nil {
		t.Fatal(err)
	}
	page := draw.New(c)
	p := f.plot(theme, page, curves)
	area := p.DataCanvas(page)
	trace := curves.trace(area, p)
	r, ok := g.inside(area.Rectangle, trace)
	if !ok || anyWithin(r, trace) {
		t.Errorf("placed at %v, %v", r, ok)
	}
	if r.Min.X < area.Center().X || r.Max.Y > area.Center().Y {
		t.Errorf("under a rising curve the legend belongs to the lower right, not to %v", r)
	}
	var everywhere []vg.Point
	for x := area.Min.X; x < area.Max.X; x += 10 {
		for y := area.Min.Y; y < area.Max.Y; y += 5 {
			everywhere = append(everywhere, vg.Point{X: x, Y: y})
		}
	}
	if r, ok := g.inside(area.Rectangle, everywhere); ok {
		t.Errorf("placed at %v although it hides curves", r)
	}
	rest, r, _ := g.outside(page)
	if r.Max.Y > rest.Min.Y && r.Min.X < rest.Max.X {
		t.Errorf("the legend %v overlaps the plot %v", r, rest.Rectangle)
	}
}

// Targets far above all curves do not flatten these; other lines are always in sight.
func TestFarTargets(t *testing.T) {
	top := func(target Target) float64 {
		f := &Figure{Series: []Series{{Seeds: []Curve{{X: []float64{0, 1}, Y: []float64{0, 10}}}}}, Targets: []Target{target}}
		_, _, _, high := f.ranges(f.lines())
		return high
	}
	if near, far, line := top(Target{11, "target 11", true}), top(Target{50, "target 50", true}), top(Target{50, "baseline", false}); near < 11 || far > 11 || line < 50 {
		t.Errorf("frames end at %v, %v and %v", near, far, line)
	}
}
