package clients

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/clients/nn"
	"flsim/datasets"
	"flsim/datasets/discs"
	"flsim/internal/masks"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// shapes draws a case's and a window's shape.
func shapes(t *rapid.T) (grid, block tensor.Shape) {
	side := func(most int) int { return rapid.IntRange(1, most).Draw(t, "side") }
	grid = tensor.Shape{D: side(7), H: side(9), W: side(9), C: 2}
	block = tensor.Shape{D: rapid.IntRange(0, 6).Draw(t, "depth"), H: side(7), W: side(7), C: 2}
	return grid, block
}

// Windows cover each voxel of a case, stay inside it unless it is smaller, and begin at most half a window apart.
func TestWindowsCover(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grid, block := shapes(t)
		win := newWindows(grid, block)
		count := make([]int, grid.Positions())
		for i := range win.len() {
			at := win.start(i)
			for axis := range at {
				if at[axis] < 0 || at[axis] > 0 && at[axis]+win.block[axis] > win.grid[axis] {
					t.Fatalf("window %d of %v begins at %v in %v", i, block, at, grid)
				}
			}
			win.rows(i, func(_, outside, n int) {
				for k := outside; k < outside+n; k++ {
					count[k]++
				}
			})
		}
		for i, n := range count {
			z, y, x := i/(grid.H*grid.W), i/grid.W%grid.H, i%grid.W
			if want := win.covers(0)[z] * win.covers(1)[y] * win.covers(2)[x]; n != want || n == 0 || n > 1 && !win.overlapping {
				t.Fatalf("voxel %d lies in %d windows, want %d", i, n, want)
			}
		}
		for axis, starts := range win.starts {
			for k := 1; k < len(starts); k++ {
				if d := starts[k] - starts[k-1]; d < 1 || d > max(1, win.block[axis]/2) {
					t.Fatalf("windows of %v begin at %v", block, starts)
				}
			}
		}
	})
}

func TestWindowsOfCommonShapes(t *testing.T) {
	for _, c := range []struct {
		grid, block tensor.Shape
		want        int
	}{
		{tensor.Shape{D: 155, H: 128, W: 128}, tensor.Shape{H: 128, W: 128}, 155},
		{tensor.Shape{D: 64, H: 64, W: 64}, tensor.Shape{D: 64, H: 64, W: 64}, 1},
		{tensor.Shape{D: 50, H: 64, W: 64}, tensor.Shape{D: 64, H: 64, W: 64}, 1},
		{tensor.Shape{D: 96, H: 96, W: 96}, tensor.Shape{D: 64, H: 64, W: 64}, 8},
		{tensor.Shape{D: 155, H: 160, W: 192}, tensor.Shape{D: 64, H: 64, W: 64}, 4 * 4 * 5},
	} {
		if got := newWindows(c.grid, c.block).len(); got != c.want {
			t.Errorf("%v in %v: %d windows, want %d", c.block, c.grid, got, c.want)
		}
	}
}

// pieces is a Segmenter without a net, for a case of random regions.
func pieces(t *rapid.T, grid, block tensor.Shape) (*Segmenter, *windows) {
	s := &Segmenter{regions: 3, shape: block, batch: 2, x: make([]float32, 2*block.Size()), y: make([]int32, 2*block.Positions())}
	s.resize(grid)
	r := rng.New(rapid.Uint64().Draw(t, "seed"), "case")
	for i := range s.truth {
		s.truth[i] = uint8(r.IntN(8))
	}
	for i := range s.volume {
		s.volume[i] = r.Float32() + 1
	}
	for i := range s.x {
		s.x[i], s.y[i/2] = 9, 7 // left over from another case
	}
	return s, newWindows(grid, block)
}

// A net that is right in each window is right about the whole.
func TestOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grid, block := shapes(t)
		s, win := pieces(t, grid, block)
		logits := make([]float32, 3*block.Positions())
		for i := range win.len() {
			s.fill(win, i, 1)
			outside := 0
			for p, set := range s.y[:block.Positions()] {
				for r := range 3 {
					logits[3*p+r] = 8*float32(set>>r&1) - 4
				}
				if s.x[2*p] == 0 {
					outside++
				}
			}
			if in := min(max(1, block.D), grid.D) * min(block.H, grid.H) * min(block.W, grid.W); outside != block.Positions()-in {
				t.Fatalf("%d of %d voxels of a window are empty; %d lie in the case", outside, block.Positions(), in)
			}
			s.collect(win, i, logits)
		}
		s.decide(win)
		if !slices.Equal(s.predicted, s.truth) {
			t.Fatalf("%v in %v: predicted %v, truth %v", block, grid, s.predicted, s.truth)
		}
	})
}

