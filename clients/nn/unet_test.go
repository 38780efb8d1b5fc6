package nn

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"flsim/internal/f32"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

func unetModel(t *testing.T, name string, shape tensor.Shape, base, levels, regions int) *Model {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Name, cfg.Base, cfg.Levels = name, base, levels
	m, err := NewSegmenter(cfg, shape, regions)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestUNetsAgainstPyTorch(t *testing.T) {
	var records []struct {
		Model                                    string
		Side, Base, Levels, Channels, Regions, N int
		Loss, After                              float64
		Tensors                                  []struct {
			Len           int
			Offset, Bound float64
			Norm          float64
			Probes        []float64
		}
	}
	load(t, "unets.json", &records)
	for _, c := range records {
		t.Run(fmt.Sprintf("%s base %d", c.Model, c.Base), func(t *testing.T) {
			shape := tensor.Shape{H: c.Side, W: c.Side, C: c.Channels}
			if c.Model == "unet3d" {
				shape.D = c.Side
			}
			m := unetModel(t, c.Model, shape, c.Base, c.Levels, c.Regions)
			if m.Labels() != shape.Positions() || len(m.Layout()) != len(c.Tensors) {
				t.Fatalf("%d labels, %d tensors, PyTorch has %d", m.Labels(), len(m.Layout()), len(c.Tensors))
			}
			w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
			for k, s := range m.Layout() {
				fill(s.Of(w), 1000+uint64(k), c.Tensors[k].Offset, c.Tensors[k].Bound)
			}
			x, y := fill(make([]float32, c.N*shape.Size()), 1, 0, 1), make([]int32, c.N*m.Labels())
			for i := range y {
				y[i] = int32(i * 3 % (1 << c.Regions))
			}
			net := m.NewNet(c.N)
			net.Bind(w, g)
			loss, _ := net.Train(x, y, rng.New(1, "dropout"))
			if math.Abs(loss-c.Loss) > tolerance*c.Loss {
				t.Errorf("loss %.9g, want %.9g", loss, c.Loss)
			}
			for k, s := range m.Layout() {
				compareTensor(t, s.Name, s.Of(g), c.Tensors[k].Norm, c.Tensors[k].Probes)
			}
			NewOptimizer(DefaultOptimizerConfig(), m.Layout()).Step(w, g, 0.1)
			if sum, _ := net.Evaluate(x, y); math.Abs(sum/float64(c.N)-c.After) > tolerance*c.After {
				t.Errorf("loss %.9g after a step, want %.9g", sum/float64(c.N), c.After)
			}
		})
	}
}

// Counts follow from the layers' widths; they are those of the same networks in PyTorch.
func TestUNetCounts(t *testing.T) {
	volume := tensor.Shape{D: 16, H: 16, W: 16, C: 4}
	for _, c := range []struct {
		name                        string
		base, levels, regions, want int
	}{
		{"unet3d", 8, 3, 4, 85852}, {"unet3d", 8, 3, 3, 85843}, {"unet3d", 16, 5, 3, 5647715}, {"unet3d", 20, 5, 3, 8823003},
		{"unet3d-9m", 8, 3, 3, 9468467},
	} {
		m := unetModel(t, c.name, volume, c.base, c.levels, c.regions)
		if got := m.Layout().Trainable(); got != c.want || m.Regions() != c.regions {
			t.Errorf("%s, base %d, %d levels, %d regions: %d parameters for %d, want %d", c.name, c.base, c.levels, c.regions, got, m.Regions(), c.want)
		}
	}
}

func TestUNetsRefuseWhatDoesNotFit(t *testing.T) {
	cfg := DefaultConfig()
	for _, c := range []struct {
		name  string
		shape tensor.Shape
		want  string
	}{
		{"unet3d", cifarShape, "unet2d takes images"},
		{"unet2d", tensor.Shape{D: 8, H: 8, W: 8, C: 1}, "unet3d takes volumes"},
		{"unet3d", tensor.Shape{D: 8, H: 8, W: 6, C: 1}, "cannot be halved"},
		{"unet2d", tensor.Shape{H: 10, W: 12, C: 1}, "cannot be halved"},
		{"unet3d-9m", tensor.Shape{D: 16, H: 16, W: 24, C: 1}, "cannot be halved for level 5 of 5"},
		{"unet3d-9m", cifarShape, "unet2d takes images"},
		{"lenet5", cifarShape, "cannot mark regions; unet2d, unet3d, unet3d-9m can"},
		{"unet", cifarShape, "no model is called"},
	} {
		cfg.Name = c.name
		if _, err := NewSegmenter(cfg, c.shape, 3); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s on %v: %v, want %q", c.name, c.shape, err, c.want)
		}
	}
}

