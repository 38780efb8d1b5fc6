package plots

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Size is a figure's size on paper.
type Size struct {
	Name          string
	Width, Height vg.Length
	Text          float64 // scale of letters and lines; 1 is a 9 pt axis title
}

// DefaultSize suits a page of one column, a notebook or a web page.
var DefaultSize = Size{"default", 5.2 * vg.Inch, 3.4 * vg.Inch, 1}

// Sizes returns the sizes that have a name: the default, one and two columns of an IEEE paper, and a slide.
func Sizes() []Size {
	return []Size{
		DefaultSize,
		{"ieee-1col", 3.5 * vg.Inch, 2.5 * vg.Inch, 0.89},
		{"ieee-2col", 7.16 * vg.Inch, 3.5 * vg.Inch, 1},
		{"slide", 10 * vg.Inch, 5.6 * vg.Inch, 1.75},
	}
}

// SizeByName finds one of Sizes.
func SizeByName(name string) (Size, error) {
	var names []string
	for _, s := range Sizes() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Size{}, fmt.Errorf("no figure size %q; the sizes are %s", name, strings.Join(names, ", "))
}

// theme holds lengths and letters, scaled for a figure's size.
type theme struct{ scale vg.Length }

func (s Size) theme() theme { return theme{vg.Length(s.Text)} }

// pt is a length in points of the default size.
func (t theme) pt(points float64) vg.Length { return vg.Length(points) * t.scale }

var (
	ink   = color.Gray{0x20}
	muted = color.Gray{0x50}
	faint = color.Gray{0xE6}
	rule  = color.Gray{0x90}
)

func (t theme) text(points float64, weight stdfont.Weight, clr color.Color) text.Style {
	return text.Style{
		Color:   clr,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: t.pt(points)},
		Handler: handler,
	}
}

func (t theme) title() text.Style    { return t.text(10, stdfont.WeightBold, ink) }
func (t theme) subtitle() text.Style { return t.text(7.5, stdfont.WeightNormal, muted) }
func (t theme) label() text.Style    { return t.text(9, stdfont.WeightNormal, ink) }
func (t theme) tick() text.Style     { return t.text(8, stdfont.WeightNormal, muted) }
func (t theme) legend() text.Style   { return t.text(8, stdfont.WeightNormal, ink) }

func (t theme) grid() draw.LineStyle { return draw.LineStyle{Color: faint, Width: t.pt(0.5)} }

// apply dresses a plot's axes.
func (t theme) apply(p *plot.Plot) {
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		at, tick := axis.Label.TextStyle, axis.Tick.Label
		axis.Label.TextStyle = withAlignment(t.label(), at)
		axis.Label.Padding = t.pt(3)
		axis.Tick.Label = withAlignment(t.tick(), tick)
		axis.Tick.Length = t.pt(4)
		axis.Tick.LineStyle = draw.LineStyle{Color: muted, Width: t.pt(0.5)}
		axis.LineStyle = axis.Tick.LineStyle
		axis.Padding = 0
	}
}

// withAlignment returns s placed as like is.
func withAlignment(s, like text.Style) text.Style {
	s.XAlign, s.YAlign, s.Rotation = like.XAlign, like.YAlign, like.Rotation
	return s
}

// palette is Okabe and Ito's set of colours that colour-blind readers tell apart ("Color Universal Design", 2008),
// without its yellow, which white paper swallows.
var palette = []color.NRGBA{
	{0x00, 0x00, 0x00, 0xFF}, // black
	{0x00, 0x72, 0xB2, 0xFF}, // blue
	{0xD5, 0x5E, 0x00, 0xFF}, // vermilion
	{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
	{0xE6, 0x9F, 0x00, 0xFF}, // orange
	{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
}

var dashes = [][]float64{nil, {6, 2}, {2, 2}, {6, 2, 2, 2}} // points of line and gap; nil is solid

// look is how a curve is drawn.
type look struct {
	color  color.NRGBA
	dash   []float64
	marker int
}

// lookOf returns the look of the variant with the given place in the experiment. The three lists have lengths
// without a common factor, so colour, dash and marker together repeat only after 140 variants.
func lookOf(order int) look {
	if order < 0 {
		order = -(order + 1)
	}
	return look{palette[order%len(palette)], dashes[order%len(dashes)], order % len(markers)}
}

// Distinct returns orders for curves that are shown together, given those of their experiment: these, but where two would have one
// colour, and there are no more curves than colours, the later one gets a colour that none has.
func Distinct(orders []int) []int {
	out := slices.Clone(orders)
	if len(orders) > len(palette) {
		return out
	}
	owner := map[color.NRGBA]int{} // the curve that keeps a colour
	for i, order := range orders {
		if _, taken := owner[lookOf(order).color]; !taken {
			owner[lookOf(order).color] = i
		}
	}
	for i, order := range orders {
		for free := 0; owner[lookOf(order).color] != i; free++ {
			if _, taken := owner[lookOf(free).color]; !taken {
				order, out[i] = free, free
				owner[lookOf(free).color] = i
			}
		}
	}
	return out
}

// Look returns how figures draw the curve with the given place in its experiment: colour, dashes in points (nil is a
// solid line), and marker: 0 circle, 1 square, 2 triangle, 3 diamond, 4 triangle on its tip.
func Look(order int) (clr color.NRGBA, dash []float64, marker int) {
	l := lookOf(order)
	return l.color, l.dash, l.marker
}

func (l look) line(t theme, width float64) draw.LineStyle {
	s := draw.LineStyle{Color: l.color, Width: t.pt(width)}
	for _, d := range l.dash {
		s.Dashes = append(s.Dashes, t.pt(d))
	}
	return s
}

// translucent returns a colour with the given alpha of 255.
func translucent(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}
