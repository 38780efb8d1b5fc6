package plots

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// entry is one line of a legend.
type entry struct {
	label string
	line  draw.LineStyle
	look  *look // whose marker is shown; nil for none
	band  bool
}

// legend explains the curves. It is drawn inside the axes where it covers nothing, else beside or below them,
// whichever leaves more room to the curves.
type legend struct {
	theme
	entries []entry
}

// dense reports whether there are so many entries that they must stand closer.
func (g legend) dense() bool { return len(g.entries) > 8 }

func (g legend) gap() vg.Length { return g.pt(5) }

// swatch returns the length of a curve's sample.
func (g legend) swatch() vg.Length {
	if g.dense() {
		return g.pt(18)
	}
	return g.pt(24)
}

// row returns the height of an entry.
func (g legend) row() vg.Length {
	if g.dense() {
		return g.pt(10)
	}
	return g.pt(12)
}

// columnWidth returns the room that the longest entry wants, but no more than most.
func (g legend) columnWidth(most vg.Length) vg.Length {
	var w vg.Length
	for _, e := range g.entries {
		w = max(w, g.theme.legend().Width(e.label))
	}
	return min(g.swatch()+g.gap()+w, most)
}

// rows returns how many rows the entries take in so many columns.
func (g legend) rows(columns int) int { return (len(g.entries) + columns - 1) / columns }

// inside returns where in the plot's data area the legend covers none of the points. ok is false if it always would.
func (g legend) inside(area vg.Rectangle, points []vg.Point) (r vg.Rectangle, ok bool) {
	pad := g.pt(5)
	w, h := g.columnWidth(area.Size().X*0.6)+2*pad, g.row()*vg.Length(len(g.entries))+2*pad
	free := area.Size().Sub(vg.Point{X: w, Y: h})
	if free.X < 0 || free.Y < 0 || h > area.Size().Y*0.65 {
		return r, false
	}
	for _, place := range []vg.Point{{X: 1, Y: 0}, {X: 0, Y: 1}, {X: 1, Y: 1}, {X: 0, Y: 0}, {X: 1, Y: 0.5}, {X: 0.5, Y: 0}, {X: 0.5, Y: 1}} {
		low := vg.Point{X: area.Min.X + free.X*place.X, Y: area.Min.Y + free.Y*place.Y}
		r = vg.Rectangle{Min: low, Max: low.Add(vg.Point{X: w, Y: h})}
		if !anyWithin(r, points) {
			return vg.Rectangle{Min: low.Add(vg.Point{X: pad, Y: pad}), Max: r.Max.Sub(vg.Point{X: pad, Y: pad})}, true
		}
	}
	return r, false
}

func anyWithin(r vg.Rectangle, points []vg.Point) bool {
	for _, q := range points {
		if q.X >= r.Min.X && q.X <= r.Max.X && q.Y >= r.Min.Y && q.Y <= r.Max.Y {
			return true
		}
	}
	return false
}

// outside divides a canvas into one for the plot and a rectangle for the legend in the given number of columns.
func (g legend) outside(c draw.Canvas) (rest draw.Canvas, r vg.Rectangle, columns int) {
	size := c.Size()
	gap := g.pt(10)
	w := g.columnWidth(size.X)
	beside := g.columnWidth(size.X*0.4) + gap
	columns = max(1, min(int((size.X+gap)/(w+gap)), len(g.entries)))
	below := vg.Length(g.rows(columns))*g.row() + g.pt(6)
	fits := vg.Length(len(g.entries))*g.row() <= size.Y
	if fits && (size.X-beside)*size.Y > size.X*(size.Y-below) {
		rest = draw.Crop(c, 0, -beside, 0, 0)
		return rest, vg.Rectangle{Min: vg.Point{X: rest.Max.X + gap, Y: c.Min.Y}, Max: c.Max}, 1
	}
	below = min(below, size.Y*0.55)
	rest = draw.Crop(c, 0, 0, below, 0)
	r = vg.Rectangle{Min: c.Min, Max: vg.Point{X: c.Max.X, Y: rest.Min.Y - g.pt(6)}}
	r.Max.X = min(r.Max.X, r.Min.X+vg.Length(columns)*(w+2*gap))
	return rest, r, columns
}

// draw writes the entries into the rectangle, row by row from its upper left corner. If not all fit, the last line
// says how many are missing.
func (g legend) draw(c draw.Canvas, r vg.Rectangle, columns int) {
	step := r.Size().X / vg.Length(columns)
	style := g.theme.legend()
	room := max(columns, int((r.Size().Y+g.pt(1))/g.row())*columns)
	for i, e := range g.entries {
		at := vg.Point{
			X: r.Min.X + step*vg.Length(i%columns),
			Y: r.Max.Y - g.row()*(vg.Length(i/columns)+0.5),
		}
		if i == room-1 && len(g.entries) > room {
			at.Y -= style.Font.Size * 0.36
			write(c, style, at, fmt.Sprintf("and %d more", len(g.entries)-i))
			return
		}
		g.entry(c, e, at, step)
	}
}

// entry draws a sample of the curve and its label; at is the sample's left end.
func (g legend) entry(c draw.Canvas, e entry, at vg.Point, step vg.Length) {
	end := vg.Point{X: at.X + g.swatch(), Y: at.Y}
	if e.band && e.look != nil {
		c.SetColor(translucent(e.look.color, bandAlpha))
		half := vg.Point{Y: g.pt(3.5)}
		c.Fill(rectangle(vg.Rectangle{Min: at.Sub(half), Max: end.Add(half)}))
	}
	c.StrokeLine2(e.line, at.X, at.Y, end.X, end.Y)
	if e.look != nil {
		g.mark(c, *e.look, vg.Point{X: (at.X + end.X) / 2, Y: at.Y})
	}
	style := g.theme.legend()
	room := step - g.swatch() - g.gap()
	write(c, style, vg.Point{X: end.X + g.gap(), Y: at.Y - style.Font.Size*0.36}, fitted(style, e.label, room+g.pt(0.1)))
}

// backdrop clears the grid behind a legend inside the axes.
func (g legend) backdrop(c draw.Canvas, r vg.Rectangle) {
	pad := vg.Point{X: g.pt(3), Y: g.pt(2)}
	c.SetColor(color.NRGBA{0xFF, 0xFF, 0xFF, 0xE0})
	c.Fill(rectangle(vg.Rectangle{Min: r.Min.Sub(pad), Max: r.Max.Add(pad)}))
}

// place draws the plot and the legend on the canvas; trace returns points that it must not cover.
func (g legend) place(c draw.Canvas, build func(draw.Canvas) *plot.Plot, trace func(draw.Canvas, *plot.Plot) []vg.Point) {
	p := build(c)
	if len(g.entries) == 0 {
		p.Draw(c)
		return
	}
	area := p.DataCanvas(c)
	if r, ok := g.inside(area.Rectangle, trace(area, p)); ok {
		p.Draw(c)
		g.backdrop(c, r)
		g.draw(c, r, 1)
		return
	}
	rest, r, columns := g.outside(c)
	build(rest).Draw(rest)
	g.draw(c, r, columns)
}
