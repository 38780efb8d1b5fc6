package fedmrn_test

import (
	"math"
	"slices"
	"testing"

	"flsim/clients"
	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/codecs/fedmrn"
	"flsim/internal/rng"
	"flsim/internal/tensor"
	"flsim/internal/wire"
)

// pictures are noise with a class.
type pictures struct{}

func (pictures) Len() int            { return 6 }
func (pictures) Shape() tensor.Shape { return tensor.Shape{H: 28, W: 28, C: 1} }
func (pictures) Classes() int        { return 10 }
func (pictures) Label(i int) int     { return i }
func (pictures) Fill(x []float32, y []int32, index []int32) {
	for k, i := range index {
		y[k] = i
		for p := range 28 * 28 {
			x[28*28*k+p] = float32(rng.At(uint64(i), uint64(p))>>40) / (1 << 23)
		}
	}
}

// watch is a reshaper that notes what the trainer asks of the codec's.
type watch struct {
	codecs.Reshaper
	steps [][2]int
	theta []float32   // at the first step
	w     [][]float32 // of every step
}

func (w *watch) Reparam(s *codecs.Shared, seed uint64) codecs.Reparam {
	w.steps, w.theta, w.w = nil, nil, nil
	return watched{w.Reshaper.Reparam(s, seed), w}
}

type watched struct {
	codecs.Reparam
	*watch
}

func (r watched) Weights(w, theta []float32, step, steps int) {
	if r.theta == nil {
		r.theta = slices.Clone(theta)
	}
	r.Reparam.Weights(w, theta, step, steps)
	r.steps = append(r.steps, [2]int{step, steps})
	r.watch.w = append(r.watch.w, slices.Clone(w))
}

// TestTasks runs tasks of a network with batch norm and decodes their messages as the server does: the noise of training
// is that of the message, in every task another, the update starts at zero, the last step takes nothing but masks, and
// batch norm arrives as it was trained.
func TestTasks(t *testing.T) {
	plan, seen := masking(t)
	layout := plan.Model.Layout()
	received, decoded := make([]float32, layout.Len()), make([]float32, layout.Len())
	plan.Model.Init(received, rng.New(1, "initial weights"))
	trainer := clients.NewTrainer(plan)
	var before [][]float32
	for _, id := range [][2]int{{1, 0}, {1, 1}, {2, 0}} {
		task := &clients.Task{Round: id[0], Rounds: 9, Client: id[1], Shard: []int32{0, 1, 2, 3, 4, 5}, Received: received}
		result, err := trainer.Run(task)
		if err == nil {
			err = plan.Uplink.Open(decoded, result.Sent.Frame, wire.Update, &codecs.Shared{Layout: layout})
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := [][2]int{{0, 6}, {1, 6}, {2, 6}, {3, 6}, {4, 6}, {5, 6}, {6, 6}}; !slices.Equal(seen.steps, want) {
			t.Fatalf("steps %v, want %v", seen.steps, want)
		}
		for _, seg := range layout {
			checkTask(t, seg, seen, seg.Of(received), seg.Of(decoded))
		}
		noise := magnitudes(layout, decoded)
		for _, other := range before {
			if n := equal(noise, other); n > 5 {
				t.Errorf("task %v has the noise of an earlier one in %d of %d elements", id, n, len(noise))
			}
		}
		before = append(before, noise)
	}
	for i, seg := range layout {
		for _, other := range layout[:i] {
			if n := equal(seg.Of(decoded), other.Of(decoded)); seg.Kind == codecs.Weight && other.Kind == codecs.Weight && n > 5 {
				t.Errorf("tensors %q and %q have %d elements of noise in common", seg.Name, other.Name, n)
			}
		}
	}
}

// masking is a plan whose clients train with signed masks.
func masking(t *testing.T) (*clients.Plan, *watch) {
	t.Helper()
	cfg := nn.DefaultConfig()
	cfg.Name = "cnn4"
	model, err := nn.New(cfg, pictures{}.Shape(), 10)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := codecs.New([]codecs.Kind{codecs.Norm}, fedmrn.Masked{Quantizer: fedmrn.Quantizer{Signed: true, Alpha: 0.005}, Progressive: true})
	if err != nil {
		t.Fatal(err)
	}
	reshaper, _ := codecs.Find[codecs.Reshaper](codec)
	seen := &watch{Reshaper: reshaper}
	return &clients.Plan{Model: model, Train: pictures{}, Longest: 6, Uplink: codecs.Sender{Codec: codec}, Reshaper: seen,
		Training: clients.Training{Epochs: 2, BatchSize: 2, Optimizer: nn.DefaultOptimizerConfig(),
			LRPerRound: nn.DefaultScheduleConfig(), LRPerStep: nn.DefaultScheduleConfig()}}, seen
}

// checkTask holds one tensor of a task against its part of the decoded message.
func checkTask(t *testing.T, seg codecs.Segment, seen *watch, received, decoded []float32) {
	t.Helper()
	first, last, end := seg.Of(seen.w[0]), seg.Of(seen.w[5]), seg.Of(seen.w[6])
	if seg.Kind != codecs.Weight {
		moved := false
		for i, u := range decoded {
			moved = moved || u != 0
			if u != end[i]-received[i] {
				t.Fatalf("tensor %q, element %d: trained from %v to %v, decoded %v", seg.Name, i, received[i], end[i], u)
			}
		}
		if !moved {
			t.Errorf("tensor %q does not change", seg.Name)
		}
		return
	}
	masked := 0
	for i, n := range decoded { // noise, or its negative
		if seg.Of(seen.theta)[i] != 0 {
			t.Fatalf("tensor %q, element %d starts with an update of %v", seg.Name, i, seg.Of(seen.theta)[i])
		}
		if end[i] != received[i]+n {
			t.Fatalf("tensor %q, element %d: trained to %v, decoded to %v", seg.Name, i, end[i], received[i]+n)
		}
		if last[i] != received[i]+n && last[i] != received[i]-n {
			t.Fatalf("tensor %q, element %d: the last step computes with %v more, the noise is %v", seg.Name, i, last[i]-received[i], n)
		}
		if first[i] != received[i] {
			masked++
		}
	}
	share := float64(masked) / float64(len(decoded))
	if math.Abs(share-1./6) > 5*math.Sqrt(5./36/float64(len(decoded))) {
		t.Errorf("tensor %q: the first of six steps masks %v", seg.Name, share)
	}
}

// magnitudes returns those of what is masked.
func magnitudes(layout codecs.Layout, v []float32) []float32 {
	var out []float32
	for _, seg := range layout {
		if seg.Kind != codecs.Weight {
			continue
		}
		for _, x := range seg.Of(v) {
			out = append(out, max(x, -x))
		}
	}
	return out
}

// equal counts the places at which two vectors have one magnitude.
func equal(a, b []float32) int {
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] || a[i] == -b[i] {
			n++
		}
	}
	return n
}
