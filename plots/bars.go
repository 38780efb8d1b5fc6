package plots

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bars shows quantities of several things as horizontal bars: a row for each thing, a panel for each quantity.
type Bars struct {
	Title, Subtitle string
	Names           []string // of the things, from the top
	Orders          []int    // choose their colours
	Panels          []BarPanel
	Abreast         int // panels that stand in one row if the page is wide enough for them all; 0 is 1
}

// BarPanel is one quantity.
type BarPanel struct {
	Name  string // of its axis
	Log   bool   // whether the axis is logarithmic; lengths mean nothing there, so points replace bars
	Whole bool   // whether ticks of a linear axis stand at whole numbers
	Bars  []Bar  // one for each name
}

// Bar is one value with its error, and what is written at it. A value that is not a number has no bar, only words.
type Bar struct {
	Value, Low, High float64
	Text             string
	Short            string // what is written where Text has no room
}

const (
	barRow   = 13 // height of a row, in points
	barPanel = 86 // least width of a panel
)

func (b *Bars) grid(size Size) (columns, rows int) {
	columns = max(b.Abreast, 1)
	if size.Width-b.namesWidth(size) < vg.Length(columns)*size.theme().pt(barPanel) {
		columns = 1
	}
	return columns, (len(b.Panels) + columns - 1) / columns
}

// namesWidth returns the room that the names want.
func (b *Bars) namesWidth(size Size) vg.Length {
	var w vg.Length
	for _, name := range b.Names {
		w = max(w, size.theme().legend().Width(plain(name)))
	}
	return min(w, size.Width*0.4)
}

// Fit returns the size that suits so many rows and panels.
func (b *Bars) Fit(size Size) Size {
	t := size.theme()
	_, rows := b.grid(size)
	size.Height = t.pt(46) + vg.Length(max(rows, 1))*t.pt(barRow*float64(len(b.Names))+40)
	return size
}

// Draw draws the bars.
func (b *Bars) Draw(c draw.Canvas, size Size) {
	t := size.theme()
	c = t.page(c, b.Title, b.Subtitle)
	if len(b.Panels) == 0 || len(b.Names) == 0 {
		return
	}
	columns, rows := b.grid(size)
	names := b.namesWidth(size)
	whole := c.Rectangle
	step := vg.Point{X: (whole.Size().X - names) / vg.Length(columns), Y: whole.Size().Y / vg.Length(rows)}
	for i := range b.Panels {
		low := vg.Point{X: whole.Min.X + names + step.X*vg.Length(i%columns), Y: whole.Max.Y - step.Y*vg.Length(i/columns+1)}
		tile := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: low.Add(vg.Point{X: t.pt(7)}), Max: low.Add(step).Sub(vg.Point{Y: t.pt(5)})}}
		p := b.plot(t, &b.Panels[i], tile.Size().X)
		p.Draw(tile)
		if i%columns == 0 {
			b.writeNames(t, p, p.DataCanvas(tile), low.X, names)
		}
	}
}

// writeNames writes the names of the rows, no wider than room, so that they end at the given x.
func (b *Bars) writeNames(t theme, p *plot.Plot, area draw.Canvas, end, room vg.Length) {
	_, y := p.Transforms(&area)
	style := t.legend()
	for i, name := range b.Names {
		name = fitted(style, name, room)
		write(area, style, vg.Point{X: end - style.Width(name), Y: y(-float64(i)) - style.Font.Size*0.36}, name)
	}
}

func (b *Bars) plot(t theme, panel *BarPanel, width vg.Length) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	t.apply(p)
	p.X.Label.TextStyle = withAlignment(t.tick(), p.X.Label.TextStyle)
	p.Y.Tick.Length, p.Y.LineStyle.Width = 0, 0
	p.Y.Padding = t.pt(2)
	p.Y.Tick.Marker = plot.ConstantTicks{}
	p.Y.Min, p.Y.Max = 0.6-float64(len(b.Names)), 0.6
	p.X.Label.Text = fitted(p.X.Label.TextStyle, panel.Name, width)
	p.X.Tick.Marker = ticker(panel.Log, panel.Whole, int(width/t.pt(38)))
	if panel.empty() {
		p.X.Tick.Marker = plot.ConstantTicks{}
	}
	p.X.Min, p.X.Max = panel.ends(t, width)
	p.Add(bars{t, panel, b.Orders})
	return p
}

// empty reports whether the panel has only words.
func (panel *BarPanel) empty() bool {
	return !slices.ContainsFunc(panel.Bars, func(b Bar) bool { return finite(panel.at(b.Value)) })
}

