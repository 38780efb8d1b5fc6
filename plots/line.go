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
	bandAlpha   = 40 // of 255
	besideAlpha = 150
)

// line is one curve in the coordinates of the axes, ready to draw.
type line struct {
	Summary
	look
	label  string
	order  int
	beside bool // drawn thin, without band, markers and legend entry
}

func (l *line) style(t theme) draw.LineStyle {
	if !l.beside {
		return l.look.line(t, 1.3)
	}
	s := l.look.line(t, 0.8)
	s.Color = translucent(l.color, besideAlpha)
	return s
}

func (l *line) banded() bool { return !l.beside && l.Seeds > 1 && len(l.X) > 1 }

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
		var path vg.Path
		path.Move(vg.Point{X: x(l.X[0]), Y: y(l.Low[0])})
		for k := 1; k < len(l.X); k++ {
			path.Line(vg.Point{X: x(l.X[k]), Y: y(l.Low[k])})
		}
		for k := len(l.X) - 1; k >= 0; k-- {
			path.Line(vg.Point{X: x(l.X[k]), Y: y(l.High[k])})
		}
		path.Close()
		c.Fill(path)
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
}

func (ls lines) draw(c draw.Canvas, p *plot.Plot, l *line) {
	points := l.points(c, p)
	if len(points) > 1 {
		c.StrokeLines(l.style(ls.theme), points)
	}
	if l.beside && len(points) > 1 {
		return
	}
	for _, i := range markerPlaces(len(points), l.order) {
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
