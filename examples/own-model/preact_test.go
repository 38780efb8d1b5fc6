package preact

import (
	"testing"

	"flsim/clients/nn"
)

func model(t *testing.T, name string) *nn.Model {
	t.Helper()
	cfg := nn.DefaultConfig()
	cfg.Name = name
	m, err := nn.New(cfg, nn.Shape{H: 28, W: 28, C: 1}, 10)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParameters(t *testing.T) {
	stem, head := 9*8, 2*32+32*10+10
	first := 2*8 + 9*8*8 + 2*8 + 9*8*8
	second := 2*8 + 9*8*16 + 2*16 + 9*16*16 + 8*16
	third := 2*16 + 9*16*32 + 2*32 + 9*32*32 + 16*32
	if got, want := model(t, "preact8").Layout().Trainable(), stem+first+second+third+head; got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
	model(t, "preact14")
}

// A few steps along the gradient have to lower the loss.
func TestLearns(t *testing.T) {
	const batch = 20
	m := model(t, "preact8")
	w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
	m.Init(w, nn.NewRand(1, "weights"))
	net := m.NewNet(batch)
	net.Bind(w, g)
	optimizer := nn.NewOptimizer(nn.OptimizerConfig{Name: "sgd", Momentum: 0.9}, m.Layout())
	x, y, r := make([]float32, batch*28*28), make([]int32, batch), nn.NewRand(1, "batch")
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	for i := range y {
		y[i] = int32(i % 10)
	}
	first, _ := net.Train(x, y, nil)
	loss := first
	for range 30 {
		optimizer.Step(w, g, 0.2)
		loss, _ = net.Train(x, y, nil)
	}
	if loss > first/2 {
		t.Errorf("the loss went from %.3f to %.3f", first, loss)
	}
}
