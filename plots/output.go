package plots

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"flsim/sim/record"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// dpi is the resolution of PNG files.
const dpi = 200

// Formats returns the file formats that figures are written in, which are also the endings of their files.
func Formats() []string { return []string{"png", "svg", "pdf"} }

// Drawing is what can be saved: a Figure, a HeatMap and the like.
type Drawing interface {
	// Draw draws on a canvas of the given size.
	Draw(c draw.Canvas, size Size)
}

// Write writes a drawing in one of the Formats. Equal drawings give equal bytes.
func Write(w io.Writer, d Drawing, format string, size Size) error {
	c, err := newCanvas(format, size, dpi)
	if err != nil {
		return err
	}
	d.Draw(draw.New(c), size)
	_, err = c.WriteTo(w)
	return err
}

// WritePNG writes a drawing as PNG with so many dots per inch.
func WritePNG(w io.Writer, d Drawing, size Size, dpi int) error {
	c, err := newCanvas("png", size, dpi)
	if err != nil {
		return err
	}
	d.Draw(draw.New(c), size)
	_, err = c.WriteTo(w)
	return err
}

// Save writes a drawing to a file, whose folder it makes, in the format that the file's ending names. Readers see the old file or the
// new one and nothing between.
func Save(path string, d Drawing, size Size) error {
	format := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	var buf bytes.Buffer
	if err := Write(&buf, d, format, size); err != nil {
		return fmt.Errorf("draw %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return record.WriteFile(path, buf.Bytes())
}

// SaveAll writes base.png, base.svg and base.pdf and returns their paths.
func SaveAll(base string, d Drawing, size Size) ([]string, error) {
	var paths []string
	for _, format := range Formats() {
		path := base + "." + format
		if err := Save(path, d, size); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func newCanvas(format string, size Size, dpi int) (*canvas, error) {
	if !(size.Width > 0 && size.Height > 0 && size.Text > 0) {
		return nil, fmt.Errorf("a figure's width, height and text scale must be above 0, got %v x %v in and %v",
			size.Width/vg.Inch, size.Height/vg.Inch, size.Text)
	}
	switch format {
	case "png":
		img := vgimg.NewWith(vgimg.UseWH(size.Width, size.Height), vgimg.UseDPI(dpi))
		return &canvas{CanvasWriterTo: vgimg.PngCanvas{Canvas: img}}, nil
	case "svg":
		return &canvas{CanvasWriterTo: vgsvg.New(size.Width, size.Height)}, nil
	case "pdf":
		return &canvas{CanvasWriterTo: vgpdf.New(size.Width, size.Height), straight: true}, nil
	}
	return nil, fmt.Errorf("no figure format %q; the formats are %s", format, strings.Join(Formats(), ", "))
}
