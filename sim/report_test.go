package sim

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"flsim/clients"
	"flsim/codecs"
	"flsim/codecs/adaquant"
	"flsim/internal/wire"
	"flsim/sim/record"
)

// quantizer is a controller that lives on what clients report.
func quantizer(t *testing.T, change func(*adaquant.Settings)) adaquant.Quantizer {
	t.Helper()
	s := settings(t, "adaquantfl").(*adaquant.Settings)
	s.Norm, s.MaxLevels = "max", 1000
	if change != nil {
		change(s)
	}
	stage, err := s.Stage()
	if err != nil {
		t.Fatal(err)
	}
	return stage.(adaquant.Quantizer)
}

// adaptive is small with such a controller.
func adaptive(t *testing.T, change func(*adaquant.Settings)) Config {
	cfg := small(t)
	cfg.Rounds = 8
	cfg.Uplink.Codec = codec(t, quantizer(t, change))
	return cfg
}

// reportFrame is the length of a framed report of one number.
const reportFrame = 2 + 1 + 1 + 1 + 4 + 4 // magic, version, kind, length, number, checksum

func column(t *testing.T, p *tape, round int, name string) float64 {
	t.Helper()
	for _, c := range p.rounds[round].Columns() {
		if c.Name == name {
			return c.Value
		}
	}
	t.Fatalf("round %d has no column %s", round, name)
	return 0
}

// TestLevelsFollowFromReports recomputes every round's levels from the losses on record, and these losses from the
// models that the rounds started from and training data that are not augmented.
func TestLevelsFollowFromReports(t *testing.T) {
	for _, all := range []bool{false, true} {
		cfg := adaptive(t, func(s *adaquant.Settings) {
			if all {
				s.Loss = "all"
			}
		})
		cfg.Training.Optimizer.WeightDecay = 0.01
		cfg.Training.Augment = lossy(t).Training.Augment
		p := new(tape)
		s, err := New(cfg, p)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		models := [][]float32{append([]float32(nil), s.Weights()...)}
		if err := s.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		// Sync's sampling does not depend on the codec, so stopping after each round gives the models in between.
		for rounds := 1; rounds < cfg.Rounds; rounds++ {
			models = append(models, weightsAfter(t, cfg, rounds))
		}
		first := 0.0
		last := 0.0
		for round := 1; round <= cfg.Rounds; round++ {
			want := 2.0
			if round > 1 {
				want = math.Ceil(2*math.Sqrt(first/last) - 1e-6)
			}
			if got := column(t, p, round, "levels"); got != want {
				t.Errorf("all %v, round %d: %v levels, want %v", all, round, got, want)
			}
			last = column(t, p, round, "reported_loss")
			if round == 1 {
				first = last
			}
			if want := lossOf(t, cfg, p, models[round-1], round, all); math.Abs(last/want-1) > 1e-6 {
				t.Errorf("all %v, round %d: clients report a loss of %v, the model has %v", all, round, last, want)
			}
		}
		if column(t, p, cfg.Rounds, "levels") <= 2 {
			t.Error("the levels never rose: the case was not tried")
		}
	}
}

