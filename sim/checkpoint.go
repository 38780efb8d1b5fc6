package sim

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"flsim/clients"
	"flsim/internal/tensor"
	"flsim/sim/event"
	"flsim/sim/record"
)

// facts is what a checkpoint holds besides vectors. It is taken between rounds, when no message is under way.
type facts struct {
	Round    int         `json:"round"`
	Stopped  string      `json:"stopped,omitempty"` // why the run is over, empty if it is not
	Now      event.Time  `json:"now_ns"`
	Uplink   record.Bits `json:"uplink"`
	Downlink record.Bits `json:"downlink"`
	Losses   lossHistory `json:"losses"`
	Cast     castFacts   `json:"broadcast"`

	Settings *settingsFacts `json:"settings,omitempty"`
	Tensors  []tensorFacts  `json:"tensors"` // what the weights are, in order
}

// tensorFacts describes one tensor of the model.
type tensorFacts struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

func tensorsOf(l tensor.Layout) []tensorFacts {
	list := make([]tensorFacts, len(l))
	for i, s := range l {
		list[i] = tensorFacts{s.Name, s.Shape}
	}
	return list
}

// CheckpointTensors returns the global model of a checkpoint with the names and shapes of its tensors, all taken for
// weights. The error is record.ErrDamaged if they do not fit together, and another one where the clients have models of their
// own in place of a global one.
func CheckpointTensors(c *record.Checkpoint) (tensor.Layout, []float32, error) {
	var f facts
	if err := json.Unmarshal(c.Header, &f); err != nil {
		return nil, nil, fmt.Errorf("%w: checkpoint: %v", record.ErrDamaged, err)
	}
	i := slices.IndexFunc(c.Vectors, func(v record.Vector) bool { return v.Name == weightsName })
	if slices.ContainsFunc(c.Vectors, func(v record.Vector) bool { return strings.HasPrefix(v.Name, ownPrefix) }) {
		return nil, nil, errors.New("every client has a model of its own, and there is no global one")
	}
	if i < 0 || len(f.Tensors) == 0 {
		return nil, nil, fmt.Errorf("%w: the checkpoint does not say which tensors it holds", record.ErrDamaged)
	}
	w := c.Vectors[i].Data
	var l tensor.Layout
	for _, t := range f.Tensors {
		left := len(w) - l.Len()
		for _, side := range t.Shape {
			if side < 1 || side > left {
				return nil, nil, fmt.Errorf("%w: the checkpoint's tensor %q of shape %v does not fit", record.ErrDamaged, t.Name, t.Shape)
			}
			left /= side
		}
		l = l.Add(t.Name, tensor.Weight, t.Shape...)
	}
	if l.Len() != len(w) {
		return nil, nil, fmt.Errorf("%w: the checkpoint's tensors have %d elements, its weights %d", record.ErrDamaged, l.Len(), len(w))
	}
	return l, w, nil
}

// castFacts is the state of a broadcast that sends changes.
type castFacts struct {
	Version int         `json:"version"`
	Whole   parcel      `json:"whole"` // the model as one message
	Deltas  []parcel    `json:"deltas,omitempty"`
	Has     map[int]int `json:"has,omitempty"` // JSON lists the keys in order
}

// Final returns a checkpoint of the weights alone, and of the clients' own ones where these have: all that is of use when the last round has ended.
func (s *Simulation) Final() (*record.Checkpoint, error) {
	header, err := json.Marshal(facts{Round: s.line.Round, Stopped: s.stopped, Now: s.now, Uplink: s.line.UplinkSum,
		Downlink: s.line.DownlinkSum, Losses: s.losses, Cast: s.cast.facts(), Settings: s.settings.facts(),
		Tensors: tensorsOf(s.cfg.Model.Layout())})
	if err != nil {
		return nil, err
	}
	vectors := append([]record.Vector{{Name: weightsName, Data: s.server.w}}, s.ownVectors()...)
	return &record.Checkpoint{Header: header, Vectors: vectors}, nil
}

// checkpoint records the state between two rounds.
func (s *Simulation) checkpoint() error {
	c, err := s.Final()
	if err != nil {
		return err
	}
	if s.stopped != "" {
		return s.rec.Checkpoint(c)
	}
	for i, v := range s.server.opt.State() {
		c.Vectors = append(c.Vectors, record.Vector{Name: "optimizer:" + strconv.Itoa(i), Data: v})
	}
	if s.cast.down.Delta && s.cast.held != nil {
		c.Vectors = append(c.Vectors, record.Vector{Name: "held", Data: s.cast.held})
	}
	for _, client := range slices.Sorted(maps.Keys(s.states)) {
		state := s.states[client]
		if state.Residual != nil {
			c.Vectors = append(c.Vectors, record.Vector{Name: residualPrefix + strconv.Itoa(client), Data: state.Residual})
		}
		for _, v := range state.Optimizer { // in order
			c.Vectors = append(c.Vectors, record.Vector{Name: localPrefix + strconv.Itoa(client), Data: v})
		}
	}
	return s.rec.Checkpoint(c)
}