// ends returns the ends of the axis, so that what is written behind the bars has room.
func (panel *BarPanel) ends(t theme, width vg.Length) (low, high float64) {
	low, high = 0, 0
	if panel.Log {
		low, high = math.Inf(1), math.Inf(-1)
	}
	for _, b := range panel.Bars {
		if v := panel.at(b.Value); finite(v) {
			low, high = min(low, v, orElse(panel.at(b.Low), v)), max(high, v, orElse(panel.at(b.High), v))
		}
	}
	if !(high > low) {
		low, high = widened(orElse(low, 0), orElse(high, 0), 0.1)
		low = max(low, 0)
	}
	if panel.Log {
		low -= (high - low) * 0.08
	}
	end := high
	for _, b := range panel.Bars {
		v := orElse(panel.at(b.High), panel.at(b.Value))
		if share := float64((t.subtitle().Width(b.Text) + t.pt(9)) / width); finite(v) && share < 0.8 {
			end = max(end, low+(v-low)/(1-share))
			if panel.Log {
				end = max(end, v+(high-low)*share/(1-share))
			}
		}
	}
	return low, min(end, low+(high-low)*4)
}

// at returns a value in the coordinates of the axis.
func (panel *BarPanel) at(v float64) float64 {
	if panel.Log {
		return math.Log10(v)
	}
	return v
}

func orElse(v, other float64) float64 {
	if finite(v) {
		return v
	}
	return other
}

// bars draws the bars of one panel.
type bars struct {
	theme
	panel  *BarPanel
	orders []int
}

func (bs bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	bs.grid(c, p)
	for i, b := range bs.panel.Bars {
		row, words := y(-float64(i)), bs.subtitle()
		v := bs.panel.at(b.Value)
		if !finite(v) {
			write(c, words, vg.Point{X: c.Min.X + bs.pt(3), Y: row - words.Font.Size*0.36}, b.words(words, c.Size().X-bs.pt(3)))
			continue
		}
		look := lookOf(bs.orders[i])
		end := x(v)
		if bs.panel.Log {
			c.StrokeLine2(draw.LineStyle{Color: look.color, Width: bs.pt(1)}, c.Min.X, row, end, row)
			bs.mark(c, look, vg.Point{X: end, Y: row})
		} else {
			half := bs.pt(barRow * 0.3)
			shape := rectangle(vg.Rectangle{Min: vg.Point{X: x(0), Y: row - half}, Max: vg.Point{X: end, Y: row + half}})
			bs.fill(c, shape, bs.orders[i])
		}
		end = bs.whisker(c, row, x(orElse(bs.panel.at(b.Low), v)), x(orElse(bs.panel.at(b.High), v)), end)
		write(c, words, vg.Point{X: end + bs.pt(5), Y: row - words.Font.Size*0.36}, b.Text)
	}
}

// fill fills a bar. Where colours repeat, the next ones are pale, with an outline.
func (bs bars) fill(c draw.Canvas, shape vg.Path, order int) {
	look := lookOf(order)
	if order >= 0 && order/len(palette)%2 == 0 {
		c.SetColor(lighter(look.color))
		c.Fill(shape)
		return
	}
	c.SetColor(lighter(lighter(lighter(look.color))))
	c.Fill(shape)
	c.SetLineStyle(draw.LineStyle{Color: look.color, Width: bs.pt(0.8)})
	c.Stroke(shape)
}

// grid draws light lines at the labelled ticks of the horizontal axis.
func (bs bars) grid(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if at := x(tick.Value); !tick.IsMinor() && c.ContainsX(at) {
			c.StrokeLine2(bs.theme.grid(), at, c.Min.Y, at, c.Max.Y)
		}
	}
}

// words returns what is written at the bar, so that it fits the room.
func (b *Bar) words(s text.Style, room vg.Length) string {
	words := b.Text
	if b.Short != "" && s.Width(words) > room {
		words = b.Short
	}
	return fitted(s, words, room)
}

// lighter returns a colour on which error bars can be seen.
func lighter(c color.NRGBA) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8((int(v)*6 + 255*4) / 10) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), 0xFF}
}

// whisker draws an error bar and returns where what is drawn ends.
func (t theme) whisker(c draw.Canvas, row, low, high, end vg.Length) vg.Length {
	if high-low < t.pt(1) {
		return end
	}
	style := draw.LineStyle{Color: color.Gray{0x40}, Width: t.pt(0.8)}
	cap := t.pt(1.8)
	low = max(low, c.Min.X)
	c.StrokeLine2(style, low, row, high, row)
	c.StrokeLine2(style, low, row-cap, low, row+cap)
	c.StrokeLine2(style, high, row-cap, high, row+cap)
	return max(high, end)
}
