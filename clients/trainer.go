package clients

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

// Plan is what all trainers of a run share. It is not changed once the run has started.
type Plan struct {
	Model    *nn.Model
	Train    datasets.Source
	Training Training
	Longest  int // examples of the largest shard, which bounds batches
	Uplink   codecs.Sender
	Reshaper codecs.Reshaper // a say in local training, nil for none
	Reports  codecs.Reports  // what clients measure for the server
	Seeds    Seeds
}

// Trainer runs tasks one after another in one reusable workspace. Each worker has its own; which one runs a task makes
// no difference to the result.
type Trainer struct {
	plan   *Plan
	net    *nn.Net
	opt    nn.Optimizer
	x      []float32 // one batch, normalised
	y      []int32
	w, g   []float32 // what the network computes with, and its gradient
	theta  []float32 // what the optimizer owns; w itself unless the task reshapes training
	update []float32
}

// NewTrainer returns a trainer for a plan.
func NewTrainer(p *Plan) *Trainer {
	d := p.Model.Layout().Len()
	batch := min(p.Training.BatchSize, p.Longest)
	net := p.Model.NewNet(batch)
	net.SetPrecision(p.Training.Precision)
	return &Trainer{
		plan: p, net: net, opt: nn.NewOptimizer(p.Training.Optimizer, p.Model.Layout()),
		x: make([]float32, batch*p.Train.Shape().Size()), y: make([]int32, batch*p.Model.Labels()),
		w: make([]float32, d), g: make([]float32, d), update: make([]float32, d),
	}
}

// DivergedError says that a client's loss, weights or residual left the finite numbers.
type DivergedError struct {
	Round, Client int
	Step          int     // optimizer steps taken in the round when that was seen
	Loss          float64 // of the last step
	Residual      bool    // training went well, but what error feedback had kept back is too large
}

// Error names the place and the usual remedy.
func (e *DivergedError) Error() string {
	if e.Residual {
		return fmt.Sprintf("error feedback diverged: in round %d client %d added a residual that is not finite to its update; "+
			"stages that scale up what they keep, such as unbiased masks, do without uplink.error_feedback", e.Round, e.Client)
	}
	return fmt.Sprintf("training diverged: in round %d client %d left the finite numbers by step %d (loss %v); a lower clients.lr usually cures it",
		e.Round, e.Client, e.Step, e.Loss)
}

// Run trains a task and encodes the update, and measures what the server wants to know. It depends on the plan and
// the task alone.
func (t *Trainer) Run(task *Task) (Result, error) {
	report, err := t.measure(task)
	if err != nil {
		return Result{}, err
	}
	if task.Idle {
		return Result{Report: t.plan.Reports.AppendFrame(nil, report), State: task.State}, nil
	}
	res, err := t.train(task)
	if err == nil && t.plan.Reports.Any() {
		report.Range = spread(t.update)
		res.Report = t.plan.Reports.AppendFrame(nil, report)
	}
	return res, err
}

// train trains a task and encodes the update.
func (t *Trainer) train(task *Task) (Result, error) {
	shared := &codecs.Shared{Layout: t.plan.Model.Layout(), Round: task.Round, Rounds: task.Rounds,
		Reference: task.Received, Control: task.Control}
	seed := rng.Derive(t.plan.Seeds.Codec, "uplink", uint64(task.Round), uint64(task.Client))
	var res Result
	var err error
	if reparam := t.reparam(shared, seed); reparam != nil {
		res, err = t.reshaped(task, reparam)
	} else {
		res, err = t.plain(task)
	}
	if err != nil {
		return Result{}, err
	}
	res.Sent, err = t.plan.Uplink.Send(nil, wire.Update, t.update, task.State.Residual, shared, seed)
	if errors.Is(err, codecs.ErrNotFinite) {
		return Result{}, &DivergedError{Round: task.Round, Client: task.Client, Step: t.plan.Training.StepsOf(len(task.Shard)),
			Loss: res.Loss, Residual: finite(t.update)}
	}
	if err != nil {
		return Result{}, fmt.Errorf("round %d, client %d, uplink: %w", task.Round, task.Client, err)
	}
	res.State.Residual, res.Sent.Residual = res.Sent.Residual, nil
	res.Sent.Decoded = nil // dense: the server decodes the message itself
	return res, nil
}

