package fedmrn_test

import (
	"context"
	"testing"

	"flsim/configs"
	"flsim/sim"
	"flsim/sim/record"
)

// experiment is small enough for a test. Masks are trained here at a rate that suits them: at 0.05, masks drawn after
// training are ahead by 5 points, which docs/papers/fedmrn.md tells. Those get both rates to choose from.
const experiment = `
schema = 1
name   = "short"
rounds = 12
[data]
set = "synthetic-images"
shape = "28x28x1"
train = 1500
test  = 500
[model]
name = "lenet5"
[clients]
count = 10
per_round = 5
local_epochs = 2
batch_size = 10
lr = 0.05
gflops = 10.0
[network]
uplink_mbps = 4.0
downlink_mbps = 20.0
[codec.mrn]
type  = "fedmrn"
mask  = "binary"
noise = "uniform"
alpha = 0.03
[uplink]
chain = ["mrn"]
[eval]
every = 12
train_examples = 0
[variant.masked]
clients.lr = 0.15
[variant.post]
codec.mrn.training = "plain"
clients.lr = 0.15
[variant.post-slow]
codec.mrn.training = "plain"
`

// last is a recorder that keeps the last round's line.
type last struct {
	sim.Discard
	line record.Round
}

func (l *last) Round(line *record.Round) error {
	l.line = *line
	return nil
}

// TestTrainingWithMasks: masks that are trained with beat masks of the same noise that are drawn after training.
func TestTrainingWithMasks(t *testing.T) {
	if testing.Short() {
		t.Skip("trains three times for seconds")
	}
	file, err := configs.Parse("short.toml", experiment, nil)
	if err != nil {
		t.Fatal(err)
	}
	accuracy := map[string]float64{}
	builder := configs.Builder{Workers: 2}
	for _, run := range file.Runs() {
		accuracy[run.Variant] = play(t, &builder, run).Eval.Test
	}
	t.Logf("accuracies: %v", accuracy)
	if post := max(accuracy["post"], accuracy["post-slow"]); accuracy["masked"] < post+0.1 {
		t.Errorf("trained with masks %v, masked after training %v", accuracy["masked"], post)
	}
}

// play returns the last round of a run.
func play(t *testing.T, builder *configs.Builder, run configs.Run) record.Round {
	t.Helper()
	built, err := builder.Build(run)
	if err != nil {
		t.Fatal(err)
	}
	var end last
	s, err := sim.New(built.Sim, &end)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	return end.line
}
