package brain

import (
	"flag"
	"fmt"
	"math"
	"testing"

	"flsim/clients/nn"
	"flsim/datasets"
	"flsim/datasets/volumes"
	"flsim/internal/masks"
	"flsim/internal/rng"
)

var full = flag.Bool("full", false, "train a U-Net on each of several sets, which takes minutes")

// unet is a small U-Net and what it takes to train it.
type unet struct {
	net *nn.Net
	w   []float32
}

// trainUNet trains unet2d of base 8 and 3 levels (29,715 parameters) with Adam on batches of 8 slices, its learning rate
// falling along half a cosine.
func trainUNet(t *testing.T, d *datasets.Data, steps int) *unet {
	t.Helper()
	const batch, lr = 8, 0.004
	shape := d.Train.Shape()
	m, err := nn.NewSegmenter(nn.Config{Name: "unet2d", Padding: "same", Init: "default", Base: 8, Levels: 3}, shape, len(d.Regions))
	if err != nil {
		t.Fatal(err)
	}
	u := &unet{net: m.NewNet(batch), w: make([]float32, m.Layout().Len())}
	g := make([]float32, len(u.w))
	m.Init(u.w, rng.New(1, "init"))
	u.net.Bind(u.w, g)
	cfg := nn.DefaultOptimizerConfig()
	cfg.Name = "adam"
	adam := nn.NewOptimizer(cfg, m.Layout())
	x, y := make([]float32, batch*shape.Size()), make([]int32, batch*shape.Positions())
	var order []int
	index := make([]int32, batch)
	for step := range steps {
		if len(order) < batch {
			order = rng.New(1, "order", uint64(step)).Perm(d.Train.Len())
		}
		for k := range index {
			index[k] = int32(order[k])
		}
		order = order[batch:]
		d.Train.Fill(x, y, index)
		u.net.Train(x, y, nil)
		adam.Step(u.w, g, lr*(0.51+0.49*math.Cos(math.Pi*float64(step)/float64(steps))))
	}
	return u
}

// segment marks the voxels of a case, slice by slice.
func (u *unet) segment(c *wholeCase, regions int) []uint8 {
	marked := make([]uint8, len(c.regions))
	for z := range c.slices {
		score := u.net.Predict(c.x[z*len(c.x)/c.slices:(z+1)*len(c.x)/c.slices], 1)
		first := z * len(marked) / c.slices
		for i, s := range score {
			if s > 0 {
				marked[first+i/regions] |= 1 << (i % regions)
			}
		}
	}
	return marked
}

// What a U-Net learns must be more than what single voxels tell: it beats the best linear classifier of voxels by 15
// points of Dice for each region, with cases without enhancing tumour counted as the challenge counts them, which
// flatters whoever never sees any.
func TestUNetBeatsLinearClassifiers(t *testing.T) {
	if !*full {
		t.Skip("trains for minutes: -full")
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
			t.Parallel()
			d := openSet(t, seed+1, 48, 64)
			u, train, cases := trainUNet(t, d, 4000), trainingVoxels(d), testCases(d)
			var single [][]voxel
			var marked [][]uint8
			for i := range cases {
				single = append(single, appendVoxels(nil, cases[i].x, cases[i].regions, 1))
				marked = append(marked, u.segment(&cases[i], len(d.Regions)))
			}
			for r, name := range volumes.TumourRegions() {
				deep, linear := 0.0, linearDice(train, single, r)
				for i := range cases {
					o := masks.Compare(marked[i], cases[i].regions, r)
					deep += o.Dice() / float64(len(cases))
				}
				t.Logf("%s: Dice %.3f, linear %.3f", name, deep, linear)
				if deep < linear+0.15 {
					t.Errorf("%s: the U-Net's Dice of %.3f is less than 0.15 above the linear classifier's %.3f", name, deep, linear)
				}
			}
		})
	}
}
