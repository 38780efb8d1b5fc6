package app

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/internal/tensor"
	"flsim/sim"
	"flsim/sim/record"

	"flsim/datasets"
)

const segmentation = `
schema = 1
name = "discs"
rounds = 1
[data]
set = "discs"
[model]
name = "unet2d"
base = 4
levels = 2
[clients]
count = 2
gflops = 1.0
[network]
uplink_mbps = 1.0
downlink_mbps = 1.0
`

// A finished run gets its sheet, keeps it, and gets it again if it is lost; its digest knows nothing of that.
func TestSheetsOfCases(t *testing.T) {
	file, err := configs.Parse("discs.toml", segmentation, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	play := func() (*caseSheets, string) {
		s := &caseSheets{}
		r := runner.Runner{Builder: configs.Builder{Workers: 2}, Dir: dir, Watch: s.see}
		run, err := r.Play(t.Context(), file.Runs()[0])
		if err != nil || s.err != nil || len(s.paths) != 1 {
			t.Fatal(err, s)
		}
		return s, run
	}
	read := func(path string) []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	s, run := play()
	first, result := read(s.paths[0]), read(filepath.Join(run, record.ResultFile))
	if err := os.WriteFile(s.paths[0], []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if s, _ = play(); string(read(s.paths[0])) != "mine" {
		t.Error("the sheet of a finished run was drawn again")
	}
	if err := os.Remove(s.paths[0]); err != nil {
		t.Fatal(err)
	}
	if s, _ = play(); !bytes.Equal(read(s.paths[0]), first) || !bytes.Equal(read(filepath.Join(run, record.ResultFile)), result) {
		t.Error("a sheet that was lost comes back otherwise, or changes the result")
	}
	var told bytes.Buffer
	if s.tell(&told); !strings.Contains(told.String(), filepath.Join(run, "cases.png")) {
		t.Errorf("told %q", told.String())
	}
}

func TestCaseRow(t *testing.T) {
	p := &sim.Pick{Rank: "best", Case: datasets.Case{Name: "a", Shape: tensor.Shape{D: 9, H: 1, W: 4, C: 2}}, Dice: 0.75, Regions: []float64{1, 0.5},
		Slice: 4, Image: []float32{0, 0, -1, 0, 0, 2, 1, 1}, Truth: []uint8{0, 1, 1, 0}, Predicted: []uint8{0, 0, 3, 0}}
	row := caseRow(p, []string{"WT", "TC"}, 2)
	if want := "best: a, slice 5 of 9; mean Dice 0.75: WT 1.00, TC 0.50"; row.Caption != want {
		t.Errorf("caption %q", row.Caption)
	}
	if len(row.Panels) != 4 || row.Panels[0].Masks != nil || !slices.Equal(row.Panels[2].Masks, p.Truth) || !slices.Equal(row.Panels[3].Masks, p.Predicted) {
		t.Errorf("%+v", row.Panels)
	}
	for k, want := range [][]uint8{{0, 0, 128, 255}, {0, 0, 255, 128}} {
		if got := row.Panels[k].Grey; !slices.Equal(got, want) {
			t.Errorf("channel %d is %v, want %v", k, got, want)
		}
	}
}
