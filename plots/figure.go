// Package plots draws figures from records of runs.
package plots

import (
	"fmt"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Figure shows curves over one x axis, each the mean over seeds with a band.
type Figure struct {
	Title, Subtitle string
	XLabel, YLabel  string
	LogX, LogY      bool // values that have no logarithm are left out; means over LogY are geometric
	WholeX          bool // ticks of a linear x axis stand at whole numbers, as rounds do
	Steps           bool // each value holds until the next one
	Series          []Series
	Band            Band
	Main, Beside    string // what Series.Seeds and Series.Beside are, for the legend: "test", "training"
	Targets         []Target
	XLim, YLim      Limits // ends of the axes, in their units
}

// Limits are the ends of an axis; nil leaves an end to the data.
type Limits struct{ Low, High *float64 }

// LimitsOf makes limits of two numbers, of which infinite ones leave an end to the data; other lists set none.
func LimitsOf(ends []float64) (l Limits) {
	if len(ends) != 2 {
		return l
	}
	if finite(ends[0]) {
		l.Low = &ends[0]
	}
	if finite(ends[1]) {
		l.High = &ends[1]
	}
	return l
}

// ParseLimits reads LOW:HIGH; either may be missing, and an empty text sets none.
func ParseLimits(text string) (Limits, error) {
	var l Limits
	if text == "" {
		return l, nil
	}
	low, high, ok := strings.Cut(text, ":")
	for _, end := range []struct {
		text string
		to   **float64
	}{{low, &l.Low}, {high, &l.High}} {
		v, err := strconv.ParseFloat(end.text, 64)
		switch {
		case end.text == "":
		case err != nil || !finite(v):
			ok = false
		default:
			*end.to = &v
		}
	}
	if !ok || l.Low != nil && l.High != nil && !(*l.Low < *l.High) {
		return Limits{}, fmt.Errorf("limits are written LOW:HIGH, as in 0:100, 10: or :80, with LOW below HIGH; got %q", text)
	}
	return l, nil
}

// set replaces the ends of an axis. On a logarithmic axis limits without a logarithm set nothing.
func (l Limits) set(low, high *float64, log bool) {
	for _, end := range []struct{ from, to *float64 }{{l.Low, low}, {l.High, high}} {
		if end.from == nil || log && *end.from <= 0 {
			continue
		}
		*end.to = *end.from
		if log {
			*end.to = math.Log10(*end.from)
		}
	}
	if !(*low < *high) { // one end is given and lies beyond the data
		*low, *high = widened(min(*low, *high), min(*low, *high), 0)
	}
}

// Target is a horizontal line at a value of interest.
type Target struct {
	Value float64
	Label string
	Far   bool // if it lies far above all curves, the frame does not reach it, and its name stands at the upper end
}

// farShare is how far beyond the curves a frame reaches up for targets that may be far, in parts of the curves' range.
const farShare = 0.1

// Draw draws the figure.
func (f *Figure) Draw(c draw.Canvas, size Size) {
	t := size.theme()
	c = t.page(c, f.Title, f.Subtitle)
	curves := lines{t, f.lines()}
	if len(curves.list) == 0 {
		f.drawEmpty(c, t)
		return
	}
	build := func(c draw.Canvas) *plot.Plot { return f.plot(t, c, curves) }
	f.legend(t, curves).place(c, build, curves.trace)
}

// page clears the canvas and writes the heading. It returns what is left to draw on.
func (t theme) page(c draw.Canvas, title, subtitle string) draw.Canvas {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, t.pt(6), -t.pt(8), t.pt(6), -t.pt(6))
	top := c.Max.Y
	for _, block := range []struct {
		style text.Style
		text  string
		lines int
	}{{t.title(), title, 2}, {t.subtitle(), subtitle, 3}} {
		for _, row := range wrapped(block.style, block.text, c.Size().X, block.lines) {
			write(c, block.style, vg.Point{X: c.Min.X, Y: top - block.style.Font.Size}, row)
			top -= block.style.Font.Size * 1.3
		}
	}
	if top < c.Max.Y {
		top -= t.pt(5)
	}
	return draw.Crop(c, 0, 0, 0, top-c.Max.Y)
}

