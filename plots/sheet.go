package plots

import (
	"image"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ContactSheet shows rows of grey images, with outlines of what was marked in them.
type ContactSheet struct {
	Title, Subtitle string
	Columns         []string // headings
	Rows            []SheetRow
	Outlines        []string // names of the masks, by bit; at most 8
}

// SheetRow is a row of images with a line of text above it.
type SheetRow struct {
	Caption string
	Panels  []Panel
}

// Panel is one image. Its slices have Width x Height elements, row by row from the top.
type Panel struct {
	Width, Height int
	Grey          []uint8
	Masks         []uint8 // sets of masks, bit r for mask r, that are outlined; nil for none
}

// outlineColours are light enough to stand out from grey images, and told apart by colour-blind readers: sky blue,
// yellow, vermilion, bluish green and reddish purple of Okabe and Ito's set ("Color Universal Design", 2008), and white.
var outlineColours = []color.NRGBA{
	{0x56, 0xB4, 0xE9, 0xFF}, {0xF0, 0xE4, 0x42, 0xFF}, {0xD5, 0x5E, 0x00, 0xFF},
	{0x00, 0x9E, 0x73, 0xFF}, {0xCC, 0x79, 0xA7, 0xFF}, {0xFF, 0xFF, 0xFF, 0xFF},
}

// Lengths of a sheet, in points.
const (
	sheetPanel   = 92 // width of an image
	sheetGap     = 4
	sheetCaption = 13
	sheetHeading = 12
	sheetLegend  = 14
	sheetPage    = 46 // margins and title
)

// Size returns the size that suits the sheet: it grows with its rows and columns.
func (s *ContactSheet) Size() Size {
	width := float64(max(3, s.columns()))*(sheetPanel+sheetGap) + 16
	height := sheetPage + sheetLegend + sheetHeading + float64(len(s.Rows))*(sheetCaption+sheetPanel*s.aspect()+sheetGap)
	return Size{Name: "sheet", Width: vg.Length(width), Height: vg.Length(height), Text: 1}
}

func (s *ContactSheet) columns() int {
	n := len(s.Columns)
	for _, row := range s.Rows {
		n = max(n, len(row.Panels))
	}
	return n
}

// aspect returns the largest height of a panel over its width.
func (s *ContactSheet) aspect() float64 {
	most := 0.0
	for _, row := range s.Rows {
		for _, p := range row.Panels {
			if p.Width > 0 {
				most = max(most, float64(p.Height)/float64(p.Width))
			}
		}
	}
	if most == 0 {
		return 1
	}
	return most
}

// Draw draws the sheet.
func (s *ContactSheet) Draw(c draw.Canvas, size Size) {
	t := size.theme()
	c = t.page(c, s.Title, s.Subtitle)
	s.legend(c, t)
	top := c.Max.Y - t.pt(sheetLegend)
	for i, name := range s.Columns {
		style := t.legend()
		left := c.Min.X + t.pt(float64(i)*(sheetPanel+sheetGap))
		write(c, style, vg.Point{X: left, Y: top - style.Font.Size}, fitted(style, name, t.pt(sheetPanel)))
	}
	top -= t.pt(sheetHeading)
	for _, row := range s.Rows {
		style := t.subtitle()
		write(c, style, vg.Point{X: c.Min.X, Y: top - style.Font.Size}, fitted(style, row.Caption, c.Size().X))
		top -= t.pt(sheetCaption)
		for i := range row.Panels {
			left := c.Min.X + t.pt(float64(i)*(sheetPanel+sheetGap))
			s.panel(c, t, &row.Panels[i], vg.Point{X: left, Y: top})
		}
		top -= t.pt(sheetPanel*s.aspect() + sheetGap)
	}
}

// legend names the outlines' colours.
func (s *ContactSheet) legend(c draw.Canvas, t theme) {
	style := t.legend()
	x, y := c.Min.X, c.Max.Y-style.Font.Size
	for r, name := range s.Outlines {
		swatch := vg.Rectangle{Min: vg.Point{X: x, Y: y - t.pt(1)}, Max: vg.Point{X: x + t.pt(14), Y: y + t.pt(6)}}
		c.SetColor(color.Gray{0x40})
		c.Fill(rectangle(swatch))
		middle := y + t.pt(2.5)
		c.StrokeLine2(t.outline(r, len(s.Outlines)), x+t.pt(2), middle, x+t.pt(12), middle)
		write(c, style, vg.Point{X: x + t.pt(17), Y: y}, name)
		x += t.pt(28) + style.Width(name)
	}
}

// outline returns the style of mask r of n. Later ones are thinner, so that one of them on top of another hides it not.
func (t theme) outline(r, n int) draw.LineStyle {
	width := 0.55 + 0.8*float64(n-1-r)/float64(max(n-1, 1))
	return draw.LineStyle{Color: outlineColours[r%len(outlineColours)], Width: t.pt(width)}
}

// panel draws an image, whose upper left corner is at a point, and its outlines.
func (s *ContactSheet) panel(c draw.Canvas, t theme, p *Panel, corner vg.Point) {
	if p.Width < 1 || p.Height < 1 {
		return
	}
	pixel := t.pt(sheetPanel) / vg.Length(p.Width)
	bottom := vg.Point{X: corner.X, Y: corner.Y - pixel*vg.Length(p.Height)}
	img := &image.Gray{Pix: p.Grey, Stride: p.Width, Rect: image.Rect(0, 0, p.Width, p.Height)}
	c.DrawImage(vg.Rectangle{Min: bottom, Max: vg.Point{X: corner.X + t.pt(sheetPanel), Y: corner.Y}}, img)
	if p.Masks == nil {
		return
	}
	for r := range s.Outlines {
		style := t.outline(r, len(s.Outlines))
		var path vg.Path
		for _, e := range p.edges(r) {
			path = append(path, e.path(corner, pixel, style.Width/2)...)
		}
		if len(path) > 0 {
			c.SetLineStyle(style)
			c.Stroke(path)
		}
	}
}

// edge is a straight stretch of an outline, in pixels from the upper left corner.
type edge struct{ x, y, dx, dy int }

// path returns the edge, longer by more at both ends, so that corners are closed.
func (e edge) path(corner vg.Point, pixel, more vg.Length) vg.Path {
	reach := vg.Point{X: min(vg.Length(e.dx), 1) * more, Y: -min(vg.Length(e.dy), 1) * more}
	from := vg.Point{X: corner.X + pixel*vg.Length(e.x), Y: corner.Y - pixel*vg.Length(e.y)}
	to := vg.Point{X: from.X + pixel*vg.Length(e.dx), Y: from.Y - pixel*vg.Length(e.dy)}
	var path vg.Path
	path.Move(from.Sub(reach))
	path.Line(to.Add(reach))
	return path
}

// edges returns the sides of pixels at which mask r begins or ends, neighbours along a line joined.
func (p *Panel) edges(r int) []edge {
	on := func(x, y int) bool {
		return x >= 0 && y >= 0 && x < p.Width && y < p.Height && p.Masks[y*p.Width+x]>>r&1 == 1
	}
	var list []edge
	for y := range p.Height + 1 {
		list = appendRuns(list, p.Width, func(x int) bool { return on(x, y-1) != on(x, y) },
			func(from, n int) edge { return edge{x: from, y: y, dx: n} })
	}
	for x := range p.Width + 1 {
		list = appendRuns(list, p.Height, func(y int) bool { return on(x-1, y) != on(x, y) },
			func(from, n int) edge { return edge{x: x, y: from, dy: n} })
	}
	return list
}

// appendRuns appends an edge for each stretch of 0..n-1 at which there is one.
func appendRuns(list []edge, n int, at func(i int) bool, make func(from, n int) edge) []edge {
	from := -1
	for i := range n + 1 {
		switch is := i < n && at(i); {
		case is && from < 0:
			from = i
		case !is && from >= 0:
			list = append(list, make(from, i-from))
			from = -1
		}
	}
	return list
}

// Greys maps the values that count to grey: their first percentile to black, their 99th to white. All others are black,
// and so is what is not a number.
func Greys(values []float32, counts func(i int) bool) []uint8 {
	var sorted []float32
	for i, v := range values {
		if counts(i) && v == v {
			sorted = append(sorted, v)
		}
	}
	out := make([]uint8, len(values))
	if len(sorted) == 0 {
		return out
	}
	slices.Sort(sorted)
	low, high := float64(sorted[len(sorted)/100]), float64(sorted[len(sorted)-1-len(sorted)/100])
	for i, v := range values {
		if share := (float64(v) - low) / max(high-low, 1e-12); counts(i) && share > 0 {
			out[i] = uint8(math.Round(255 * min(share, 1)))
		}
	}
	return out
}
