// Package sweep says of a file's runs what they will take, how far they have come, and what came out.
package sweep

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/sim/record"
)

// Entry is one run of a file, in the order of configs.File.Runs, which is the order of indices.
type Entry struct {
	Index    int
	Run      configs.Run
	Manifest record.Manifest
	Dir      string // where the run is, or will be; of a run that is done: where its results are
	State    State
	Round    int // the last one that is on disk; -1 if none is
	Same     int // index of the first run with the same id
}

// State says how far a run is.
type State uint8

// The states of a run.
const (
	Missing State = iota // nothing is there
	Stopped              // begun, and not under way
	Running              // a process is playing it
	Done                 // result.json is there
)

// String returns the state's name.
func (s State) String() string { return [...]string{"missing", "stopped", "running", "done"}[s] }

// List finds out about runs. Its error joins all that is wrong with them.
func List(r *runner.Runner, runs []configs.Run) ([]Entry, error) {
	manifests, err := r.Builder.Describe(runs)
	if err != nil {
		return nil, err
	}
	first := make(map[string]int)
	entries := make([]Entry, len(runs))
	for i := range runs {
		e := &entries[i]
		*e = Entry{Index: i, Run: runs[i], Manifest: manifests[i], Dir: r.Where(&manifests[i]), Same: i}
		if j, known := first[e.Manifest.ID]; known {
			e.Same = j
		} else {
			first[e.Manifest.ID] = i
		}
		if err := e.look(r.Dir); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// look settles the state: that of the run's own directory, or that of an equal run which it will take over.
func (e *Entry) look(root string) error {
	e.State, e.Round = stateOf(e.Dir, e.Manifest.ID)
	if e.State == Done {
		return nil
	}
	twins, err := record.FindID(root, e.Manifest.ID)
	if err != nil {
		return err
	}
	for _, dir := range twins {
		if state, round := stateOf(dir, e.Manifest.ID); state > e.State && state >= Running {
			e.State, e.Round = state, round
			if state == Done {
				e.Dir = dir
			}
		}
	}
	return nil
}

func stateOf(dir, id string) (State, int) {
	m, err := record.ReadManifest(dir)
	if err != nil || m.ID != id {
		return Missing, -1
	}
	if res, err := record.ReadResult(dir); err == nil {
		return Done, res.Rounds
	}
	lines, err := os.ReadFile(filepath.Join(dir, record.RoundsFile))
	round := -1
	if err == nil {
		round = bytes.Count(lines, []byte("\n")) - 1
	}
	if record.Held(dir) {
		return Running, round
	}
	return Stopped, round
}

// Shard returns the indices that part i of n has: every n-th of count runs, from i on.
func Shard(count, i, n int) (list []int) {
	for k := i; k < count; k += n {
		list = append(list, k)
	}
	return list
}

// ParseShard reads i/n, parts being counted from 0.
func ParseShard(text string) (i, n int, err error) {
	var rest string
	if k, _ := fmt.Sscanf(text+" .", "%d/%d %s", &i, &n, &rest); k != 3 || rest != "." || i < 0 || i >= n {
		return 0, 0, fmt.Errorf("%q is no part of a sweep; write i/n with i from 0 to n-1, as in 0/4", text)
	}
	return i, n, nil
}