func weightsAfter(t *testing.T, cfg Config, rounds int) []float32 {
	t.Helper()
	s, err := New(cfg, Discard{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for s.Round().Round < rounds {
		if _, err := s.Step(); err != nil {
			t.Fatal(err)
		}
	}
	return append([]float32(nil), s.Weights()...)
}

// lossOf is the mean loss of a model over the examples of those who took part in a round, or of all, with the term that
// weight decay stands for.
func lossOf(t *testing.T, cfg Config, p *tape, w []float32, round int, all bool) float64 {
	t.Helper()
	part := map[int]bool{}
	for _, x := range p.transfers {
		if x.Round == round {
			part[x.Client] = true
		}
	}
	if all != (len(part) == len(cfg.Shards)) {
		t.Errorf("round %d: %d clients sent something", round, len(part))
	}
	e := clients.NewEvaluator(cfg.Model, cfg.Data.Train, 100)
	sum, n := 0.0, 0
	for client, shard := range cfg.Shards {
		if part[client] {
			sum += e.Score(w, cfg.Data.Train, shard, make([]int32, len(shard)))
			n += len(shard)
		}
	}
	return sum/float64(n) + cfg.Training.Optimizer.Penalty(w, cfg.Model.Layout())
}

// TestReportsAreCharged compares bytes and time with those of a codec that has no reports but is equal otherwise.
func TestReportsAreCharged(t *testing.T) {
	plain := adaptive(t, nil)
	plain.Uplink.Codec = codec(t, deaf{quantizer(t, nil)})
	without, _ := play(t, plain)
	with, _ := play(t, adaptive(t, nil))
	a, b := with.rounds[1], without.rounds[1]
	if got := a.Uplink.Wire - b.Uplink.Wire; got != 8*4*reportFrame {
		t.Errorf("four reports cost %d bits, want %d", got, 8*4*reportFrame)
	}
	if got := a.Uplink.Side - b.Uplink.Side; got != 8*4*4 {
		t.Errorf("four reports have %d bits of side data, want %d", got, 8*4*4)
	}
	if a.Uplink.Paper != b.Uplink.Paper || a.Downlink != b.Downlink {
		t.Error("reports change the authors' account or the downlink")
	}
	for i, x := range with.transfers {
		y := without.transfers[i]
		if x.Direction == "uplink" && x.Round == 1 && (x.Wire != y.Wire+reportFrame || x.Messages != 2) {
			t.Errorf("%+v, without reports %+v", x, y)
		}
	}
}

func TestIdleClientsAreCharged(t *testing.T) {
	cfg := adaptive(t, func(s *adaquant.Settings) { s.Loss = "all" })
	p, _ := play(t, cfg)
	up, down := map[int]int{}, map[int]int{}
	model := int64(len(wire.AppendFrame(nil, wire.Model, make([]byte, 4*cfg.Model.Layout().Len()))))
	for _, x := range p.transfers {
		switch {
		case x.Direction == "uplink" && x.Wire == reportFrame:
			up[x.Round]++
		case x.Direction == "downlink" && x.Wire == model:
			down[x.Round]++
		}
	}
	for round := 1; round <= cfg.Rounds; round++ {
		if up[round] != 6 || down[round] != 6 {
			t.Errorf("round %d: %d clients send a report alone, %d receive a model alone; want 6", round, up[round], down[round])
		}
		if n := p.rounds[round].Clients; n != 4 {
			t.Errorf("round %d: %d clients are counted as trained", round, n)
		}
	}
	last := p.rounds[len(p.rounds)-1]
	var sum int64
	for _, x := range p.transfers {
		sum += 8 * x.Wire
	}
	if sum != last.UplinkSum.Wire+last.DownlinkSum.Wire {
		t.Errorf("transfers have %d bits, the server counted %d", sum, last.UplinkSum.Wire+last.DownlinkSum.Wire)
	}
}

// TestMeasuringTakesTime recomputes the end of every upload from the forward passes that came before it.
func TestMeasuringTakesTime(t *testing.T) {
	cfg := adaptive(t, func(s *adaquant.Settings) { s.Loss = "all" })
	cfg.Rounds = 1
	p, _ := play(t, cfg)
	ends, received := map[int]float64{}, map[int]float64{} // by client, in seconds
	for _, x := range p.transfers {
		if x.Direction == "downlink" {
			received[x.Client] = x.End
		}
	}
	for _, x := range p.transfers {
		if x.Direction == "uplink" {
			passes := 1.0
			if x.Wire > reportFrame {
				passes += 3
			}
			work := passes * cfg.Model.ForwardFLOPs() * float64(len(cfg.Shards[x.Client])) / (cfg.Devices(x.Client, 1).GFlops * 1e9)
			link := cfg.Links(x.Client, x.Round)
			ends[x.Client] = received[x.Client] + work + link.Latency.Seconds() + 8*float64(x.Wire)/float64(link.Up)
			if math.Abs(x.End-ends[x.Client]) > 1e-7 {
				t.Errorf("client %d is done at %v s, want %v s", x.Client, x.End, ends[x.Client])
			}
		}
	}
	if len(ends) != 10 {
		t.Errorf("%d clients sent something", len(ends))
	}
}

// TestReportsSurviveWorkersAndStops: equal records with any number of workers and from every checkpoint, of which each
// holds what was reported so far.
func TestReportsSurviveWorkersAndStops(t *testing.T) {
	for _, change := range []func(*adaquant.Settings){
		func(s *adaquant.Settings) { s.Loss, s.Lag = "all", 2 },
		func(s *adaquant.Settings) { s.Rule, s.Patience, s.Smoothing = "time", 2, 0.5 },
		func(s *adaquant.Settings) { s.Rule, s.S0 = "range", 50 },
	} {
		make := func() Config {
			cfg := lossy(t)
			cfg.Uplink = adaptive(t, change).Uplink
			cfg.Rounds = 8
			return cfg
		}
		whole, end := play(t, make())
		want := digest(whole, end)
		cfg := make()
		cfg.Workers = 7
		if got := digest(play(t, cfg)); got != want {
			t.Errorf("7 workers give digest %s, 2 give %s", got, want)
		}
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
			s, err := Resume(make(), p, c)
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
}

// TestRangeIsThatOfTheUpdates decodes what clients sent as plain numbers and compares their ranges with the record.
func TestRangeIsThatOfTheUpdates(t *testing.T) {
	cfg := adaptive(t, func(s *adaquant.Settings) { s.Rule = "range" })
	s, err := New(cfg, Discard{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := 0.0
	for s.Round().Round == 0 {
		if len(s.round.tasks) > 0 && s.round.underWay == 1 { // the last update is on its way
			want = 0
			weights := 0.0
			for _, task := range s.round.tasks {
				<-task.ready
				want += float64(len(task.Shard)) * rangeOf(t, &cfg, s, task)
				weights += float64(len(task.Shard))
			}
			want /= weights
		}
		if _, err := s.Step(); err != nil {
			t.Fatal(err)
		}
	}
	line := s.Round()
	p := &tape{rounds: []record.Round{line}}
	if got := column(t, p, 0, "reported_range"); got <= 0 || math.Abs(got/want-1) > 1e-6 {
		t.Errorf("clients report a range of %v, their updates have %v", got, want)
	}
}

// rangeOf trains a task once more, with a codec that loses nothing.
func rangeOf(t *testing.T, cfg *Config, s *Simulation, task *task) float64 {
	t.Helper()
	plan := &clients.Plan{Model: cfg.Model, Train: cfg.Data.Train, Training: cfg.Training, Longest: longest(cfg.Shards),
		Uplink: codecs.Sender{Codec: codecs.Plain()}, Seeds: cfg.Seeds}
	res, err := clients.NewTrainer(plan).Run(&task.Task)
	if err != nil {
		t.Fatal(err)
	}
	u := make([]float32, len(s.Weights()))
	if err := plan.Uplink.Open(u, res.Sent.Frame, wire.Update, &codecs.Shared{Layout: cfg.Model.Layout()}); err != nil {
		t.Fatal(err)
	}
	return float64(slices.Max(u)) - float64(slices.Min(u))
}

func TestLearningRateFactor(t *testing.T) {
	var factors []float64
	cfg := small(t)
	cfg.Uplink.Codec = codec(t, noted{quantizer(t, nil), &factors})
	cfg.Training.LRPerRound.Kind, cfg.Training.LRPerRound.Gamma = "exponential", 0.5
	play(t, cfg)
	for i, want := range []float64{1, 0.5, 0.25, 0.125, 0.0625, 0.03125} {
		if factors[i] != want {
			t.Errorf("round %d: the controller is told the factor %v, want %v", i+1, factors[i], want)
		}
	}
}

// deaf hides all wishes of a quantizer but its settings.
type deaf struct{ adaquant.Quantizer }

func (deaf) Reports() codecs.Reports { return codecs.Reports{} }

// noted takes down what a controller is told.
type noted struct {
	adaquant.Quantizer
	factors *[]float64
}

func (n noted) Control(dst []byte, f codecs.Feedback) ([]byte, error) {
	*n.factors = append(*n.factors, f.LRFactor)
	return binary.AppendUvarint(dst, 9), nil
}

func codec(t *testing.T, stage any) codecs.Codec {
	t.Helper()
	c, err := codecs.New(nil, stage)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
