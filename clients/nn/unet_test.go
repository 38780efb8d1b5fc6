package nn

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

func unetModel(t *testing.T, name string, shape tensor.Shape, base, levels, classes int) *Model {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Name, cfg.Base, cfg.Levels = name, base, levels
	m, err := New(cfg, shape, classes)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestUNetsAgainstPyTorch(t *testing.T) {
	var records []struct {
		Model                                    string
		Side, Base, Levels, Channels, Classes, N int
		Loss                                     float64
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
			m := unetModel(t, c.Model, shape, c.Base, c.Levels, c.Classes)
			if m.Labels() != shape.Positions() || len(m.Layout()) != len(c.Tensors) {
				t.Fatalf("%d labels, %d tensors, PyTorch has %d", m.Labels(), len(m.Layout()), len(c.Tensors))
			}
			w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
			for k, s := range m.Layout() {
				fill(s.Of(w), 1000+uint64(k), c.Tensors[k].Offset, c.Tensors[k].Bound)
			}
			x, y := fill(make([]float32, c.N*shape.Size()), 1, 0, 1), make([]int32, c.N*m.Labels())
			for i := range y {
				y[i] = int32(i * 3 % c.Classes)
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
		})
	}
}

// Counts follow from the layers' widths; they are those of the same networks in PyTorch.
func TestUNetCounts(t *testing.T) {
	volume := tensor.Shape{D: 16, H: 16, W: 16, C: 4}
	for _, c := range []struct{ base, levels, classes, want int }{
		{8, 3, 4, 85852}, {8, 3, 3, 85843}, {16, 5, 3, 5647715}, {20, 5, 3, 8823003},
	} {
		if got := unetModel(t, "unet3d", volume, c.base, c.levels, c.classes).Layout().Trainable(); got != c.want {
			t.Errorf("base %d, %d levels, %d classes: %d parameters, want %d", c.base, c.levels, c.classes, got, c.want)
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
	} {
		cfg.Name = c.name
		if _, err := New(cfg, c.shape, 3); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s on %v: %v, want %q", c.name, c.shape, err, c.want)
		}
	}
}
