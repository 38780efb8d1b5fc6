package app

import (
	"flsim/datasets"
	"flsim/datasets/discs"
	"flsim/internal/tensor"
)

// The commands that scripts run know a segmentation that is small enough for a test.
func init() {
	datasets.Register("discs", func(opt datasets.OpenOptions) (*datasets.Data, error) {
		return discs.New(discs.Options{TrainCases: 8, TestCases: 5, Grid: [3]int{4, 16, 16},
			Example: tensor.Shape{H: 16, W: 16, C: 2}, Noise: 0.3, Seed: opt.Seed}), nil
	})
}
