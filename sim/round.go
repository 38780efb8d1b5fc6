package sim

import (
	"fmt"
	"math"
	"slices"

	"flsim/clients"
	"flsim/codecs"
	"flsim/datasets"
	"flsim/network"
	"flsim/sim/event"
	"flsim/sim/record"
)

// round is what is under way between two aggregations.
type round struct {
	tasks    []*task
	underWay int // tasks whose message has not arrived
	arrived  int // updates
	down, up record.Bits
	settings []record.Column // what a controller announced
}

// task is one client's part in a round.
type task struct {
	clients.Task
	link    network.Link
	parcel  parcel        // on its way down
	ready   chan struct{} // closed when result and err are there
	result  clients.Result
	err     error
	arrived bool
}

// lossHistory is what controllers are told of the training so far.
type lossHistory struct {
	First, Last float64
	Reported    []codecs.Report `json:",omitempty"` // by round
}

// begin starts a round: the model is encoded once and sent to all that the strategy names.
func (s *Simulation) begin() error {
	number := s.line.Round + 1
	control, err := s.control(number)
	if err != nil {
		return err
	}
	if err := s.publish(number, control); err != nil {
		return err
	}
	sampled := s.cfg.Strategy.Begin(number, s.eligible)
	for _, client := range sampled {
		s.start(clients.Task{Client: client, Round: number, Control: control})
	}
	if s.reports.Loss && s.reports.All {
		for _, client := range s.eligible {
			if !slices.Contains(sampled, client) {
				s.start(clients.Task{Client: client, Round: number, Idle: true})
			}
		}
	}
	s.round.underWay = len(s.round.tasks)
	s.watchLinks()
	return nil
}

// control returns the settings that go out with the model, nil if no stage of the uplink makes any.
func (s *Simulation) control(number int) ([]byte, error) {
	rate := s.cfg.Training.LRPerRound
	settings, err := s.settings.next(codecs.Feedback{Round: number, Rounds: s.cfg.Rounds,
		FirstLoss: s.losses.First, LastLoss: s.losses.Last, Reported: s.losses.Reported,
		LRFactor: rate.Factor(number-1, s.cfg.Rounds) / rate.Factor(0, s.cfg.Rounds),
		Layout:   s.server.layout, Model: s.server.w})
	if err != nil {
		return nil, fmt.Errorf("round %d, settings: %w", number, err)
	}
	return settings, s.announce(number, settings)
}

// announce notes the number that the settings hold, if they are of a kind that names one.
func (s *Simulation) announce(number int, settings []byte) error {
	if s.announcer == nil {
		return nil
	}
	value, err := s.announcer.Announced(settings)
	if err != nil {
		return fmt.Errorf("round %d, settings: %w", number, err)
	}
	s.round.settings = []record.Column{{Name: s.announcer.Announces(), Value: value}}
	return nil
}

// start sends the model to a task's client and puts its training on the pool. What the client will decode is known now,
// and training is a function of that alone, so it may be computed before its simulated time comes.
func (s *Simulation) start(order clients.Task) {
	client := order.Client
	t := &task{Task: order, link: s.cfg.Links(client, order.Round), parcel: s.exchanged(s.cast.parcelFor(client)), ready: make(chan struct{})}
	t.Rounds, t.Shard, t.Received, t.State = s.cfg.Rounds, s.cfg.Shards[client], s.model(client), s.states[client]
	t.parcel.add(s.settings.parcelFor(client, t.Control))
	s.pool.submit(func(w *worker) {
		t.result, t.err = w.trainer.Run(&t.Task)
		close(t.ready)
	})
	s.net.Start(s.now, network.Transfer{ID: transferID(len(s.round.tasks), network.Down), Client: client,
		Round: t.Round, Dir: network.Down, Bytes: t.parcel.Wire})
	s.round.tasks = append(s.round.tasks, t)
}

func transferID(task int, dir network.Direction) uint64 { return uint64(task)<<1 | uint64(dir) }

