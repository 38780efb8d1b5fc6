package plots

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Scatter shows what is gained against what it costs, and marks the Pareto front: the points that no other point beats in
// both. Points off the front are hollow.
type Scatter struct {
	Title, Subtitle string
	XLabel, YLabel  string
	LogX, LogY      bool
	WholeX          bool // ticks of a linear x axis stand at whole numbers
	LowX, LowY      bool // less of it is better
	Clouds          []Cloud
	XLim, YLim      Limits
}

// Cloud is points that belong together.
type Cloud struct {
	Label  string
	Order  int // chooses the look
	Points []Point
	Joined bool // whether a thin line joins the points in their order
}

// Point is one outcome with its error in y, and what is written beside it.
type Point struct {
	X, Y, Low, High float64
	Text            string
}

// place is a point in the coordinates of the axes.
type place struct {
	cloud   int
	x, y    float64
	low, up float64
	front   bool
	text    string
}

// places returns the points that can be shown, and marks those of the front.
func (s *Scatter) places() []place {
	var list []place
	at := func(v float64, log bool) float64 {
		if log {
			return math.Log10(v)
		}
		return v
	}
	for i, cloud := range s.Clouds {
		for _, p := range cloud.Points {
			q := place{cloud: i, x: at(p.X, s.LogX), y: at(p.Y, s.LogY), text: plain(p.Text)}
			q.low, q.up = orElse(at(p.Low, s.LogY), q.y), orElse(at(p.High, s.LogY), q.y)
			if finite(q.x) && finite(q.y) {
				list = append(list, q)
			}
		}
	}
	for i := range list {
		list[i].front = !slices.ContainsFunc(list, func(o place) bool { return s.beats(o, list[i]) })
	}
	return list
}

// beats reports whether a is nowhere worse than b and somewhere better.
func (s *Scatter) beats(a, b place) bool {
	dx, dy := a.x-b.x, a.y-b.y
	if s.LowX {
		dx = -dx
	}
	if s.LowY {
		dy = -dy
	}
	return dx >= 0 && dy >= 0 && (dx > 0 || dy > 0)
}

// Draw draws the points.
func (s *Scatter) Draw(c draw.Canvas, size Size) {
	t := size.theme()
	c = t.page(c, s.Title, s.Subtitle)
	list := s.places()
	g := legend{theme: t}
	for i, cloud := range s.Clouds {
		if slices.ContainsFunc(list, func(p place) bool { return p.cloud == i }) {
			look := lookOf(cloud.Order)
			g.entries = append(g.entries, entry{plain(cloud.Label), s.joint(t, i), &look, false})
		}
	}
	if len(list) > 0 {
		g.entries = append(g.entries, entry{"Pareto front", t.front(), nil, false})
	}
	f := Figure{XLabel: s.XLabel, YLabel: s.YLabel, LogX: s.LogX, LogY: s.LogY, WholeX: s.WholeX, XLim: s.XLim, YLim: s.YLim}
	if len(list) == 0 {
		f.drawEmpty(c, t)
		return
	}
	all := line{}
	for _, p := range list {
		all.X, all.Mean = append(all.X, p.x), append(all.Mean, p.y)
		all.Low, all.High = append(all.Low, p.low), append(all.High, p.up)
	}
	all.Seeds = 2 // so that the errors belong to it
	curves := lines{t, []line{all}}
	build := func(c draw.Canvas) *plot.Plot {
		p := f.plot(t, c, lines{t, nil})
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = f.ranges(curves.list)
		if s.XLim.Low == nil {
			p.X.Min -= 0.03 * (p.X.Max - p.X.Min)
		}
		if s.XLim.High == nil {
			p.X.Max += 0.06 * (p.X.Max - p.X.Min)
		}
		p.Add(points{t, s, list})
		return p
	}
	g.place(c, build, func(c draw.Canvas, p *plot.Plot) []vg.Point { return s.trace(t, c, p, list) })
}

// joint is the line between the points of a cloud.
func (s *Scatter) joint(t theme, cloud int) draw.LineStyle {
	if !s.Clouds[cloud].Joined {
		return draw.LineStyle{}
	}
	style := lookOf(s.Clouds[cloud].Order).line(t, 0.7)
	style.Color = translucent(lookOf(s.Clouds[cloud].Order).color, 150)
	return style
}

func (t theme) front() draw.LineStyle {
	return draw.LineStyle{Color: color.Gray{0xC4}, Width: t.pt(2.6)}
}

// trace returns points that a legend must not cover.
func (s *Scatter) trace(t theme, c draw.Canvas, p *plot.Plot, list []place) []vg.Point {
	x, y := p.Transforms(&c)
	var out []vg.Point
	for _, q := range list {
		low, high := y(q.low), y(q.up)
		for v := low; v <= high; v += t.pt(3) {
			out = append(out, vg.Point{X: x(q.x), Y: v})
		}
		reach := t.subtitle().Width(q.text) + t.pt(6)
		for k := -reach; k < reach; k += t.pt(4) {
			for _, rise := range []vg.Length{-t.pt(11), 0, t.pt(11)} {
				out = append(out, vg.Point{X: x(q.x) + k, Y: y(q.y) + rise})
			}
		}
	}
	return lines{theme: t}.follow(out, steps(s, c, p, list))
}

