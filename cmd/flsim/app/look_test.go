package app

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/sim/record"
)

// A run is running as long as somebody holds its lock, and what is swept is told.
func TestStates(t *testing.T) {
	file, err := configs.Parse("discs.toml", segmentation, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := runner.Runner{Builder: configs.Builder{Workers: 2}, Dir: t.TempDir()}
	dir, err := r.Play(t.Context(), file.Runs()[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, record.ResultFile)); err != nil {
		t.Fatal(err)
	}
	release, err := record.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := look(dir); err != nil || s.State != stateRunning || s.Done != 1 || s.Result.Metric != "dice" {
		t.Errorf("%+v, %v", s, err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	s, err := look(dir)
	if err != nil || s.State != stateStopped {
		t.Errorf("%+v, %v", s, err)
	}
	s.Manifest.Axes = record.Axes{"codec.q.bits": 4.0, "uplink.chain": `["q"]`}
	var b bytes.Buffer
	if err := writeList(&b, []*seen{s}); err != nil || !strings.Contains(b.String(), `codec.q.bits=4 uplink.chain=["q"]`) {
		t.Errorf("%v, %s", err, b.String())
	}
}

// Runs are listed by experiment, in the order of their file and by seed, as numbers.
func TestOrderOfTheList(t *testing.T) {
	var list []*seen
	for _, m := range []*record.Manifest{nil, {Experiment: "b", Order: 0, Seed: 1}, {Experiment: "a", Order: 1, Seed: 1}, {Experiment: "a", Order: 0, Seed: 10}, {Experiment: "a", Order: 0, Seed: 2}} {
		list = append(list, &seen{Manifest: m})
	}
	slices.SortStableFunc(list, byPlan)
	var got []string
	for _, s := range list[:4] {
		got = append(got, fmt.Sprintf("%s %d %d", s.Manifest.Experiment, s.Manifest.Order, s.Manifest.Seed))
	}
	if want := []string{"a 0 2", "a 0 10", "a 1 1", "b 0 1"}; list[4].Manifest != nil || !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