// watchLinks schedules the next moment at which a transfer starts, ends or changes its rate, unless an event is due
// before.
func (s *Simulation) watchLinks() {
	if at := s.net.Next(); at < s.watched {
		s.watched = at
		s.queue.Push(at, happening{what: linksChange})
	}
}

func (s *Simulation) transfersDone() error {
	if s.now == s.watched {
		s.watched = event.Never
	}
	for _, done := range s.net.Advance(s.now) {
		t := s.round.tasks[done.ID>>1]
		if done.Dir == network.Down {
			s.downloaded(t, &done)
		} else if err := s.uploaded(t, &done); err != nil {
			return err
		}
		if s.betweenRounds() {
			return nil // that upload ended the round, and it was the last transfer
		}
	}
	s.watchLinks()
	return nil
}

// downloaded schedules the end of training by the device's speed, not by when the pool gets round to it.
func (s *Simulation) downloaded(t *task, done *network.Done) {
	s.cast.received(t.Client)
	if t.Control != nil {
		s.settings.received(t.Client)
	}
	s.round.down.Add(t.parcel.bits())
	s.note(transferLine(t, done, t.parcel, s.cast.nmse))
	s.queue.Push(done.End.Add(s.duration(t)), happening{what: trained, task: int(done.ID >> 1)})
}

// duration returns how long a task keeps its client busy.
func (s *Simulation) duration(t *task) event.Time {
	training, device := &s.cfg.Training, s.cfg.Devices(t.Client, t.Round)
	load := clients.Load{Examples: len(t.Shard), Cases: datasets.CountCases(s.cfg.Data.Train, t.Shard)}
	var takes event.Time
	if !t.Idle {
		takes = training.Duration(s.cfg.Model, load, device)
		takes = takes.Add(training.Measuring(s.cfg.Model, load, 2*training.Validation, device))
	}
	if s.reports.Loss {
		takes = takes.Add(training.Measuring(s.cfg.Model, load, 1, device))
	}
	return takes
}

// uploadStarts commits what training made of the client's state and sends the message off.
func (s *Simulation) uploadStarts(index int) error {
	t := s.round.tasks[index]
	<-t.ready
	if t.err != nil {
		return t.err
	}
	s.states[t.Client] = t.result.State
	s.net.Start(s.now, network.Transfer{ID: transferID(index, network.Up), Client: t.Client, Round: t.Round,
		Dir: network.Up, Bytes: s.upward(t).Wire})
	s.watchLinks()
	return nil
}

func (s *Simulation) uploaded(t *task, done *network.Done) error {
	p := s.upward(t)
	s.round.up.Add(p.bits())
	s.note(transferLine(t, done, p, t.result.Sent.NMSE))
	t.arrived = true
	if !t.Idle {
		s.round.arrived++
	}
	s.round.underWay--
	if !s.cfg.Strategy.Aggregate(s.round.arrived, s.round.underWay) {
		return nil
	}
	return s.aggregate()
}

// upward returns what a task sends to the server: the update, and behind it the report.
func (s *Simulation) upward(t *task) parcel {
	var p parcel
	if !t.Idle {
		p = s.exchanged(parcelOf(&t.result.Sent))
	}
	if t.result.Report != nil {
		p.add(plainParcel(len(t.result.Report), s.reports.Size()))
	}
	return p
}

// note keeps a transfer for the record; what a baseline hands over is none.
func (s *Simulation) note(line record.Transfer) {
	if s.cfg.Mode == Federated {
		s.transfers = append(s.transfers, line)
	}
}

// transferLine is the record of one transfer.
func transferLine(t *task, done *network.Done, p parcel, nmse float64) record.Transfer {
	rate := t.link.Up
	if done.Dir == network.Down {
		rate = t.link.Down
	}
	line := record.Transfer{Round: t.Round, Client: t.Client, Direction: done.Dir.String(), Messages: p.Frames,
		Wire: p.Wire, Payload: p.Payload, Side: int64(p.Account.Side), Entropy: p.Account.Entropy, Paper: p.Account.Paper,
		NMSE: nmse, Start: done.Start.Seconds(), End: done.End.Seconds(), Latency: t.link.Latency.Seconds()}
	if !math.IsInf(float64(rate), 1) {
		line.LinkMbps = float64(rate) / 1e6
	}
	return line
}

