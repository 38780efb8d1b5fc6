package sim

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"flsim/internal/wire"
	"flsim/sim/record"
)

// Mode says what of training is federated. Baselines exchange nothing: their messages are handed over without taking
// time, and are not counted.
type Mode uint8

const (
	Federated   Mode = iota
	Centralised      // all examples are where the model is: Shards holds one shard
	Local            // every client keeps a model of its own, all from the same initial weights
)

// model returns the model that a client starts a task from.
func (s *Simulation) model(client int) []float32 {
	if s.cfg.Mode != Local {
		return s.cast.held
	}
	if own, ok := s.own[client]; ok {
		return own
	}
	return s.server.w
}

// publish makes the round's model ready to be sent.
func (s *Simulation) publish(number int, control []byte) error {
	if s.cfg.Mode == Local {
		return nil
	}
	return s.cast.publish(s.server.w, number, control)
}

// fold folds messages into the global model, or each into its sender's own.
func (s *Simulation) fold(from []contribution) error {
	if s.cfg.Mode != Local {
		return s.server.aggregate(from)
	}
	for _, c := range from {
		own := make([]float32, len(s.server.w))
		if err := s.server.sender.Open(own, c.frame, wire.Update, c.shared); err != nil {
			return fmt.Errorf("round %d, client %d: %w", c.shared.Round, c.client, err)
		}
		for i, w := range c.shared.Reference {
			own[i] += w
		}
		if err := finite(own, c.shared.Round); err != nil {
			return err
		}
		s.own[c.client] = own
	}
	return nil
}

// evaluate scores the global model, or the mean over the clients' own ones.
func (s *Simulation) evaluate() *record.Evaluation {
	if s.cfg.Mode != Local || len(s.own) == 0 {
		return s.eval.run(s.server.w, s.pool)
	}
	var list []*record.Evaluation
	for _, client := range s.eligible {
		list = append(list, s.eval.run(s.model(client), s.pool))
	}
	return meanOf(list)
}

// meanOf returns the mean of evaluations, and changes the first. A column that some lack, such as the distance from a
// region that they never mark, is the mean over the others.
func meanOf(list []*record.Evaluation) *record.Evaluation {
	mean := list[0]
	to := numbers(mean)
	present := make([]float64, len(to))
	for k, e := range list {
		for i, x := range numbers(e) {
			switch missing := i >= len(to)-len(mean.More) && math.IsNaN(*x); {
			case missing:
			case k > 0 && present[i] > 0:
				*to[i] += *x
				present[i]++
			default:
				*to[i], present[i] = *x, 1
			}
		}
	}
	for i, n := range present {
		if n > 0 {
			*to[i] /= n
		}
	}
	return mean
}

// numbers lists an evaluation's numbers.
func numbers(e *record.Evaluation) []*float64 {
	list := []*float64{&e.Test, &e.TestLoss, &e.Train, &e.TrainLoss, &e.Validation, &e.ValidationLoss}
	for i := range e.More {
		list = append(list, &e.More[i].Value)
	}
	return list
}

// ownVectors lists the clients' own models for checkpoints.
func (s *Simulation) ownVectors() (list []record.Vector) {
	for _, client := range s.eligible {
		if own, ok := s.own[client]; ok {
			list = append(list, record.Vector{Name: ownPrefix + strconv.Itoa(client), Data: own})
		}
	}
	return list
}

// restoreOwn takes back what ownVectors listed.
func (s *Simulation) restoreOwn(number string, v []float32) error {
	client, err := strconv.Atoi(number)
	if err != nil || !slices.Contains(s.eligible, client) || s.cfg.Mode != Local {
		return fmt.Errorf("no client %s keeps a model of its own", number)
	}
	s.own[client] = v
	return nil
}

// exchanged returns what counts as sent of a parcel.
func (s *Simulation) exchanged(p parcel) parcel {
	if s.cfg.Mode != Federated {
		return parcel{}
	}
	return p
}
