package sim

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"flsim/network"
	"flsim/sim/strategy"
)

// baseline is small without messages.
func baseline(t *testing.T, mode Mode) Config {
	cfg := small(t)
	free := network.Link{Up: network.Infinity, Down: network.Infinity}
	cfg.Mode, cfg.Links = mode, func(int, int) network.Link { return free }
	if mode == Centralised {
		cfg.Shards = [][]int32{slices.Concat(cfg.Shards...)}
	}
	cfg.Strategy = strategy.Sync{PerRound: len(cfg.Shards), Seed: 3}
	return cfg
}

// Centralised training is federated training of a single client, but for what the messages cost.
func TestCentralisedIsOneClientWithoutMessages(t *testing.T) {
	p, s := play(t, baseline(t, Centralised))
	cfg := small(t)
	cfg.Shards = [][]int32{slices.Concat(cfg.Shards...)}
	q, one := play(t, cfg)
	if !slices.Equal(s.Weights(), one.Weights()) {
		t.Error("the weights differ from those of federated training with one client")
	}
	if len(p.transfers) > 0 {
		t.Errorf("%d transfers are recorded", len(p.transfers))
	}
	for i, r := range p.rounds {
		if r.UplinkSum.Wire+r.DownlinkSum.Wire+r.UplinkSum.Side != 0 || r.UplinkSum.Entropy != 0 || i > 0 && !math.IsNaN(r.NMSEUplink) {
			t.Errorf("round %d sends something: %+v", i, r)
		}
		examples := float64(len(cfg.Shards[0]) * i)
		if want := 3 * cfg.Model.ForwardFLOPs() * examples / 1e6; math.Abs(r.SimTime-want) > 1e-6 {
			t.Errorf("round %d ends at %v s, training alone takes %v s", i, r.SimTime, want)
		}
		if r.LocalLoss != q.rounds[i].LocalLoss && i > 0 {
			t.Errorf("round %d: loss %v, of one client %v", i, r.LocalLoss, q.rounds[i].LocalLoss)
		}
	}
}

// Each client of a local run has the model, and the score, that it has where no other client is. Runs with a single
// client that holds anything name it by its number and so draw the same batches.
func TestLocalClientsAreAlone(t *testing.T) {
	p, s := play(t, baseline(t, Local))
	var mean [7]float64
	for client := range 10 {
		cfg := baseline(t, Federated)
		for other := range cfg.Shards {
			if other != client {
				cfg.Shards[other] = nil
			}
		}
		alone, sim := play(t, cfg)
		if !slices.Equal(sim.Weights(), s.own[client]) {
			t.Errorf("client %d's model is another one when it is alone", client)
		}
		for i, r := range alone.rounds {
			if r.Eval != nil {
				mean[i] += r.Eval.Test / 10
			}
		}
	}
	for i, r := range p.rounds {
		if r.Eval != nil && math.Abs(r.Eval.Test-mean[i]) > 1e-12 {
			t.Errorf("round %d: accuracy %v, the mean of clients that are alone is %v", i, r.Eval.Test, mean[i])
		}
		if r.UplinkSum.Wire+r.DownlinkSum.Wire != 0 {
			t.Errorf("round %d sends something", i)
		}
	}
	if p.rounds[6].Clients != 10 {
		t.Errorf("%d clients trained in the last round", p.rounds[6].Clients)
	}
}

func TestBaselinesSurviveWorkersAndResume(t *testing.T) {
	for _, mode := range []Mode{Centralised, Local} {
		make := func(t *testing.T) Config {
			cfg := baseline(t, mode)
			cfg.Training.Optimizer.Momentum, cfg.Training.Keep, cfg.EvalEvery = 0.5, true, 1
			return cfg
		}
		p, s := play(t, make(t))
		last, err := s.Final()
		if err != nil {
			t.Fatal(err)
		}
		want, err := last.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		for round, c := range p.checkpoints {
			q := &tape{}
			cfg := make(t)
			cfg.Workers = round + 1
			s, err := Resume(cfg, q, c)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Run(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			s.Close()
			final, err := s.Final()
			if err != nil {
				t.Fatal(err)
			}
			got, err := final.Bytes()
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("mode %d, resumed after round %d: the final models differ (%v)", mode, round, err)
			}
			if lines := bytes.SplitAfter(p.lines.Bytes(), []byte("\n"))[round+1:]; !bytes.Equal(q.lines.Bytes(), bytes.Join(lines, nil)) {
				t.Errorf("mode %d, resumed after round %d: the lines differ", mode, round)
			}
		}
	}
}

// A client that never marks a region has no distance from it, and does not hide that of the others.
func TestLocalDistancesOfThoseThatHaveOne(t *testing.T) {
	cfg := marking(t)
	cfg.Mode, cfg.Rounds, cfg.EvalEvery = Local, 6, 6
	cfg.Links = baseline(t, Local).Links
	cfg.Strategy = strategy.Sync{PerRound: len(cfg.Shards), Seed: 3}
	p, s := play(t, cfg)
	want, have := map[string]float64{}, map[string]float64{}
	for _, client := range s.eligible {
		for _, c := range s.eval.run(s.model(client), s.pool).More {
			if !math.IsNaN(c.Value) {
				want[c.Name] += c.Value
				have[c.Name]++
			}
		}
	}
	if n := have["hd95_et"]; n == 0 || n == float64(len(s.eligible)) {
		t.Fatalf("%v clients of %d mark ET", n, len(s.eligible))
	}
	for _, c := range p.rounds[6].Eval.More {
		if c.Value != want[c.Name]/have[c.Name] {
			t.Errorf("%s is %v, want %v", c.Name, c.Value, want[c.Name]/have[c.Name])
		}
	}
}
