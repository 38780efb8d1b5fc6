package app

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flsim/sim/record"
)

// States of a run on disk.
const (
	stateDone    = "done"
	stateRunning = "running" // a process is playing it
	stateStopped = "stopped" // it continues when it is played again
	stateDamaged = "damaged" // it starts anew when it is played again
)

// seen is what a look at a run's folder shows.
type seen struct {
	Dir      string           `json:"dir"`
	State    string           `json:"state"`
	Problem  string           `json:"problem,omitempty"` // of a damaged run
	When     time.Time        `json:"when"`              // of the last line, or of the result
	Done     int              `json:"rounds_done"`
	Manifest *record.Manifest `json:"manifest,omitempty"`
	Result   *record.Result   `json:"result,omitempty"` // so far
}

// look reads a run's folder. Damage is no error.
func look(dir string) (*seen, error) {
	s := &seen{Dir: dir, State: stateStopped}
	run, err := record.Open(dir)
	switch {
	case errors.Is(err, record.ErrDamaged):
		s.State, s.Problem = stateDamaged, strings.TrimPrefix(err.Error(), record.ErrDamaged.Error()+": ")
		s.Manifest, _ = record.ReadManifest(dir) // what is left of it
	case err != nil:
		return nil, err
	default:
		s.take(run)
	}
	for _, name := range []string{record.ResultFile, record.RoundsFile, record.ManifestFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			s.When = info.ModTime().Round(time.Second)
			break
		}
	}
	return s, nil
}

// take takes over what a whole run says of itself.
func (s *seen) take(run *record.Run) {
	s.Manifest, s.Result = &run.Manifest, run.Result
	switch {
	case run.Result != nil:
		s.State = stateDone
	case record.Held(run.Dir):
		s.State = stateRunning
	}
	if s.Result == nil && len(run.Rounds) > 0 {
		s.Result = record.Summarise(run.Rounds, &run.Manifest)
	}
	if s.Result != nil {
		s.Done = s.Result.Rounds
	}
}

// lookAll reads all runs at or below the given folders: by experiment, in the order of their plan, by seed.
func lookAll(args []string) ([]*seen, error) {
	dirs, err := findDirs(args)
	if err != nil {
		return nil, err
	}
	var list []*seen
	for _, dir := range dirs {
		s, err := look(dir)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, byPlan)
	return list, nil
}

// byPlan compares runs by experiment, place in their file and seed. Those whose manifest is lost come last.
func byPlan(a, b *seen) int {
	m, n := a.Manifest, b.Manifest
	switch {
	case m == nil && n == nil:
		return 0
	case m == nil:
		return 1
	case n == nil:
		return -1
	}
	return cmp.Or(cmp.Compare(m.Experiment, n.Experiment), cmp.Compare(m.Order, n.Order), cmp.Compare(m.Seed, n.Seed))
}

// lookAtOne reads the only run at or below a folder.
func lookAtOne(arg string) (*seen, error) {
	list, err := lookAll([]string{arg})
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, usageError{fmt.Errorf("%s holds %d runs; give the folder of one, such as %s", arg, len(list), list[0].Dir)}
	}
	return list[0], nil
}

// findDirs returns the folders of all runs at or below the given ones.
func findDirs(args []string) ([]string, error) {
	var dirs []string
	for _, root := range args {
		found, err := record.Find(root)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usageError{fmt.Errorf("there is no folder %s", root)}
		}
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, usageError{fmt.Errorf("there are no runs in %s; flsim run CONFIG makes some", root)}
		}
		dirs = append(dirs, found...)
	}
	slices.Sort(dirs)
	return slices.Compact(dirs), nil
}
