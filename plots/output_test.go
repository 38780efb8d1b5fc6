package plots

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEqualFiguresAreEqualBytes(t *testing.T) {
	magic := map[string]string{"png": "\x89PNG", "svg": "<?xml", "pdf": "%PDF"}
	for _, format := range Formats() {
		var a, b bytes.Buffer
		if err := Write(&a, sampleFigure(3), format, DefaultSize); err != nil {
			t.Fatal(err)
		}
		if err := Write(&b, sampleFigure(3), format, DefaultSize); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s differs between two drawings", format)
		}
		if !strings.HasPrefix(a.String(), magic[format]) {
			t.Errorf("%s begins with %q", format, a.Bytes()[:8])
		}
	}
}

func TestPNGHas200DPI(t *testing.T) {
	var buf bytes.Buffer
	if err := Write(&buf, &Figure{}, "png", DefaultSize); err != nil {
		t.Fatal(err)
	}
	c, err := png.DecodeConfig(&buf)
	if err != nil || c.Width != 1040 || c.Height != 680 {
		t.Errorf("%d x %d, %v", c.Width, c.Height, err)
	}
}

func TestSaveAll(t *testing.T) {
	dir := t.TempDir()
	paths, err := SaveAll(filepath.Join(dir, "fig"), &Figure{}, DefaultSize)
	if err != nil || len(paths) != 3 {
		t.Fatal(paths, err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Errorf("%v, %v", files, err)
	}
	for _, p := range paths {
		if info, err := os.Stat(p); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestSaveErrors(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "fig.jpg"): `no figure format "jpg"; the formats are png, svg, pdf`,
		filepath.Join(dir, "fig"):     `no figure format ""`,
	} {
		if err := Save(path, &Figure{}, DefaultSize); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := Save(filepath.Join(dir, "fig.png"), &Figure{}, Size{}); err == nil {
		t.Error("a figure without size was drawn")
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestSizeByName(t *testing.T) {
	for _, s := range Sizes() {
		if got, err := SizeByName(s.Name); err != nil || got != s {
			t.Errorf("%s: %v, %v", s.Name, got, err)
		}
	}
	if _, err := SizeByName("a4"); err == nil || !strings.Contains(err.Error(), "ieee-1col") {
		t.Error(err)
	}
}

func BenchmarkFigure(b *testing.B) {
	f := sampleFigure(3)
	for _, format := range Formats() {
		b.Run(format, func(b *testing.B) {
			var buf bytes.Buffer
			for b.Loop() {
				buf.Reset()
				if err := Write(&buf, f, format, DefaultSize); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(buf.Len()), "file-bytes")
		})
	}
}
