package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/internal/units"
	"flsim/plots"
	"flsim/sim"
	"flsim/sim/record"
)

// caseSheets draws contact sheets of the test cases of segmentations, one into the directory of each run that ends or
// has ended without one.
type caseSheets struct {
	paths []string // of all sheets that are there
	err   error
}

func (s *caseSheets) see(e runner.Event) {
	if e.Built == nil || e.Kind == runner.Started || len(e.Manifest.Regions) == 0 || e.Built.Sim.Mode == sim.Local {
		return // clients that keep models of their own have no model to show
	}
	path := filepath.Join(e.Dir, record.CasesFile)
	var err error
	if _, missing := os.Stat(path); e.Kind == runner.Finished || missing != nil {
		err = drawCases(path, e.Built, e.Dir)
	}
	switch {
	case err == nil:
		s.paths = append(s.paths, path)
	case e.Kind == runner.Reused && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)):
		// a folder that can only be read keeps what it has
	default:
		s.err = errors.Join(s.err, err)
	}
}

// tell says where the sheets are.
func (s *caseSheets) tell(w io.Writer) {
	switch len(s.paths) {
	case 0:
	case 1:
		fmt.Fprintf(w, "best, median and worst case in %s\n", s.paths[0])
	default:
		fmt.Fprintf(w, "best, median and worst case of each of %s in %s\n", units.Count(len(s.paths), "run"),
			filepath.Join(filepath.Dir(filepath.Dir(s.paths[0])), "*", record.CasesFile))
	}
}

// drawCases draws the sheet of a finished run with its final weights.
func drawCases(path string, built *configs.Built, dir string) error {
	c, err := record.ReadCheckpoint(dir)
	if err != nil {
		return err
	}
	w, err := sim.CheckpointWeights(&built.Sim, c)
	if err != nil {
		return err
	}
	sheet := caseSheet(built, sim.Picks(&built.Sim, w))
	return plots.Save(path, sheet, sheet.Size())
}

// mostChannels is how many channels of a case are shown.
const mostChannels = 4

func caseSheet(built *configs.Built, picks []sim.Pick) *plots.ContactSheet {
	m := &built.Manifest
	data := m.Data
	if m.Synthetic {
		data = "synthetic data (" + data + ")"
	}
	s := &plots.ContactSheet{Title: m.Label, Outlines: m.Regions,
		Subtitle: fmt.Sprintf("%s · %s · seed %d · after round %d", data, m.Model, m.Seed, m.Rounds)}
	channels := min(built.Sim.Data.Train.Shape().C, mostChannels)
	for k := range channels {
		name := fmt.Sprintf("channel %d", k+1)
		if names := built.Sim.Data.Channels; k < len(names) {
			name = names[k]
		}
		s.Columns = append(s.Columns, name)
	}
	s.Columns = append(s.Columns, "truth", "prediction")
	for i := range picks {
		s.Rows = append(s.Rows, caseRow(&picks[i], m.Regions, channels))
	}
	return s
}

// caseRow shows the channels of a case, and on the first of them what is there and what is predicted.
func caseRow(p *sim.Pick, regions []string, channels int) plots.SheetRow {
	scores := make([]string, len(regions))
	for r, name := range regions {
		scores[r] = fmt.Sprintf("%s %.2f", name, p.Regions[r])
	}
	row := plots.SheetRow{Caption: fmt.Sprintf("%s: %s, slice %d of %d; mean Dice %.2f: %s",
		p.Rank, p.Case.Name, p.Slice+1, max(p.Case.Shape.D, 1), p.Dice, strings.Join(scores, ", "))}
	shape := p.Case.Shape
	panel := func(k int, masks []uint8) plots.Panel {
		return plots.Panel{Width: shape.W, Height: shape.H, Grey: channelGrey(p.Image, k, shape.C), Masks: masks}
	}
	for k := range channels {
		row.Panels = append(row.Panels, panel(k, nil))
	}
	row.Panels = append(row.Panels, panel(0, p.Truth), panel(0, p.Predicted))
	return row
}

// channelGrey returns channel k of an image as grey. Pixels whose channels are all exactly 0 are background, which
// normalised images have nowhere else.
func channelGrey(image []float32, k, channels int) []uint8 {
	values := make([]float32, len(image)/channels)
	for i := range values {
		values[i] = image[i*channels+k]
	}
	return plots.Greys(values, func(i int) bool {
		for _, v := range image[i*channels : (i+1)*channels] {
			if v != 0 {
				return true
			}
		}
		return false
	})
}
