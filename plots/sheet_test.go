package plots

import (
	"bytes"
	"math"
	"slices"
	"testing"
)

// sampleSheet has rows of soft spots with rings around them.
func sampleSheet() *ContactSheet {
	const side = 48
	s := &ContactSheet{Title: "Cases", Subtitle: "synthetic data", Columns: []string{"flair", "t1ce", "truth", "prediction"}, Outlines: []string{"WT", "TC", "ET"}}
	for row := range 2 {
		image := make([]float32, side*side)
		spot := func(shift float64) []uint8 {
			masks := make([]uint8, side*side)
			for i := range masks {
				x, y := float64(i%side)-20-shift, float64(i/side)-26
				d := math.Sqrt(x*x + y*y*(1+float64(row)))
				image[i] = float32(1 / (1 + d/4))
				for r, radius := range []float64{14, 9, 9 - 5*float64(1-row)} {
					if d < radius {
						masks[i] |= 1 << r
					}
				}
			}
			return masks
		}
		truth, predicted := spot(0), spot(3)
		grey := Greys(image, func(i int) bool { return i%side > 3 })
		panel := func(masks []uint8) Panel { return Panel{side, side, grey, masks} }
		s.Rows = append(s.Rows, SheetRow{"best: case 7, slice 31; Dice 0.91: WT 0.95, TC 0.90, ET 0.88",
			[]Panel{panel(nil), panel(nil), panel(truth), panel(predicted)}})
	}
	return s
}

func TestGoldenSheet(t *testing.T) { golden(t, "sheet", sampleSheet(), sampleSheet().Size()) }

func TestEqualSheetsAreEqualBytes(t *testing.T) {
	var a, b bytes.Buffer
	for _, out := range []*bytes.Buffer{&a, &b} {
		if err := Write(out, sampleSheet(), "png", sampleSheet().Size()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two drawings of one sheet differ")
	}
}

func TestOddSheetsAreDrawn(t *testing.T) {
	for name, s := range map[string]*ContactSheet{
		"none": {}, "headings alone": {Columns: []string{"a"}, Outlines: []string{"x"}},
		"empty panels": {Rows: []SheetRow{{"a", []Panel{{}}}, {}}},
		"one pixel":    {Rows: []SheetRow{{"a", []Panel{{1, 1, []uint8{9}, []uint8{255}}}}}, Outlines: []string{"1", "2", "3", "4", "5", "6", "7", "8"}},
	} {
		for _, format := range Formats() {
			if err := Write(new(bytes.Buffer), s, format, s.Size()); err != nil {
				t.Errorf("%s as %s: %v", name, format, err)
			}
		}
	}
}

// Edges surround a mask: each pixel side between inside and outside once.
func TestEdges(t *testing.T) {
	p := &Panel{Width: 3, Height: 2, Masks: []uint8{2, 2, 0, 0, 2, 1}}
	want := []edge{{0, 0, 2, 0}, {0, 1, 1, 0}, {1, 2, 1, 0}, {0, 0, 0, 1}, {1, 1, 0, 1}, {2, 0, 0, 2}}
	if got := p.edges(1); !slices.Equal(got, want) {
		t.Errorf("edges %v, want %v", got, want)
	}
	if got := p.edges(5); got != nil {
		t.Errorf("an empty mask has edges %v", got)
	}
}

func TestGreys(t *testing.T) {
	nan := float32(math.NaN())
	all := func(int) bool { return true }
	if got := Greys([]float32{-1, 0, 1, nan}, all); !slices.Equal(got, []uint8{0, 128, 255, 0}) {
		t.Errorf("greys %v", got)
	}
	if got := Greys([]float32{-1, 0, 1, 9}, func(i int) bool { return i < 3 }); !slices.Equal(got, []uint8{0, 128, 255, 0}) {
		t.Errorf("greys %v", got)
	}
	if got := Greys([]float32{4, 4}, all); !slices.Equal(got, []uint8{0, 0}) {
		t.Errorf("a constant image has greys %v", got)
	}
}
