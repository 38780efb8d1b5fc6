package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"flsim/clients"
	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/codecs/cossgd"
	"flsim/codecs/feddip"
	"flsim/codecs/feddst"
	"flsim/codecs/sparsify"
	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/internal/tensor"
	"flsim/internal/wire"
	"flsim/network"
	"flsim/sim/event"
	"flsim/sim/record"
	"flsim/sim/strategy"
)

// blobs is a source of three classes of noisy 4x4 pictures.
type blobs struct {
	n    int
	seed uint64
}

func (b blobs) Len() int            { return b.n }
func (b blobs) Shape() tensor.Shape { return tensor.Shape{H: 4, W: 4, C: 1} }
func (b blobs) Classes() int        { return 3 }
func (b blobs) Label(i int) int     { return i % 3 }
func (b blobs) Fill(x []float32, y []int32, index []int32) {
	for k, i := range index {
		r := rng.New(b.seed, "blob", uint64(i))
		y[k] = i % 3
		for p := range 16 {
			x[16*k+p] = float32(0.7 * r.NormFloat64())
			if p%3 == int(y[k]) {
				x[16*k+p]++
			}
		}
	}
}

// small is a configuration of ten clients of which four train per round.
func small(t *testing.T) Config {
	t.Helper()
	data := &datasets.Data{Name: "blobs", Train: blobs{300, 1}, Test: blobs{200, 2}}
	model, err := nn.New(nn.Config{Name: "logistic", Padding: "same", Init: "default"}, data.Train.Shape(), 3)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Rounds: 6, Model: model, Data: data, Metric: "accuracy", EvalEvery: 2, TrainExamples: 50, Workers: 2,
		Seeds:    clients.Seeds{Data: 1, Model: 2, System: 3, Codec: 4},
		Training: clients.Training{Epochs: 1, BatchSize: 8, Optimizer: nn.DefaultOptimizerConfig(), LRPerRound: nn.DefaultScheduleConfig(), LRPerStep: nn.DefaultScheduleConfig()},
		Devices:  func(client, _ int) clients.Device { return clients.Device{GFlops: 1e-3 * float64(client+1)} },
		Links: func(client, _ int) network.Link {
			return network.Link{Up: network.Mbps(1 + float64(client)), Down: network.Mbps(5), Latency: event.Seconds(0.01 * float64(client))}
		},
		Server:    network.Link{Up: network.Infinity, Down: network.Infinity},
		Strategy:  strategy.Sync{PerRound: 4, Seed: 3},
		Uplink:    codecs.Sender{Codec: codecs.Plain()},
		Downlink:  Downlink{Codec: codecs.Plain()},
		Optimizer: nn.OptimizerConfig{Name: "sgd", LR: 1},
	}
	for client := range 10 {
		shard := make([]int32, 20+2*client)
		for i := range shard {
			shard[i] = int32((client*30 + i) % 300)
		}
		cfg.Shards = append(cfg.Shards, shard)
	}
	return cfg
}

