package feddip

import (
	"math"
	"testing"

	"flsim/clients"
	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/codecs/internal/pruning"
	"flsim/internal/rng"
	"flsim/internal/tensor"
	"flsim/internal/wire"
)

// pictures are noise with a class.
type pictures struct{}

func (pictures) Len() int            { return 8 }
func (pictures) Shape() tensor.Shape { return tensor.Shape{H: 4, W: 4, C: 1} }
func (pictures) Classes() int        { return 3 }
func (pictures) Label(i int) int     { return i % 3 }
func (pictures) Fill(x []float32, y []int32, index []int32) {
	for k, i := range index {
		y[k] = i % 3
		for p := range 16 {
			x[16*k+p] = float32(rng.At(uint64(i), uint64(p))>>40)/(1<<23) - 1
		}
	}
}

// TestTask holds a client's task against a loop that spells the rule out: the gradient at the masked weights, lambda
// times the masked weights over their norm and the decay of all weights, at the round's learning rate.
func TestTask(t *testing.T) {
	const round, rounds, steps, decay = 501, 1000, 4, 0.05
	for _, feedback := range []bool{true, false} {
		settings := defaults()
		settings.LambdaMax, settings.Upload, settings.Feedback = 1, "dense", feedback
		p, sender := pruner(t, settings), codecs.Sender{Codec: codec(t, settings)}
		model, err := nn.New(nn.Config{Name: "logistic", Padding: "same", Init: "default"}, pictures{}.Shape(), 3)
		if err != nil {
			t.Fatal(err)
		}
		layout := model.Layout()
		received := random(layout, 1)
		pruning.Global(received, layout, 20).Apply(received, layout)
		s := task(p, layout, received, round, rounds)
		training := clients.Training{Steps: steps, BatchSize: 8, Optimizer: nn.DefaultOptimizerConfig(),
			LRPerRound: nn.DefaultScheduleConfig(), LRPerStep: nn.DefaultScheduleConfig()}
		training.Optimizer.LR, training.Optimizer.WeightDecay = 0.1, decay
		training.LRPerRound.Kind, training.LRPerRound.Gamma = "exponential", 0.998
		plan := &clients.Plan{Model: model, Train: pictures{}, Training: training, Longest: 8, Uplink: sender, Reshaper: p}
		shard := []int32{0, 1, 2, 3, 4, 5, 6, 7}
		result, err := clients.NewTrainer(plan).Run(&clients.Task{Round: round, Rounds: rounds, Shard: shard, Received: received, Control: s.Control})
		got := make([]float32, len(received))
		if err == nil {
			err = sender.Open(got, result.Sent.Frame, wire.Update, s)
		}
		if err != nil {
			t.Fatal(err)
		}
		want := spelled(model, received, shard, steps, 0.03675113, settings.lambdaAt(round-1, rounds), decay, feedback)
		for i := range got {
			if math.Abs(float64(got[i])-want[i]) > 2e-6 {
				t.Errorf("feedback %v, element %d moves by %v, want %v", feedback, i, got[i], want[i])
			}
		}
	}
}

// spelled returns by how much full-batch steps move a model of one weight tensor, of which what is zero is masked.
func spelled(model *nn.Model, received []float32, shard []int32, steps int, rate, lambda, decay float64, feedback bool) []float64 {
	layout := model.Layout()
	masked := func(i int) bool { return i < layout[0].Len && received[i] == 0 }
	net := model.NewNet(len(shard))
	w, g, theta, moved := make([]float32, len(received)), make([]float32, len(received)), make([]float64, len(received)), make([]float64, len(received))
	for i, x := range received {
		theta[i] = float64(x)
	}
	x, y := make([]float32, 16*len(shard)), make([]int32, len(shard))
	pictures{}.Fill(x, y, shard)
	net.Bind(w, g)
	for range steps {
		norm := 0.0
		for i, v := range theta {
			w[i] = float32(v)
			if masked(i) {
				w[i] = 0
			}
			if i < layout[0].Len {
				norm += float64(w[i]) * float64(w[i])
			}
		}
		net.Train(x, y, rng.New(0, "no dropout"))
		for i := range theta {
			d := float64(g[i])
			if i < layout[0].Len {
				d += lambda * float64(w[i]) / math.Sqrt(norm)
			}
			if masked(i) && !feedback {
				d = 0
			}
			theta[i] -= rate * (d + decay*theta[i])
			moved[i] = theta[i] - float64(received[i])
		}
	}
	return moved
}
