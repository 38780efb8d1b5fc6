package nn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

func mustNew(t testing.TB, name string, in tensor.Shape, classes int) *Model {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Name = name
	m, err := New(cfg, in, classes)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// anyModel returns a model, and how many values a label of its has: a U-Net for three regions, any other for ten classes.
func anyModel(t testing.TB, cfg Config, in tensor.Shape) (m *Model, labels int) {
	t.Helper()
	var err error
	if strings.HasPrefix(cfg.Name, "unet") {
		m, err = NewSegmenter(cfg, in, 3)
	} else {
		m, err = New(cfg, in, 10)
	}
	if err != nil {
		t.Fatal(err)
	}
	if m.Regions() > 0 {
		return m, 1 << m.Regions()
	}
	return m, 10
}

// randomBatch draws standard normal inputs and uniform classes.
func randomBatch(r *rng.Rand, in tensor.Shape, classes, n int) ([]float32, []int32) {
	return randomExamples(r, in, 1, classes, n)
}

// randomExamples draws standard normal inputs and so many uniform labels for each.
func randomExamples(r *rng.Rand, in tensor.Shape, labels, values, n int) ([]float32, []int32) {
	x, y := make([]float32, n*in.Size()), make([]int32, n*labels)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	for i := range y {
		y[i] = int32(r.IntN(values))
	}
	return x, y
}

func TestParameterCounts(t *testing.T) {
	tests := []struct {
		name, padding string
		in            tensor.Shape
		classes, want int
	}{
		{"logistic", "", cifarShape, 10, 30_730},
		{"logistic", "", mnistShape, 10, 7_850},
		{"mlp", "", mnistShape, 10, 199_210},
		{"lenet5", "", cifarShape, 10, 62_006},
		{"lenet5", "", mnistShape, 10, 61_706},
		{"tf-cnn", "", cifarShape, 10, 122_570},
		{"mcmahan-cnn", "valid", cifarShape, 10, 878_538},
		{"mcmahan-cnn", "same", cifarShape, 10, 2_156_490},
		{"mcmahan-cnn", "same", mnistShape, 10, 1_663_370},
		{"mcmahan-cnn", "valid", mnistShape, 10, 582_026},
		{"cnn4", "", cifarShape, 10, 399_136},
		{"cnn4", "", mnistShape, 10, 390_880},
		{"cnn8", "", cifarShape, 10, 1_183_456},
		{"cnn8", "", cifarShape, 100, 1_275_616},
		{"keras-cnn", "", mnistShape, 10, 1_199_882},
		{"resnet8-gn", "", cifarShape, 10, 78_042},
		{"alexnet-cifar", "", cifarShape, 10, 23_272_266},
		{"vgg16", "", mnistShape, 10, 33_637_066},
		{"resnet18-gn", "", cifarShape, 10, 11_173_962},
		{"resnet18-gn", "", cifarShape, 100, 11_220_132},
		{"resnet20-gn", "", cifarShape, 10, 272_474},
	}
	for _, c := range tests {
		cfg := DefaultConfig()
		cfg.Name = c.name
		if c.padding != "" {
			cfg.Padding = c.padding
		}
		m, err := New(cfg, c.in, c.classes)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := m.Layout().Trainable(); got != c.want {
			t.Errorf("%s %s %v, %d classes: %d parameters, want %d", c.name, c.padding, c.in, c.classes, got, c.want)
		}
	}
}

// TestSparseFLOPs: a weight that is zero saves two operations for each position of its layer's output.
func TestSparseFLOPs(t *testing.T) {
	for _, name := range []string{"mlp", "lenet5", "tf-cnn", "cnn4", "resnet8-gn", "unet2d"} {
		cfg := DefaultConfig()
		cfg.Name = name
		m, _ := anyModel(t, cfg, cifarShape)
		w := make([]float32, m.Layout().Len())
		if got := m.SparseFLOPs(w); got != 0 {
			t.Errorf("%s without weights: %v operations", name, got)
		}
		for i := range w {
			w[i] = 1
		}
		if got := m.SparseFLOPs(w); math.Abs(got/m.ForwardFLOPs()-1) > 1e-12 {
			t.Errorf("%s: %v operations with all weights, want %v", name, got, m.ForwardFLOPs())
		}
		if name == "lenet5" {
			w[0] = 0                   // of a convolution with 28 x 28 positions
			w[m.Layout()[8].Off+3] = 0 // of the last dense layer
			if got := m.ForwardFLOPs() - m.SparseFLOPs(w); got != 2*28*28+2 {
				t.Errorf("two zeros save %v operations", got)
			}
		}
	}
}

// Small networks must be able to learn twenty random examples by heart, with every optimizer.
func TestMemorises(t *testing.T) {
	if testing.Short() {
		t.Skip("long without assembly")
	}
	side16 := tensor.Shape{H: 16, W: 16, C: 3}
	for _, c := range []struct {
		model string
		in    tensor.Shape
		opt   OptimizerConfig
		lr    float64
		steps int
	}{
		{"logistic", cifarShape, OptimizerConfig{Name: "sgd"}, 0.05, 60},
		{"mlp", mnistShape, OptimizerConfig{Name: "sgd", Momentum: 0.9, Nesterov: true, WeightDecay: 1e-4}, 0.05, 30},
		{"lenet5", cifarShape, OptimizerConfig{Name: "sgd", Momentum: 0.9}, 0.03, 100},
		{"tf-cnn", tensor.Shape{H: 20, W: 20, C: 1}, OptimizerConfig{Name: "adam", Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, 3e-3, 50},
		{"resnet8-gn", side16, OptimizerConfig{Name: "rmsprop", Smoothing: 0.99, Epsilon: 1e-8}, 3e-3, 70},
		{"cnn4", side16, OptimizerConfig{Name: "adam", Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8}, 3e-3, 15},
	} {
		t.Run(c.model, func(t *testing.T) {
			m := mustNew(t, c.model, c.in, 10)
			r := rng.New(3, "memorise")
			w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
			m.Init(w, r)
			x, y := randomBatch(r, c.in, 10, 20)
			net, opt := m.NewNet(20), NewOptimizer(c.opt, m.Layout())
			net.Bind(w, g)
			var loss float64
			var correct int
			for range c.steps {
				loss, correct = net.Train(x, y, r)
				opt.Step(w, g, c.lr)
			}
			if correct != 20 || loss > 0.2 || math.IsNaN(loss) {
				t.Errorf("after %d steps %d of 20 are right, loss %g", c.steps, correct, loss)
			}
		})
	}
}

func TestErrorsNameTheTrouble(t *testing.T) {
	for _, c := range []struct {
		model   string
		in      tensor.Shape
		classes int
		want    string
	}{
		{"lenet", cifarShape, 10, `no model is called "lenet"; there are alexnet-cifar, cnn4, cnn8, keras-cnn, lenet5,`},
		{"lenet5", cifarShape, 1, "at least 2 classes, not 1"},
		{"mlp", tensor.Shape{}, 10, "model mlp cannot take examples of shape 0x0x0"},
		{"lenet5", tensor.Shape{H: 8, W: 8, C: 3}, 10, "the kernel of conv2 of width 5 does not fit 2x2x6"},
		{"cnn4", tensor.Shape{H: 8, W: 8, C: 3}, 10, "a pool of width 2 does not fit 1x1x256"},
		{"resnet8-gn", tensor.Shape{H: 32, W: 16, C: 3}, 10, "the mean over channels needs square images"},
	} {
		cfg := DefaultConfig()
		cfg.Name = c.model
		if _, err := New(cfg, c.in, c.classes); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %v: error %q, want %q in it", c.model, c.in, err, c.want)
		}
	}
}

func TestMisusePanics(t *testing.T) {
	m := mustNew(t, "logistic", mnistShape, 10)
	w := make([]float32, m.Layout().Len())
	x, y := randomBatch(rng.New(1, "x"), mnistShape, 10, 3)
	for name, f := range map[string]func(){
		"short parameters": func() { m.NewNet(1).Bind(w[1:], nil) },
		"short gradients":  func() { m.NewNet(1).Bind(w, w[1:]) },
		"empty workspace":  func() { m.NewNet(0) },
		"large batch":      func() { n := m.NewNet(2); n.Bind(w, nil); n.Evaluate(x, y) },
		"short batch":      func() { n := m.NewNet(3); n.Bind(w, nil); n.Evaluate(x[1:], y) },
		"no gradients":     func() { n := m.NewNet(3); n.Bind(w, nil); n.Train(x, y, nil) },
		"unknown":          func() { NewOptimizer(OptimizerConfig{Name: "lion"}, m.Layout()) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// Steps in steady state allocate nothing, whichever layers and optimizer.
func TestStepsDoNotAllocate(t *testing.T) {
	for _, c := range []struct {
		model, optimizer string
		in               tensor.Shape
	}{
		{"lenet5", "sgd", cifarShape},
		{"mlp", "adam", mnistShape},
		{"keras-cnn", "rmsprop", mnistShape},
		{"cnn4", "sgd", mnistShape},
		{"resnet8-gn", "adam", tensor.Shape{H: 16, W: 16, C: 3}},
		{"unet2d", "sgd", tensor.Shape{H: 16, W: 16, C: 4}},
	} {
		model := DefaultConfig()
		model.Name = c.model
		m, labels := anyModel(t, model, c.in)
		r := rng.New(1, "alloc")
		w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
		m.Init(w, r)
		x, y := randomExamples(r, c.in, m.Labels(), labels, 2)
		cfg := DefaultOptimizerConfig()
		cfg.Name, cfg.Momentum = c.optimizer, 0.5
		net, opt := m.NewNet(2), NewOptimizer(cfg, m.Layout())
		if n := testing.AllocsPerRun(3, func() {
			net.Bind(w, g)
			net.Train(x, y, r)
			opt.Step(w, g, 0.01)
			net.Evaluate(x, y)
			net.Predict(x, 2)
		}); n != 0 {
			t.Errorf("%s with %s: %g allocations per step", c.model, c.optimizer, n)
		}
	}
}

// What a net computes depends on its arguments alone: not on its past, on the largest batch that it has room for, or
// on where its memory lies.
func TestEqualInputsGiveEqualBits(t *testing.T) {
	for _, name := range []string{"lenet5", "cnn4", "resnet8-gn"} {
		m := mustNew(t, name, cifarShape, 10)
		x, y := randomBatch(rng.New(1, "x"), cifarShape, 10, 6)
		train := func(net *Net, shift int) []float32 {
			w, g := make([]float32, m.Layout().Len()+shift)[shift:], make([]float32, m.Layout().Len()+shift)[shift:]
			m.Init(w, rng.New(1, "init"))
			for i := range g {
				g[i] = 99 // to be overwritten
			}
			net.Bind(w, g)
			net.Train(append(make([]float32, shift), x...)[shift:], y, rng.New(1, "dropout"))
			for _, s := range m.Layout() {
				if s.Kind == tensor.Buffer && slices.ContainsFunc(s.Of(g), func(v float32) bool { return v != 0 }) {
					t.Errorf("%s: the gradient of %s is not 0", name, s.Name)
				}
			}
			return append(g, w...)
		}
		want := train(m.NewNet(6), 0)
		used := m.NewNet(9)
		for shift := range 4 {
			if got := train(used, shift); !slices.Equal(got, want) {
				t.Errorf("%s: another net, shifted by %d floats, gives other bits", name, shift)
			}
		}
	}
}

// Evaluation in one batch or example by example is the same, and gradients are means over the batch.
func TestBatchesAreMeans(t *testing.T) {
	m := mustNew(t, "resnet8-gn", tensor.Shape{H: 16, W: 16, C: 3}, 10)
	r := rng.New(1, "mean")
	w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
	m.Init(w, r)
	x, y := randomBatch(r, m.in, 10, 4)
	net := m.NewNet(4)
	net.Bind(w, g)
	loss, correct := net.Train(x, y, r)
	batch := append([]float32(nil), g...)
	mean := make([]float64, len(g))
	var losses float64
	var right int
	for i := range y {
		one := x[i*m.in.Size() : (i+1)*m.in.Size()]
		l, c := net.Evaluate(one, y[i:i+1])
		losses, right = losses+l, right+c
		net.Train(one, y[i:i+1], r)
		for k, v := range g {
			mean[k] += float64(v) / 4
		}
	}
	if math.Abs(losses/4-loss) > 1e-9 || right != correct {
		t.Errorf("one by one: loss %g and %d right; as a batch %g and %d", losses/4, right, loss, correct)
	}
	for _, s := range m.Layout() {
		closeTo(t, s.Name, s.Of(batch), mean[s.Off:s.Off+s.Len])
	}
}

func TestDropout(t *testing.T) {
	b := &Builder{shape: tensor.Shape{H: 1, W: 1, C: 100_000}}
	b.Dropout(0.3)
	n := b.last().node(1)
	x := make([]float32, 100_000)
	for i := range x {
		x[i] = 1
	}
	n.forward(&pass{n: 1}, x)
	if x[0] != 1 || x[99_999] != 1 {
		t.Error("inference drops activations")
	}
	n.forward(&pass{n: 1, train: true, r: rng.New(1, "dropout")}, x)
	dropped := 0
	for _, v := range x {
		if v == 0 {
			dropped++
		} else if math.Abs(float64(v)-1/0.7) > 1e-6 {
			t.Fatalf("a kept activation is scaled by %g", v)
		}
	}
	if dropped < 29_500 || dropped > 30_500 {
		t.Errorf("%d of 100,000 dropped at rate 0.3", dropped)
	}
}

func TestWarmUp(t *testing.T) {
	s := ScheduleConfig{Kind: "cosine", WarmUp: 4}
	for i, want := range []float64{0.25, 0.5, 0.75, 1, 1, 0.5 + 0.5/math.Sqrt2, 0.5, 0.5 - 0.5/math.Sqrt2} {
		if got := s.Factor(i, 8); math.Abs(got-want) > 1e-12 {
			t.Errorf("factor %d is %g, want %g", i, got, want)
		}
	}
	if got := s.Factor(100, 8); got != 0 {
		t.Errorf("behind its end the cosine gives %g, want its floor", got)
	}
	if got := DefaultScheduleConfig().Factor(3, 10); got != 1 {
		t.Errorf("the constant schedule gives %g", got)
	}
}

// Weights that are not a number must not vanish behind a ReLU: runs detect divergence by their loss.
func TestDivergenceShows(t *testing.T) {
	for _, name := range []string{"mlp", "lenet5", "resnet8-gn", "cnn4"} {
		m := mustNew(t, name, cifarShape, 10)
		w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
		m.Init(w, rng.New(1, "init"))
		first := m.Layout()[0].Of(w)
		for i := range first {
			first[i] = float32(math.Inf(1 - 2*(i%2)))
		}
		x, y := randomBatch(rng.New(1, "x"), cifarShape, 10, 2)
		net := m.NewNet(2)
		net.Bind(w, g)
		if loss, correct := net.Train(x, y, nil); !math.IsNaN(loss) {
			t.Errorf("%s: loss %g with %d right from infinite weights", name, loss, correct)
		}
	}
}

// Ranks counts the classes with a greater score, or an equal one that comes first; what is not a number is never right.
func TestRanks(t *testing.T) {
	nan := float32(math.NaN())
	n := &Net{model: &Model{outputs: 4}, logits: []float32{1, 2, 3, 4, 4, 4, 1, 1, 0, nan, 2, 1}}
	for _, c := range []struct{ y, want [3]int32 }{
		{[3]int32{3, 0, 2}, [3]int32{0, 0, 1}},
		{[3]int32{0, 1, 1}, [3]int32{3, 1, 4}},
		{[3]int32{1, 3, 3}, [3]int32{2, 3, 2}},
	} {
		var got [3]int32
		n.Ranks(got[:], c.y[:])
		if got != c.want {
			t.Errorf("labels %v have ranks %v, want %v", c.y, got, c.want)
		}
	}
}

// The large networks take a finite step; that is all that two cores have time for.
func TestLargeNetworksStep(t *testing.T) {
	if testing.Short() {
		t.Skip("large networks")
	}
	for _, c := range []struct {
		model string
		in    tensor.Shape
	}{{"alexnet-cifar", cifarShape}, {"vgg16", mnistShape}} {
		m := mustNew(t, c.model, c.in, 10)
		r := rng.New(3, "step")
		w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
		m.Init(w, r)
		x, y := randomBatch(r, c.in, 10, 2)
		net := m.NewNet(2)
		net.Bind(w, g)
		loss, _ := net.Train(x, y, r)
		if math.Abs(loss-math.Log(10)) > 0.3 {
			t.Errorf("%s: loss %g at its start, want about ln 10", c.model, loss)
		}
		for _, s := range m.Layout() {
			if slices.Max(s.Of(g)) <= 0 && slices.Min(s.Of(g)) >= 0 {
				t.Errorf("%s: %s has no gradient", c.model, s.Name)
			}
		}
	}
}
