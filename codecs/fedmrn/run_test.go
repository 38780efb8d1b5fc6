package fedmrn_test

import (
	"context"
	"testing"

	"flsim/configs"
	"flsim/sim"
	"flsim/sim/record"
)

// experiment is small enough for a test and noisy enough that masks drawn after training hurt.
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
type = "fedmrn"
[eval]
every = 12
train_examples = 0
[variant.float32]
[variant.masked]
uplink.chain = ["mrn"]
[variant.signed]
uplink.chain = ["mrn"]
codec.mrn.mask = "signed"
[variant.post]
uplink.chain = ["mrn"]
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

// TestTrainingWithMasks: masks that are trained with end near float32, and ahead of masks drawn after training.
func TestTrainingWithMasks(t *testing.T) {
	file, err := configs.Parse("short.toml", experiment, nil)
	if err != nil {
		t.Fatal(err)
	}
	builder := configs.Builder{Workers: 2}
	accuracy, loss := map[string]float64{}, map[string]float64{}
	for _, run := range file.Runs() {
		built, err := builder.Build(run)
		if err != nil {
			t.Fatal(err)
		}
		var end last
		s, err := sim.New(built.Sim, &end)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Run(context.Background(), nil)
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
		accuracy[run.Variant], loss[run.Variant] = end.line.Eval.Test, end.line.Eval.TestLoss
		t.Logf("%s: accuracy %.3f, loss %.3f, NMSE %.3f", run.Variant, end.line.Eval.Test, end.line.Eval.TestLoss, end.line.NMSEUplink)
	}
}
