package brain

import (
	"math"
	"testing"

	"flsim/datasets"
	"flsim/datasets/volumes"
	"flsim/internal/masks"
	"flsim/internal/tensor"
)

// voxel is what a linear classifier sees: modalities that are z-scored within the brain, and the truth.
type voxel struct {
	x       [modalities]float64
	regions uint8
}

// openSet prepares a set as a run does, slices without tumour thinned out.
func openSet(t testing.TB, seed uint64, cases, side int) *datasets.Data {
	t.Helper()
	d, err := datasets.Open(Name, datasets.OpenOptions{
		Cache: t.TempDir(), Shape: tensor.Shape{H: side, W: side, C: modalities}, Seed: seed,
		Volumes: datasets.Volumes{Cases: cases, SiteCount: 8, SliceStep: 2, Tumour: 0.7, TestCases: 1. / 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// wholeCase is a prepared case.
type wholeCase struct {
	x       []float32
	regions []uint8
	slices  int
}

func testCases(d *datasets.Data) []wholeCase {
	cases := make([]wholeCase, d.Cases.Len())
	for i := range cases {
		shape := d.Cases.Case(i).Shape
		cases[i] = wholeCase{make([]float32, shape.Size()), make([]uint8, shape.Positions()), shape.D}
		d.Cases.Read(i, cases[i].x, cases[i].regions)
	}
	return cases
}

// appendVoxels appends those of the brain, every so many. Outside of it all modalities are 0.
func appendVoxels[T int32 | uint8](all []voxel, x []float32, regions []T, every int) []voxel {
	for i := 0; i < len(regions); i += every {
		v := voxel{regions: uint8(regions[i])}
		for m := range v.x {
			v.x[m] = float64(x[i*modalities+m])
		}
		if v.x != [modalities]float64{} {
			all = append(all, v)
		}
	}
	return all
}

// trainingVoxels returns some of the voxels that are trained on.
func trainingVoxels(d *datasets.Data) []voxel {
	shape := d.Train.Shape()
	x, y := make([]float32, shape.Size()), make([]int32, shape.Positions())
	var all []voxel
	for i := range d.Train.Len() {
		d.Train.Fill(x, y, []int32{int32(i)})
		all = appendVoxels(all, x, y, 7)
	}
	return all
}

// linear is logistic regression on single voxels; the threshold is a part of w[modalities].
type linear struct{ w [modalities + 1]float64 }

func (l *linear) score(v *voxel) float64 {
	s := l.w[modalities]
	for m, x := range v.x {
		s += l.w[m] * x
	}
	return s
}

// fit minimises the cross-entropy by Newton's method. A voxel of the region counts so many times as much as another.
func (l *linear) fit(all []voxel, region int, times float64) {
	const n = modalities + 1
	for range 10 {
		var g [n]float64
		var h [n][n]float64
		for i := range all {
			v := &all[i]
			p := 1 / (1 + math.Exp(-l.score(v)))
			y, weight := 0.0, 1.0
			if v.regions>>region&1 == 1 {
				y, weight = 1, times
			}
			x := [n]float64{v.x[0], v.x[1], v.x[2], v.x[3], 1}
			for a := range n {
				g[a] += weight * (p - y) * x[a]
				for b := range n {
					h[a][b] += weight * p * (1 - p) * x[a] * x[b]
				}
			}
		}
		for a := range n {
			h[a][a] += 1e-3
		}
		for a, d := range solve(h, g) {
			l.w[a] -= d
		}
	}
}

// solve solves h x = g for a positive definite h, by elimination.
func solve(h [modalities + 1][modalities + 1]float64, g [modalities + 1]float64) (x [modalities + 1]float64) {
	n := len(g)
	for a := range n {
		for b := a + 1; b < n; b++ {
			f := h[b][a] / h[a][a]
			for c := a; c < n; c++ {
				h[b][c] -= f * h[a][c]
			}
			g[b] -= f * g[a]
		}
	}
	for a := n - 1; a >= 0; a-- {
		x[a] = g[a]
		for b := a + 1; b < n; b++ {
			x[a] -= h[a][b] * x[b]
		}
		x[a] /= h[a][a]
	}
	return x
}

// bestDice returns the mean Dice of a region at the threshold that is the best for these very cases.
func (l *linear) bestDice(cases [][]voxel, region int) float64 {
	best := 0.0
	for t := -3.0; t < 6; t += 0.5 {
		sum := 0.0
		for _, all := range cases {
			var o masks.Overlap
			for i := range all {
				predicted, is := 0, int(all[i].regions>>region&1)
				if l.score(&all[i]) > t {
					predicted = 1
				}
				o.Add(masks.Overlap{Predicted: predicted, True: is, Both: predicted & is})
			}
			sum += o.Dice()
		}
		best = max(best, sum/float64(len(cases)))
	}
	return best
}

// linearDice returns the mean Dice that the best linear classifier of single voxels reaches on cases, region by region.
// It may choose its threshold by the cases that it is tested on.
func linearDice(train []voxel, cases [][]voxel, region int) float64 {
	best := 0.0
	for _, times := range []float64{1, 10} {
		var l linear
		l.fit(train, region, times)
		best = max(best, l.bestDice(cases, region))
	}
	return best
}

// A linear classifier of single voxels must not find the tumours, since what is bright may be a lesion or the coil.
func TestLinearClassifiersOfVoxelsFail(t *testing.T) {
	d := openSet(t, 1, 24, 36)
	train := trainingVoxels(d)
	for r, most := range []float64{0.6, 0.65, 0.6} {
		var test [][]voxel
		for _, c := range testCases(d) {
			if masks.Compare(c.regions, c.regions, r).True > 0 { // else it would be right to see nothing
				test = append(test, appendVoxels(nil, c.x, c.regions, 1))
			}
		}
		got := linearDice(train, test, r)
		t.Logf("%s: Dice %.3f", volumes.TumourRegions()[r], got)
		if got > most || got < 0.1 {
			t.Errorf("%s: a linear classifier reaches a Dice of %.3f; the set is made for 0.1 to %.2f", volumes.TumourRegions()[r], got, most)
		}
	}
}
