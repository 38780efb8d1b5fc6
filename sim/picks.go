package sim

import (
	"cmp"
	"fmt"
	"slices"

	"flsim/clients"
	"flsim/datasets"
	"flsim/sim/record"
)

// Pick is a test case that stands for others, by the slice that shows most of its regions.
type Pick struct {
	Rank             string // "best", "median" or "worst" by Dice
	Case             datasets.Case
	Dice             float64   // mean over the regions, of the whole case
	Regions          []float64 // Dice by region, of the whole case
	Slice            int       // from 0
	Image            []float32 // the slice, Case.Shape.H x Case.Shape.W x Case.Shape.C
	Truth, Predicted []uint8   // sets of regions of its pixels
}

// Picks segments all test cases with weights w and returns the best, the median and the worst one by mean Dice over the
// regions; of fewer than three cases, all.
func Picks(cfg *Config, w []float32) []Pick {
	s := newScans(cfg)
	pool := newPool(max(1, min(cfg.Workers, s.cases.Len())), func() *worker {
		return &worker{segmenter: clients.NewSegmenter(cfg.Model, cfg.Data.Train.Shape())}
	})
	defer pool.close()
	scores := s.score(w, pool)
	chosen := ranked(scores)
	picks := make([]Pick, len(chosen))
	pool.each(len(chosen), func(k *worker, i int) {
		volume, truth, predicted := k.segmenter.Segment(w, s.cases, chosen[i].at)
		picks[i] = pick(s.cases.Case(chosen[i].at), volume, truth, predicted)
		picks[i].Rank = chosen[i].rank
		picks[i].Dice = scores[chosen[i].at].Dice()
		for _, o := range scores[chosen[i].at].Regions {
			picks[i].Regions = append(picks[i].Regions, o.Dice())
		}
	})
	return picks
}

type place struct {
	rank string
	at   int
}

// ranked returns the best, the median and the worst of the scores, each case once.
func ranked(scores []clients.Score) []place {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b].Dice(), scores[a].Dice()) })
	var list []place
	if n := len(order); n > 0 {
		list = append(list, place{"best", order[0]})
		if n > 2 {
			list = append(list, place{"median", order[n/2]})
		}
		if n > 1 {
			list = append(list, place{"worst", order[n-1]})
		}
	}
	return list
}

// pick cuts out the slice that has most pixels in regions: in truth or, where the truth has none, in the prediction; the
// middle one if that has none either.
func pick(c datasets.Case, volume []float32, truth, predicted []uint8) Pick {
	plane := c.Shape.H * c.Shape.W
	z, most := fullest(truth, plane)
	if most == 0 {
		z, most = fullest(predicted, plane)
	}
	if most == 0 {
		z = max(c.Shape.D, 1) / 2
	}
	from, to := z*plane, (z+1)*plane
	return Pick{Case: c, Slice: z, Image: slices.Clone(volume[from*c.Shape.C : to*c.Shape.C]),
		Truth: slices.Clone(truth[from:to]), Predicted: slices.Clone(predicted[from:to])}
}

// fullest returns the first of the slices with most pixels in regions, and how many.
func fullest(sets []uint8, plane int) (slice, most int) {
	for z := range len(sets) / plane {
		n := 0
		for _, set := range sets[z*plane : (z+1)*plane] {
			if set != 0 {
				n++
			}
		}
		if n > most {
			slice, most = z, n
		}
	}
	return slice, most
}

// CheckpointWeights returns the global model of a checkpoint of the configuration. The error is record.ErrDamaged if it
// holds none that fits.
func CheckpointWeights(cfg *Config, c *record.Checkpoint) ([]float32, error) {
	for _, v := range c.Vectors {
		if v.Name == weightsName && len(v.Data) == cfg.Model.Layout().Len() {
			return v.Data, nil
		}
	}
	return nil, fmt.Errorf("%w: the checkpoint holds no weights of this model", record.ErrDamaged)
}