// lines returns the curves in the coordinates of the axes, those without points left out.
func (f *Figure) lines() []line {
	var list []line
	add := func(s *Series, seeds []Curve, beside bool) {
		scaled := make([]Curve, len(seeds))
		for i, c := range seeds {
			scaled[i] = c.log10(f.LogX, f.LogY)
		}
		if sum := f.summarise(scaled); len(sum.X) > 0 {
			list = append(list, line{Summary: sum, look: lookOf(s.Order), label: plain(s.Label), order: s.Order, beside: beside})
		}
	}
	for i := range f.Series {
		add(&f.Series[i], f.Series[i].Seeds, false)
		add(&f.Series[i], f.Series[i].Beside, true)
	}
	thinBands(list)
	return list
}

func (f *Figure) summarise(seeds []Curve) Summary {
	if f.Steps {
		return summariseSteps(seeds, f.Band).thinned(mostSteps)
	}
	return Summarise(seeds, f.Band).thinned(mostPoints)
}

// plot returns the axes and curves for a canvas.
func (f *Figure) plot(t theme, c draw.Canvas, curves lines) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	t.apply(p)
	size := c.Size()
	p.X.Label.Text = fitted(p.X.Label.TextStyle, f.XLabel, size.X-t.pt(40))
	p.Y.Label.Text = fitted(p.Y.Label.TextStyle, f.YLabel, size.Y-t.pt(10))
	p.X.Tick.Marker = ticker(f.LogX, f.WholeX, int(size.X/t.pt(42)))
	p.Y.Tick.Marker = ticker(f.LogY, false, int(size.Y/t.pt(20)))
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = f.frame(size, curves)
	p.Add(grid{t}, targets{t, f.marks()}, bands(curves.list), curves)
	return p
}

// frame returns the axes' ends on a canvas of some size, where bars behind the curves' ends have room.
func (f *Figure) frame(size vg.Point, curves lines) (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = f.ranges(curves.list)
	if n := curves.abreast(); n > 0 && f.XLim.High == nil {
		xmax += (xmax - xmin) * float64(curves.pitch()*vg.Length(n)/max(size.X, 1))
	}
	return xmin, xmax, ymin, ymax
}

func ticker(log, whole bool, count int) plot.Ticker {
	count = max(2, min(count, 12))
	if log {
		return logTicks{count}
	}
	if whole {
		return integerTicks{count}
	}
	return linearTicks{count}
}

// ranges returns the axes' ends: the curves' with a margin, so that nothing sticks to the frame.
func (f *Figure) ranges(list []line) (xmin, xmax, ymin, ymax float64) {
	xmin, ymin = math.Inf(1), math.Inf(1)
	xmax, ymax = math.Inf(-1), math.Inf(-1)
	for i := range list {
		l := &list[i]
		for k := range l.X {
			low, high := l.spread(k)
			xmin, xmax = min(xmin, l.X[k]), max(xmax, l.X[k])
			ymin, ymax = min(ymin, low), max(ymax, high)
		}
	}
	reach := (ymax - ymin) * farShare
	if !(reach > 0) {
		reach = math.Inf(1)
	}
	high := ymax + reach
	for _, m := range f.marks() {
		if !m.Far || m.Value <= high {
			ymin, ymax = min(ymin, m.Value), max(ymax, m.Value)
		}
	}
	xmin, xmax = widened(xmin, xmax, 0.025)
	ymin, ymax = widened(ymin, ymax, 0.04)
	f.XLim.set(&xmin, &xmax, f.LogX)
	f.YLim.set(&ymin, &ymax, f.LogY)
	return xmin, xmax, ymin, ymax
}

// widened adds a share of the range to both its ends; an empty range gets a width that suits its value.
func widened(low, high, share float64) (float64, float64) {
	margin := (high - low) * share
	if !(high-low > 1e-9*max(math.Abs(low), math.Abs(high))) {
		margin = max(math.Abs(high)*0.1, 0.1)
	}
	return low - margin, high + margin
}

