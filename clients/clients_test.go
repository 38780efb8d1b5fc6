package clients

import (
	"errors"
	"math"
	"slices"
	"testing"

	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/internal/dist"
	"flsim/internal/rng"
	"flsim/internal/tensor"
	"flsim/sim/event"
)

// TestCountsAgreeWithTheWalk holds StepsOf and ExamplesOf against batches that are really taken.
func TestCountsAgreeWithTheWalk(t *testing.T) {
	for n := 1; n <= 23; n++ {
		shard := make([]int32, n)
		for batch := 1; batch <= 12; batch++ {
			for work := 1; work <= 9; work++ {
				for _, training := range []Training{{Epochs: work, BatchSize: batch}, {Steps: work, BatchSize: batch}} {
					walk := newBatches(shard, rng.New(1, "test"))
					examples := 0
					for range training.StepsOf(n) {
						examples += len(walk.take(batch))
					}
					if got := training.ExamplesOf(n); got != examples {
						t.Fatalf("%+v on %d examples: counted %d, took %d", training, n, got, examples)
					}
				}
			}
		}
	}
}

func TestEveryEpochUsesEachExampleOnce(t *testing.T) {
	shard := []int32{3, 1, 4, 15, 9, 26, 5}
	walk := newBatches(shard, rng.New(1, "test"))
	var orders [][]int32
	for range 5 {
		var epoch []int32
		for len(epoch) < len(shard) {
			epoch = append(epoch, walk.take(3)...)
		}
		orders = append(orders, slices.Clone(epoch))
		slices.Sort(epoch)
		if !slices.Equal(epoch, []int32{1, 3, 4, 5, 9, 15, 26}) {
			t.Fatalf("an epoch takes %v", epoch)
		}
	}
	if slices.Equal(orders[0], orders[1]) && slices.Equal(orders[1], orders[2]) {
		t.Error("epochs are not shuffled anew")
	}
	if !slices.Equal(shard, []int32{3, 1, 4, 15, 9, 26, 5}) {
		t.Error("the shard itself was shuffled")
	}
}

func TestSpeed(t *testing.T) {
	if got := Speed(dist.Constant(20), 0, 1, 7, 3); got != 20 {
		t.Errorf("a constant speed of 20 gives %v", got)
	}
	d := dist.Lognormal(20, 0.5)
	if Speed(d, 0, 1, 7, 3) != Speed(d, 0, 1, 7, 9) {
		t.Error("a device without jitter changes its speed between rounds")
	}
	if Speed(d, 0.3, 1, 7, 3) == Speed(d, 0.3, 1, 7, 9) {
		t.Error("jitter does nothing")
	}
	var logs []float64
	for client := range 2001 {
		logs = append(logs, math.Log(Speed(d, 0.3, 1, client, 1)))
	}
	slices.Sort(logs)
	if median := math.Exp(logs[1000]); math.Abs(median-20) > 1.2 {
		t.Errorf("median speed %v, want about 20", median)
	}
}

// line is a source of one feature whose class is its sign.
type line struct{}

func (line) Len() int            { return 40 }
func (line) Shape() tensor.Shape { return tensor.Shape{H: 1, W: 1, C: 1} }
func (line) Classes() int        { return 2 }
func (line) Label(i int) int     { return i % 2 }
func (line) Fill(x []float32, y []int32, index []int32) {
	for k, i := range index {
		y[k] = i % 2
		x[k] = float32(2*y[k] - 1)
	}
}

func plan(t *testing.T) *Plan {
	t.Helper()
	model, err := nn.New(nn.Config{Name: "logistic", Padding: "same", Init: "default"}, line{}.Shape(), 2)
	if err != nil {
		t.Fatal(err)
	}
	return &Plan{Model: model, Train: line{}, Longest: 100, Uplink: codecs.Sender{Codec: codecs.Plain(), Feedback: true},
		Training: Training{Epochs: 2, BatchSize: 4, Optimizer: nn.DefaultOptimizerConfig(), LRPerRound: nn.DefaultScheduleConfig(), LRPerStep: nn.DefaultScheduleConfig()}}
}

