package sim

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"flsim/codecs"
	"flsim/codecs/feddip"
	"flsim/internal/wire"
)

// halving is a stage with every wish that a stage can have: it trains at half the weights, is told the round by the
// server, and pulls the global model to zero.
type halving struct {
	rounds *[]uint16
}

func (halving) Alphabet(*codecs.Shared) (codecs.Alphabet, error) {
	return codecs.Alphabet{Size: 3, Zero: 1}, nil
}

func (h halving) Encode(symbols []uint32, side []byte, _, kept []float32, t *codecs.Tensor) ([]byte, error) {
	*h.rounds = append(*h.rounds, binary.LittleEndian.Uint16(t.Shared.Control))
	for i, v := range kept {
		symbols[i] = 1
		if v > 0 {
			symbols[i] = 2
		} else if v < 0 {
			symbols[i] = 0
		}
	}
	return side, nil
}

func (h halving) Decode(kept []float32, symbols []uint32, side []byte, _ *codecs.Tensor) ([]byte, error) {
	for i, s := range symbols {
		kept[i] = 0.01 * (float32(s) - 1)
	}
	return side, nil
}

func (halving) Reparam(s *codecs.Shared, _ uint64) codecs.Reparam { return halved{s.Reference} }

func (halving) Control(dst []byte, f codecs.Feedback) ([]byte, error) {
	return binary.LittleEndian.AppendUint16(dst, uint16(f.Round)), nil
}

func (halving) AfterAggregate(w []float32, _ *codecs.Shared) error {
	w[0] = 0.125
	return nil
}

type halved struct{ received []float32 }

func (halved) Start(theta, received []float32) {
	for i, w := range received {
		theta[i] = 2 * w
	}
}

func (halved) Weights(w, theta []float32, _, _ int) {
	for i, v := range theta {
		w[i] = v / 2
	}
}

func (halved) Gradient(g, _ []float32, _, _ int) {
	for i := range g {
		g[i] /= 2
	}
}

func (h halved) Update(u, theta []float32) {
	for i, v := range theta {
		u[i] = v/2 - h.received[i]
	}
}

func TestStagesGetWhatTheyAskFor(t *testing.T) {
	var rounds []uint16
	codec, err := codecs.New(nil, halving{&rounds})
	if err != nil {
		t.Fatal(err)
	}
	cfg := small(t)
	cfg.Workers = 1 // the stage takes notes
	cfg.Uplink.Codec = codec
	p, s := play(t, cfg)
	if len(rounds) != 6*4*2 || rounds[0] != 1 || rounds[47] != 6 { // weights and biases are two tensors
		t.Errorf("clients were told the rounds %v", rounds)
	}
	if s.Weights()[0] != 0.125 {
		t.Errorf("the hook's edit of the global model is lost: %v", s.Weights()[0])
	}
	plain, _ := play(t, small(t))
	frame := 2 + 1 + 1 + 1 + 2 + 4 // magic, version, kind, length, settings, checksum
	got := p.rounds[1].Downlink.Wire - plain.rounds[1].Downlink.Wire
	if got != int64(8*4*frame) {
		t.Errorf("settings cost %d bits on the downlink, want %d", got, 8*4*frame)
	}
	if last := p.rounds[6].Eval.TestLoss; math.IsNaN(last) {
		t.Error("the model is broken")
	}
}

// seeded takes down the seeds of messages.
type seeded struct {
	codecs.Codec
	seeds *[]uint64
}

func (s seeded) Encode(dst []byte, v []float32, shared *codecs.Shared, seed uint64) ([]byte, codecs.Account, error) {
	*s.seeds = append(*s.seeds, seed)
	return s.Codec.Encode(dst, v, shared, seed)
}

// TestSeedsOfMessages: every message of every client has random numbers, and so masks, of its own; with another seed of codecs
// all are others.
func TestSeedsOfMessages(t *testing.T) {
	var seeds []uint64
	for _, seed := range []uint64{4, 5} {
		cfg := small(t)
		cfg.Seeds.Codec, cfg.Workers = seed, 1 // the codecs take notes
		cfg.Uplink.Codec, cfg.Downlink.Codec = seeded{codecs.Plain(), &seeds}, seeded{codecs.Plain(), &seeds}
		play(t, cfg)
	}
	slices.Sort(seeds)
	messages := len(seeds)
	if distinct := len(slices.Compact(seeds)); messages != 2*6*(4+1) || distinct != messages {
		t.Errorf("%d messages with %d seeds, want %d with as many", messages, distinct, 2*6*(4+1))
	}
}