// steps returns the corners of the front.
func steps(s *Scatter, c draw.Canvas, p *plot.Plot, list []place) []vg.Point {
	x, y := p.Transforms(&c)
	var on []place
	for _, q := range list {
		if q.front {
			on = append(on, q)
		}
	}
	slices.SortStableFunc(on, func(a, b place) int {
		if a.x < b.x {
			return -1
		}
		return 1
	})
	var out []vg.Point
	for i, q := range on {
		at := vg.Point{X: x(q.x), Y: y(q.y)}
		if i > 0 { // what lies between two of the front is no better than the worse of both
			before := out[len(out)-1]
			corner := vg.Point{X: before.X, Y: at.Y}
			if s.LowX {
				corner = vg.Point{X: at.X, Y: before.Y}
			}
			out = append(out, corner)
		}
		out = append(out, at)
	}
	return out
}

// points draws the front, the joints, the errors, the markers and the words.
type points struct {
	theme
	*Scatter
	list []place
}

func (ps points) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	if corners := steps(ps.Scatter, c, p, ps.list); len(corners) > 1 {
		c.StrokeLines(ps.front(), c.ClipLinesXY(corners)...)
	}
	for i := range ps.Clouds {
		var joined []vg.Point
		for _, q := range ps.list {
			if q.cloud == i {
				joined = append(joined, vg.Point{X: x(q.x), Y: y(q.y)})
			}
		}
		if ps.Clouds[i].Joined && len(joined) > 1 {
			c.StrokeLines(ps.joint(ps.theme, i), c.ClipLinesXY(joined)...)
		}
	}
	var taken []vg.Rectangle
	for _, q := range ps.list {
		at := vg.Point{X: x(q.x), Y: y(q.y)}
		if !c.Contains(at) {
			continue
		}
		ps.draw(c, at, y(q.low), y(q.up), &q)
		reach := vg.Point{X: ps.pt(3), Y: ps.pt(3)}
		taken = append(taken, vg.Rectangle{Min: at.Sub(reach), Max: at.Add(reach)},
			vg.Rectangle{Min: vg.Point{X: at.X - ps.pt(1), Y: y(q.low)}, Max: vg.Point{X: at.X + ps.pt(1), Y: y(q.up)}})
	}
	for _, q := range ps.list {
		if at := (vg.Point{X: x(q.x), Y: y(q.y)}); q.text != "" && c.Contains(at) {
			if r, ok := ps.words(c, at, q.text, taken); ok {
				taken = append(taken, r)
			}
		}
	}
}

// draw draws one point: its error, and its marker, hollow unless it is of the front.
func (ps points) draw(c draw.Canvas, at vg.Point, low, high vg.Length, q *place) {
	look := lookOf(ps.Clouds[q.cloud].Order)
	if high-low > ps.pt(1) {
		low, high = max(low, c.Min.Y), min(high, c.Max.Y)
		style := draw.LineStyle{Color: look.color, Width: ps.pt(0.8)}
		c.StrokeLine2(style, at.X, low, at.X, high)
		for _, edge := range []vg.Length{low, high} {
			c.StrokeLine2(style, at.X-ps.pt(1.5), edge, at.X+ps.pt(1.5), edge)
		}
	}
	shape := markers[look.marker](at, ps.pt(2.6))
	c.SetColor(look.color)
	if !q.front {
		c.SetColor(color.White)
	}
	c.Fill(shape)
	c.SetLineStyle(draw.LineStyle{Color: look.color, Width: ps.pt(1)})
	c.Stroke(shape)
}

// words writes beside a point, at the first of a few places within the frame where it covers nothing that is taken, and returns
// where. ok is false, and nothing is written, if there is none.
func (ps points) words(c draw.Canvas, at vg.Point, text string, taken []vg.Rectangle) (r vg.Rectangle, ok bool) {
	style := ps.subtitle()
	w, h, gap := style.Width(text), style.Font.Size, ps.pt(4.5)
	for _, corner := range []vg.Point{
		{X: gap, Y: -h * 0.4}, {X: -w / 2, Y: gap}, {X: -w / 2, Y: -gap - h*0.8}, {X: -gap - w, Y: -h * 0.4},
		{X: gap * 0.7, Y: gap * 0.6}, {X: gap * 0.7, Y: -gap*0.6 - h*0.8}, {X: -gap*0.7 - w, Y: gap * 0.6}, {X: -gap*0.7 - w, Y: -gap*0.6 - h*0.8},
	} {
		low := at.Add(corner)
		r = vg.Rectangle{Min: low, Max: low.Add(vg.Point{X: w, Y: h * 0.8})}
		if r.Max.X > c.Max.X || r.Min.X < c.Min.X || r.Max.Y > c.Max.Y || r.Min.Y < c.Min.Y {
			continue
		}
		if !slices.ContainsFunc(taken, func(o vg.Rectangle) bool { return overlap(r, o) }) {
			write(c, style, r.Min, text)
			return r, true
		}
	}
	return r, false
}

func overlap(a, b vg.Rectangle) bool {
	return a.Min.X < b.Max.X && b.Min.X < a.Max.X && a.Min.Y < b.Max.Y && b.Min.Y < a.Max.Y
}
