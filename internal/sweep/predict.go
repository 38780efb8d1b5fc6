package sweep

import (
	"math"
	"runtime"
	"time"

	"flsim/clients/nn"
	"flsim/configs"
	"flsim/internal/bench"
	"flsim/internal/f32"
	"flsim/internal/tensor"
	"flsim/sim"
	"flsim/sim/record"
)

// Cost is what a run takes.
type Cost struct {
	Uplink   float64 `json:"uplink_bits"`   // on the wire, all clients and rounds
	Downlink float64 `json:"downlink_bits"` //
	Measured bool    `json:"measured"`      // the bits are those of finished runs of the same curve, not an estimate
	CPU      float64 `json:"cpu_s"`         // of one core of this machine; an estimate
	Memory   float64 `json:"memory_bytes"`  // of the run beside others, with one worker; an estimate
	Data     float64 `json:"data_bytes"`    // the data set, which runs share
	AtMost   bool    `json:"at_most"`       // a target or a simulated time may end the run earlier than the estimates say
}

// What a probe may take: so many clients for so many rounds, each for no longer than that.
const (
	probeClients = 2
	probeRounds  = 2
	probeSpan    = 100 * time.Millisecond
)

// garbage is by how much the Go runtime's heap exceeds what is in use, before it collects.
const garbage = 2

// Predictor estimates what runs take. It plays two rounds of each curve with two clients and scales them up, and where
// messages change in the course of a run, a run of few rounds besides. What follows the loss it does not foresee. Runs of
// one curve take the same.
type Predictor struct {
	Builder *configs.Builder
	rates   map[calibration]float64 // examples that one core trains in a second
	curves  map[int]Cost            // by order
}

// calibration is what a rate of training depends on.
type calibration struct {
	model     string
	shape     tensor.Shape
	batch     int
	precision f32.Precision
}

// Cost returns what the run of an entry takes. The bits are those of done, if that holds results of the same curve.
func (p *Predictor) Cost(e *Entry, done []*record.Result) (Cost, error) {
	cost, known := p.curves[e.Manifest.Order]
	if !known {
		built, err := p.Builder.Build(e.Run)
		if err != nil {
			return Cost{}, err
		}
		if cost, err = p.probe(built, e.Run.Experiment); err != nil {
			return Cost{}, err
		}
		if p.curves == nil {
			p.curves = make(map[int]Cost)
		}
		p.curves[e.Manifest.Order] = cost
	}
	if len(done) > 0 {
		cost.Uplink, cost.Downlink, cost.Measured = 0, 0, true
		for _, res := range done {
			cost.Uplink += float64(res.Uplink.Wire) / float64(len(done))
			cost.Downlink += float64(res.Down.Wire) / float64(len(done))
		}
	}
	return cost, nil
}

// probe plays the beginning of a run.
func (p *Predictor) probe(built *configs.Built, e *configs.Experiment) (Cost, error) {
	cfg := &built.Sim
	batch := min(e.Clients.BatchSize, max(1, int(mean(cfg.Shards, func(n int) int { return n }))))
	rate := p.rate(cfg, batch)
	real := mean(cfg.Shards, cfg.Training.StepsOf)
	steps := math.Max(1, math.Min(math.Floor(probeSpan.Seconds()*rate/float64(batch)), math.Round(real)))
	before := inUse()
	t, err := play(shortened(*cfg, probeClients, int(steps)), probeRounds)
	if err != nil {
		return Cost{}, err
	}
	memory := inUse() - before
	runtime.KeepAlive(t)
	t.sim.Close()
	c := Cost{
		CPU:    t.span / math.Max(1, t.updates) * math.Max(1, real/steps) * float64(perRound(cfg)*cfg.Rounds),
		Memory: garbage * (math.Max(memory, 0) + states(built, e)),
		Data:   float64(cfg.Data.Train.Len()+cfg.Data.Test.Len()) * float64(cfg.Data.Train.Shape().Size()),
		AtMost: cfg.Stop.SimTime > 0 || cfg.Stop.Target > 0,
	}
	c.CPU += (evaluations(e)*scored(built) + reading(cfg)) * cfg.Model.ForwardFLOPs() / (cfg.Model.TrainingFLOPs() * rate)
	if scheduled(cfg.Uplink.Codec) {
		if t, err = play(condensed(*cfg), cfg.Rounds); err != nil {
			return Cost{}, err
		}
		t.sim.Close()
	}
	c.Uplink, c.Downlink = t.uplink(cfg), t.downlink(cfg)
	c.within(cfg)
	return c, nil
}

// within cuts a cost down to the rounds that budgets of bits allow.
func (c *Cost) within(cfg *sim.Config) {
	share := 1.0
	for _, x := range []struct {
		budget int64
		bits   float64
	}{{cfg.Stop.Uplink, c.Uplink}, {cfg.Stop.Total, c.Uplink + c.Downlink}} {
		if rounds := float64(cfg.Rounds); x.budget > 0 && x.bits > 0 {
			share = math.Min(share, math.Ceil(float64(x.budget)/x.bits*rounds)/rounds)
		}
	}
	c.Uplink, c.Downlink, c.CPU = c.Uplink*share, c.Downlink*share, c.CPU*share
}

func inUse() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// states returns the bytes that clients keep between their rounds, when all have taken part that will.
func states(built *configs.Built, e *configs.Experiment) float64 {
	vectors := 0.0
	if e.Uplink.ErrorFeedback {
		vectors++
	}
	if e.Clients.Keep {
		opt := nn.NewOptimizer(e.Clients.OptimizerConfig, built.Sim.Model.Layout())
		vectors += float64(len(opt.State()))
	}
	if built.Sim.Mode == sim.Local {
		vectors++ // the client's own model
	}
	clients := math.Min(float64(e.Clients.Count), float64(e.Rounds)*float64(perRound(&built.Sim)))
	return 4 * float64(built.Sim.Model.Layout().Len()) * vectors * clients
}

func evaluations(e *configs.Experiment) float64 {
	return 1 + math.Ceil(float64(e.Rounds)/float64(e.Eval.Every))
}

// scored returns the examples of one evaluation.
func scored(built *configs.Built) float64 {
	n := built.Sim.Data.Test.Len() + min(built.Sim.TrainExamples, built.Sim.Data.Train.Len())
	if built.Sim.HeldOut != nil {
		n += built.Sim.HeldOut.Len()
	}
	return float64(n)
}

// mean averages f over the sizes of the shards that are not empty.
func mean(shards [][]int32, f func(examples int) int) float64 {
	sum := 0
	for _, s := range shards {
		if len(s) > 0 {
			sum += f(len(s))
		}
	}
	return float64(sum) / float64(max(nonEmpty(shards), 1))
}

func nonEmpty(shards [][]int32) (n int) {
	for _, s := range shards {
		if len(s) > 0 {
			n++
		}
	}
	return n
}

// rate measures how many examples a second one core trains.
func (p *Predictor) rate(cfg *sim.Config, batch int) float64 {
	train := cfg.Data.Train
	key := calibration{cfg.Model.Name(), train.Shape(), batch, cfg.Training.Precision}
	rate, known := p.rates[key]
	if !known {
		rate = bench.Rate(cfg.Model, train.Shape(), train.Classes(), batch, cfg.Training.Precision, probeSpan/2)
		if p.rates == nil {
			p.rates = make(map[calibration]float64)
		}
		p.rates[key] = rate
	}
	return rate
}
