package sim

import (
	"math"

	"flsim/clients"
	"flsim/codecs"
	"flsim/internal/rng"
	"flsim/network"
	"flsim/sim/event"
	"flsim/sim/record"
)

// assemble makes a simulation that has no weights yet.
func assemble(cfg Config, rec Recorder) *Simulation {
	s := &Simulation{cfg: cfg, rec: rec, states: make(map[int]clients.State), own: make(map[int][]float32), server: newServer(&cfg), eval: newEvaluation(&cfg), watched: event.Never}
	s.net = network.New(cfg.Links, cfg.Server)
	s.cast = newBroadcast(cfg.Downlink, cfg.Model.Layout(), cfg.Seeds.Codec, cfg.Rounds)
	plan := &clients.Plan{Model: cfg.Model, Train: cfg.Data.Train, Training: cfg.Training, Longest: longest(cfg.Shards), Uplink: cfg.Uplink, Seeds: cfg.Seeds}
	plan.Reshaper, _ = codecs.Find[codecs.Reshaper](cfg.Uplink.Codec)
	s.settings = newSettings(cfg.Uplink.Codec)
	s.announcer, _ = codecs.Find[codecs.Announcer](cfg.Uplink.Codec)
	if reporter, ok := codecs.Find[codecs.Reporter](cfg.Uplink.Codec); ok {
		s.reports = reporter.Reports()
	}
	plan.Reports = s.reports
	s.hook, _ = codecs.Find[codecs.GlobalHook](cfg.Uplink.Codec)
	jobs := max(len(cfg.Shards), s.eval.jobs())
	s.pool = newPool(max(1, min(cfg.Workers, jobs)), func() *worker { return newWorker(plan, &cfg) })
	for client, shard := range cfg.Shards {
		if len(shard) > 0 {
			s.eligible = append(s.eligible, client)
		}
	}
	nan := math.NaN()
	s.line = record.Round{LocalLoss: nan, NMSEUplink: nan, NMSEDownlink: nan}
	return s
}

// longest returns the number of examples of the largest shard, at least 1.
func longest(shards [][]int32) int {
	most := 1
	for _, shard := range shards {
		most = max(most, len(shard))
	}
	return most
}

// start fills w with the weights that the run starts from.
func (cfg *Config) start(w []float32) {
	if cfg.Weights != nil {
		copy(w, cfg.Weights)
		return
	}
	cfg.Model.Init(w, initStream(cfg))
}

func initStream(cfg *Config) *rng.Rand { return rng.New(cfg.Seeds.Model, "initial weights") }
