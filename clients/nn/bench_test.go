package nn

import (
	"testing"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

var (
	cifarShape = tensor.Shape{H: 32, W: 32, C: 3}
	mnistShape = tensor.Shape{H: 28, W: 28, C: 1}
)

// bench measures steps of plain SGD on one worker.
func bench(b *testing.B, name string, in tensor.Shape, batch int) {
	m := mustNew(b, name, in, 10)
	r := rng.New(1, "bench")
	w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
	m.Init(w, r)
	x, y := randomBatch(r, in, 10, batch)
	net := m.NewNet(batch)
	net.Bind(w, g)
	opt := NewOptimizer(OptimizerConfig{Name: "sgd"}, m.Layout())
	for b.Loop() {
		net.Train(x, y, r)
		opt.Step(w, g, 1e-3)
	}
	rate := float64(batch) * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "images/s")
	b.ReportMetric(rate*3*m.ForwardFLOPs()/1e9, "GFLOP/s")
}

func BenchmarkTrainLogistic(b *testing.B) { bench(b, "logistic", cifarShape, 50) }
func BenchmarkTrainMLP(b *testing.B)      { bench(b, "mlp", mnistShape, 10) }
func BenchmarkTrainLeNet5(b *testing.B)   { bench(b, "lenet5", cifarShape, 10) }
func BenchmarkTrainTFCNN(b *testing.B)    { bench(b, "tf-cnn", cifarShape, 50) }
func BenchmarkTrainMcMahan(b *testing.B)  { bench(b, "mcmahan-cnn", cifarShape, 50) }
func BenchmarkTrainCNN4(b *testing.B)     { bench(b, "cnn4", cifarShape, 50) }
func BenchmarkTrainResNet8(b *testing.B)  { bench(b, "resnet8-gn", cifarShape, 32) }

func BenchmarkEvaluateTFCNN(b *testing.B) {
	m := mustNew(b, "tf-cnn", cifarShape, 10)
	r := rng.New(1, "bench")
	w := make([]float32, m.Layout().Len())
	m.Init(w, r)
	x, y := randomBatch(r, cifarShape, 10, 100)
	net := m.NewNet(100)
	net.Bind(w, nil)
	for b.Loop() {
		net.Evaluate(x, y)
	}
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
