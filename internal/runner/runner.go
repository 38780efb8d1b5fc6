// Package runner plays the runs of an experiment into their directories: it reuses what is finished, continues what
// was stopped, and starts the rest.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"syscall"

	"flsim/configs"
	"flsim/sim"
	"flsim/sim/record"
)

// Runner plays runs: one with Play, many with PlayAll.
type Runner struct {
	Builder configs.Builder
	Dir     string      // the folder of all experiments
	Force   bool        // repeat finished runs, and start stopped ones anew
	Version string      // of flsim, for manifests
	Kernel  string      // of the training arithmetic, for manifests
	Host    string      // for manifests
	Watch   func(Event) // told of what happens; may be nil

	repeated []string // with Force: directories of equal runs that this one need not repeat
}

// Event is something that a run's watcher may want to show.
type Event struct {
	Kind     Kind
	Index    int // of the run in the list that PlayAll was given
	Manifest *record.Manifest
	Dir      string
	Line     record.Round   // Progress: the round that ended
	From     int            // Started: rounds that are done already
	Built    *configs.Built // Started, Finished, Reused, Shared
	Why      error          // Restarted, Failed
	Twin     string         // Shared: the directory of the run that it is the same as
}

// Kind says what happened.
type Kind uint8

// What can happen to a run.
const (
	Started  Kind = iota
	Progress      // a round has ended
	Finished
	Reused    // it was finished before
	Restarted // what was on disk cannot be continued
	Shared    // a finished run of the same id was taken over
	Waiting   // another process is playing it
	Failed    // it ended with an error
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
	return r.playBuilt(ctx, built, run.TOML())
}

func (r *Runner) playBuilt(ctx context.Context, built *configs.Built, config []byte) (dir string, err error) {
	m := &built.Manifest
	m.Version, m.Kernel, m.Host = r.Version, r.Kernel, r.Host
	dir = r.Where(m)
	run, err := r.done(dir, built)
	if err != nil {
		return dir, err
	}
	var twin *record.Run
	switch {
	case run == nil:
		twin, err = r.twin(dir, built)
	case reflect.DeepEqual(*labelled(run, built), run.Manifest):
		r.tell(Event{Kind: Reused, Manifest: &run.Manifest, Dir: dir, Built: built})
		return dir, nil
	}
	if err != nil {
		return dir, err
	}
	release, err := record.Lock(dir)
	if run != nil && readOnly(err) { // its labels stay as they are
		r.tell(Event{Kind: Reused, Manifest: labelled(run, built), Dir: dir, Built: built})
		return dir, nil
	}
	if err != nil {
		return dir, err
	}
	defer func() { err = errors.Join(err, release()) }()
	return dir, r.playLocked(ctx, built, dir, config, twin)
}

// playLocked plays a run whose lock is held, or takes over its twin unless that is nil. Whoever had the lock before may
// have finished it.
func (r *Runner) playLocked(ctx context.Context, built *configs.Built, dir string, config []byte, twin *record.Run) error {
	run, err := r.done(dir, built)
	switch {
	case err != nil:
		return err
	case run != nil:
		return r.relabel(run, built)
	case twin != nil:
		return r.adopt(twin, built, dir, config)
	}
	return r.play(ctx, built, dir, config)
}

// twin returns a finished run of the same id in another directory, nil if there is none: another variant or another
// experiment whose settings come to the same. If another process is playing one, the error is a *record.HeldError. By
// force only a run that was repeated before this one will do.
func (r *Runner) twin(dir string, built *configs.Built) (*record.Run, error) {
	dirs := r.repeated
	if !r.Force {
		var err error
		if dirs, err = record.FindID(r.Dir, built.Manifest.ID); err != nil {
			return nil, err
		}
	}
	var held error
	for _, other := range dirs {
		if other == dir {
			continue
		}
		run, err := record.Open(other)
		switch {
		case err != nil: // damaged or closed: of no use here
		case run.Result == nil && record.Held(other):
			held = &record.HeldError{Dir: other}
		case run.Result != nil && run.Verify() == nil && (!built.Transfers || run.HasTransfers()):
			return run, nil
		}
	}
	return nil, held
}