// aggregate folds the messages that have arrived into the global model, in the order of their tasks, and ends the
// round.
func (s *Simulation) aggregate() error {
	var from []contribution
	for _, t := range s.round.tasks {
		if t.arrived && !t.Idle {
			from = append(from, contribution{client: t.Client, frame: t.result.Sent.Frame,
				shared: &codecs.Shared{Layout: s.server.layout, Round: t.Round, Rounds: t.Rounds, Reference: t.Received, Control: t.Control},
				weight: s.cfg.Strategy.Weight(len(t.Shard))})
		}
	}
	if err := s.fold(from); err != nil {
		return err
	}
	if s.hook != nil {
		if err := s.hook.AfterAggregate(s.server.w, from[0].shared); err != nil {
			return fmt.Errorf("round %d, after aggregation: %w", from[0].shared.Round, err)
		}
	}
	reported, err := s.collect()
	if err != nil {
		return err
	}
	s.takeDown(reported)
	return s.endRound(s.spent())
}

// takeDown fills the round's line.
func (s *Simulation) takeDown(reported []record.Column) {
	line := record.Round{Round: s.line.Round + 1, SimTime: s.now.Seconds(), Clients: s.round.arrived,
		Uplink: s.round.up, Downlink: s.round.down, UplinkSum: s.line.UplinkSum, DownlinkSum: s.line.DownlinkSum,
		NMSEDownlink: s.cast.nmse, More: append(s.round.settings, reported...)}
	line.UplinkSum.Add(line.Uplink)
	line.DownlinkSum.Add(line.Downlink)
	for _, t := range s.round.tasks {
		if t.arrived && !t.Idle {
			line.Examples += t.result.Examples
			line.LocalLoss += float64(t.result.Loss * float64(t.result.Examples))
			line.NMSEUplink += t.result.Sent.NMSE
		}
	}
	line.LocalLoss /= float64(line.Examples)
	line.NMSEUplink /= float64(line.Clients)
	if s.cfg.Mode != Federated {
		line.NMSEUplink, line.NMSEDownlink = math.NaN(), math.NaN()
	}
	if line.Clients > 0 {
		s.losses.Last = line.LocalLoss
	}
	if line.Clients > 0 && line.Round == 1 {
		s.losses.First = line.LocalLoss
	}
	s.line, s.round = line, round{}
}

// endRound evaluates and records, and schedules the next round unless a limit, which may be none, has been reached.
func (s *Simulation) endRound(limit string) error {
	s.stopped = limit
	if s.dueEvaluation() {
		s.line.Eval = s.evaluate()
		if s.cfg.Received && s.cfg.Mode == Federated && s.cast.held != nil {
			s.line.Eval.More = append(s.line.Eval.More, s.eval.received(s.cast.held, s.pool)...)
		}
		if loss := s.line.Eval.TestLoss; math.IsNaN(loss) || math.IsInf(loss, 0) {
			return &DivergedError{Round: s.line.Round}
		}
		if target := s.cfg.Stop.Target; target > 0 && s.line.Eval.Test >= target {
			s.stopped = "target"
		}
	}
	for i := range s.transfers {
		if err := s.rec.Transfer(&s.transfers[i]); err != nil {
			return err
		}
	}
	s.transfers = s.transfers[:0]
	if err := s.rec.Round(&s.line); err != nil {
		return err
	}
	if s.stopped == "" {
		s.queue.Push(s.now, happening{what: beginRound})
	}
	if s.line.Eval == nil {
		return nil
	}
	return s.checkpoint()
}

func (s *Simulation) dueEvaluation() bool {
	r := s.line.Round
	return r == 0 || s.stopped != "" || r%s.cfg.EvalEvery == 0
}
