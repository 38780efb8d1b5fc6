package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	mostPoints  = 120 // of one drawn line
	mostSteps   = 2000
	mostMarkers = 8  // on one drawn line
	mostBands   = 12 // in one figure; more of them on top of each other are a fog
	bandAlpha   = 40 // of 255
	besideAlpha = 150
)

// line is one curve in the coordinates of the axes, ready to draw.
type line struct {
	Summary
	look
	label   string
	order   int
	beside  bool // drawn thin, without band, markers and legend entry
	whisker bool // in place of the band, a bar behind its end shows the height that the band has there
}

func (l *line) style(t theme) draw.LineStyle {
	if !l.beside {
		return l.look.line(t, 1.3)
	}
	s := l.look.line(t, 0.8)
	s.Color = translucent(l.color, besideAlpha)
	return s
}

func (l *line) banded() bool { return !l.beside && !l.whisker && l.Seeds > 1 && len(l.X) > 1 }

// spread returns the edges of what is drawn around point k.
func (l *line) spread(k int) (low, high float64) {
	if l.banded() || l.whisker && k == len(l.X)-1 {
		return l.Low[k], l.High[k]
	}
	return l.Mean[k], l.Mean[k]
}

// thinBands replaces the bands of a list that has too many of them.
func thinBands(list []line) {
	n := 0
	for i := range list {
		if list[i].banded() {
			n++
		}
	}
	for i := range list {
		list[i].whisker = n > mostBands && list[i].banded()
	}
}

// bands fills the bands of all lines; they lie beneath every line.
type bands []line

func (b bands) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i := range b {
		l := &b[i]
		if !l.banded() {
			continue
		}
		c.SetColor(translucent(l.color, bandAlpha))
		var outline []vg.Point
		for k := range l.X {
			outline = append(outline, vg.Point{X: x(l.X[k]), Y: y(l.Low[k])})
		}
		for k := len(l.X) - 1; k >= 0; k-- {
			outline = append(outline, vg.Point{X: x(l.X[k]), Y: y(l.High[k])})
		}
		if outline = c.ClipPolygonXY(outline); len(outline) > 2 {
			c.Fill(closed(outline))
		}
	}
}

// lines draws the curves, those beside others first.
type lines struct {
	theme
	list []line
}

func (ls lines) Plot(c draw.Canvas, p *plot.Plot) {
	for _, beside := range []bool{true, false} {
		for i := range ls.list {
			if l := &ls.list[i]; l.beside == beside {
				ls.draw(c, p, l)
			}
		}
	}
	ls.whiskers(c, p)
}

// whiskers draws the bars behind the ends of curves. Where several curves end at the same x, their bars stand side by side.
func (ls lines) whiskers(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	pitch, cap := ls.pitch(), ls.pt(1.2)
	var ends []vg.Length
	for i := range ls.list {
		l := &ls.list[i]
		if !l.whisker {
			continue
		}
		last := len(l.X) - 1
		end := x(l.X[last])
		at := end + pitch*vg.Length(1+near(ends, end, ls.pt(4)))
		ends = append(ends, end)
		low, high := y(l.Low[last]), y(l.High[last])
		if !c.ContainsX(end) || high-low < ls.pt(0.3) {
			continue
		}
		style := draw.LineStyle{Color: l.color, Width: ls.pt(0.8)}
		for _, part := range c.ClipLinesY([]vg.Point{{X: at, Y: low}, {X: at, Y: high}}) {
			c.StrokeLines(style, part)
		}
		for _, edge := range []vg.Length{low, high} {
			if c.ContainsY(edge) {
				c.StrokeLine2(style, at-cap, edge, at+cap, edge)
			}
		}
		if middle := (vg.Point{X: at, Y: y(l.Mean[last])}); c.ContainsY(middle.Y) {
			c.SetColor(l.color)
			c.Fill(markers[l.marker](middle, ls.pt(1.3)))
		}
	}
}

