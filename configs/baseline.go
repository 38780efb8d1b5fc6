package configs

import (
	"slices"

	"flsim/clients/nn"
	"flsim/network"
	"flsim/sim"
	"flsim/sim/strategy"
)

// modes are the words of [Clients].Mode beside federated, which is the empty one.
var modes = map[string]sim.Mode{"centralised": sim.Centralised, "local": sim.Local}

// baseline refuses what only messages, or a global model, have.
func (d *decoder) baseline(n *node, e *Experiment) {
	k := n.kid("clients").kid("mode")
	if e.Clients.Mode == "" || d.isBad("clients.mode") {
		return
	}
	for _, direction := range []struct {
		name  string
		chain []string
	}{{"uplink", e.Uplink.Chain}, {"downlink", e.Downlink.Chain}} {
		if len(direction.chain) > 0 {
			d.fail(k, "clients.mode", true, "", "clients.mode = %q sends no messages, which %s.chain would code; give this variant %[2]s.chain = []", e.Clients.Mode, direction.name)
		}
	}
	if e.Clients.Mode == "local" && e.Eval.PerClient {
		d.fail(k, "clients.mode", true, "", "clients.mode = \"local\" scores every client's model on the whole test set; give this variant eval.per_client = false")
	}
}

// asBaseline takes away what a run without messages does not have: codecs, links, a server of its own mind. All clients
// train in every round.
func (out *Built) asBaseline(e *Experiment) {
	mode, ok := modes[e.Clients.Mode]
	if !ok {
		return
	}
	c := &out.Sim
	c.Mode, out.Transfers = mode, false
	if mode == sim.Centralised {
		c.Shards = [][]int32{slices.Concat(c.Shards...)}
	}
	free := network.Link{Up: network.Infinity, Down: network.Infinity}
	c.Links, c.Server = func(int, int) network.Link { return free }, free
	c.Strategy = strategy.Sync{PerRound: len(c.Shards), Seed: c.Seeds.System}
	c.Uplink.Feedback, c.Downlink.Delta = false, false
	c.Optimizer = nn.OptimizerConfig{Name: "sgd", LR: 1}
	out.Manifest.Uplink, out.Manifest.Downlink = "none", "none"
}