func chain(t *testing.T, stages ...codecs.Settings) codecs.Codec {
	t.Helper()
	var built []any
	for _, s := range stages {
		stage, err := s.Stage()
		if err != nil {
			t.Fatal(err)
		}
		built = append(built, stage)
	}
	c, err := codecs.New(nil, built...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func settings(t *testing.T, name string) codecs.Settings {
	t.Helper()
	e, ok := codecs.Lookup(name)
	if !ok {
		t.Fatalf("no stage %q", name)
	}
	return e.New()
}

// lossy codes both directions, with everything that a codec may keep between rounds.
func lossy(t *testing.T) Config {
	cfg := small(t)
	top := settings(t, "topk").(*sparsify.TopKSettings)
	top.Keep = 0.2
	cos := settings(t, "cossgd").(*cossgd.Settings)
	cos.Rounding = "stochastic"
	cfg.Uplink = codecs.Sender{Codec: chain(t, top, cos), Feedback: true}
	down := *top
	cfg.Downlink = Downlink{Codec: chain(t, &down), Delta: true}
	cfg.Optimizer = nn.DefaultOptimizerConfig()
	cfg.Optimizer.LR, cfg.Optimizer.Momentum = 0.7, 0.5
	cfg.Training.Optimizer.Momentum, cfg.Training.Keep = 0.5, true
	var err error
	if cfg.Training.Augment, err = (datasets.Augment{Crop: 1, Flip: true}).For(cfg.Data); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// pruned sends masked models both ways and tells clients the mask when it changes.
func pruned(t *testing.T) Config {
	cfg := small(t)
	prune := settings(t, "feddip").(*feddip.Settings)
	prune.Every = 3
	cfg.Uplink.Codec, cfg.Downlink.Codec = chain(t, prune), chain(t, prune)
	return cfg
}

// regrown is pruned with masks that clients move, and that so differ from message to message.
func regrown(t *testing.T) Config {
	cfg := small(t)
	prune := settings(t, "feddst").(*feddst.Settings)
	prune.Every = 2
	cfg.Uplink.Codec, cfg.Downlink.Codec = chain(t, prune), chain(t, prune)
	return cfg
}

// tape is a Recorder that keeps everything.
type tape struct {
	rounds      []record.Round
	lines       bytes.Buffer
	transfers   []record.Transfer
	checkpoints []*record.Checkpoint
}

func (p *tape) Round(r *record.Round) error {
	p.rounds = append(p.rounds, *r)
	p.lines.Write(append(r.AppendJSON(nil), '\n'))
	return nil
}

func (p *tape) Transfer(x *record.Transfer) error {
	p.transfers = append(p.transfers, *x)
	return nil
}

func (p *tape) Checkpoint(c *record.Checkpoint) error {
	data, err := c.Bytes()
	if err != nil {
		return err
	}
	back, err := record.ParseCheckpoint(data)
	p.checkpoints = append(p.checkpoints, back)
	return err
}

func play(t *testing.T, cfg Config) (*tape, *Simulation) {
	t.Helper()
	p := new(tape)
	s, err := New(cfg, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	return p, s
}

func digest(p *tape, s *Simulation) string {
	h := sha256.New()
	h.Write(p.lines.Bytes())
	h.Write(wire.AppendFloat32s(nil, s.Weights()))
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestLearns(t *testing.T) {
	p, _ := play(t, small(t))
	first, last := p.rounds[0].Eval, p.rounds[6].Eval
	if first.Test > 0.6 || last.Test < 0.8 || last.TestLoss > first.TestLoss {
		t.Errorf("accuracy goes from %v to %v, loss from %v to %v", first.Test, last.Test, first.TestLoss, last.TestLoss)
	}
	var evaluated []int
	for _, r := range p.rounds {
		if r.Eval != nil {
			evaluated = append(evaluated, r.Round)
		}
	}
	if !slices.Equal(evaluated, []int{0, 2, 4, 6}) {
		t.Errorf("rounds %v are evaluated", evaluated)
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	for name, make := range map[string]func(*testing.T) Config{"plain": small, "lossy": lossy, "pruned": pruned, "regrown": regrown} {
		t.Run(name, func(t *testing.T) {
			want := ""
			for _, workers := range []int{1, 2, 4, 8} {
				cfg := make(t)
				cfg.Workers = workers
				got := digest(play(t, cfg))
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%d workers give digest %s, 1 gives %s", workers, got, want)
				}
			}
		})
	}
}

func TestResumesFromEachCheckpoint(t *testing.T) {
	for name, make := range map[string]func(*testing.T) Config{"lossy": lossy, "pruned": pruned, "regrown": regrown} {
		t.Run(name, func(t *testing.T) { resumes(t, make) })
	}
}

func resumes(t *testing.T, make func(*testing.T) Config) {
	whole, end := play(t, make(t))
	if len(whole.checkpoints) != 4 {
		t.Fatalf("%d checkpoints, want one for each evaluation: 4", len(whole.checkpoints))
	}
	continues(t, make, digest(whole, end))
}

// continues resumes a run from each of its checkpoints and wants it to end with a digest.
func continues(t *testing.T, make func(*testing.T) Config, want string) {
	t.Helper()
	whole, _ := play(t, make(t))
	for _, c := range whole.checkpoints {
		round, err := CheckpointRound(c)
		if err != nil {
			t.Fatal(err)
		}
		p := new(tape)
		for _, r := range whole.rounds[:round+1] {
			if err := p.Round(&r); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Resume(make(t), p, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if got := digest(p, s); got != want {
			t.Errorf("resumed after round %d it ends with digest %s, undisturbed with %s", round, got, want)
		}
	}
}

func TestStopFinishesTheRound(t *testing.T) {
	p := new(tape)
	s, err := New(small(t), p)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	err = s.Run(ctx, func(r *record.Round) {
		if r.Round == 3 {
			cancel()
		}
	})
	if !errors.Is(err, ErrStopped) {
		t.Fatalf("stopped run returns %v", err)
	}
	round, err := CheckpointRound(p.checkpoints[len(p.checkpoints)-1])
	if err != nil || round != 3 || s.Round().Round != 3 {
		t.Errorf("stopped in round 3, checkpoint is of round %d, simulation at %d (%v)", round, s.Round().Round, err)
	}
}

func TestBytesAreConserved(t *testing.T) {
	p, _ := play(t, lossy(t))
	perClient := make([]map[string]record.Bits, 10)
	for i := range perClient {
		perClient[i] = map[string]record.Bits{}
	}
	for _, x := range p.transfers {
		b := perClient[x.Client][x.Direction]
		b.Add(x.Bits())
		perClient[x.Client][x.Direction] = b
	}
	var up, down record.Bits
	for _, c := range perClient {
		up.Add(c["uplink"])
		down.Add(c["downlink"])
	}
	last := p.rounds[len(p.rounds)-1]
	if !near(up, last.UplinkSum) || !near(down, last.DownlinkSum) {
		t.Errorf("clients sent %+v and received %+v, the server counted %+v and %+v", up, down, last.UplinkSum, last.DownlinkSum)
	}
	if up.Wire <= up.Payload || up.Payload <= up.Side || up.Side == 0 || up.Entropy <= 0 || up.Paper <= 0 {
		t.Errorf("columns contradict each other: %+v", up)
	}
}

// near compares counts exactly and sums of fractions up to the order of summation.
func near(a, b record.Bits) bool {
	return a.Wire == b.Wire && a.Payload == b.Payload && a.Side == b.Side &&
		math.Abs(a.Entropy-b.Entropy) < 1e-6*b.Entropy && math.Abs(a.Paper-b.Paper) < 1e-6*b.Paper
}

func TestTransferTimesFollowFromBytes(t *testing.T) {
	p, _ := play(t, small(t))
	if len(p.transfers) != 6*4*2 {
		t.Fatalf("%d transfers, want 48", len(p.transfers))
	}
	for _, x := range p.transfers {
		want := x.Latency + 8*float64(x.Wire)/(x.LinkMbps*1e6)
		if got := x.End - x.Start; math.Abs(got-want) > 2e-9 {
			t.Errorf("%+v takes %v s, bytes and link give %v s", x, got, want)
		}
	}
}

func TestRoundLastsAsLongAsItsSlowestClient(t *testing.T) {
	cfg := small(t)
	cfg.Rounds = 1
	p, _ := play(t, cfg)
	slowest := 0.0
	for _, x := range p.transfers {
		if x.Direction != "downlink" {
			continue
		}
		examples := float64(len(cfg.Shards[x.Client]))
		train := 3 * cfg.Model.ForwardFLOPs() * examples / (cfg.Devices(x.Client, 1).GFlops * 1e9)
		link := cfg.Links(x.Client, x.Round)
		up := link.Latency.Seconds() + 8*float64(x.Wire)/float64(link.Up) // an update is as long as the model here
		slowest = max(slowest, x.End+train+up)
	}
	if got := p.rounds[1].SimTime; math.Abs(got-slowest) > 1e-7 {
		t.Errorf("the round takes %v s, its slowest client %v s", got, slowest)
	}
}

// TestOneClientIsPlainSGD holds federated averaging of a single client against the same training without any of it: with
// plain numbers, and with codes of 16 bits, so fine that training goes nearly the same way. Updates are added.
func TestOneClientIsPlainSGD(t *testing.T) {
	cfg := small(t)
	cfg.Shards = cfg.Shards[:1]
	cfg.Training.BatchSize = len(cfg.Shards[0]) // so that the order of examples plays nearly no part
	_, plain := play(t, cfg)
	cfg.Uplink.Codec = codec(t, cossgd.Quantizer{Bits: 16})
	_, coded := play(t, cfg)

	w, g := make([]float32, cfg.Model.Layout().Len()), make([]float32, cfg.Model.Layout().Len())
	cfg.Model.Init(w, initStream(&cfg))
	net := cfg.Model.NewNet(cfg.Training.BatchSize)
	x, y := make([]float32, 16*len(cfg.Shards[0])), make([]int32, len(cfg.Shards[0]))
	cfg.Data.Train.Fill(x, y, cfg.Shards[0])
	for range cfg.Rounds {
		net.Bind(w, g)
		net.Train(x, y, rng.New(0, "no dropout"))
		for i := range w {
			w[i] -= 0.1 * g[i]
		}
	}
	for i := range w {
		if d := math.Abs(float64(w[i] - plain.Weights()[i])); d > 1e-5 {
			t.Fatalf("weight %d is %v, plain training gives %v", i, plain.Weights()[i], w[i])
		}
		if d := math.Abs(float64(w[i] - coded.Weights()[i])); d > 1e-4 || slices.Equal(plain.Weights(), coded.Weights()) {
			t.Fatalf("weight %d is %v after 16 bits, plain training gives %v", i, coded.Weights()[i], w[i])
		}
	}
}

func TestDeltaDownlinkChargesWhatWasMissed(t *testing.T) {
	cfg := lossy(t)
	cfg.Rounds = 12
	p, s := play(t, cfg)
	whole := s.cast.whole.Wire
	holds := map[int]int{} // client -> round of its last download
	length := map[int]int64{}
	caughtUp := false
	for _, x := range p.transfers {
		if x.Direction != "downlink" {
			continue
		}
		last, seen := holds[x.Client]
		switch {
		case !seen && x.Wire != whole:
			t.Errorf("round %d: client %d starts with %d bytes, a whole model has %d", x.Round, x.Client, x.Wire, whole)
		case seen && x.Messages == 1 && x.Wire != whole && x.Round-last != 1:
			t.Errorf("round %d: client %d gets one change of %d bytes but missed rounds since %d", x.Round, x.Client, x.Wire, last)
		case seen && x.Wire != whole:
			caughtUp = caughtUp || x.Messages > 1
			if x.Messages != x.Round-last {
				t.Errorf("round %d: client %d gets %d messages for %d rounds", x.Round, x.Client, x.Messages, x.Round-last)
			}
		}
		if x.Wire > whole {
			t.Errorf("round %d: client %d gets %d bytes, the whole model has %d", x.Round, x.Client, x.Wire, whole)
		}
		holds[x.Client], length[x.Client] = x.Round, x.Wire
	}
	if !caughtUp {
		t.Error("no client ever caught up several messages: the case was not tried")
	}
}

func TestEmptyShardsAreNeverSampled(t *testing.T) {
	cfg := small(t)
	for i := range 8 {
		cfg.Shards[i] = nil
	}
	p, _ := play(t, cfg)
	for _, x := range p.transfers {
		if x.Client < 8 {
			t.Fatalf("client %d has no examples and took part", x.Client)
		}
	}
	if p.rounds[1].Clients != 2 {
		t.Errorf("%d clients took part, want the 2 that hold examples", p.rounds[1].Clients)
	}
}

func TestDivergenceIsAnError(t *testing.T) {
	cfg := small(t)
	cfg.Training.Optimizer.LR = 3e38
	cfg.Training.Epochs = 20
	s, err := New(cfg, Discard{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Run(context.Background(), nil)
	var local *clients.DivergedError
	var global *DivergedError
	if !errors.As(err, &local) && !errors.As(err, &global) {
		t.Errorf("divergence gives %v", err)
	}
}

// TestObjective takes the objective from the weights on record.
func TestObjective(t *testing.T) {
	cfg := small(t)
	cfg.Training.Optimizer.WeightDecay = 0.5
	p, s := play(t, cfg)
	last := p.rounds[len(p.rounds)-1].Eval
	want := last.TrainLoss
	for _, w := range s.Weights() {
		want += 0.25 * float64(w) * float64(w)
	}
	if len(last.More) != 3 || last.More[0].Name != "objective" || math.Abs(last.More[0].Value-want) > 1e-12 || want < last.TrainLoss+1e-3 {
		t.Errorf("columns %v, want an objective of %v", last.More, want)
	}
}

// What clients receive is the server's model of the round before where nothing is coded, and another one where it is.
func TestEvaluationOfWhatClientsReceive(t *testing.T) {
	columns := func(cfg Config) (server, received []float64) {
		cfg.Received, cfg.EvalEvery = true, 1
		p, _ := play(t, cfg)
		for _, r := range p.rounds {
			server = append(server, r.Eval.TestLoss)
			for _, c := range r.Eval.More {
				if c.Name == "received_loss" {
					received = append(received, c.Value)
				}
			}
		}
		return server, received
	}
	if server, received := columns(small(t)); !slices.Equal(received, server[:len(server)-1]) {
		t.Errorf("float32: clients received models of loss %v, the server had %v", received, server)
	}
	server, received := columns(lossy(t))
	if len(received) != len(server)-1 || slices.Equal(received, server[:len(server)-1]) {
		t.Errorf("coded: clients received models of loss %v, the server had %v", received, server)
	}
}

// Scores of clients and of the best five classes are those of the test set, taken apart.
func TestEvaluationTakesApart(t *testing.T) {
	ranks := []int32{0, 1, 4, 5, 0, 0, 2, 9}
	if top1, top5 := within(ranks, 1), within(ranks, 5); top1 != 3.0/8 || top5 != 6.0/8 {
		t.Errorf("top-1 %v, top-5 %v", top1, top5)
	}
	local := [][]int32{{0, 1}, {}, {4, 5}, {2, 3, 6, 7}}
	if mean, worst := byClient(ranks, local); mean != 0.5 || worst != 0 {
		t.Errorf("mean over clients %v, worst tenth %v; want 0.5 and 0", mean, worst)
	}
	cfg := small(t)
	cfg.Top5 = true
	for client := range cfg.Shards {
		cfg.LocalTests = append(cfg.LocalTests, []int32{int32(client), int32(client + 50)})
	}
	played, _ := play(t, cfg)
	more := played.rounds[len(played.rounds)-1].Eval.More
	if len(more) != 5 || more[0].Name != "top5_accuracy" || more[0].Value != 1 || !(more[1].Value >= more[2].Value) {
		t.Errorf("columns %v; of three classes the best five are all", more)
	}
}
