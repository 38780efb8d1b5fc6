package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Matrix shows a value over two settings as coloured cells with the value written in them; several of them stand side
// by side and share their colours.
type Matrix struct {
	Title, Subtitle string
	XLabel, YLabel  string
	XNames, YNames  []string // of columns from the left and of rows from below
	ValueLabel      string
	Log             bool // whether colours go by the values' logarithms
	Panels          []MatrixPanel
}

// MatrixPanel is one table of cells, [row][column]. Cells that are not numbers stay white.
type MatrixPanel struct {
	Name   string
	Values [][]float64
	Texts  [][]string // what is written in the cells
}

const matrixPanel = 150 // least width of one, in points

// Fit returns the size that suits so many tables and rows.
func (m *Matrix) Fit(size Size) Size {
	t := size.theme()
	_, rows := gridOf(len(m.Panels), size, matrixPanel)
	size.Height = t.pt(64) + vg.Length(max(rows, 1))*t.pt(22*float64(max(len(m.YNames), 3))+32)
	return size
}

// Draw draws the cells.
func (m *Matrix) Draw(c draw.Canvas, size Size) {
	t := size.theme()
	c = t.page(c, m.Title, m.Subtitle)
	if len(m.Panels) == 0 {
		return
	}
	low, high := m.ends()
	m.scale(draw.Crop(c, c.Size().X-t.pt(44), 0, 0, 0), t, low, high)
	c = t.axisNames(draw.Crop(c, 0, -t.pt(52), 0, 0), m.XLabel, m.YLabel)
	columns, _ := gridOf(len(m.Panels), size, matrixPanel)
	t.tiles(c, len(m.Panels), columns, func(i int, c draw.Canvas) *plot.Plot {
		p := plot.New()
		p.BackgroundColor = nil
		t.apply(p)
		p.Title.Text = fitted(t.legend(), m.Panels[i].Name, c.Size().X)
		p.Title.TextStyle = withAlignment(t.legend(), p.Title.TextStyle)
		p.Title.Padding = t.pt(2)
		p.X.Tick.Marker, p.Y.Tick.Marker = named(m.XNames), named(m.YNames)
		p.X.Tick.Length, p.Y.Tick.Length = 0, 0
		p.X.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
		p.X.Min, p.X.Max = -0.5, float64(len(m.XNames))-0.5
		p.Y.Min, p.Y.Max = -0.5, float64(len(m.YNames))-0.5
		p.Add(matrixCells{t, m, &m.Panels[i], low, high})
		return p
	})
}

func named(names []string) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for i, name := range names {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: plain(name)})
	}
	return ticks
}

func (m *Matrix) at(v float64) float64 {
	if m.Log {
		return math.Log10(v)
	}
	return v
}

// ends returns the smallest and the largest value, in the coordinates of the colours.
func (m *Matrix) ends() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, panel := range m.Panels {
		for _, row := range panel.Values {
			for _, v := range row {
				if v = m.at(v); finite(v) {
					low, high = min(low, v), max(high, v)
				}
			}
		}
	}
	if low > high {
		return 0, 1
	}
	return low, high
}

type matrixCells struct {
	theme
	*Matrix
	panel     *MatrixPanel
	low, high float64
}

func (cs matrixCells) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := cs.legend()
	for row, values := range cs.panel.Values {
		for column, v := range values {
			r := vg.Rectangle{Min: vg.Point{X: x(float64(column) - 0.5), Y: y(float64(row) - 0.5)},
				Max: vg.Point{X: x(float64(column) + 0.5), Y: y(float64(row) + 0.5)}}
			r = cs.inset(r)
			style.Color = muted
			if v = cs.at(v); finite(v) {
				share := 0.0
				if cs.high > cs.low {
					share = (v - cs.low) / (cs.high - cs.low)
				}
				c.SetColor(cellColour(share))
				c.Fill(rectangle(r))
				style.Color = ink
				if share > 0.55 {
					style.Color = color.White
				}
			} else {
				c.SetLineStyle(cs.grid())
				c.Stroke(rectangle(r))
			}
			text := fitted(style, cs.panel.Texts[row][column], r.Size().X-cs.pt(2))
			centre := vg.Point{X: (r.Min.X+r.Max.X)/2 - style.Width(text)/2, Y: (r.Min.Y+r.Max.Y)/2 - style.Font.Size*0.36}
			write(c, style, centre, text)
		}
	}
}

// cellColour returns the colour at a share of the range, light at its lower end but never white.
func cellColour(share float64) color.NRGBA { return ramp(0.02 + 0.83*share) }

// scale explains the colours along the left edge of a canvas.
func (m *Matrix) scale(c draw.Canvas, t theme, low, high float64) {
	c = draw.Crop(c, t.pt(4), 0, t.pt(30), -t.pt(16))
	bar := vg.Rectangle{Min: c.Min, Max: vg.Point{X: c.Min.X + t.pt(9), Y: c.Max.Y}}
	step := bar.Size().Y / shades
	for s := range shades {
		from := bar.Min.Y + step*vg.Length(s)
		c.SetColor(cellColour((float64(s) + 0.5) / shades))
		c.Fill(rectangle(vg.Rectangle{Min: vg.Point{X: bar.Min.X, Y: from}, Max: vg.Point{X: bar.Max.X, Y: min(from+step+t.pt(0.15), bar.Max.Y)}}))
	}
	frame := draw.LineStyle{Color: muted, Width: t.pt(0.5)}
	c.SetLineStyle(frame)
	c.Stroke(rectangle(bar))
	style := t.tick()
	if high > low {
		for _, tick := range ticker(m.Log, false, 5).Ticks(low, high) {
			if tick.IsMinor() {
				continue
			}
			y := bar.Min.Y + bar.Size().Y*vg.Length((tick.Value-low)/(high-low))
			c.StrokeLine2(frame, bar.Max.X, y, bar.Max.X+t.pt(2), y)
			write(c, style, vg.Point{X: bar.Max.X + t.pt(4), Y: y - style.Font.Size*0.36}, tick.Label)
		}
	}
	name := t.subtitle()
	words := fitted(name, m.ValueLabel, t.pt(120))
	write(c, name, vg.Point{X: c.Max.X - name.Width(words), Y: c.Max.Y + t.pt(6)}, words)
}
