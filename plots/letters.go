package plots

import (
	"math"
	"sort"
	"strings"
	"unicode"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// letters measures and draws lines of text for gonum's axes as layout places them, which gonum's own handler, ignorant
// of raised letters, does not. Text has one line.
type letters struct{ text.Plain }

var handler = letters{text.Plain{Fonts: font.DefaultCache}}

// Box returns the size of a line: its width, and how far it reaches above and below the baseline.
func (h letters) Box(txt string, f font.Font) (w, up, down vg.Length) {
	face := h.Fonts.Lookup(f, f.Size)
	_, units := layout(face.Face, txt)
	e := face.Extents()
	return f.Size * vg.Length(units) / vg.Length(face.Face.UnitsPerEm()), e.Ascent, e.Descent
}

// Draw draws a line at a point, aligned and rotated as the style says. Alignment is that of gonum's text.Plain.
func (h letters) Draw(c vg.Canvas, txt string, s text.Style, at vg.Point) {
	if s.Rotation != 0 {
		c.Push()
		defer c.Pop()
		c.Rotate(s.Rotation)
		sin, cos := math.Sincos(-s.Rotation)
		at = vg.Point{X: at.X*vg.Length(cos) - at.Y*vg.Length(sin), Y: at.X*vg.Length(sin) + at.Y*vg.Length(cos)}
	}
	at.X += vg.Length(s.XAlign) * s.Width(txt)
	at.Y += vg.Length(s.YAlign)*s.Height(txt) - s.FontExtents().Ascent + s.Font.Size
	write(c, s, at, txt)
}

// write draws a line of text whose baseline starts at the point.
func write(c vg.Canvas, s text.Style, at vg.Point, txt string) {
	c.SetColor(s.Color)
	c.FillString(handler.Fonts.Lookup(s.Font, s.Font.Size), at, txt)
}

// plain returns text on one line without control characters.
func plain(txt string) string {
	return strings.Join(strings.FieldsFunc(txt, func(r rune) bool { return r == ' ' || unicode.IsControl(r) }), " ")
}

// fitted returns the text, cut off with an ellipsis where it is wider than room.
func fitted(s text.Style, txt string, room vg.Length) string {
	txt = plain(txt)
	if s.Width(txt) <= room {
		return txt
	}
	runes := []rune(txt)
	cut := func(n int) string { return strings.TrimSpace(string(runes[:n])) + "…" }
	n := sort.Search(len(runes), func(n int) bool { return s.Width(cut(n)) > room })
	return cut(max(n-1, 0))
}

// wrapped divides text at spaces into lines that fit the room, at most the given number of them.
func wrapped(s text.Style, txt string, room vg.Length, most int) []string {
	var lines []string
	rest := plain(txt)
	for rest != "" && len(lines) < most-1 && s.Width(rest) > room {
		n := 0
		for i, r := range rest {
			if r == ' ' && s.Width(rest[:i]) <= room {
				n = i
			}
		}
		if n == 0 {
			break
		}
		lines = append(lines, rest[:n])
		rest = rest[n+1:]
	}
	if rest != "" {
		lines = append(lines, fitted(s, rest, room))
	}
	return lines
}