func TestSegmentersAndClassifiersAreNotMixedUp(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Name = "unet2d"
	if _, err := New(cfg, cifarShape, 10); err == nil || !strings.Contains(err.Error(), "marks regions in every pixel") {
		t.Errorf("a classifier by the name of unet2d: %v", err)
	}
	for _, regions := range []int{-1, 0, 9} {
		if _, err := NewSegmenter(cfg, cifarShape, regions); err == nil || !strings.Contains(err.Error(), "1 to 8 regions") {
			t.Errorf("%d regions: %v", regions, err)
		}
	}
	if m := mustNew(t, "lenet5", cifarShape, 10); m.Regions() != 0 || m.Labels() != 1 {
		t.Errorf("lenet5 marks %d regions and takes %d labels", m.Regions(), m.Labels())
	}
}

// Parameters that were trained on patches fit whole volumes: layout and initial weights do not depend on extents.
func TestUNetParametersDoNotDependOnExtents(t *testing.T) {
	for name, shapes := range map[string][2]tensor.Shape{
		"unet2d":    {{H: 16, W: 16, C: 4}, {H: 24, W: 40, C: 4}},
		"unet3d":    {{D: 8, H: 8, W: 8, C: 4}, {D: 4, H: 12, W: 16, C: 4}},
		"unet3d-9m": {{D: 16, H: 16, W: 16, C: 4}, {D: 16, H: 32, W: 16, C: 4}},
	} {
		small, large := unetModel(t, name, shapes[0], 8, 3, 3), unetModel(t, name, shapes[1], 8, 3, 3)
		if !reflect.DeepEqual(small.Layout(), large.Layout()) || !slices.Equal(small.rules, large.rules) {
			t.Errorf("%s has one layout for %v and another for %v", name, shapes[0], shapes[1])
		}
	}
}

func TestRegionLossAgainstPyTorch(t *testing.T) {
	var file struct {
		Regions []struct {
			Pixels, Regions, Correct int
			Present, Always          int32
			Loss                     float64
			DLogits                  []float64
		}
	}
	load(t, "layers.json", &file)
	if len(file.Regions) < 5 {
		t.Fatalf("%d losses recorded", len(file.Regions))
	}
	for _, c := range file.Regions {
		logits, sets := fill(make([]float32, c.Pixels*c.Regions), 1, 0, 6), make([]int32, c.Pixels)
		for i := range sets {
			sets[i] = int32(i*5%(1<<c.Regions))&c.Present | c.Always
		}
		d := make([]float32, len(logits))
		loss, correct := new(f32.Context).RegionLoss(d, logits, sets)
		if math.Abs(loss-c.Loss) > 1e-7*c.Loss || correct != c.Correct {
			t.Errorf("%d pixels, %d regions: loss %.12g with %d right, want %.12g and %d", c.Pixels, c.Regions, loss, correct, c.Loss, c.Correct)
		}
		closeTo(t, "gradient", d, c.DLogits)
	}
}

// Predict gives an example the same scores in any batch, and those that Evaluate scores.
func TestPredict(t *testing.T) {
	shape := tensor.Shape{H: 8, W: 8, C: 2}
	m := unetModel(t, "unet2d", shape, 4, 2, 3)
	w := make([]float32, m.Layout().Len())
	m.Init(w, rng.New(1, "init"))
	x, y := randomExamples(rng.New(1, "x"), shape, m.Labels(), 8, 3)
	net := m.NewNet(3)
	net.Bind(w, nil)
	all := slices.Clone(net.Predict(x, 3))
	if len(all) != 3*m.Labels()*3 {
		t.Fatalf("%d scores of 3 examples with %d pixels and 3 regions", len(all), m.Labels())
	}
	for i := range 3 {
		if one := net.Predict(x[i*shape.Size():(i+1)*shape.Size()], 1); !slices.Equal(one, all[i*len(one):(i+1)*len(one)]) {
			t.Errorf("example %d has other scores by itself", i)
		}
	}
	want, right := new(f32.Context).RegionLoss(nil, all, y)
	if got, correct := net.Evaluate(x, y); got != 3*want || correct != right {
		t.Errorf("evaluation gives %g with %d right, the scores %g and %d", got, correct, 3*want, right)
	}
	defer func() {
		if recover() == nil {
			t.Error("labels for part of an example pass")
		}
	}()
	net.Evaluate(x, y[1:])
}
