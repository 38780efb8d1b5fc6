package report

import (
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func noise(width, height int) image.Image {
	img := image.NewGray(image.Rect(0, 0, width, height))
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = uint8(rng.Uint32())
	}
	return img
}

func TestSheets(t *testing.T) {
	runs := sample(t, t.TempDir())
	writePNG(t, filepath.Join(runs[0].Dir, "cases.png"), noise(60, 20))
	writePNG(t, filepath.Join(runs[2].Dir, "cases.png"), noise(2200, 100))
	p := newPage(t, runs)
	if len(p.Cases) != 2 {
		t.Fatalf("%d sheets", len(p.Cases))
	}
	if c := p.Cases[0]; !strings.HasPrefix(c.Source, "data:image/png;base64,") || c.Width != 60 || c.Height != 20 || c.Curve != 0 {
		t.Errorf("a small sheet is %.30s, %d x %d, of curve %d", c.Source, c.Width, c.Height, c.Curve)
	}
	if c := p.Cases[1]; !strings.HasPrefix(c.Source, "data:image/jpeg;base64,") || c.Width != sheetWidth || c.Height != 50 || c.Curve != 1 {
		t.Errorf("a large sheet is %.30s, %d x %d, of curve %d", c.Source, c.Width, c.Height, c.Curve)
	}
	if !strings.Contains(strings.Join(p.Notes, "\n"), "at most 1100 pixels") {
		t.Errorf("notes %q", p.Notes)
	}
}

func TestDamagedSheetsAreLeftOut(t *testing.T) {
	runs := sample(t, t.TempDir())
	if err := os.WriteFile(filepath.Join(runs[0].Dir, "cases.png"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	p := newPage(t, runs)
	if len(p.Cases) != 0 || !strings.Contains(strings.Join(p.Notes, "\n"), "1 contact sheet left out") {
		t.Errorf("%d sheets, notes %q", len(p.Cases), p.Notes)
	}
}

func TestSheetsAreReadOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.png")
	writePNG(t, path, noise(10, 10))
	memory := Sheets{}
	first := memory.read(path)
	if again := memory.read(path); again.err != nil || again.Source != first.Source || len(memory) != 1 {
		t.Errorf("a sheet that was read before: %v", again.err)
	}
	writePNG(t, path, noise(20, 10))
	if changed := memory.read(path); changed.Width != 20 {
		t.Errorf("a changed sheet has width %d, want 20", changed.Width)
	}
}
