package nn

import (
	"runtime"
	"testing"
	"time"

	"flsim/internal/f32"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

var (
	cifarShape = tensor.Shape{H: 32, W: 32, C: 3}
	mnistShape = tensor.Shape{H: 28, W: 28, C: 1}
	sliceShape = tensor.Shape{H: 96, W: 96, C: 4} // of a brain in four modalities
)

// workloads are the networks whose speed matters, at the batch sizes that papers use.
var workloads = []struct {
	name  string
	cfg   Config
	in    tensor.Shape
	batch int // of a U-Net, which marks three regions; other networks tell ten classes
}{
	{"mcmahan-valid", Config{Name: "mcmahan-cnn", Padding: "valid"}, cifarShape, 50},
	{"mcmahan-same", Config{Name: "mcmahan-cnn"}, cifarShape, 50},
	{"lenet5", Config{Name: "lenet5"}, cifarShape, 10},
	{"tf-cnn", Config{Name: "tf-cnn"}, cifarShape, 50},
	{"resnet8-gn", Config{Name: "resnet8-gn"}, cifarShape, 32},
	{"resnet18-gn", Config{Name: "resnet18-gn"}, cifarShape, 32},
	{"cnn4", Config{Name: "cnn4"}, cifarShape, 50},
	{"mlp", Config{Name: "mlp"}, mnistShape, 10},
	{"logistic", Config{Name: "logistic"}, cifarShape, 50},
	{"unet2d", Config{Name: "unet2d", Base: 16, Levels: 3}, sliceShape, 4},
	{"unet3d", Config{Name: "unet3d", Base: 8, Levels: 3}, tensor.Shape{D: 64, H: 64, W: 64, C: 4}, 1},
}

// BenchmarkTrain measures steps of plain SGD on one core. Other load distorts speeds, so each step is timed on its own
// and the fastest counts, beside the processor's rate of multiply-adds at that time.
func BenchmarkTrain(b *testing.B) {
	for _, w := range workloads {
		b.Run(w.name, func(b *testing.B) {
			m, step := trainer(b, w.cfg, w.in, w.batch)
			b.ReportAllocs()
			best := fastest(b, step)
			images := float64(w.batch) / best.seconds
			b.ReportMetric(images, "images/s")
			b.ReportMetric(images*m.TrainingFLOPs()/best.peak, "of-peak")
			b.ReportMetric(best.peak/1e9, "peak-GFLOP/s")
		})
	}
}

// BenchmarkEvaluate measures inference.
func BenchmarkEvaluate(b *testing.B) {
	m := mustNew(b, "tf-cnn", cifarShape, 10)
	r := rng.New(1, "bench")
	w := make([]float32, m.Layout().Len())
	m.Init(w, r)
	x, y := randomBatch(r, cifarShape, 10, 100)
	net := m.NewNet(100)
	net.Bind(w, nil)
	b.ReportAllocs()
	best := fastest(b, func() { net.Evaluate(x, y) })
	b.ReportMetric(100/best.seconds, "images/s")
	b.ReportMetric(100/best.seconds*m.ForwardFLOPs()/best.peak, "of-peak")
}

// BenchmarkRegionLoss measures the loss of a segmentation and its share of a step of training.
func BenchmarkRegionLoss(b *testing.B) {
	_, step := trainer(b, Config{Name: "unet2d", Base: 16, Levels: 3}, sliceShape, 4)
	pixels := 4 * sliceShape.Positions()
	logits, d, sets := fill(make([]float32, 3*pixels), 1, 0, 4), make([]float32, 3*pixels), make([]int32, pixels)
	for i := range sets { // nested regions of growing radius
		y, x := i/96%96-48, i%96-48
		for r := range 3 {
			if x*x+y*y < 400>>(2*r) {
				sets[i] |= 1 << r
			}
		}
	}
	var work f32.Context
	loss, whole := measured{seconds: 1e9}, measured{seconds: 1e9}
	for b.Loop() {
		loss.time(func() { work.RegionLoss(d, logits, sets) })
		whole.time(step)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(loss.seconds*1e9/float64(pixels), "ns/pixel")
	b.ReportMetric(loss.seconds/whole.seconds, "of-step")
}

// trainer returns a model and a function that trains it one step.
func trainer(tb testing.TB, cfg Config, in tensor.Shape, batch int) (m *Model, step func()) {
	if cfg.Padding == "" {
		cfg.Padding = "same"
	}
	cfg.Init = "default"
	m, labels := anyModel(tb, cfg, in)
	r := rng.New(1, "bench")
	w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
	m.Init(w, r)
	x, y := randomExamples(r, in, m.Labels(), labels, batch)
	net, opt := m.NewNet(batch), NewOptimizer(DefaultOptimizerConfig(), m.Layout())
	net.Bind(w, g)
	return m, func() {
		net.Train(x, y, r)
		opt.Step(w, g, 1e-3)
	}
}

// measured is the shortest time of a call, and the best rate of multiply-adds beside it.
type measured struct{ seconds, peak float64 }

// time runs f and keeps the shortest time.
func (m *measured) time(f func()) {
	start := time.Now()
	f()
	m.seconds = min(m.seconds, time.Since(start).Seconds())
}

// fastest runs f in rounds of some milliseconds, each beside the loop that measures the processor.
func fastest(b *testing.B, f func()) measured {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f()
	best := measured{seconds: 1e9}
	for b.Loop() {
		best.peak = max(best.peak, f32.PeakRate(time.Millisecond))
		for begin := time.Now(); time.Since(begin) < 8*time.Millisecond; {
			best.time(f)
		}
	}
	b.ReportMetric(0, "ns/op")
	return best
}