// Names of vectors.
const (
	weightsName    = "weights"
	residualPrefix = "residual:"
	localPrefix    = "local-optimizer:"
	ownPrefix      = "own:"
)

// Resume wires a run that goes on from a checkpoint of the same configuration. Its recorder must know the lines up to
// the checkpoint's round; CheckpointRound says which that is.
func Resume(cfg Config, rec Recorder, c *record.Checkpoint) (*Simulation, error) {
	var f facts
	if err := json.Unmarshal(c.Header, &f); err != nil {
		return nil, fmt.Errorf("%w: checkpoint: %v", record.ErrDamaged, err)
	}
	if !slices.ContainsFunc(c.Vectors, func(v record.Vector) bool { return v.Name == weightsName }) {
		return nil, fmt.Errorf("%w: the checkpoint holds no weights", record.ErrDamaged)
	}
	s := assemble(cfg, rec)
	s.now, s.losses, s.stopped = f.Now, f.Losses, f.Stopped
	s.line.Round, s.line.UplinkSum, s.line.DownlinkSum = f.Round, f.Uplink, f.Downlink
	s.line.SimTime = f.Now.Seconds()
	s.cast.restore(&f.Cast)
	s.settings.restore(f.Settings)
	optimizer := s.server.opt.State()
	for _, v := range c.Vectors {
		if err := s.restore(v, optimizer); err != nil {
			s.Close()
			return nil, fmt.Errorf("%w: vector %q of the checkpoint: %v", record.ErrDamaged, v.Name, err)
		}
	}
	if f.Round == cfg.Rounds {
		s.stopped = cmp.Or(f.Stopped, "rounds")
	}
	if s.stopped == "" {
		s.queue.Push(s.now, happening{what: beginRound})
	}
	return s, nil
}

// CheckpointRound returns the round after which a checkpoint was taken.
func CheckpointRound(c *record.Checkpoint) (int, error) {
	var f facts
	if err := json.Unmarshal(c.Header, &f); err != nil {
		return 0, fmt.Errorf("%w: checkpoint: %v", record.ErrDamaged, err)
	}
	return f.Round, nil
}

func (s *Simulation) restore(v record.Vector, optimizer [][]float32) error {
	if rest, ok := strings.CutPrefix(v.Name, "optimizer:"); ok {
		i, err := strconv.Atoi(rest)
		if err != nil || i < 0 || i >= len(optimizer) || len(optimizer[i]) != len(v.Data) {
			return errors.New("not of this server optimizer")
		}
		copy(optimizer[i], v.Data)
		return nil
	}
	if rest, ok := strings.CutPrefix(v.Name, localPrefix); ok {
		return s.change(rest, func(state *clients.State) { state.Optimizer = append(state.Optimizer, v.Data) })
	}
	if len(v.Data) != len(s.server.w) {
		return fmt.Errorf("has %d elements, the model %d", len(v.Data), len(s.server.w))
	}
	if rest, ok := strings.CutPrefix(v.Name, residualPrefix); ok {
		return s.change(rest, func(state *clients.State) { state.Residual = v.Data })
	}
	if rest, ok := strings.CutPrefix(v.Name, ownPrefix); ok {
		return s.restoreOwn(rest, v.Data)
	}
	switch v.Name {
	case weightsName:
		copy(s.server.w, v.Data)
	case "held":
		s.cast.held = v.Data
	default:
		return errors.New("unknown")
	}
	return nil
}

// change edits the state of the client that a number names.
func (s *Simulation) change(number string, edit func(*clients.State)) error {
	client, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	state := s.states[client]
	edit(&state)
	s.states[client] = state
	return nil
}

func (b *broadcast) facts() castFacts {
	if !b.down.Delta {
		return castFacts{Version: b.version}
	}
	return castFacts{Version: b.version, Whole: b.whole, Deltas: b.deltas, Has: b.has}
}

func (b *broadcast) restore(f *castFacts) {
	b.version, b.whole, b.deltas = f.Version, f.Whole, f.Deltas
	if f.Has != nil {
		b.has = f.Has
	}
}
