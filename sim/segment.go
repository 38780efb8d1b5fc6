package sim

import (
	"math"

	"flsim/clients"
	"flsim/datasets"
	"flsim/internal/masks"
	"flsim/sim/record"
)

// scans is the test set of a segmentation: whole cases.
type scans struct {
	cases   datasets.Cases
	regions []string
	sites   []string // nil unless they are scored one by one
	hd95    bool
}

func newScans(cfg *Config) *scans {
	s := &scans{cases: cfg.Data.Cases, regions: cfg.Data.Regions, hd95: cfg.HD95}
	if cfg.PerSite {
		s.sites = cfg.Data.Sites
	}
	return s
}

// segment fills in how far what the model marks overlaps with what is there, in whole test cases and in training
// examples.
func (e *evaluation) segment(out *record.Evaluation, w []float32, p *pool) {
	scores := e.scans.score(w, p)
	out.Test = e.scans.mean(scores, everywhere, (*clients.Score).Dice)
	out.TestLoss = e.scans.mean(scores, everywhere, func(s *clients.Score) float64 { return s.Loss })
	out.More = e.scans.columns(scores, e.metric)
	out.Train, out.TrainLoss = e.train.segment(w, p)
	if out.HeldOut {
		out.Validation, out.ValidationLoss = e.validation.segment(w, p)
	}
}

// score segments all cases.
func (s *scans) score(w []float32, p *pool) []clients.Score {
	scores := make([]clients.Score, s.cases.Len())
	p.each(len(scores), func(k *worker, i int) { scores[i] = k.segmenter.Score(w, s.cases, i, s.hd95) })
	return scores
}

func everywhere(int) bool { return true }

// mean returns the mean of a number over the cases of the sites that are asked for and for which it exists,
// not-a-number where there are none.
func (s *scans) mean(scores []clients.Score, at func(site int) bool, number func(*clients.Score) float64) float64 {
	var values []float64
	for i := range scores {
		if v := number(&scores[i]); at(s.cases.Case(i).Site) && !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	return sum(values) / float64(len(values))
}

// columns returns the scores by region, by site, and those of surfaces.
func (s *scans) columns(scores []clients.Score, metric string) []record.Column {
	var cols []record.Column
	for r, name := range s.regions {
		v := s.mean(scores, everywhere, func(c *clients.Score) float64 { return c.Regions[r].Dice() })
		cols = append(cols, record.Column{Name: record.ColumnFor(metric, name), Value: v})
	}
	for site, name := range s.sites {
		v := s.mean(scores, func(at int) bool { return at == site }, (*clients.Score).Dice)
		cols = append(cols, record.Column{Name: record.ColumnFor(metric, name), Value: v})
	}
	if s.hd95 {
		for r, name := range s.regions {
			v := s.mean(scores, everywhere, func(c *clients.Score) float64 { return c.HD95[r] })
			cols = append(cols, record.Column{Name: record.ColumnFor("hd95", name), Value: v})
		}
	}
	return cols
}

// segment returns the Dice coefficient within all examples of a segmentation together, as if they were one case, in the
// mean over regions, and the mean loss; not-a-number where there are no examples. Within single slices it would say
// little: where there is nothing to find, it is 0 or 1.
func (s *subset) segment(w []float32, p *pool) (dice, loss float64) {
	if len(s.index) == 0 {
		return math.NaN(), math.NaN()
	}
	batch := clients.SegmentBatch(s.source.Shape())
	parts := make([][]masks.Overlap, (len(s.index)+batch-1)/batch)
	losses := make([]float64, len(parts))
	p.each(len(parts), func(k *worker, i int) {
		losses[i], parts[i] = k.segmenter.Examples(w, s.source, s.index[i*batch:min((i+1)*batch, len(s.index))])
	})
	all := clients.Score{Regions: make([]masks.Overlap, len(parts[0]))}
	for _, part := range parts {
		for r, o := range part {
			all.Regions[r].Add(o)
		}
	}
	return all.Dice(), sum(losses) / float64(len(s.index))
}

// sum adds up values in their order, whatever the processor.
func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}
