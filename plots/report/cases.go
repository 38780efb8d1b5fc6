package report

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/image/draw"

	"flsim/internal/units"
	"flsim/sim/record"
	"flsim/sim/results"
)

// Case is a contact sheet of a segmentation's test cases.
type Case struct {
	Curve   int    `json:"curve"`
	Caption string `json:"caption"`
	Source  string `json:"src"` // a data: address
	Width   int    `json:"w"`
	Height  int    `json:"h"`
}

// Limits on contact sheets, in bytes: of one that is embedded as it is, of a file that is looked at, and of all in a
// page. Larger sheets are scaled down to sheetWidth pixels.
const (
	mostAsIs   = 120_000
	mostRead   = 32_000_000
	mostSheets = 4_000_000
	sheetWidth = 1100
	mostPixels = 64_000_000
)

// addCases embeds the contact sheet of each curve's first run, as far as there is room.
func (p *Page) addCases(curves []results.Curve) error {
	sum, left, scaled := 0, 0, 0
	for i := range curves {
		r := curves[i].Runs[0]
		c, small, err := readCase(filepath.Join(r.Dir, record.CasesFile))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || sum+len(c.Source) > mostSheets {
			left++
			continue
		}
		sum += len(c.Source)
		if small {
			scaled++
		}
		c.Curve, c.Caption = i, fmt.Sprintf("seed %d", r.Manifest.Seed)
		p.Cases = append(p.Cases, c)
	}
	if scaled > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("contact sheets are scaled down to %d pixels; the whole ones are %s in the runs' folders", sheetWidth, record.CasesFile))
	}
	if left > 0 {
		p.Notes = append(p.Notes, units.Count(left, "contact sheet")+" left out, since they are damaged or the page would be too large")
	}
	return nil
}

// readCase reads a sheet and scales it down if it is large.
func readCase(path string) (c Case, scaled bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return c, false, err
	}
	if info.Size() > mostRead {
		return c, false, fmt.Errorf("%s has %s", path, units.Bytes(float64(info.Size())))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return c, false, err
	}
	head, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return c, false, fmt.Errorf("%s: %w", path, err)
	}
	c.Width, c.Height = head.Width, head.Height
	if len(data) <= mostAsIs {
		c.Source = "data:image/png;base64," + base64.StdEncoding.EncodeToString(data)
		return c, false, nil
	}
	if head.Width > mostPixels/max(head.Height, 1) {
		return c, false, fmt.Errorf("%s has %d x %d pixels", path, head.Width, head.Height)
	}
	sheet, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return c, false, fmt.Errorf("%s: %w", path, err)
	}
	return smaller(sheet)
}

// smaller returns a sheet of at most sheetWidth pixels' width as JPEG.
func smaller(sheet image.Image) (c Case, scaled bool, err error) {
	size := sheet.Bounds().Size()
	c.Width, c.Height = size.X, size.Y
	if size.X > sheetWidth {
		c.Width, c.Height = sheetWidth, max(1, size.Y*sheetWidth/size.X)
	}
	out := image.NewRGBA(image.Rect(0, 0, c.Width, c.Height))
	draw.CatmullRom.Scale(out, out.Bounds(), sheet, sheet.Bounds(), draw.Src, nil)
	var file bytes.Buffer
	if err := jpeg.Encode(&file, out, &jpeg.Options{Quality: 85}); err != nil {
		return c, false, err
	}
	c.Source = "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(file.Bytes())
	return c, true, nil
}
