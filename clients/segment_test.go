package clients

import (
	"testing"

	"flsim/clients/nn"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// blobs is a source of noisy slices of 16 x 16 pixels, two out of three with three nested discs, of which the outermost
// is bright in both channels, the next in the first, and the innermost dark in the second.
type blobs struct{}

func (blobs) Len() int            { return 48 }
func (blobs) Shape() tensor.Shape { return tensor.Shape{H: 16, W: 16, C: 2} }
func (blobs) Classes() int        { return 2 }
func (blobs) Label(i int) int     { return min(i%3, 1) }
func (blobs) Fill(x []float32, y []int32, index []int32) {
	for k, i := range index {
		blob(x[k*512:(k+1)*512], y[k*256:(k+1)*256], int(i))
	}
}

func blob(x []float32, y []int32, i int) {
	r := rng.New(9, "blob", uint64(i))
	row, column, radius := 5+r.IntN(6), 5+r.IntN(6), 3+r.IntN(2)
	for p := range y {
		y[p] = 0
		if d := (p/16-row)*(p/16-row) + (p%16-column)*(p%16-column); i%3 > 0 {
			for region := range 3 {
				if inner := radius - region; d <= inner*inner {
					y[p] |= 1 << region
				}
			}
		}
		level := [8][2]float64{0: {0, 0}, 1: {1, 1}, 3: {2.5, 1}, 7: {2.5, -1}}[y[p]]
		x[2*p], x[2*p+1] = float32(level[0]+0.4*r.NormFloat64()), float32(level[1]+0.4*r.NormFloat64())
	}
}

// dice returns each region's Dice coefficient over all pixels of all blobs.
func dice(model *nn.Model, w []float32) (dice [3]float64) {
	n := blobs{}.Len()
	x, y, index := make([]float32, n*512), make([]int32, n*256), make([]int32, n)
	for i := range index {
		index[i] = int32(i)
	}
	blobs{}.Fill(x, y, index)
	net := model.NewNet(n)
	net.Bind(w, nil)
	var both, sum [3]float64
	for i, z := range net.Predict(x, n) {
		inside := y[i/3]>>(i%3)&1 == 1
		if inside && z > 0 {
			both[i%3]++
		}
		if inside {
			sum[i%3]++
		}
		if z > 0 {
			sum[i%3]++
		}
	}
	for r := range dice {
		dice[r] = 2 * both[r] / sum[r]
	}
	return dice
}

// A client trains a U-Net task after task: its loss falls from task to task and its regions come to lie where the discs
// are. The report of its loss, in inference mode, is the objective that it then trains on.
func TestTrainerTrainsSegmenters(t *testing.T) {
	cfg := nn.DefaultConfig()
	cfg.Name, cfg.Levels = "unet2d", 2
	model, err := nn.NewSegmenter(cfg, blobs{}.Shape(), 3)
	if err != nil {
		t.Fatal(err)
	}
	p := plan(t)
	p.Model, p.Train = model, blobs{}
	p.Training.Epochs, p.Training.Optimizer.Momentum = 3, 0.9
	p.Reports.Loss = true
	trainer := NewTrainer(p)
	task := &Task{Client: 1, Rounds: 4, Received: make([]float32, model.Layout().Len())}
	for i := range int32(blobs{}.Len()) {
		task.Shard = append(task.Shard, i)
	}
	model.Init(task.Received, rng.New(1, "init"))
	before, last := dice(model, task.Received), 10.
	for task.Round = 1; task.Round <= task.Rounds; task.Round++ {
		start, err := trainer.measure(task)
		if err != nil {
			t.Fatal(err)
		}
		res, err := trainer.train(task)
		if err != nil {
			t.Fatal(err)
		}
		if !(res.Loss < start.Loss && start.Loss < last) {
			t.Errorf("round %d starts at a loss of %.3f after %.3f and trains at %.3f", task.Round, start.Loss, last, res.Loss)
		}
		last = start.Loss
		for i, u := range trainer.update {
			task.Received[i] += u
		}
	}
	for r, after := range dice(model, task.Received) {
		t.Logf("region %d: Dice coefficient %.3f, then %.3f", r, before[r], after)
		if after < 0.85 || after < before[r]+0.3 {
			t.Errorf("region %d has a Dice coefficient of %.3f after training, %.3f before", r, after, before[r])
		}
	}
}
