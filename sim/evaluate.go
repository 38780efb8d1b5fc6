package sim

import (
	"slices"

	"gonum.org/v1/gonum/stat"

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
	top5                    bool
	penalty                 func(w []float32) float64 // of weight decay, nil without it
	local                   [][]int32                 // test examples by client, nil unless clients are scored one by one
	scans                   *scans                    // whole test cases of a segmentation, nil for a classifier
}

// subset is the examples of a source that are scored.
type subset struct {
	source datasets.Source
	index  []int32
}

func newEvaluation(cfg *Config) *evaluation {
	e := &evaluation{model: cfg.Model, metric: cfg.Metric, top5: cfg.Top5, local: cfg.LocalTests, test: allOf(cfg.Data.Test), validation: allOf(cfg.HeldOut)}
	if opt := cfg.Training.Optimizer; opt.WeightDecay > 0 {
		e.penalty = func(w []float32) float64 { return opt.Penalty(w, cfg.Model.Layout()) }
	}
	if cfg.Model.Regions() > 0 {
		e.scans = newScans(cfg)
	}
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

// jobs returns how many jobs scoring the largest set takes.
func (e *evaluation) jobs() int {
	if e.scans != nil {
		return max(e.scans.cases.Len(), len(e.train.index), len(e.validation.index))
	}
	return max(len(e.test.index), len(e.train.index), len(e.validation.index))/evalBatch + 1
}

func (e *evaluation) run(w []float32, p *pool) *record.Evaluation {
	out := &record.Evaluation{Metric: e.metric, HeldOut: e.validation.source != nil}
	if e.scans != nil {
		e.segment(out, w, p)
	} else {
		e.classify(out, w, p)
	}
	if e.penalty != nil {
		out.More = append(out.More, record.Column{Name: "objective", Value: out.TrainLoss + e.penalty(w)})
	}
	out.More = append(out.More, record.Column{Name: "sparsity", Value: sparsity(w, e.model.Layout())},
		record.Column{Name: "forward_flops", Value: e.model.SparseFLOPs(w)})
	return out
}

// classify fills in how many examples are given their class.
func (e *evaluation) classify(out *record.Evaluation, w []float32, p *pool) {
	ranks, loss := e.test.score(w, p)
	out.Test, out.TestLoss = within(ranks, 1), loss
	if e.top5 {
		out.More = append(out.More, record.Column{Name: "top5_" + e.metric, Value: within(ranks, 5)})
	}
	if e.local != nil {
		mean, worst := byClient(ranks, e.local)
		out.More = append(out.More, record.Column{Name: "client_" + e.metric, Value: mean}, record.Column{Name: "worst_client_" + e.metric, Value: worst})
	}
	ranks, out.TrainLoss = e.train.score(w, p)
	out.Train = within(ranks, 1)
	if out.HeldOut {
		ranks, out.ValidationLoss = e.validation.score(w, p)
		out.Validation = within(ranks, 1)
	}
}

// received scores w, which clients have decoded, on the test set.
func (e *evaluation) received(w []float32, p *pool) []record.Column {
	ranks, loss := e.test.score(w, p)
	return []record.Column{{Name: "received_" + e.metric, Value: within(ranks, 1)}, {Name: "received_loss", Value: loss}}
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

// score returns for each example how many classes are preferred to the right one, and the mean loss, not-a-number
// where there are no examples.
func (s *subset) score(w []float32, p *pool) (ranks []int32, loss float64) {
	ranks = make([]int32, len(s.index))
	losses := make([]float64, (len(s.index)+evalBatch-1)/evalBatch)
	p.each(len(losses), func(k *worker, i int) {
		from, to := i*evalBatch, min((i+1)*evalBatch, len(s.index))
		losses[i] = k.eval.Score(w, s.source, s.index[from:to], ranks[from:to])
	})
	for _, l := range losses {
		loss += l
	}
	return ranks, loss / float64(len(s.index))
}

// within returns the share of examples whose right class is among the k that are preferred, not-a-number where there
// are no examples.
func within(ranks []int32, k int32) float64 {
	right := 0
	for _, rank := range ranks {
		if rank < k {
			right++
		}
	}
	return float64(right) / float64(len(ranks))
}

// byClient returns the mean accuracy over the clients that hold test examples, and that over the tenth of them, rounded
// up, that fares worst. Clients count alike.
func byClient(ranks []int32, local [][]int32) (mean, worst float64) {
	var each []float64
	for _, index := range local {
		own := make([]int32, len(index))
		for i, example := range index {
			own[i] = ranks[example]
		}
		if len(own) > 0 {
			each = append(each, within(own, 1))
		}
	}
	slices.Sort(each)
	return stat.Mean(each, nil), stat.Mean(each[:(len(each)+9)/10], nil)
}

func newWorker(plan *clients.Plan, cfg *Config) *worker {
	w := &worker{trainer: clients.NewTrainer(plan)}
	if cfg.Model.Regions() > 0 {
		w.segmenter = clients.NewSegmenter(cfg.Model, cfg.Data.Train.Shape())
	} else {
		w.eval = clients.NewEvaluator(cfg.Model, cfg.Data.Test, evalBatch)
	}
	return w
}
