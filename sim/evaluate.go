package sim

import (
	"slices"

	"flsim/clients"
	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/sim/record"
)

// evalBatch is how many examples are scored at once. It is part of the results: sums of losses are taken batch by
// batch, in order.
const evalBatch = 100

// evaluation scores the global model on fixed examples.
type evaluation struct {
	model                   *nn.Model
	metric                  string
	test, train, validation subset
}

// subset is the examples of a source that are scored.
type subset struct {
	source datasets.Source
	index  []int32
}

func newEvaluation(cfg *Config) *evaluation {
	e := &evaluation{model: cfg.Model, metric: cfg.Metric, test: allOf(cfg.Data.Test), validation: allOf(cfg.HeldOut)}
	e.train = allOf(cfg.Data.Train)
	if cfg.TrainExamples < len(e.train.index) {
		rng.Shuffle(rng.New(cfg.Seeds.Data, "evaluated training examples"), e.train.index)
		e.train.index = e.train.index[:cfg.TrainExamples]
		slices.Sort(e.train.index)
	}
	return e
}

func allOf(source datasets.Source) subset {
	if source == nil {
		return subset{}
	}
	s := subset{source: source, index: make([]int32, source.Len())}
	for i := range s.index {
		s.index[i] = int32(i)
	}
	return s
}

// batches returns how many jobs scoring the largest subset takes.
func (e *evaluation) batches() int {
	return max(len(e.test.index), len(e.train.index), len(e.validation.index))/evalBatch + 1
}

func (e *evaluation) run(w []float32, p *pool) *record.Evaluation {
	out := &record.Evaluation{Metric: e.metric, HeldOut: e.validation.source != nil}
	out.Test, out.TestLoss = e.test.score(w, p)
	out.Train, out.TrainLoss = e.train.score(w, p)
	if out.HeldOut {
		out.Validation, out.ValidationLoss = e.validation.score(w, p)
	}
	out.Sparsity, out.FLOPs = sparsity(w, e.model.Layout()), e.model.SparseFLOPs(w)
	return out
}

// sparsity returns the share of the weights, without biases and norms, that are zero.
func sparsity(w []float32, layout codecs.Layout) float64 {
	zeros, n := 0, 0
	for _, seg := range layout {
		if seg.Kind != codecs.Weight {
			continue
		}
		n += seg.Len
		for _, x := range seg.Of(w) {
			if x == 0 {
				zeros++
			}
		}
	}
	return float64(zeros) / float64(max(n, 1))
}

// score returns the share of right answers and the mean loss, not-a-number where there are no examples.
func (s *subset) score(w []float32, p *pool) (accuracy, loss float64) {
	type part struct {
		loss    float64
		correct int
	}
	batches := slices.Collect(slices.Chunk(s.index, evalBatch))
	parts := make([]part, len(batches))
	p.each(len(batches), func(k *worker, i int) {
		parts[i].loss, parts[i].correct = k.eval.Score(w, s.source, batches[i])
	})
	var sum part
	for _, b := range parts {
		sum.loss += b.loss
		sum.correct += b.correct
	}
	n := float64(len(s.index))
	return float64(sum.correct) / n, sum.loss / n
}

func newWorker(plan *clients.Plan, cfg *Config) *worker {
	return &worker{trainer: clients.NewTrainer(plan), eval: clients.NewEvaluator(cfg.Model, cfg.Data.Test, evalBatch)}
}