// Where windows overlap, the mean of their probabilities decides.
func TestWindowsAreAveraged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grid, block := shapes(t)
		s, win := pieces(t, grid, block)
		r := rng.New(rapid.Uint64().Draw(t, "logits"), "logits")
		sums, counts := make([]float64, 3*grid.Positions()), make([]float64, grid.Positions())
		for i := range win.len() {
			logits := make([]float32, 3*block.Positions())
			for k := range logits {
				logits[k] = float32(3 * r.NormFloat64())
			}
			s.collect(win, i, logits)
			at := win.start(i)
			for p := range block.Positions() { // the twin walks voxel by voxel
				z, y, x := at[0]+p/(block.H*block.W), at[1]+p/block.W%block.H, at[2]+p%block.W
				if z >= grid.D || y >= grid.H || x >= grid.W {
					continue
				}
				v := (z*grid.H+y)*grid.W + x
				counts[v]++
				for q := range 3 {
					sums[3*v+q] += 1 / (1 + math.Exp(-float64(logits[3*p+q])))
				}
			}
		}
		s.decide(win)
		for v, set := range s.predicted {
			for q := range 3 {
				mean := sums[3*v+q] / counts[v]
				if got := set>>q&1 == 1; got != (mean > 0.5) && math.Abs(mean-0.5) > 1e-6 {
					t.Fatalf("voxel %d, region %d: mean probability %v, predicted %v", v, q, mean, got)
				}
			}
		}
	})
}

// A case of one slice is scored as an example is, and a case as the twin that looks at its slices one by one says.
func TestCasesAndExamplesAgree(t *testing.T) {
	shape := tensor.Shape{H: 16, W: 16, C: 2}
	config := nn.DefaultConfig()
	config.Name, config.Base, config.Levels = "unet2d", 4, 2
	model, err := nn.NewSegmenter(config, shape, 3)
	if err != nil {
		t.Fatal(err)
	}
	w := make([]float32, model.Layout().Len())
	model.Init(w, rng.New(1, "weights"))
	s := NewSegmenter(model, shape)
	thin := discs.New(discs.Options{TestCases: 4, Grid: [3]int{1, 16, 16}, Example: shape, Noise: 1, Seed: 3})
	together := make([]masks.Overlap, 3)
	for i := range thin.Test.Len() {
		loss, regions := s.Examples(w, thin.Test, []int32{int32(i)})
		score := s.Score(w, thin.Cases, i, false)
		if !slices.Equal(regions, score.Regions) || score.Loss != loss || score.HD95 != nil {
			t.Errorf("as an example: %v, loss %v; as a case: %v, %v", regions, loss, score.Regions, score.Loss)
		}
		for r := range together {
			together[r].Add(regions[r])
		}
	}
	if _, regions := s.Examples(w, thin.Test, []int32{0, 1, 2, 3}); !slices.Equal(regions, together) {
		t.Errorf("four examples together: %v, added up: %v", regions, together)
	}
	data := discs.New(discs.Options{TestCases: 1, Grid: [3]int{40, 16, 16}, Example: shape, Noise: 1, Seed: 3})
	_, _, predicted := s.Segment(w, data.Cases, 0)
	if want := sliceBySlice(model, w, data); !slices.Equal(predicted, want) {
		t.Error("what is predicted in batches is not what is predicted slice by slice")
	}
}

// sliceBySlice is the simplest way to segment the first case.
func sliceBySlice(model *nn.Model, w []float32, data *datasets.Data) []uint8 {
	net := model.NewNet(1)
	net.Bind(w, nil)
	var sets []uint8
	shape := data.Test.Shape()
	x, y := make([]float32, shape.Size()), make([]int32, shape.Positions())
	for i := range data.Test.Len() {
		data.Test.Fill(x, y, []int32{int32(i)})
		logits := net.Predict(x, 1)
		for p := range y {
			set := uint8(0)
			for r := range 3 {
				if logits[3*p+r] > 0 {
					set |= 1 << r
				}
			}
			sets = append(sets, set)
		}
	}
	return sets
}

func BenchmarkSegment(b *testing.B) {
	shape := tensor.Shape{H: 64, W: 64, C: 2}
	config := nn.DefaultConfig()
	config.Name = "unet2d"
	model, err := nn.NewSegmenter(config, shape, 3)
	if err != nil {
		b.Fatal(err)
	}
	w := make([]float32, model.Layout().Len())
	model.Init(w, rng.New(1, "weights"))
	s := NewSegmenter(model, shape)
	data := discs.New(discs.Options{TestCases: 1, Grid: [3]int{32, 64, 64}, Example: shape, Noise: 1})
	for b.Loop() {
		s.Score(w, data.Cases, 0, true)
	}
	b.ReportMetric(float64(32*b.N)/b.Elapsed().Seconds(), "slices/s")
}
