package plots

import (
	"image/color"
	"math"
	"slices"
	"strconv"

	"flsim/internal/units"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// HeatMap shows how many examples of each class each client holds: clients from left to right, classes upwards,
// darker for more, white for none.
type HeatMap struct {
	Title, Subtitle string
	Counts          [][]int  // [client][class]; rows may be short, what is missing counts as 0
	ClassNames      []string // optional
}

const (
	mostColumns = 200 // clients that are shown one by one
	shades      = 24  // steps of the colour scale
)

// Draw draws the map. Where there are more clients than a page can show, it shows an even sample of them, ordered
// by the class that they hold most of, and says so.
func (h *HeatMap) Draw(c draw.Canvas, size Size) {
	t := size.theme()
	rows, label := h.sample()
	c = draw.Crop(t.page(c, h.Title, h.Subtitle), 0, 0, 0, -t.pt(7))
	left := draw.Crop(c, 0, -t.pt(50), 0, 0)
	p := plot.New()
	p.BackgroundColor = nil
	t.apply(p)
	p.X.Label.Text, p.Y.Label.Text = label, "Class"
	p.X.Min, p.X.Max = -0.5, float64(max(len(rows), 1))-0.5
	p.Y.Min, p.Y.Max = -0.5, float64(h.classes())-0.5
	if len(rows) == len(h.Counts) {
		p.X.Tick.Marker = wholeTicks(len(rows), int(c.Size().X/t.pt(40)))
	} else {
		p.X.Tick.Marker = plot.ConstantTicks{}
	}
	p.Y.Tick.Marker = h.classTicks(t, c)
	most := largest(rows)
	p.Add(cells{t, rows, most})
	p.Draw(left)
	t.scaleBar(c, p.DataCanvas(left).Rectangle, most)
}

func (h *HeatMap) classes() int {
	n := max(1, len(h.ClassNames))
	for _, row := range h.Counts {
		n = max(n, len(row))
	}
	return n
}

// sample returns the rows to show and the name of their axis.
func (h *HeatMap) sample() (rows [][]int, label string) {
	n := len(h.Counts)
	if n <= mostColumns {
		return h.Counts, "Client"
	}
	rows = make([][]int, mostColumns)
	for i := range rows {
		rows[i] = h.Counts[i*n/mostColumns]
	}
	slices.SortStableFunc(rows, func(a, b []int) int { return mainClass(a) - mainClass(b) })
	return rows, strconv.Itoa(mostColumns) + " of " + units.Count(n, "client") + ", ordered by main class"
}

// mainClass returns the class with most examples, the first of equals; -1 of a client without any.
func mainClass(row []int) int {
	best, most := -1, 0
	for class, n := range row {
		if n > most {
			best, most = class, n
		}
	}
	return best
}

func largest(rows [][]int) int {
	most := 0
	for _, row := range rows {
		for _, n := range row {
			most = max(most, n)
		}
	}
	return most
}

// classTicks names the classes where there is room for it and numbers them otherwise.
func (h *HeatMap) classTicks(t theme, c draw.Canvas) plot.Ticker {
	room := int(c.Size().Y * 0.8 / t.pt(9))
	if len(h.ClassNames) == 0 || h.classes() > room {
		return wholeTicks(h.classes(), room/2)
	}
	var ticks plot.ConstantTicks
	for i, name := range h.ClassNames {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: fitted(t.tick(), name, c.Size().X/4)})
	}
	return ticks
}

// wholeTicks labels about count of the numbers 0 to n-1.
func wholeTicks(n, count int) plot.ConstantTicks {
	step, _ := niceStep(float64(n) / float64(max(count, 2)))
	step = max(step, 1)
	var ticks plot.ConstantTicks
	for v := 0.0; v < float64(n); v += step {
		ticks = append(ticks, plot.Tick{Value: v, Label: number(v, 1)})
	}
	return ticks
}

// cells draws the squares.
type cells struct {
	theme
	rows [][]int
	most int
}

