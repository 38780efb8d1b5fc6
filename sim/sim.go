package sim

import (
	"context"
	"errors"
	"fmt"

	"flsim/clients"
	"flsim/codecs"
	"flsim/network"
	"flsim/sim/event"
	"flsim/sim/record"
)

// Simulation is one run under way. It is driven by one goroutine.
type Simulation struct {
	cfg      Config
	rec      Recorder
	now      event.Time
	queue    event.Queue[happening]
	net      *network.Network
	pool     *pool
	server   *server
	cast     *broadcast
	eligible []int
	states   map[int]clients.State // looked up and, for checkpoints, listed in order of clients; never ranged over
	eval     *evaluation
	own      map[int][]float32 // the clients' own models, of those that have trained; looked up only

	settings  *settingsSender
	announcer codecs.Announcer  // nil for none
	reports   codecs.Reports    // what clients measure for the controller
	hook      codecs.GlobalHook // nil for none

	round     round             // under way
	transfers []record.Transfer // of the round under way
	line      record.Round      // the last round that ended, or 0
	losses    lossHistory
	stopped   string     // why the run is over; empty before
	watched   event.Time // when the next linksChange is due, Never if none is
}

// happening is an event of the simulation: data, so that a queue of them can be looked at and compared.
type happening struct {
	what what
	task int // index of the task in the round
}

type what uint8

const (
	beginRound what = iota
	linksChange
	trained
)

// ErrStopped says that a run was stopped between two rounds and can be continued from its checkpoint.
var ErrStopped = errors.New("stopped")

// New wires a run that starts at its beginning. Close releases its workers.
func New(cfg Config, rec Recorder) (*Simulation, error) {
	s := assemble(cfg, rec)
	cfg.start(s.server.w)
	if err := s.endRound(s.spent()); err != nil {
		return nil, err
	}
	return s, nil
}

// Step plays one event. It returns false when the run is over.
func (s *Simulation) Step() (more bool, err error) {
	switch {
	case s.stopped != "":
		return false, nil
	case s.late():
		return true, s.cut()
	case s.queue.Len() == 0:
		return false, s.stuck()
	}
	next := s.queue.Pop()
	s.now = next.At
	switch next.Event.what {
	case beginRound:
		err = s.begin()
	case linksChange:
		err = s.transfersDone()
	case trained:
		err = s.uploadStarts(next.Event.task)
	}
	return err == nil, err
}

// stuck returns why nothing is left to happen before the run is over.
func (s *Simulation) stuck() error {
	if len(s.eligible) == 0 {
		return errors.New("no client holds an example to train on")
	}
	return fmt.Errorf("round %d would end behind the last moment that the simulated clock can show, %.3g s: links or devices are too slow",
		s.line.Round+1, event.Never.Seconds())
}

// Run plays the run to its end and calls watch, unless it is nil, with each round that ends. If the context ends
// first, it finishes the round, records a checkpoint and returns ErrStopped.
func (s *Simulation) Run(ctx context.Context, watch func(*record.Round)) error {
	for {
		if ctx.Err() != nil && s.betweenRounds() && s.stopped == "" {
			return errors.Join(ErrStopped, s.checkpoint())
		}
		before := s.line.Round
		more, err := s.Step()
		if watch != nil && s.line.Round != before {
			watch(&s.line)
		}
		if err != nil || !more {
			return err
		}
	}
}

// Close waits for training that is under way.
func (s *Simulation) Close() { s.pool.close() }

// Round returns the line of the last round that ended.
func (s *Simulation) Round() record.Round { return s.line }

// Weights returns the global model, which the caller does not change.
func (s *Simulation) Weights() []float32 { return s.server.w }

func (s *Simulation) betweenRounds() bool { return len(s.round.tasks) == 0 }
