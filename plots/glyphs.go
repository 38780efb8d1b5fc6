package plots

import (
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// glyph is one placed letter; lengths are in font units.
type glyph struct {
	index     sfnt.GlyphIndex
	pen, rise float64 // where its origin stands, from the start of the baseline
	scale     float64
}

// raised and lowered letters are drawn from their ordinary shapes: the font has only some of them, and those differ
// in height. Sizes and heights are those that word processors use, about.
const (
	scriptScale = 0.62
	raise       = 0.34 // of the em
	lower       = -0.14
)

var (
	raised = map[rune]rune{'⁰': '0', '¹': '1', '²': '2', '³': '3', '⁴': '4', '⁵': '5', '⁶': '6', '⁷': '7',
		'⁸': '8', '⁹': '9', '⁺': '+', '⁻': '\u2212', 'ⁿ': 'n', 'ⁱ': 'i'}
	lowered = map[rune]rune{'₀': '0', '₁': '1', '₂': '2', '₃': '3', '₄': '4', '₅': '5', '₆': '6', '₇': '7',
		'₈': '8', '₉': '9', '₊': '+', '₋': '\u2212', 'ₙ': 'n', 'ᵢ': 'i'}
)

// layout places a line of text, kerned, and returns its width in font units. Runes that the font lacks become its
// empty box.
func layout(f *sfnt.Font, text string) (glyphs []glyph, width float64) {
	var (
		buf  sfnt.Buffer
		prev *glyph
		em   = float64(f.UnitsPerEm())
		ppem = fixed.Int26_6(f.UnitsPerEm()) // at this size a step of fixed-point numbers is one font unit
	)
	for _, r := range text {
		g := glyph{scale: 1}
		if base, ok := raised[r]; ok {
			r, g.scale, g.rise = base, scriptScale, raise*em
		} else if base, ok := lowered[r]; ok {
			r, g.scale, g.rise = base, scriptScale, lower*em
		}
		var err error
		if g.index, err = f.GlyphIndex(&buf, r); err != nil {
			continue
		}
		if prev != nil && prev.scale == g.scale {
			if kern, err := f.Kern(&buf, prev.index, g.index, ppem, 0); err == nil {
				width += float64(kern) * g.scale
			}
		}
		g.pen = width
		if advance, err := f.GlyphAdvance(&buf, g.index, ppem, 0); err == nil {
			width += float64(advance) * g.scale
		}
		glyphs = append(glyphs, g)
		prev = &glyphs[len(glyphs)-1]
	}
	return glyphs, width
}