// marks returns the targets in the coordinates of the y axis.
func (f *Figure) marks() []Target {
	if !f.LogY {
		return f.Targets
	}
	var out []Target
	for _, m := range f.Targets {
		if m.Value > 0 {
			out = append(out, Target{math.Log10(m.Value), m.Label, m.Far})
		}
	}
	return out
}

func (f *Figure) legend(t theme, curves lines) legend {
	g := legend{theme: t}
	beside := false
	for i := range curves.list {
		l := &curves.list[i]
		if l.beside {
			beside = true
			continue
		}
		g.entries = append(g.entries, entry{l.label, l.style(t), &l.look, l.banded()})
	}
	if beside && f.Main != "" && f.Beside != "" {
		thick := draw.LineStyle{Color: rule, Width: t.pt(1.3)}
		thin := draw.LineStyle{Color: rule, Width: t.pt(0.8)}
		g.entries = append(g.entries, entry{label: f.Main, line: thick}, entry{label: f.Beside, line: thin})
	}
	return g
}

// drawEmpty draws axes that say that nothing was measured yet.
func (f *Figure) drawEmpty(c draw.Canvas, t theme) {
	empty := *f
	empty.LogX, empty.LogY, empty.Targets = false, false, nil
	p := empty.plot(t, c, lines{t, nil})
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks{}, plot.ConstantTicks{}
	p.Draw(c)
	const words = "nothing to show yet"
	style := t.label()
	write(c, style, c.Center().Sub(vg.Point{X: style.Width(words) / 2}), words)
}

// grid draws light lines at the labelled ticks.
type grid struct{ theme }

func (g grid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if at := x(tick.Value); !tick.IsMinor() && c.ContainsX(at) {
			c.StrokeLine2(g.theme.grid(), at, c.Min.Y, at, c.Max.Y)
		}
	}
	for _, tick := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if at := y(tick.Value); !tick.IsMinor() && c.ContainsY(at) {
			c.StrokeLine2(g.theme.grid(), c.Min.X, at, c.Max.X, at)
		}
	}
}

// targets draws lines at values of interest, named at their right ends outside the axes. The names of those that are far above the
// frame stand at its upper end, with an arrow.
type targets struct {
	theme
	list []Target
}

func (ts targets) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	style := draw.LineStyle{Color: rule, Width: ts.pt(0.7), Dashes: []vg.Length{ts.pt(1), ts.pt(2)}}
	for _, m := range ts.list {
		at := y(m.Value)
		if !c.ContainsY(at) {
			continue
		}
		c.StrokeLine2(style, c.Min.X, at, c.Max.X, at)
		write(c, ts.subtitle(), vg.Point{X: c.Max.X + ts.pt(2), Y: at - ts.pt(2.5)}, m.Label)
	}
	write(c, ts.subtitle(), vg.Point{X: c.Max.X + ts.pt(2), Y: c.Max.Y - ts.pt(5)}, ts.beyond(p))
}

// beyond names the targets that are far above the frame, as in "↑ target 50, 90".
func (ts targets) beyond(p *plot.Plot) string {
	words := ""
	for _, m := range ts.list {
		switch {
		case !m.Far || m.Label == "" || m.Value <= p.Y.Max:
		case words == "":
			words = "↑ " + m.Label
		default:
			words += ", " + m.Label[strings.LastIndexByte(m.Label, ' ')+1:]
		}
	}
	return words
}

// GlyphBoxes keeps room for the names.
func (ts targets) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	var boxes []plot.GlyphBox
	room := func(at float64, words string) {
		box := vg.Rectangle{Max: vg.Point{X: ts.pt(2) + ts.subtitle().Width(words)}}
		boxes = append(boxes, plot.GlyphBox{X: 1, Y: at, Rectangle: box})
	}
	for _, m := range ts.list {
		if v := p.Y.Norm(m.Value); v >= 0 && v <= 1 {
			room(v, m.Label)
		}
	}
	if words := ts.beyond(p); words != "" {
		room(1, words)
	}
	return boxes
}
