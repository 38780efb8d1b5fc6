// Package runner plays the runs of an experiment into their directories: it reuses what is finished, continues what
// was stopped, and starts the rest.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"flsim/configs"
	"flsim/sim"
	"flsim/sim/record"
)

// Runner plays runs one after another.
type Runner struct {
	Builder configs.Builder
	Dir     string      // the folder of all experiments
	Force   bool        // repeat finished runs, and start stopped ones anew
	Version string      // of flsim, for manifests
	Kernel  string      // of the training arithmetic, for manifests
	Host    string      // for manifests
	Watch   func(Event) // told of what happens; may be nil
}

// Event is something that a run's watcher may want to show.
type Event struct {
	Kind     Kind
	Manifest *record.Manifest
	Dir      string
	Line     record.Round   // Progress: the round that ended
	From     int            // Started: rounds that are done already
	Built    *configs.Built // Started
}

// Kind says what happened.
type Kind uint8

// What can happen to a run.
const (
	Started  Kind = iota
	Progress      // a round has ended
	Finished
	Reused // it was finished before
)

// Where returns a run's directory: DIR/experiment/variant-sSEED-ID8.
func (r *Runner) Where(m *record.Manifest) string {
	return filepath.Join(r.Dir, m.Experiment, fmt.Sprintf("%s-s%d-%.8s", m.Variant, m.Seed, m.ID))
}

// Play brings a run to its end and returns its directory. An error wraps sim.ErrStopped if ctx ended it; the run then
// continues when it is played again.
func (r *Runner) Play(ctx context.Context, run configs.Run) (dir string, err error) {
	built, err := r.Builder.Build(run)
	if err != nil {
		return "", err
	}
	m := &built.Manifest
	m.Version, m.Kernel, m.Host = r.Version, r.Kernel, r.Host
	dir = r.Where(m)
	done, err := r.finished(dir)
	if err != nil {
		return dir, err
	}
	if done {
		// Labels and order are no part of the results, and may have changed since.
		r.tell(Event{Kind: Reused, Manifest: m, Dir: dir})
		return dir, record.WriteManifest(dir, m)
	}
	return dir, r.play(ctx, built, dir, run.TOML())
}

func (r *Runner) finished(dir string) (bool, error) {
	if r.Force {
		return false, nil
	}
	_, err := record.ReadResult(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (r *Runner) play(ctx context.Context, built *configs.Built, dir string, config []byte) (err error) {
	store, s, err := r.open(built, dir, config)
	if err != nil {
		return err
	}
	defer s.Close()
	defer func() { err = errors.Join(err, store.Close()) }()
	r.tell(Event{Kind: Started, Manifest: &built.Manifest, Dir: dir, Built: built, From: s.Round().Round})
	err = s.Run(ctx, func(line *record.Round) {
		r.tell(Event{Kind: Progress, Manifest: &built.Manifest, Dir: dir, Line: *line})
	})
	if err != nil {
		return err
	}
	return r.finish(store, s, built, dir)
}

// open starts a run, or continues it from its checkpoint.
func (r *Runner) open(built *configs.Built, dir string, config []byte) (*record.Store, *sim.Simulation, error) {
	transfers := built.Transfers
	checkpoint, err := record.ReadCheckpoint(dir)
	if r.Force || err != nil { // a checkpoint that is missing or damaged is no loss but of time
		store, err := record.Create(dir, &built.Manifest, config, transfers)
		if err != nil {
			return nil, nil, err
		}
		s, err := sim.New(built.Sim, store)
		if err != nil {
			return nil, nil, errors.Join(err, store.Close())
		}
		return store, s, nil
	}
	round, err := sim.CheckpointRound(checkpoint)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := record.WriteManifest(dir, &built.Manifest); err != nil {
		return nil, nil, err
	}
	store, err := record.Resume(dir, round, transfers)
	if err != nil {
		return nil, nil, err
	}
	s, err := sim.Resume(built.Sim, store, checkpoint)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w; --force starts the run anew", dir, err), store.Close())
	}
	return store, s, nil
}

func (r *Runner) finish(store *record.Store, s *sim.Simulation, built *configs.Built, dir string) error {
	run, err := record.Open(dir)
	if err != nil {
		return err
	}
	res := record.Summarise(run.Rounds, built.Manifest.Metric, built.Manifest.Targets)
	if err := store.Finish(res, s.Weights()); err != nil {
		return err
	}
	r.tell(Event{Kind: Finished, Manifest: &built.Manifest, Dir: dir, Line: s.Round()})
	return nil
}

func (r *Runner) tell(e Event) {
	if r.Watch != nil {
		r.Watch(e)
	}
}