// pitch is the distance between bars that stand side by side.
func (ls lines) pitch() vg.Length { return min(ls.pt(3), ls.pt(60)/vg.Length(max(ls.abreast(), 1))) }

// abreast returns the largest number of bars that stand side by side.
func (ls lines) abreast() (most int) {
	low, high := math.Inf(1), math.Inf(-1)
	for i := range ls.list {
		x := ls.list[i].X
		low, high = min(low, x[0]), max(high, x[len(x)-1])
	}
	for i := range ls.list {
		n, x := 0, ls.list[i].X
		for k := range ls.list {
			l := &ls.list[k]
			if l.whisker && math.Abs(l.X[len(l.X)-1]-x[len(x)-1]) <= 0.015*(high-low) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// near counts the lengths of a list that are within reach of one.
func near(list []vg.Length, at, reach vg.Length) (n int) {
	for _, v := range list {
		if max(v-at, at-v) < reach {
			n++
		}
	}
	return n
}

func (ls lines) draw(c draw.Canvas, p *plot.Plot, l *line) {
	points := l.points(c, p)
	if len(points) > 1 {
		c.StrokeLines(l.style(ls.theme), c.ClipLinesXY(points)...)
	}
	if l.beside && len(points) > 1 {
		return
	}
	for _, i := range markerPlaces(len(points), l.order) {
		if !c.Contains(points[i]) {
			continue
		}
		ls.mark(c, l.look, points[i])
	}
}

func (l *line) points(c draw.Canvas, p *plot.Plot) []vg.Point {
	x, y := p.Transforms(&c)
	points := make([]vg.Point, len(l.X))
	for i := range points {
		points[i] = vg.Point{X: x(l.X[i]), Y: y(l.Mean[i])}
	}
	return points
}

// mark draws a variant's marker with a white rim, which keeps crossing curves apart.
func (t theme) mark(c vg.Canvas, l look, at vg.Point) {
	shape := markers[l.marker](at, t.pt(2))
	c.SetColor(color.White)
	c.SetLineWidth(t.pt(1.2))
	c.SetLineDash(nil, 0)
	c.Stroke(shape)
	c.SetColor(l.color)
	c.Fill(shape)
}

// markerPlaces returns the indices of at most mostMarkers of n points, evenly spread; variants start at different
// places, so that markers of curves with equal x do not cover each other.
func markerPlaces(n, order int) []int {
	every := (n + mostMarkers - 1) / mostMarkers
	var places []int
	for i := max(order, 0) % max(every, 1); i < n; i += every {
		places = append(places, i)
	}
	return places
}

// trace returns points along all that the lines draw, closer together than letters are high: a legend that covers
// none of them hides nothing.
func (ls lines) trace(c draw.Canvas, p *plot.Plot) []vg.Point {
	var out []vg.Point
	for i := range ls.list {
		l := &ls.list[i]
		out = ls.follow(out, l.points(c, p))
		if l.banded() {
			for _, edge := range [][]float64{l.Low, l.High} {
				e := line{Summary: Summary{X: l.X, Mean: edge}}
				out = ls.follow(out, e.points(c, p))
			}
		}
		if last := len(l.X) - 1; l.whisker {
			x, y := p.Transforms(&c)
			at := x(l.X[last]) + ls.pitch()
			out = ls.follow(out, []vg.Point{{X: at, Y: y(l.Low[last])}, {X: at, Y: y(l.High[last])}})
		}
	}
	return out
}

func (ls lines) follow(out, points []vg.Point) []vg.Point {
	for i, q := range points {
		if i == 0 {
			out = append(out, q)
			continue
		}
		from := points[i-1]
		dx, dy := q.X-from.X, q.Y-from.Y
		n := math.Ceil(math.Hypot(float64(dx), float64(dy)) / float64(ls.pt(3)))
		for k := 1.0; k <= n; k++ {
			out = append(out, vg.Point{X: from.X + dx*vg.Length(k/n), Y: from.Y + dy*vg.Length(k/n)})
		}
	}
	return out
}
