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
	"time"

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

// Sheets remembers contact sheets by their path, for pages that are made again and again. A nil one remembers nothing.
type Sheets map[string]sheet

type sheet struct {
	size    int64
	changed time.Time
	Case
	scaled bool
	err    error
}

// read returns the sheet at path. The error is fs.ErrNotExist if there is none.
func (s Sheets) read(path string) sheet {
	info, err := os.Stat(path)
	if err != nil {
		return sheet{err: err}
	}
	if old, known := s[path]; known && old.size == info.Size() && old.changed.Equal(info.ModTime()) {
		return old
	}
	n := sheet{size: info.Size(), changed: info.ModTime()}
	if n.size > mostRead {
		n.err = fmt.Errorf("%s has %s", path, units.Bytes(float64(n.size)))
	} else {
		n.Case, n.scaled, n.err = readCase(path)
	}
	if s != nil {
		s[path] = n
	}
	return n
}

// addCases embeds the contact sheet of each curve's first run, as far as there is room.
func (p *Page) addCases(curves []results.Curve, sheets Sheets) {
	sum, left, scaled := 0, 0, 0
	for i := range curves {
		r := curves[i].Runs[0]
		s := sheets.read(filepath.Join(r.Dir, record.CasesFile))
		if errors.Is(s.err, fs.ErrNotExist) {
			continue
		}
		if s.err != nil || sum+len(s.Source) > mostSheets {
			left++
			continue
		}
		sum += len(s.Source)
		if s.scaled {
			scaled++
		}
		s.Curve, s.Caption = i, fmt.Sprintf("seed %d", r.Manifest.Seed)
		p.Cases = append(p.Cases, s.Case)
	}
	if scaled > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("contact sheets are at most %d pixels wide here; the whole ones are %s in the runs' folders", sheetWidth, record.CasesFile))
	}
	if left > 0 {
		p.Notes = append(p.Notes, units.Count(left, "contact sheet")+" left out, since they are damaged or the page would be too large")
	}
}

// readCase reads a sheet and scales it down if it is large.
func readCase(path string) (c Case, scaled bool, err error) {
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
