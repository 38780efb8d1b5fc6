package plots

import (
	"bytes"
	"compress/zlib"
	"image/color"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/image/font/sfnt"
	"gonum.org/v1/plot/vg"
)

// pdfContent returns the inflated streams of a PDF file.
func pdfContent(t *testing.T, data []byte) string {
	t.Helper()
	var out strings.Builder
	for _, m := range regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`).FindAllSubmatch(data, -1) {
		r, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		if _, err := io.Copy(&out, r); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestPDFTakesStraightColoursAndOutlines(t *testing.T) {
	c, err := newCanvas("pdf", DefaultSize, dpi)
	if err != nil {
		t.Fatal(err)
	}
	c.SetColor(color.NRGBA{0xD5, 0x5E, 0x00, 40})
	c.Fill(rectangle(vg.Rectangle{Max: vg.Point{X: 10, Y: 10}}))
	write(c, DefaultSize.theme().title(), vg.Point{X: 20, Y: 20}, "α ± µ 10⁻⁷")
	var buf bytes.Buffer
	if _, err := c.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	content := pdfContent(t, buf.Bytes())
	if !strings.Contains(content, "0.835 0.369 0.000 rg") {
		t.Error("the translucent fill does not have vermilion's own components")
	}
	if !strings.Contains(buf.String(), "/ca 0.157") {
		t.Error("the fill is not translucent")
	}
	if !strings.Contains(buf.String(), "/CreationDate (D:20000101000000)") {
		t.Error("the file tells when it was made")
	}
	if strings.Contains(content, "BT") {
		t.Error("there is text that is not outlines")
	}
}

func TestStraightKeepsComponents(t *testing.T) {
	r, g, b, a := straight(color.NRGBA{0xFF, 0x80, 0x01, 0x28}).RGBA()
	if r != 0xFFFF || g != 0x8080 || b != 0x0101 || a != 0x2828 {
		t.Errorf("%x %x %x %x", r, g, b, a)
	}
}

func TestLayoutAgreesWithFontWithoutScripts(t *testing.T) {
	style := DefaultSize.theme().label()
	face := handler.Fonts.Lookup(style.Font, style.Font.Size)
	for _, s := range []string{"", "a", "AVATAR To Ty", "QSGD 4 bit (α = 0.3 ± µ)"} {
		if got, want := style.Width(s), face.Width(s); math.Abs(float64(got-want)) > 1e-9 {
			t.Errorf("%q is %v wide, the font says %v", s, got, want)
		}
	}
	if style.Width("10⁻⁷") >= style.Width("10−7") {
		t.Error("raised digits are not small")
	}
}

func TestFontHasTheLettersThatWeWrite(t *testing.T) {
	for _, style := range []vg.Length{0, 1} {
		s := DefaultSize.theme().label()
		if style == 1 {
			s = DefaultSize.theme().title()
		}
		face := handler.Fonts.Lookup(s.Font, s.Font.Size)
		for _, r := range "αβγδεημσ±×·…≤≥→µ" + minus + thinSpace {
			var buf sfnt.Buffer
			if i, err := face.Face.GlyphIndex(&buf, r); err != nil || i == 0 {
				t.Errorf("no glyph for %q", r)
			}
		}
		for script, base := range raised {
			if glyphs, _ := layout(face.Face, string(script)); glyphs[0].index == 0 {
				t.Errorf("no glyph for %q, which stands for %q", base, script)
			}
		}
	}
}

func TestQuadraticAsCubic(t *testing.T) {
	from, control, to := vg.Point{X: 1, Y: 2}, vg.Point{X: 4, Y: -3}, vg.Point{X: 6, Y: 7}
	var p vg.Path
	appendQuad(&p, from, control, to)
	for _, s := range []float64{0, 0.25, 0.5, 0.9, 1} {
		u, r := vg.Length(s), vg.Length(1-s)
		quad := r*r*from.X + 2*r*u*control.X + u*u*to.X
		cube := r*r*r*from.X + 3*r*r*u*p[0].Control[0].X + 3*r*u*u*p[0].Control[1].X + u*u*u*p[0].Pos.X
		if math.Abs(float64(quad-cube)) > 1e-12 {
			t.Errorf("at %v: %v and %v", s, quad, cube)
		}
	}
}

func TestFittedAndWrapped(t *testing.T) {
	style := DefaultSize.theme().label()
	long := strings.Repeat("a long label ", 20)
	if got := fitted(style, long, 100); style.Width(got) > 100 || !strings.HasSuffix(got, "…") {
		t.Errorf("%q is %v wide", got, style.Width(got))
	}
	if got := fitted(style, "two\nlines\tand\x00more", 1000); got != "two lines and more" {
		t.Errorf("%q", got)
	}
	rows := wrapped(style, long, 100, 3)
	if len(rows) != 3 {
		t.Errorf("%d rows: %q", len(rows), rows)
	}
	for _, row := range rows {
		if style.Width(row) > 100 {
			t.Errorf("%q is %v wide", row, style.Width(row))
		}
	}
	if rows := wrapped(style, "", 100, 3); len(rows) != 0 {
		t.Errorf("no text makes rows %q", rows)
	}
	if rows := wrapped(style, strings.Repeat("x", 300), 100, 3); len(rows) != 1 {
		t.Errorf("one long word makes rows %q", rows)
	}
}
