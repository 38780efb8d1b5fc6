package clients

import (
	"math"

	"flsim/clients/nn"
	"flsim/datasets"
	"flsim/internal/f32"
	"flsim/internal/masks"
	"flsim/internal/tensor"
)

// Segmenter finds the regions of whole cases and scores them, in one reusable workspace.
type Segmenter struct {
	net       *nn.Net
	regions   int
	shape     tensor.Shape // of a window
	batch     int
	x         []float32 // windows
	y         []int32   // their sets of regions
	volume    []float32 // the case
	truth     []uint8   // its sets of regions
	predicted []uint8
	sums      []float32 // of probabilities; logits where no windows overlap
}

// segmentBatch bounds the pixels of a batch, and so the memory of a workspace; a batch has at least one window. It is
// part of the results: the loss of a segmentation is one of batches.
const segmentBatch = 1 << 16

// NewSegmenter returns a workspace for a model that takes windows, or examples, of the given shape.
func NewSegmenter(m *nn.Model, shape tensor.Shape) *Segmenter {
	batch := SegmentBatch(shape)
	return &Segmenter{net: m.NewNet(batch), regions: m.Regions(), shape: shape, batch: batch,
		x: make([]float32, batch*shape.Size()), y: make([]int32, batch*shape.Positions())}
}

// SegmentBatch returns how many examples of a shape a Segmenter takes at once.
func SegmentBatch(shape tensor.Shape) int { return max(1, min(32, segmentBatch/shape.Positions())) }

// Score is how well a model segments a case.
type Score struct {
	Loss    float64         // mean over the case's windows, taken in batches
	Regions []masks.Overlap // by region
	HD95    []float64       // by region, in voxels; not-a-number where prediction or truth is empty; nil if not asked for
}

// Dice returns the mean of the regions' Dice coefficients.
func (s *Score) Dice() float64 {
	sum := 0.0
	for _, o := range s.Regions {
		sum += o.Dice()
	}
	return sum / float64(len(s.Regions))
}

// Score segments case i with weights w and compares it with the truth.
func (s *Segmenter) Score(w []float32, cases datasets.Cases, i int, hd95 bool) Score {
	loss := s.segment(w, cases, i)
	score := Score{Loss: loss}
	for r := range s.regions {
		score.Regions = append(score.Regions, masks.Compare(s.predicted, s.truth, r))
		if hd95 {
			distance, ok := masks.HD95(s.predicted, s.truth, r, extents(cases.Case(i).Shape))
			if !ok {
				distance = math.NaN()
			}
			score.HD95 = append(score.HD95, distance)
		}
	}
	return score
}

// Segment segments case i with weights w. It returns the case as it was read, and the sets of regions of its voxels in
// truth and prediction. They are valid until the workspace is used again.
func (s *Segmenter) Segment(w []float32, cases datasets.Cases, i int) (volume []float32, truth, predicted []uint8) {
	s.segment(w, cases, i)
	return s.volume, s.truth, s.predicted
}

// segment reads a case and looks at it window by window. A voxel lies in a region if the mean of its probabilities is
// above one half. It returns the mean loss of the windows.
func (s *Segmenter) segment(w []float32, cases datasets.Cases, i int) (loss float64) {
	grid := cases.Case(i).Shape
	s.resize(grid)
	cases.Read(i, s.volume, s.truth)
	win := newWindows(grid, s.shape)
	s.net.Bind(w, nil)
	for from := 0; from < win.len(); from += s.batch {
		n := min(s.batch, win.len()-from)
		s.fill(win, from, n)
		part, _ := s.net.Evaluate(s.x[:n*s.shape.Size()], s.y[:n*s.shape.Positions()])
		loss += part
		for k := range n {
			s.collect(win, from+k, s.net.Logits()[k*s.shape.Positions()*s.regions:])
		}
	}
	s.decide(win)
	return loss / float64(win.len())
}

// resize makes room for a case.
func (s *Segmenter) resize(grid tensor.Shape) {
	if n := grid.Positions(); n > cap(s.truth) {
		s.volume = make([]float32, n*grid.C)
		s.truth, s.predicted = make([]uint8, n), make([]uint8, n)
		s.sums = make([]float32, n*s.regions)
	}
	n := grid.Positions()
	s.volume, s.truth, s.predicted, s.sums = s.volume[:n*grid.C], s.truth[:n], s.predicted[:n], s.sums[:n*s.regions]
	clear(s.sums)
}

// fill copies n windows into a batch. What lies beyond the case is 0 and in no region.
func (s *Segmenter) fill(win *windows, from, n int) {
	c := s.shape.C
	clear(s.x)
	clear(s.y)
	for k := range n {
		x, y := s.x[k*s.shape.Size():], s.y[k*s.shape.Positions():]
		win.rows(from+k, func(inside, outside, n int) {
			copy(x[inside*c:(inside+n)*c], s.volume[outside*c:])
			for i, set := range s.truth[outside : outside+n] {
				y[inside+i] = int32(set)
			}
		})
	}
}

// collect adds a window's probabilities to the sums.
func (s *Segmenter) collect(win *windows, i int, logits []float32) {
	win.rows(i, func(inside, outside, n int) {
		to, from := s.sums[outside*s.regions:(outside+n)*s.regions], logits[inside*s.regions:]
		if !win.overlapping {
			copy(to, from)
			return
		}
		for j := range to {
			to[j] += float32(1 / (1 + f32.Exp(-float64(from[j]))))
		}
	})
}

// decide finds the regions that are predicted: the sum of probabilities is above half their number or, where windows do
// not overlap, the logit above 0.
func (s *Segmenter) decide(win *windows) {
	slices, rows, columns := win.covers(0), win.covers(1), win.covers(2)
	i := 0
	for _, a := range slices {
		for _, b := range rows {
			for _, c := range columns {
				half := float32(0)
				if win.overlapping {
					half = float32(a*b*c) / 2
				}
				s.predicted[i] = above(s.sums[i*s.regions:(i+1)*s.regions], half)
				i++
			}
		}
	}
}

// above returns the set of places at which values are above a threshold.
func above(values []float32, threshold float32) (set uint8) {
	for r, v := range values {
		if v > threshold {
			set |= 1 << r
		}
	}
	return set
}

// Examples scores weights w on the examples that index names, at most SegmentBatch of them: it returns the summed loss and,
// for each region, how prediction and truth overlap in all of them together.
func (s *Segmenter) Examples(w []float32, source datasets.Source, index []int32) (loss float64, regions []masks.Overlap) {
	n := len(index) * s.shape.Positions()
	x, y := s.x[:len(index)*s.shape.Size()], s.y[:n]
	source.Fill(x, y, index)
	s.net.Bind(w, nil)
	loss, _ = s.net.Evaluate(x, y)
	truth, predicted := make([]uint8, n), make([]uint8, n)
	for i, set := range y {
		truth[i] = uint8(set)
		predicted[i] = above(s.net.Logits()[i*s.regions:(i+1)*s.regions], 0)
	}
	for r := range s.regions {
		regions = append(regions, masks.Compare(predicted, truth, r))
	}
	return loss, regions
}
