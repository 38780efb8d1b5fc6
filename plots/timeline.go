package plots

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Timeline shows who is busy with what, and when: a row for each participant, a bar for each stretch of time.
type Timeline struct {
	Title, Subtitle string
	XLabel          string
	Names           []string // of the rows, from the top
	Kinds           []string // of stretches, at most 3
	Spans           []Span
	Marks           []Target // moments that concern all
}

// Span is a stretch of time in one row.
type Span struct {
	Row, Kind int
	From, To  float64
}

// spanColours differ in hue for eyes of all kinds, and in lightness for grey print.
var spanColours = []color.NRGBA{{0x9A, 0xD0, 0xF0, 0xFF}, {0xE6, 0x9F, 0x00, 0xFF}, {0x00, 0x3C, 0x66, 0xFF}}

// Fit returns the size that suits so many rows.
func (l *Timeline) Fit(size Size) Size {
	t := size.theme()
	size.Height = t.pt(96) + min(t.pt(10)*vg.Length(max(len(l.Names), 6)), t.pt(420))
	return size
}

// Draw draws the rows.
func (l *Timeline) Draw(c draw.Canvas, size Size) {
	t := size.theme()
	c = t.page(c, l.Title, l.Subtitle)
	l.legend(c, t)
	c = draw.Crop(c, 0, 0, 0, -t.pt(26))
	p := plot.New()
	p.BackgroundColor = nil
	t.apply(p)
	p.X.Label.Text, p.Y.Label.Text = l.XLabel, "Client"
	p.X.Min, p.X.Max = 0, 0
	for _, s := range l.Spans {
		p.X.Max = max(p.X.Max, s.To)
	}
	for _, m := range l.Marks {
		p.X.Max = max(p.X.Max, m.Value)
	}
	if p.X.Max <= 0 {
		p.X.Max = 1
	}
	p.Y.Min, p.Y.Max = 0.4-float64(max(len(l.Names), 1)), 0.6
	p.X.Tick.Marker = ticker(false, false, int(c.Size().X/t.pt(42)))
	p.Y.Tick.Marker, p.Y.Tick.Length = l.rowTicks(int(c.Size().Y/t.pt(9))), 0
	p.Add(rows{t, l})
	p.Draw(c)
}

// rowTicks names every row, or every few where rows are low.
func (l *Timeline) rowTicks(room int) plot.ConstantTicks {
	every := (len(l.Names) + max(room, 1) - 1) / max(room, 1)
	var ticks plot.ConstantTicks
	for i := 0; i < len(l.Names); i += max(every, 1) {
		ticks = append(ticks, plot.Tick{Value: -float64(i), Label: plain(l.Names[i])})
	}
	return ticks
}

func (l *Timeline) legend(c draw.Canvas, t theme) {
	style := t.legend()
	at := vg.Point{X: c.Min.X, Y: c.Max.Y - style.Font.Size}
	for i, kind := range l.Kinds {
		c.SetColor(spanColours[i%len(spanColours)])
		c.Fill(rectangle(vg.Rectangle{Min: at, Max: at.Add(vg.Point{X: t.pt(14), Y: t.pt(6)})}))
		write(c, style, at.Add(vg.Point{X: t.pt(18)}), kind)
		at.X += t.pt(32) + style.Width(kind)
	}
}

type rows struct {
	theme
	*Timeline
}

func (r rows) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i := range r.Names {
		c.StrokeLine2(r.grid(), c.Min.X, y(-float64(i)), c.Max.X, y(-float64(i)))
	}
	half := (y(0) - y(-1)) * 0.36
	for _, s := range r.Spans {
		at := y(-float64(s.Row))
		c.SetColor(spanColours[s.Kind%len(spanColours)])
		c.Fill(rectangle(vg.Rectangle{Min: vg.Point{X: x(s.From), Y: at - half}, Max: vg.Point{X: max(x(s.To), x(s.From)+r.pt(0.3)), Y: at + half}}))
	}
	r.marks(c, x)
}

// marks draws moments as dashed lines, named above the rows where there is room.
func (r rows) marks(c draw.Canvas, x func(float64) vg.Length) {
	style := draw.LineStyle{Color: muted, Width: r.pt(0.7), Dashes: []vg.Length{r.pt(2), r.pt(2)}}
	free := c.Min.X
	for _, m := range r.Marks {
		at := x(m.Value)
		c.StrokeLine2(style, at, c.Min.Y, at, c.Max.Y)
		words := r.subtitle()
		if left := at - words.Width(m.Label)/2; left >= free {
			left = min(left, c.Max.X-words.Width(m.Label))
			write(c, words, vg.Point{X: left, Y: c.Max.Y + r.pt(3)}, m.Label)
			free = left + words.Width(m.Label) + r.pt(4)
		}
	}
}
