// Package clients is one participant of federated learning: a device that receives a model, trains it on the examples
// of its own shard, and encodes what it learnt.
package clients

import (
	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/datasets"
	"flsim/internal/f32"
	"flsim/internal/rng"
)

// State is what a client keeps between tasks. It is never written to: training returns the next state, and the
// simulator commits it when the training ends in simulated time.
type State struct {
	Residual  []float32   // error feedback: what the codec has lost so far; nil before the first task and without feedback
	Optimizer [][]float32 // of local training; nil before the first task and where each task starts afresh
}

// Task is one round's work for one client.
type Task struct {
	Client        int
	Round, Rounds int       // from 1
	Shard         []int32   // the client's examples
	Received      []float32 // the model as the client decoded it; shared, not to be written to
	Control       []byte    // settings received with the model
	State         State
	Idle          bool // no training: the client only measures the model and reports
}

// Result is what a task gives.
type Result struct {
	Sent     codecs.Sent // the message, with what it is made of; none of an idle task
	Report   []byte      // the framed report, nil where none is asked for
	State    State       // the client's next state
	Loss     float64     // mean training loss over the examples, each at the weights of its step
	Examples int         // examples trained on, once per epoch
}

// Seeds are the seeds of a run's streams.
type Seeds struct {
	Data   uint64 // partition, validation share, order of examples
	Model  uint64 // initial weights, dropout
	System uint64 // devices, links, sampling of clients
	Codec  uint64 // all randomness of codecs
}

// Training says how clients train. Give either epochs or steps.
type Training struct {
	Epochs     int // passes over the shard
	Steps      int // mini-batches, used if Epochs is 0
	BatchSize  int
	Optimizer  nn.OptimizerConfig
	LRPerRound nn.ScheduleConfig // factor by round
	LRPerStep  nn.ScheduleConfig // factor by step within a task
	Augment    datasets.Augmenter
	Precision  f32.Precision // of the operands of matrix products and convolutions
	Keep       bool          // the optimizer's state, such as momentum, stays with the client from task to task
	Validation float64       // cases that a client validates the model on before it trains and again after, as a share of its own; takes time only
}

// StepsOf returns how many mini-batches a task on a shard of n examples trains.
func (t *Training) StepsOf(n int) int {
	if t.Epochs > 0 {
		return t.Epochs * ((n + t.BatchSize - 1) / t.BatchSize)
	}
	return t.Steps
}

// ExamplesOf returns how many examples that are, counting each as often as it is used.
func (t *Training) ExamplesOf(n int) int {
	if t.Epochs > 0 {
		return t.Epochs * n
	}
	epochs, rest := t.Steps/t.StepsPerEpoch(n), t.Steps%t.StepsPerEpoch(n)
	return epochs*n + min(rest*t.BatchSize, n)
}

// StepsPerEpoch returns how many mini-batches one pass over n examples takes, the last one perhaps smaller.
func (t *Training) StepsPerEpoch(n int) int { return (n + t.BatchSize - 1) / t.BatchSize }

// batches walks through a shard in random order, epoch after epoch.
type batches struct {
	order []int32
	next  int
	r     *rng.Rand
}

func newBatches(shard []int32, r *rng.Rand) *batches {
	b := &batches{order: append([]int32(nil), shard...), r: r}
	rng.Shuffle(r, b.order)
	return b
}

// take returns the next up to n examples; a batch never reaches over the end of an epoch.
func (b *batches) take(n int) []int32 {
	if b.next == len(b.order) {
		rng.Shuffle(b.r, b.order)
		b.next = 0
	}
	end := min(b.next+n, len(b.order))
	batch := b.order[b.next:end]
	b.next = end
	return batch
}
