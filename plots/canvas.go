package plots

import (
	"image/color"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// PDF writers stamp the hour and write objects in the order of a map unless told otherwise; equal figures are to be
// equal files. The settings are global to fpdf, so they are made once, before any goroutine draws.
func init() {
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	fpdf.SetDefaultCreationDate(epoch)
	fpdf.SetDefaultModificationDate(epoch)
	fpdf.SetDefaultCatalogSort(true)
}

// canvas makes the vector formats draw what the bitmap shows. Text becomes filled glyph outlines: the PDF writer
// knows one 8-bit code page and no bold face, and SVG depends on the fonts of the machine that shows it. The price
// is that text cannot be selected.
type canvas struct {
	vg.CanvasWriterTo
	straight bool // the writer takes colour components as they are, not multiplied by alpha (PDF)
}

// SetColor sets the drawing colour; nil is black.
func (c *canvas) SetColor(clr color.Color) {
	if clr == nil {
		clr = color.Black
	}
	if c.straight {
		clr = straight(color.NRGBAModel.Convert(clr).(color.NRGBA))
	}
	c.CanvasWriterTo.SetColor(clr)
}

// FillString draws text as outlines, its baseline starting at pt.
func (c *canvas) FillString(face font.Face, pt vg.Point, text string) {
	if face.Font.Size > 0 && text != "" {
		c.Fill(outline(face, pt, text))
	}
}

// straight is a colour whose RGBA method does not multiply by alpha, for writers that expect it so.
type straight color.NRGBA

// RGBA returns the components in [0, 0xffff].
func (s straight) RGBA() (r, g, b, a uint32) {
	return uint32(s.R) * 0x101, uint32(s.G) * 0x101, uint32(s.B) * 0x101, uint32(s.A) * 0x101
}

// outline returns the contours of a line of text whose baseline starts at pt.
func outline(face font.Face, pt vg.Point, text string) vg.Path {
	var (
		path vg.Path
		buf  sfnt.Buffer
		em   = face.Face.UnitsPerEm()
		unit = face.Font.Size / vg.Length(em)
	)
	glyphs, _ := layout(face.Face, text)
	for _, g := range glyphs {
		segments, err := face.Face.LoadGlyph(&buf, g.index, fixed.Int26_6(em), nil)
		if err != nil {
			continue
		}
		path = appendGlyph(path, segments, func(p fixed.Point26_6) vg.Point {
			return vg.Point{
				X: pt.X + (vg.Length(g.pen)+vg.Length(p.X)*vg.Length(g.scale))*unit,
				Y: pt.Y + (vg.Length(g.rise)-vg.Length(p.Y)*vg.Length(g.scale))*unit,
			}
		})
	}
	return path
}

// appendGlyph appends a glyph's contours, each closed.
func appendGlyph(path vg.Path, segments sfnt.Segments, at func(fixed.Point26_6) vg.Point) vg.Path {
	var pos vg.Point
	for i, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				path.Close()
			}
			pos = at(s.Args[0])
			path.Move(pos)
		case sfnt.SegmentOpLineTo:
			pos = at(s.Args[0])
			path.Line(pos)
		case sfnt.SegmentOpQuadTo:
			pos = appendQuad(&path, pos, at(s.Args[0]), at(s.Args[1]))
		case sfnt.SegmentOpCubeTo:
			pos = at(s.Args[2])
			path.CubeTo(at(s.Args[0]), at(s.Args[1]), pos)
		}
	}
	if len(segments) > 0 {
		path.Close()
	}
	return path
}

// appendQuad appends a quadratic curve as the equal cubic one (the PDF writer's own quadratic curves are cubic ones
// with a repeated control point, which bulge). It returns the curve's end.
func appendQuad(path *vg.Path, from, control, to vg.Point) vg.Point {
	third := func(p vg.Point) vg.Point {
		return vg.Point{X: p.X + (control.X-p.X)*2/3, Y: p.Y + (control.Y-p.Y)*2/3}
	}
	path.CubeTo(third(from), third(to), to)
	return to
}
