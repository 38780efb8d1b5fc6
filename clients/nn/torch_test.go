package nn

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"flsim/internal/f32"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// The files of testdata hold what PyTorch computes in float64; scripts/record_torch.py made them.

// tolerance is the relative error that float32 arithmetic is allowed against float64: of the largest element of a
// tensor for its elements, of itself for a norm or a loss.
const tolerance = 1e-5

func load(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(name, err)
	}
}

// fill repeats the function of that name in scripts/record_torch.py: numbers uniform in offset ± bound.
func fill(v []float32, seed uint64, offset, bound float64) []float32 {
	for i := range v {
		unit := float64(rng.Unit32(rng.At(seed, uint64(i))))
		v[i] = float32(offset + float64(bound*(2*unit-1)))
	}
	return v
}

// close reports elements of got that differ from want by more than tolerance times want's largest.
func closeTo(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d elements, want %d", what, len(got), len(want))
		return
	}
	largest, worst, at := 1e-30, 0.0, 0
	for i, v := range want {
		largest = max(largest, math.Abs(v))
		if d := math.Abs(float64(got[i]) - v); d > worst || math.IsNaN(d) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance*largest) {
		t.Errorf("%s[%d] is %g, want %g (relative error %.2g)", what, at, got[at], want[at], worst/largest)
	}
}

type layerRecord struct {
	Kind                     string
	N                        int
	Shape                    [3]int
	Out, Kernel, Stride, Pad int
	Groups                   int
	Bias                     bool
	Y, DX, Eval              []float64
	Tensors                  []struct {
		Name        string
		Grad, After []float64
	}
}

// build makes the layer that a record is of.
func (c layerRecord) build(b *Builder) {
	var options []Option
	if !c.Bias {
		options = []Option{NoBias}
	}
	switch c.Kind {
	case "dense":
		b.Dense("l", c.Out, options...)
	case "conv":
		b.Conv("l", c.Out, c.Kernel, c.Stride, c.Pad, options...)
	case "maxpool":
		b.MaxPool(c.Kernel, c.Stride)
	case "relupool":
		b.pool(reluMaxPooling, c.Kernel, c.Stride)
	case "avgpool":
		b.AvgPool(c.Kernel, c.Stride)
	case "relu":
		b.ReLU()
	case "batchnorm":
		b.BatchNorm("l")
	case "groupnorm":
		b.GroupNorm("l", c.Groups)
	}
}

// fillLayer sets w to what the script's set_parameters chooses.
func fillLayer(w []float32, layout tensor.Layout) {
	for k, s := range layout {
		offset, bound := 0.0, 0.5
		switch {
		case s.Kind == tensor.Norm && s.Name == "l.weight":
			offset, bound = 1, 0.3
		case s.Kind == tensor.Norm:
			bound = 0.3
		case s.Name == "l.running_var":
			offset = 1
		}
		fill(s.Of(w), 100+uint64(k), offset, bound)
	}
}

func TestLayersAgainstPyTorch(t *testing.T) {
	var file struct{ Layers []layerRecord }
	load(t, "layers.json", &file)
	if len(file.Layers) < 17 {
		t.Fatalf("%d layers recorded", len(file.Layers))
	}
	for _, c := range file.Layers {
		t.Run(c.Kind, func(t *testing.T) {
			b := &Builder{cfg: DefaultConfig(), shape: tensor.Shape{H: c.Shape[0], W: c.Shape[1], C: c.Shape[2]}}
			x := fill(make([]float32, c.N*b.shape.Size()), 1, 0, 1)
			c.build(b)
			if b.err != nil {
				t.Fatal(b.err)
			}
			p := &pass{n: c.N, train: true, w: make([]float32, b.layout.Len()), g: make([]float32, b.layout.Len())}
			fillLayer(p.w, b.layout)
			n := newChain(b.layers, c.N)
			y := n.forward(p, append([]float32(nil), x...))
			closeTo(t, "y", y, c.Y)
			dx := fill(make([]float32, max(len(x), len(y))), 2, 0, 1)
			dy := fill(make([]float32, len(y)), 2, 0, 1)
			if _, same := b.layers[0].(inPlace); same {
				n.backward(p, dx[:len(y)], nil)
			} else {
				n.backward(p, dy, dx[:len(x)])
			}
			closeTo(t, "dx", dx[:len(x)], c.DX)
			for k, s := range b.layout {
				if s.Kind == tensor.Buffer {
					closeTo(t, s.Name, s.Of(p.w), c.Tensors[k].After)
				} else {
					closeTo(t, "gradient of "+s.Name, s.Of(p.g), c.Tensors[k].Grad)
				}
			}
			p.train = false
			closeTo(t, "y in inference", n.forward(p, x), c.Eval)
		})
	}
}

