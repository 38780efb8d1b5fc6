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
)

// workloads are the networks whose speed matters, at the batch sizes that papers use.
var workloads = []struct {
	name  string
	cfg   Config
	in    tensor.Shape
	batch int
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

// trainer returns a model and a function that trains it one step.
func trainer(tb testing.TB, cfg Config, in tensor.Shape, batch int) (m *Model, step func()) {
	if cfg.Padding == "" {
		cfg.Padding = "same"
	}
	cfg.Init = "default"
	m, err := New(cfg, in, 10)
	if err != nil {
		tb.Fatal(err)
	}
	r := rng.New(1, "bench")
	w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
	m.Init(w, r)
	x, y := randomBatch(r, in, 10, batch)
	net, opt := m.NewNet(batch), NewOptimizer(DefaultOptimizerConfig(), m.Layout())
	net.Bind(w, g)
	return m, func() {
		net.Train(x, y, r)
		opt.Step(w, g, 1e-3)
	}
}

// measured is the shortest time of a call, and the best rate of multiply-adds beside it.
type measured struct{ seconds, peak float64 }

// fastest runs f in rounds of some milliseconds, each beside the loop that measures the processor.
func fastest(b *testing.B, f func()) measured {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f()
	best := measured{seconds: 1e9}
	for b.Loop() {
		best.peak = max(best.peak, f32.PeakRate(time.Millisecond))
		for begin := time.Now(); time.Since(begin) < 8*time.Millisecond; {
			start := time.Now()
			f()
			best.seconds = min(best.seconds, time.Since(start).Seconds())
		}
	}
	b.ReportMetric(0, "ns/op")
	return best
}