func (cs cells) Plot(c draw.Canvas, p *plot.Plot) {
	byShade := make([]vg.Path, shades+1)
	x, y := p.Transforms(&c)
	for i, row := range cs.rows {
		for class, n := range row {
			if n <= 0 {
				continue
			}
			r := vg.Rectangle{
				Min: vg.Point{X: x(float64(i) - 0.5), Y: y(float64(class) - 0.5)},
				Max: vg.Point{X: x(float64(i) + 0.5), Y: y(float64(class) + 0.5)},
			}
			s := shade(n, cs.most)
			byShade[s] = append(byShade[s], rectangle(cs.inset(r))...)
		}
	}
	for s, path := range byShade {
		if len(path) > 0 {
			c.SetColor(ramp(float64(s) / shades))
			c.Fill(path)
		}
	}
}

// inset leaves a white line between cells where there is room for one; small cells overlap instead by a hair, since
// most viewers show a seam between shapes that just touch.
func (t theme) inset(r vg.Rectangle) vg.Rectangle {
	gap := vg.Point{X: t.pt(0.25), Y: t.pt(0.25)}
	if size := r.Size(); min(size.X, size.Y) < t.pt(5) {
		return vg.Rectangle{Min: r.Min, Max: r.Max.Add(vg.Point{X: t.pt(0.15), Y: t.pt(0.15)})}
	}
	return vg.Rectangle{Min: r.Min.Add(gap), Max: r.Max.Sub(gap)}
}

// shade returns the step of the scale, 1 to shades, for n examples of at most most.
func shade(n, most int) int {
	return max(1, int(math.Ceil(float64(n)/float64(most)*shades-1e-9)))
}

// rampStops run from white to a blue near black. Their lightness falls all the way, so the map reads the same in grey and
// to colour-blind eyes.
var rampStops = []color.NRGBA{
	{0xFF, 0xFF, 0xFF, 0xFF}, {0xBF, 0xDD, 0xEF, 0xFF}, {0x56, 0xA8, 0xD8, 0xFF}, {0x00, 0x72, 0xB2, 0xFF}, {0x05, 0x22, 0x3F, 0xFF},
}

// ramp returns the colour at v in [0, 1]; all but 0 differ from white at a glance.
func ramp(v float64) color.NRGBA {
	if v > 0 {
		v = 0.12 + 0.88*v
	}
	at := v * float64(len(rampStops)-1)
	i := min(int(at), len(rampStops)-2)
	a, b, w := rampStops[i], rampStops[i+1], at-float64(i)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-w) + float64(b)*w)) }
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xFF}
}

// scaleBar explains the colours, at the right edge of the canvas beside the area of the map.
func (t theme) scaleBar(c draw.Canvas, area vg.Rectangle, most int) {
	left, thick := c.Max.X-t.pt(38), t.pt(9)
	bar := vg.Rectangle{Min: vg.Point{X: left, Y: area.Min.Y}, Max: vg.Point{X: left + thick, Y: area.Max.Y}}
	for s := 1; s <= shades && most > 0; s++ {
		step := bar.Size().Y / shades
		low := vg.Point{X: left, Y: bar.Min.Y + step*vg.Length(s-1)}
		c.SetColor(ramp(float64(s) / shades))
		c.Fill(rectangle(vg.Rectangle{Min: low, Max: vg.Point{X: bar.Max.X, Y: min(low.Y+step+t.pt(0.15), bar.Max.Y)}}))
	}
	frame := draw.LineStyle{Color: muted, Width: t.pt(0.5)}
	c.SetLineStyle(frame)
	c.Stroke(rectangle(bar))
	style := t.tick()
	for _, tick := range wholeTicks(most+1, 4) {
		y := bar.Min.Y + bar.Size().Y*vg.Length(tick.Value/float64(max(most, 1)))
		c.StrokeLine2(frame, bar.Max.X, y, bar.Max.X+t.pt(2), y)
		write(c, style, vg.Point{X: bar.Max.X + t.pt(4), Y: y - style.Font.Size*0.36}, tick.Label)
	}
	name := t.subtitle()
	write(c, name, vg.Point{X: left, Y: area.Max.Y + t.pt(5)}, "Examples")
}