func TestLossAgainstPyTorch(t *testing.T) {
	var file struct {
		Loss struct {
			Loss    float64
			Correct int
			DLogits []float64
		}
	}
	load(t, "layers.json", &file)
	logits := fill(make([]float32, 30), 1, 0, 4)
	d := make([]float32, 30)
	loss, correct := new(f32.Context).SoftmaxCrossEntropy(d, logits, []int32{0, 1, 2, 3, 4, 0}, 1./6)
	if want := file.Loss.Loss; math.Abs(loss/6-want) > 1e-12*want || correct != file.Loss.Correct {
		t.Errorf("loss %.15g with %d right, want %.15g and %d", loss/6, correct, want, file.Loss.Correct)
	}
	closeTo(t, "gradient", d, file.Loss.DLogits)
}

func TestModelsAgainstPyTorch(t *testing.T) {
	var records []struct {
		Model       string
		Padding     string
		Shape       [3]int
		N           int
		Loss        float64
		EvalLossSum float64 `json:"eval_loss_sum"`
		Tensors     []struct {
			Len                 int
			Offset, Bound, Norm float64
			Probes              []float64
		}
	}
	load(t, "models.json", &records)
	for _, c := range records {
		t.Run(c.Model+" "+c.Padding, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.Name, cfg.Padding = c.Model, c.Padding
			m, err := New(cfg, tensor.Shape{H: c.Shape[0], W: c.Shape[1], C: c.Shape[2]}, 10)
			if err != nil {
				t.Fatal(err)
			}
			w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
			if len(m.Layout()) != len(c.Tensors) {
				t.Fatalf("%d tensors, PyTorch has %d", len(m.Layout()), len(c.Tensors))
			}
			for k, s := range m.Layout() {
				fill(s.Of(w), 1000+uint64(k), c.Tensors[k].Offset, c.Tensors[k].Bound)
			}
			x, y := fill(make([]float32, c.N*m.in.Size()), 1, 0, 1), make([]int32, c.N)
			for i := range y {
				y[i] = int32(i * 3 % 10)
			}
			net := m.NewNet(c.N)
			net.Bind(w, g)
			loss, _ := net.Train(x, y, rng.New(1, "dropout"))
			if math.Abs(loss-c.Loss) > tolerance*c.Loss {
				t.Errorf("loss %.9g, want %.9g", loss, c.Loss)
			}
			for k, s := range m.Layout() {
				v := s.Of(g)
				if s.Kind == tensor.Buffer {
					v = s.Of(w)
				}
				compareTensor(t, s.Name, v, c.Tensors[k].Norm, c.Tensors[k].Probes)
			}
			if sum, _ := net.Evaluate(x, y); math.Abs(sum-c.EvalLossSum) > tolerance*c.EvalLossSum {
				t.Errorf("loss in inference %.9g, want %.9g", sum, c.EvalLossSum)
			}
		})
	}
}

