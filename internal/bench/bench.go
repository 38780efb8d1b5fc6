// Package bench measures how fast this machine trains networks.
package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"flsim/clients/nn"
	"flsim/internal/f32"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// Workload is a network that trains with batches of one size, by plain stochastic gradient descent.
type Workload struct {
	Name  string // as users call it
	Doc   string
	Model nn.Config
	Shape tensor.Shape
	Batch int

	Classes int // 0 if it marks regions
	Regions int // 0 if it tells classes
}

// build returns the workload's model.
func (w Workload) build() (*nn.Model, error) {
	if w.Regions > 0 {
		return nn.NewSegmenter(w.Model, w.Shape, w.Regions)
	}
	return nn.New(w.Model, w.Shape, w.Classes)
}

// labels returns how many values a label has: a class, or a set of regions.
func (w Workload) labels() int { return max(w.Classes, 1<<w.Regions) }

func workload(name, doc, model, padding string, shape tensor.Shape, batch int) Workload {
	cfg := nn.DefaultConfig()
	cfg.Name, cfg.Padding = model, padding
	return Workload{Name: name, Doc: doc, Model: cfg, Shape: shape, Batch: batch, Classes: 10}
}

// Workloads returns the workloads that there are, in the order of reports.
func Workloads() []Workload {
	volume := workload("w4", "3-D U-Net, 4 x 64^3 voxels, 3 regions", "unet3d", "same", tensor.Shape{D: 64, H: 64, W: 64, C: 4}, 1)
	volume.Classes, volume.Regions = 0, 3
	colour, grey := tensor.Shape{H: 32, W: 32, C: 3}, tensor.Shape{H: 28, W: 28, C: 1}
	return []Workload{
		workload("w1", "McMahan's CNN, valid padding", "mcmahan-cnn", "valid", colour, 50),
		workload("w1same", "McMahan's CNN, same padding", "mcmahan-cnn", "same", colour, 50),
		workload("w2", "LeNet-5", "lenet5", "same", colour, 10),
		workload("w2b", "the TensorFlow tutorial's CNN", "tf-cnn", "same", colour, 50),
		workload("w3", "ResNet-8, group norm", "resnet8-gn", "same", colour, 32),
		workload("w3b", "ResNet-18, group norm", "resnet18-gn", "same", colour, 32),
		volume,
		workload("w5", "MLP 784-200-200-10", "mlp", "same", grey, 10),
	}
}

// Result is what was measured of a workload.
type Result struct {
	Name       string  `json:"name"`
	Batch      int     `json:"batch"`
	ImagesPerS float64 `json:"images_per_s"` // per core
	FLOPSRatio float64 `json:"flops_ratio"`  // floating-point operations per second over those of a float32 FMA loop measured in turn with it
	Kernel     string  `json:"kernel"`
	Precision  string  `json:"precision"`
	Cores      int     `json:"cores"` // clients that trained at once
}

// Measure trains the workload for about the given time on as many clients at once as there are cores to be used, and
// returns the best of many short spells: on a shared machine the best is what repeats. Spells of training and of the
// FMA loop alternate. It returns ctx's error if that ended first.
func Measure(ctx context.Context, w Workload, precision f32.Precision, cores int, span time.Duration) (Result, error) {
	model, err := w.build()
	if err != nil {
		return Result{}, fmt.Errorf("workload %s: %w", w.Name, err)
	}
	spells := make([]spell, cores)
	var group sync.WaitGroup
	for i := range spells {
		group.Go(func() { spells[i] = train(ctx, model, w, precision, span) })
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	r := Result{Name: w.Name, Batch: w.Batch, Kernel: f32.Kernel(), Precision: precision.String(), Cores: cores}
	peak := 0.0
	for _, s := range spells {
		r.ImagesPerS += s.rate / float64(cores)
		peak += s.peak / float64(cores)
	}
	r.FLOPSRatio = r.ImagesPerS * model.TrainingFLOPs() / peak
	return r, nil
}

// Rate returns how many examples a second one core trains, in batches of the given size: the best of some short spells.
func Rate(model *nn.Model, shape tensor.Shape, classes, batch int, precision f32.Precision, span time.Duration) float64 {
	w := Workload{Shape: shape, Batch: batch, Classes: classes}
	return train(context.Background(), model, w, precision, span).rate
}

// spell holds the best rates of one client: images and floating-point operations per second.
type spell struct{ rate, peak float64 }

func train(ctx context.Context, model *nn.Model, w Workload, precision f32.Precision, span time.Duration) (best spell) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	step := stepper(model, w, precision)
	step() // makes the buffers
	for began := time.Now(); time.Since(began) < span && ctx.Err() == nil; {
		steps, start := 0, time.Now()
		for time.Since(start) < 10*time.Millisecond || steps == 0 {
			step()
			steps++
		}
		best.rate = max(best.rate, float64(steps*w.Batch)/time.Since(start).Seconds())
		best.peak = max(best.peak, f32.PeakRate(2*time.Millisecond))
	}
	return best
}

// stepper returns a function that trains a batch of its own. The rate is so small that weights stay as they are drawn.
func stepper(model *nn.Model, w Workload, precision f32.Precision) func() {
	size := model.Layout().Len()
	weights, gradient := make([]float32, size), make([]float32, size)
	model.Init(weights, rng.New(1, "init"))
	net := model.NewNet(w.Batch)
	net.SetPrecision(precision)
	net.Bind(weights, gradient)
	r := rng.New(1, "batch")
	x, y := make([]float32, w.Batch*w.Shape.Size()), make([]int32, w.Batch*model.Labels())
	for i := range x {
		x[i] = 2*r.Float32() - 1
	}
	for i := range y {
		y[i] = int32(r.IntN(w.labels()))
	}
	optimizer := nn.NewOptimizer(nn.DefaultOptimizerConfig(), model.Layout())
	return func() {
		net.Train(x, y, r)
		optimizer.Step(weights, gradient, 1e-6)
	}
}
