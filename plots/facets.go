package plots

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Facets shows several figures as small multiples: side by side, with common axes and one legend. Axes, labels, logarithms, targets
// and limits are those of the first figure; equal curves of different figures have equal labels and orders.
type Facets struct {
	Title, Subtitle string
	Panels          []Facet
}

// Facet is one of several small figures.
type Facet struct {
	Name   string // above it
	Figure *Figure
}

// facetWidth is the least width of a small figure, in points.
const facetWidth = 120

// gridOf returns how many small figures stand side by side and below each other, for a page of some width.
func gridOf(n int, size Size, least float64) (columns, rows int) {
	n = max(n, 1)
	columns = max(1, min(n, int(size.Width/(size.theme().pt(least)))))
	rows = (n + columns - 1) / columns
	return (n + rows - 1) / rows, rows
}

// Fit returns the size that suits so many figures: the same width, and a height of rows that are a little lower than wide.
func (f *Facets) Fit(size Size) Size {
	columns, rows := gridOf(len(f.Panels), size, facetWidth)
	t := size.theme()
	panel := (size.Width - t.pt(30)) / vg.Length(columns)
	size.Height = t.pt(82) + vg.Length(rows)*(min(panel*0.72, t.pt(150))+t.pt(16))
	return size
}

// Draw draws the figures.
func (f *Facets) Draw(c draw.Canvas, size Size) {
	t := size.theme()
	c = t.page(c, f.Title, f.Subtitle)
	if len(f.Panels) == 0 {
		return
	}
	first, panels := f.Panels[0].Figure, f.lines(t)
	all := lines{theme: t}
	for _, p := range panels {
		all.list = append(all.list, p.list...)
	}
	if len(all.list) == 0 {
		first.drawEmpty(c, t)
		return
	}
	c = f.legend(t, panels).beneath(c)
	c = t.axisNames(c, first.XLabel, first.YLabel)
	columns, _ := gridOf(len(f.Panels), size, facetWidth)
	t.tiles(c, len(f.Panels), columns, func(i int, c draw.Canvas) *plot.Plot {
		p := f.panel(t, c, i, panels[i])
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = first.frame(c.Size(), all)
		unlabel(&p.X, i+columns < len(f.Panels))
		unlabel(&p.Y, i%columns != 0)
		return p
	})
}

// lines returns the lines of each figure.
func (f *Facets) lines(t theme) []lines {
	list := make([]lines, len(f.Panels))
	for i, p := range f.Panels {
		list[i] = lines{t, p.Figure.lines()}
	}
	return list
}

// legend returns the entries of all figures, each label once.
func (f *Facets) legend(t theme, panels []lines) legend {
	out, known := legend{theme: t}, map[string]bool{}
	for i, p := range f.Panels {
		for _, e := range p.Figure.legend(t, panels[i]).entries {
			if !known[e.label] {
				known[e.label] = true
				out.entries = append(out.entries, e)
			}
		}
	}
	return out
}

// panel makes figure i without the names of its axes, which all share.
func (f *Facets) panel(t theme, c draw.Canvas, i int, l lines) *plot.Plot {
	bare := *f.Panels[i].Figure
	bare.XLabel, bare.YLabel = "", ""
	p := bare.plot(t, c, l)
	p.Title.Text = fitted(t.legend(), f.Panels[i].Name, c.Size().X)
	p.Title.TextStyle = withAlignment(t.legend(), p.Title.TextStyle)
	p.Title.Padding = t.pt(2)
	return p
}

// unlabel takes the numbers off an axis that has others beside or below it.
func unlabel(axis *plot.Axis, inner bool) {
	if inner {
		axis.Tick.Marker, axis.Tick.Label.Font.Size = unlabelled{axis.Tick.Marker}, 0.1
	}
}

// unlabelled leaves a ticker's ticks, and with them the grid, but writes nothing at them.
type unlabelled struct{ plot.Ticker }

// Ticks returns the ticks.
func (u unlabelled) Ticks(low, high float64) []plot.Tick {
	ticks := u.Ticker.Ticks(low, high)
	for i := range ticks {
		if !ticks[i].IsMinor() {
			ticks[i].Label = " "
		}
	}
	return ticks
}

// tiles draws n plots in rows of so many columns, their data areas aligned.
func (t theme) tiles(c draw.Canvas, n, columns int, build func(i int, c draw.Canvas) *plot.Plot) {
	rows := (n + columns - 1) / columns
	tiles := draw.Tiles{Cols: columns, Rows: rows, PadX: t.pt(7), PadY: t.pt(7)}
	plots := make([][]*plot.Plot, rows)
	for row := range plots {
		plots[row] = make([]*plot.Plot, columns)
		for column := range columns {
			if i := row*columns + column; i < n {
				plots[row][column] = build(i, tiles.At(c, column, row))
			}
		}
	}
	for row, canvases := range plot.Align(plots, tiles, c) {
		for column, canvas := range canvases {
			if p := plots[row][column]; p != nil {
				p.Draw(canvas)
			}
		}
	}
}

// axisNames writes the names of axes that several plots share below them and to their left. It returns what is left.
func (t theme) axisNames(c draw.Canvas, x, y string) draw.Canvas {
	style := t.label()
	style.XAlign, style.YAlign = text.XCenter, text.YBottom
	rest := c
	if x != "" {
		rest = draw.Crop(rest, 0, 0, t.pt(12), 0)
	}
	if y != "" {
		rest = draw.Crop(rest, t.pt(14), 0, 0, 0)
	}
	if x != "" {
		handler.Draw(c, fitted(style, x, rest.Size().X), style, vg.Point{X: rest.Center().X, Y: c.Min.Y})
	}
	if y != "" {
		style.Rotation, style.YAlign = math.Pi/2, text.YTop
		handler.Draw(c, fitted(style, y, rest.Size().Y), style, vg.Point{X: c.Min.X, Y: rest.Center().Y})
	}
	return rest
}

// beneath draws the legend at the lower edge of a canvas and returns what is left above it.
func (g legend) beneath(c draw.Canvas) draw.Canvas {
	if len(g.entries) == 0 {
		return c
	}
	size, gap := c.Size(), g.pt(10)
	w := g.columnWidth(size.X)
	columns := max(1, min(int((size.X+gap)/(w+gap)), len(g.entries)))
	height := min(vg.Length(g.rows(columns))*g.row()+g.pt(4), size.Y*0.4)
	width := min(size.X, vg.Length(columns)*(w+gap))
	left := c.Min.X + (size.X-width)/2
	g.draw(c, vg.Rectangle{Min: vg.Point{X: left, Y: c.Min.Y}, Max: vg.Point{X: left + width, Y: c.Min.Y + height - g.pt(4)}}, columns)
	return draw.Crop(c, 0, 0, height, 0)
}