func finite(v []float32) bool {
	return !slices.ContainsFunc(v, func(x float32) bool { return x-x != 0 })
}

func (t *Trainer) reparam(s *codecs.Shared, seed uint64) codecs.Reparam {
	if t.plan.Reshaper == nil {
		return nil
	}
	return t.plan.Reshaper.Reparam(s, seed)
}

// plain is local SGD on the weights themselves.
func (t *Trainer) plain(task *Task) (Result, error) {
	copy(t.w, task.Received)
	res, err := t.loop(task, t.w, nil)
	for i, w := range t.w {
		t.update[i] = w - task.Received[i]
	}
	return res, err
}

// reshaped trains what a Reparam makes of the weights.
func (t *Trainer) reshaped(task *Task, p codecs.Reparam) (Result, error) {
	if t.theta == nil {
		t.theta = make([]float32, len(t.w))
	}
	copy(t.w, task.Received)
	p.Start(t.theta, task.Received)
	res, err := t.loop(task, t.theta, p)
	p.Update(t.update, t.theta)
	for _, s := range t.plan.Model.Layout() {
		if s.Kind == codecs.Buffer { // running statistics are not trained: they go as they are
			for i := s.Off; i < s.Off+s.Len; i++ {
				t.update[i] = t.w[i] - task.Received[i]
			}
		}
	}
	return res, err
}

// loop is the local training loop. theta is t.w itself unless p reshapes it.
func (t *Trainer) loop(task *Task, theta []float32, p codecs.Reparam) (Result, error) {
	plan := t.plan
	id := []uint64{uint64(task.Round), uint64(task.Client)}
	walk := newBatches(task.Shard, rng.New(plan.Seeds.Data, "batches", id...))
	augment := rng.New(plan.Seeds.Data, "augment", id...)
	drop := rng.New(plan.Seeds.Model, "dropout", id...)
	base := plan.Training.Optimizer.LR * plan.Training.LRPerRound.Factor(task.Round-1, task.Rounds)
	steps := plan.Training.StepsOf(len(task.Shard))
	t.net.Bind(t.w, t.g)
	t.restore(task.State.Optimizer)
	var res Result
	for step := range steps {
		if p != nil {
			t.weights(p, theta, step, steps)
		}
		batch := walk.take(plan.Training.BatchSize)
		x, y := t.fill(batch, augment)
		loss, _ := t.net.Train(x, y, drop)
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return res, &DivergedError{Round: task.Round, Client: task.Client, Step: step + 1, Loss: loss}
		}
		res.Loss += float64(loss * float64(len(batch)))
		res.Examples += len(batch)
		if p != nil {
			p.Gradient(t.g, theta, step, steps)
		}
		t.opt.Step(theta, t.g, base*plan.Training.LRPerStep.Factor(step, steps))
	}
	if p != nil {
		t.weights(p, theta, steps, steps)
	}
	res.Loss /= float64(max(res.Examples, 1))
	if plan.Training.Keep {
		for _, v := range t.opt.State() {
			res.State.Optimizer = append(res.State.Optimizer, slices.Clone(v))
		}
	}
	return res, nil
}

// restore gives the optimizer the state that the client kept, or none.
func (t *Trainer) restore(kept [][]float32) {
	t.opt.Reset()
	for i, v := range t.opt.State() {
		if i < len(kept) {
			copy(v, kept[i])
		}
	}
}

// weights lets p fill w but keeps the running statistics, which the network itself updates in w.
func (t *Trainer) weights(p codecs.Reparam, theta []float32, step, steps int) {
	for _, s := range t.plan.Model.Layout() {
		if s.Kind == codecs.Buffer {
			copy(s.Of(theta), s.Of(t.w))
		}
	}
	p.Weights(t.w, theta, step, steps)
	for _, s := range t.plan.Model.Layout() {
		if s.Kind == codecs.Buffer {
			copy(s.Of(t.w), s.Of(theta))
		}
	}
}

func (t *Trainer) fill(batch []int32, augment *rng.Rand) ([]float32, []int32) {
	x, y := t.x[:len(batch)*t.plan.Train.Shape().Size()], t.y[:len(batch)*t.plan.Model.Labels()]
	t.plan.Train.Fill(x, y, batch)
	if a := &t.plan.Training.Augment; a.On() {
		a.Apply(x, augment)
	}
	return x, y
}