func TestTaskLeavesItsInputsAlone(t *testing.T) {
	p := plan(t)
	d := p.Model.Layout().Len()
	received, residual := make([]float32, d), make([]float32, d)
	residual[0] = 0.5
	task := &Task{Client: 1, Round: 1, Rounds: 2, Shard: []int32{0, 1, 2, 3, 4, 5}, Received: received, State: State{Residual: residual}}
	first, err := NewTrainer(p).Run(task)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(received, make([]float32, d)) || residual[0] != 0.5 {
		t.Error("training wrote to the received model or to the client's state")
	}
	if first.Examples != 12 || first.Loss <= 0 || first.Loss > math.Ln2 {
		t.Errorf("12 examples of loss at most ln 2 were trained, result says %d of %v", first.Examples, first.Loss)
	}
	trainer := NewTrainer(p)
	other := *task
	other.Client, other.Shard = 2, []int32{7, 8, 9}
	if _, err := trainer.Run(&other); err != nil {
		t.Fatal(err)
	}
	again, err := trainer.Run(task)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first.Sent.Frame, again.Sent.Frame) {
		t.Error("a trainer that ran another task before gives another message")
	}
}

// An optimizer that keeps its state goes on where the client's last task ended; one that does not starts afresh.
func TestKeptMomentumGoesOn(t *testing.T) {
	p := plan(t)
	p.Training.Optimizer.Momentum = 0.9
	run := func(keep bool, state State) Result {
		p.Training.Keep = keep
		res, err := NewTrainer(p).Run(&Task{Client: 1, Round: 1, Rounds: 2, Shard: []int32{0, 1, 2, 3},
			Received: make([]float32, p.Model.Layout().Len()), State: state})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := run(true, State{})
	second := run(true, first.State)
	if len(first.State.Optimizer) != 1 || slices.Equal(first.Sent.Frame, second.Sent.Frame) {
		t.Errorf("momentum is not kept: %d vectors", len(first.State.Optimizer))
	}
	fresh := run(false, State{})
	if len(fresh.State.Optimizer) != 0 || !slices.Equal(fresh.Sent.Frame, first.Sent.Frame) {
		t.Error("without keeping, a first task is another")
	}
}

func TestDivergedErrorNamesThePlace(t *testing.T) {
	p := plan(t)
	p.Training.Optimizer.LR = 3e38
	received := make([]float32, p.Model.Layout().Len())
	received[0] = float32(math.NaN())
	_, err := NewTrainer(p).Run(&Task{Client: 4, Round: 2, Rounds: 3, Shard: []int32{0, 1, 2, 3, 4, 5, 6, 7}, Received: received})
	var diverged *DivergedError
	if !errors.As(err, &diverged) || diverged.Client != 4 || diverged.Round != 2 {
		t.Errorf("divergence gives %v", err)
	}
}

func TestDuration(t *testing.T) {
	p := plan(t)
	// 1 x 2 weights: 4 operations forward, 12 a training step; 10 examples twice on 1 MFLOP/s take 240 us.
	slow := Device{GFlops: 1e-3}
	if got := p.Training.Duration(p.Model, Load{10, 10}, slow); got != event.Seconds(240e-6) {
		t.Errorf("training takes %v", got)
	}
	if got := p.Training.Measuring(p.Model, Load{10, 10}, 0.5, slow); got != event.Seconds(20e-6) {
		t.Errorf("measuring half of the examples takes %v", got)
	}
	// By its times: 3 s for each of two patients, in two epochs; 7 s for one of them to be measured.
	hospital := Device{Train: 3, Validate: 7}
	training := Training{Epochs: 2, BatchSize: 4}
	if got := training.Duration(p.Model, Load{Examples: 10, Cases: 2}, hospital); got != event.Seconds(12) {
		t.Errorf("two epochs of two cases take %v", got)
	}
	training = Training{Steps: 2, BatchSize: 4} // 8 of 10 examples
	if got := training.Duration(p.Model, Load{Examples: 10, Cases: 2}, hospital); math.Abs(got.Seconds()-4.8) > 1e-8 {
		t.Errorf("four fifths of two cases take %v", got)
	}
	if got := training.Measuring(p.Model, Load{Examples: 10, Cases: 2}, 0.5, hospital); got != event.Seconds(7) {
		t.Errorf("measuring half of two cases takes %v", got)
	}
}
