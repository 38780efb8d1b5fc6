package sweep

import (
	"flsim/codecs"
	"flsim/datasets"
	"flsim/network"
	"flsim/sim"
	"flsim/sim/record"
	"flsim/sim/strategy"
)

// What a condensed run may take: so many rounds, fewer for models of more elements than that over the rounds.
const (
	leastRounds     = 8
	mostRounds      = 40
	condensedVolume = 40_000_000
)

// shortened makes a run short: few clients, the first that it samples, few steps, and hardly an evaluation.
func shortened(cfg sim.Config, clients, steps int) sim.Config {
	if sync, ok := cfg.Strategy.(strategy.Sync); ok {
		sync.PerRound = min(sync.PerRound, clients)
		cfg.Strategy = sync
	}
	shards := make([][]int32, len(cfg.Shards))
	for _, client := range cfg.Strategy.Begin(1, eligible(&cfg)) {
		shards[client] = cfg.Shards[client]
	}
	cfg.Shards = shards
	cfg.Training.Epochs, cfg.Training.Steps = 0, steps
	data := *cfg.Data
	data.Test = datasets.Subset(data.Test, []int32{0})
	if data.Cases != nil {
		data.Cases = oneCase{data.Cases}
	}
	cfg.Data, cfg.HeldOut, cfg.LocalTests, cfg.Top5, cfg.PerSite, cfg.HD95 = &data, nil, nil, false, false, false
	cfg.Stop = sim.Stop{}
	cfg.EvalEvery, cfg.TrainExamples, cfg.Workers = cfg.Rounds, 0, 1
	return cfg
}

// condensed makes a run of few rounds, with one client and one step in each: what is scheduled over the whole run, such
// as a sparsity, takes its course in them.
func condensed(cfg sim.Config) sim.Config {
	cfg.Rounds = min(cfg.Rounds, max(leastRounds, min(mostRounds, condensedVolume/cfg.Model.Layout().Len())))
	return shortened(cfg, 1, 1)
}

// scheduled reports whether messages of a run change by a schedule: a stage of the uplink edits the model. One that only
// tells clients what to do follows their loss, of which a short run says nothing.
func scheduled(uplink codecs.Codec) bool {
	_, edits := codecs.Find[codecs.GlobalHook](uplink)
	return edits
}

// oneCase is the first of some cases.
type oneCase struct{ datasets.Cases }

// Len returns 1.
func (oneCase) Len() int { return 1 }

// trial is what a probe has seen. It is the recorder of its own run.
type trial struct {
	sim.Discard
	sim     *sim.Simulation
	up      float64 // bits
	updates float64
	down    []download // by round
	span    float64    // processor time of the rounds, in seconds
}

// download is what went down in a round, to clients who have all that went before.
type download struct {
	bits, clients float64
	settings      bool // whether settings went with the model
}

// Transfer adds up what clients are sent.
func (t *trial) Transfer(x *record.Transfer) error {
	if x.Direction != network.Down.String() {
		return nil
	}
	for len(t.down) < x.Round {
		t.down = append(t.down, download{})
	}
	d := &t.down[x.Round-1]
	d.bits += 8 * float64(x.Wire)
	d.clients++
	d.settings = d.settings || x.Messages > 1
	return nil
}

// Round adds up what clients send.
func (t *trial) Round(r *record.Round) error {
	t.up += float64(r.Uplink.Wire)
	t.updates += float64(r.Clients)
	return nil
}

// play plays the first rounds of a run. The trial holds what the run takes until its simulation is closed.
func play(cfg sim.Config, rounds int) (*trial, error) {
	t := &trial{}
	s, err := sim.New(cfg, t)
	if err != nil {
		return nil, err
	}
	t.sim = s
	began := cpuTime()
	for s.Round().Round < rounds {
		more, err := s.Step()
		if err != nil {
			s.Close()
			return nil, err
		}
		if !more {
			break
		}
	}
	t.span = (cpuTime() - began).Seconds()
	return t, nil
}