// compareTensor holds a tensor's norm and a few of its elements against recorded ones, whose errors are measured
// against the tensor's root mean square.
func compareTensor(t *testing.T, name string, v []float32, wantNorm float64, probes []float64) {
	t.Helper()
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if norm := math.Sqrt(sum); math.Abs(norm-wantNorm) > tolerance*wantNorm {
		t.Errorf("%s has norm %.9g, want %.9g", name, norm, wantNorm)
	}
	for i, want := range probes {
		got := float64(v[i*7919%len(v)])
		if math.Abs(got-want) > tolerance*(math.Abs(want)+wantNorm/math.Sqrt(float64(len(v)))) {
			t.Errorf("%s[%d] is %g, want %g", name, i*7919%len(v), got, want)
		}
	}
}

func TestOptimizersAgainstPyTorch(t *testing.T) {
	var records []struct {
		Optimizer               string
		LR, Momentum, Smoothing float64
		Nesterov                bool
		WeightDecay             float64 `json:"weight_decay"`
		Beta1, Beta2, Epsilon   float64
		After                   [][]float64
	}
	load(t, "optimizers.json", &records)
	var layout tensor.Layout
	layout = layout.Add("a", tensor.Weight, 3).Add("buffer", tensor.Buffer, 2).Add("b", tensor.Bias, 5)
	for _, c := range records {
		opt := NewOptimizer(OptimizerConfig{Name: c.Optimizer, Momentum: c.Momentum, Nesterov: c.Nesterov, WeightDecay: c.WeightDecay,
			Beta1: c.Beta1, Beta2: c.Beta2, Smoothing: c.Smoothing, Epsilon: c.Epsilon}, layout)
		for range 2 { // the second time after Reset
			w := withBuffer(fill(make([]float32, 8), 1, 0, 1))
			for step, want := range c.After {
				opt.Step(w, withBuffer(fill(make([]float32, 8), 10+uint64(step), 0, 1)), c.LR)
				closeTo(t, c.Optimizer, append(append([]float32(nil), w[:3]...), w[5:]...), want)
			}
			if w[3] != 7 || w[4] != 7 {
				t.Errorf("%s changed a buffer", c.Optimizer)
			}
			opt.Reset()
		}
	}
}

// withBuffer puts two elements of a buffer between a vector's third and fourth.
func withBuffer(v []float32) []float32 {
	return append(append(append([]float32(nil), v[:3]...), 7, 7), v[3:]...)
}

func TestSchedulesAgainstPyTorch(t *testing.T) {
	var records []struct {
		Kind         string
		Every        int
		Gamma, Floor float64
		Factors      []float64
	}
	load(t, "schedules.json", &records)
	for _, c := range records {
		s := ScheduleConfig{Kind: c.Kind, Every: c.Every, Gamma: c.Gamma, Floor: c.Floor}
		for i, want := range c.Factors {
			if got := s.Factor(i, len(c.Factors)); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: factor %d is %.15g, want %.15g", c.Kind, i, got, want)
			}
		}
	}
}

func TestDefaultInitAgainstPyTorch(t *testing.T) {
	var file map[string]struct{ Std, Max float64 }
	load(t, "init.json", &file)
	m := mustNew(t, "lenet5", cifarShape, 10)
	sum, count, largest := map[string]float64{}, map[string]int{}, map[string]float64{}
	w := make([]float32, m.Layout().Len())
	for i := range uint64(100) {
		m.Init(w, rng.New(1, "init", i))
		for _, s := range m.Layout() {
			for _, v := range s.Of(w) {
				sum[s.Name] += float64(v) * float64(v)
				largest[s.Name] = max(largest[s.Name], math.Abs(float64(v)))
			}
			count[s.Name] += s.Len
		}
	}
	for name, want := range file {
		std := math.Sqrt(sum[name] / float64(count[name]))
		if math.Abs(std/want.Std-1) > 0.05 || math.Abs(largest[name]/want.Max-1) > 0.02 {
			t.Errorf("%s: standard deviation %.4g and maximum %.4g, PyTorch has %.4g and %.4g", name, std, largest[name], want.Std, want.Max)
		}
	}
}
