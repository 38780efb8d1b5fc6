// Package plotstest compares pictures with those in golden files.
package plotstest

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// DPI is the resolution of golden pictures.
const DPI = 72

// Golden compares a picture with testdata/NAME.png. Single pixels may differ by a little, since
// processors round differently.
func Golden(t *testing.T, name string, picture []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".png")
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, picture, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update makes it)", err)
	}
	if share := difference(t, picture, want); share > 0.001 {
		out := filepath.Join(os.TempDir(), "got-"+name+".png")
		os.WriteFile(out, picture, 0o666)
		t.Errorf("%s: %.2f %% of the pixels differ; see %s", path, 100*share, out)
	}
}

// difference returns the share of pixels that differ visibly.
func difference(t *testing.T, a, b []byte) float64 {
	t.Helper()
	p, err := png.Decode(bytes.NewReader(a))
	if err != nil {
		t.Fatal(err)
	}
	q, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if p.Bounds() != q.Bounds() {
		return 1
	}
	n := 0
	for y := range p.Bounds().Dy() {
		for x := range p.Bounds().Dx() {
			if far(p, q, x, y) {
				n++
			}
		}
	}
	return float64(n) / float64(p.Bounds().Dx()*p.Bounds().Dy())
}

func far(p, q image.Image, x, y int) bool {
	r1, g1, b1, _ := p.At(x, y).RGBA()
	r2, g2, b2, _ := q.At(x, y).RGBA()
	apart := func(a, b uint32) bool { return max(a, b)-min(a, b) > 0x1000 }
	return apart(r1, r2) || apart(g1, g2) || apart(b1, b2)
}