// TestLastingSettingsGoToThoseWhoLackThem: with a mask that changes behind rounds 1 and 4, a client is sent it in its
// first task and in the first one behind a change.
func TestLastingSettingsGoToThoseWhoLackThem(t *testing.T) {
	p, s := play(t, pruned(t))
	version := []int{0, 1, 2, 2, 2, 3, 3}
	has := map[int]int{}
	kept := 0
	for _, x := range p.transfers {
		if x.Direction != "downlink" {
			continue
		}
		want := 1
		if has[x.Client] != version[x.Round] {
			want, has[x.Client] = 2, version[x.Round]
		} else {
			kept++
		}
		if x.Messages != want {
			t.Errorf("round %d, client %d: %d messages, want %d", x.Round, x.Client, x.Messages, want)
		}
	}
	if kept == 0 {
		t.Error("no client is ever sampled twice under one mask: the test is of no use")
	}
	more := p.rounds[6].Eval.More
	if len(more) != 2 || more[0].Name != "sparsity" || more[1].Name != "forward_flops" {
		t.Fatalf("columns %v", more)
	}
	zeros := 0
	for _, w := range s.Weights()[:48] {
		if w == 0 {
			zeros++
		}
	}
	if want := float64(zeros) / 48; more[0].Value != want || want < 0.8 || more[1].Value != float64(2*(48-zeros)) {
		t.Errorf("%d of 48 weights are zero; recorded are a sparsity of %v and %v operations", zeros, more[0].Value, more[1].Value)
	}
}

// TestPartialMean: an element is averaged over those who sent it, and left alone if nobody did.
func TestPartialMean(t *testing.T) {
	cfg := regrown(t)
	s := newServer(&cfg)
	shared := &codecs.Shared{Layout: s.layout, Round: 1, Rounds: 6}
	var from []contribution
	for i, values := range [][]float32{{1, 0, 2}, {4, 5, 0}} {
		u := make([]float32, len(s.w))
		copy(u, values)
		sent, err := s.sender.Send(nil, wire.Update, u, nil, shared, 1)
		if err != nil {
			t.Fatal(err)
		}
		from = append(from, contribution{client: i, frame: sent.Frame, shared: shared, weight: float64(i + 1)})
	}
	s.w[3] = 7
	if err := s.aggregate(from); err != nil {
		t.Fatal(err)
	}
	if want := []float32{3, 5, 2, 7}; !slices.Equal(s.w[:4], want) {
		t.Errorf("the model is %v, want %v", s.w[:4], want)
	}
}

// TestWeightedMean: the model moves by the mean of the updates, weighted. The numbers are an independent program's.
func TestWeightedMean(t *testing.T) {
	cfg := small(t)
	s := newServer(&cfg)
	copy(s.w, []float32{0.1, -0.2, 0.05, 0, 0.3, -0.1, 0.02, 0.07})
	shared := &codecs.Shared{Layout: s.layout, Round: 1, Rounds: 6}
	var from []contribution
	for i, values := range [][]float32{{0.008, 0, 0, -0.0095, 0, 0, 0, -0.003}, {-0.004, 0.009, 0, 0, 0.006, 0, -0.0021, 0}} {
		u := make([]float32, len(s.w))
		copy(u, values)
		sent, err := s.sender.Send(nil, wire.Update, u, nil, shared, 1)
		if err != nil {
			t.Fatal(err)
		}
		from = append(from, contribution{client: i, frame: sent.Frame, shared: shared, weight: float64(3 - 2*i)})
	}
	if err := s.aggregate(from); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.105, -0.19775, 0.05, -0.007125, 0.3015, -0.1, 0.019475, 0.06775} {
		if math.Abs(float64(s.w[i])-want) > 5.1e-8 {
			t.Errorf("weight %d is %v, want %v", i, s.w[i], want)
		}
	}
}

// TestPruningNothingIsPlain: with a sparsity of 0 and no regularisation training under a mask is plain averaging.
func TestPruningNothingIsPlain(t *testing.T) {
	cfg := small(t)
	prune := settings(t, "feddip").(*feddip.Settings)
	prune.Start, prune.Final, prune.Initial, prune.Lambda = 0, 0, "none", "none"
	cfg.Uplink.Codec, cfg.Downlink.Codec = chain(t, prune), chain(t, prune)
	_, got := play(t, cfg)
	if _, want := play(t, small(t)); !slices.Equal(got.Weights(), want.Weights()) {
		t.Error("the model is another one")
	}
}