// adopt makes a finished run of the same id this one.
func (r *Runner) adopt(twin *record.Run, built *configs.Built, dir string, config []byte) error {
	m := &built.Manifest
	m.Version, m.Kernel, m.Host = twin.Manifest.Version, twin.Manifest.Kernel, twin.Manifest.Host
	err := record.Adopt(dir, twin, m, config, built.Transfers)
	if errors.Is(err, record.ErrDamaged) || errors.Is(err, fs.ErrNotExist) {
		return &record.HeldError{Dir: twin.Dir} // somebody repeats it
	}
	if err != nil {
		return err
	}
	r.tell(Event{Kind: Shared, Manifest: m, Dir: dir, Built: built, Twin: twin.Dir})
	return nil
}

// done returns the finished run of a directory that need not be played, nil if there is none.
func (r *Runner) done(dir string, built *configs.Built) (*record.Run, error) {
	if r.Force {
		return nil, nil
	}
	run, err := record.Open(dir)
	if err == nil && run.Result != nil {
		err = run.Verify()
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, record.ErrDamaged) {
		return nil, nil // it is played, which tells what is damaged
	}
	if err != nil || run.Result == nil || built.Transfers && !run.HasTransfers() {
		return nil, err
	}
	return run, nil
}

// labelled returns a finished run's manifest as it would be written today: labels, order and targets are no part of the
// results and may have changed since.
func labelled(run *record.Run, built *configs.Built) *record.Manifest {
	m := built.Manifest
	m.Version, m.Kernel, m.Host = run.Manifest.Version, run.Manifest.Kernel, run.Manifest.Host
	return &m
}

// relabel reuses a finished run, whose lock is held, and brings its files up to date if they can be written to.
func (r *Runner) relabel(run *record.Run, built *configs.Built) error {
	m := labelled(run, built)
	r.tell(Event{Kind: Reused, Manifest: m, Dir: run.Dir, Built: built})
	if reflect.DeepEqual(*m, run.Manifest) {
		return nil // by the process that had the lock
	}
	res := record.Summarise(run.Rounds, m)
	res.Digest, res.Stopped = run.Result.Digest, run.Result.Stopped
	err := record.WriteResult(run.Dir, res)
	if err == nil {
		err = record.WriteManifest(run.Dir, m) // last: as long as it differs, the result is written again
	}
	if readOnly(err) {
		return nil
	}
	return err
}

// readOnly reports whether an error says that a place cannot be written to.
func readOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
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

// open continues a run from its checkpoint, or starts it. Files that are damaged are no loss but of time.
func (r *Runner) open(built *configs.Built, dir string, config []byte) (*record.Store, *sim.Simulation, error) {
	if !r.Force {
		store, s, err := resume(built, dir)
		if err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, record.ErrDamaged) {
			return store, s, err
		}
		if errors.Is(err, record.ErrDamaged) {
			r.tell(Event{Kind: Restarted, Manifest: &built.Manifest, Dir: dir, Why: err})
		}
	}
	store, err := record.Create(dir, &built.Manifest, config, built.Transfers)
	if err != nil {
		return nil, nil, err
	}
	s, err := sim.New(built.Sim, store)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, s, nil
}

// resume continues a run. The error is fs.ErrNotExist if it has no checkpoint and record.ErrDamaged if that is of no
// use.
func resume(built *configs.Built, dir string) (*record.Store, *sim.Simulation, error) {
	run, err := record.Open(dir)
	if err == nil && run.Result != nil {
		err = run.Verify()
	} else if errors.Is(err, record.ErrDamaged) {
		err = nil // perhaps only behind the checkpoint, as after a crash
	}
	if err != nil {
		return nil, nil, err
	}
	checkpoint, err := record.ReadCheckpoint(dir)
	if err != nil {
		return nil, nil, err
	}
	round, err := sim.CheckpointRound(checkpoint)
	if err != nil {
		return nil, nil, err
	}
	store, err := record.Resume(dir, round, built.Transfers)
	if err != nil {
		return nil, nil, err
	}
	s, err := sim.Resume(built.Sim, store, checkpoint)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	if err := record.WriteManifest(dir, &built.Manifest); err != nil {
		s.Close()
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, s, nil
}

func (r *Runner) finish(store *record.Store, s *sim.Simulation, built *configs.Built, dir string) error {
	run, err := record.Open(dir)
	if err != nil {
		return err
	}
	final, err := s.Final()
	if err != nil {
		return err
	}
	res := record.Summarise(run.Rounds, &built.Manifest)
	res.Stopped = s.Stopped()
	if err := store.Finish(res, final); err != nil {
		return err
	}
	r.tell(Event{Kind: Finished, Manifest: &built.Manifest, Dir: dir, Built: built, Line: s.Round()})
	return nil
}

func (r *Runner) tell(e Event) {
	if r.Watch != nil {
		r.Watch(e)
	}
}
