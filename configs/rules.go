package configs

import (
	"cmp"
	"math"

	"flsim/clients/nn"
	"flsim/datasets"
	"flsim/internal/params"
)

// wordsAt returns what a key may hold where that is not written in a tag but known to other packages, nil for all
// other keys that hold no words.
func wordsAt(path string, f params.Field) []string {
	switch path {
	case "data.set":
		return datasets.Names()
	case "model.name":
		return nn.Names()
	}
	return f.Words()
}

// required reports whether a key must be given. The network's name has no default, which its own package, where the
// key is optional like all others, does not say.
func required(path string, f params.Field) bool { return f.Required || path == "model.name" }

// stoodInFor names the keys that may be given in place of required ones.
var stoodInFor = map[string]string{
	"clients.gflops":        "clients.seconds_per_case",
	"network.uplink_mbps":   "network.uplink_seconds",
	"network.downlink_mbps": "network.downlink_seconds",
}

// given reports whether the table n, or a preset that is misspelt, has what stands in for the required key at path.
func (d *decoder) given(n *node, path string) bool {
	other, ok := stoodInFor[path]
	return ok && (n.kid(lastPart(other)) != nil || d.isBad(other, "preset"))
}

// experiment reads the tree of an experiment into e.
func (d *decoder) experiment(n *node, e *Experiment, sections map[string]*node) {
	if k := n.kid("seed"); k != nil {
		if s, ok := k.value.(int64); ok && s >= 0 {
			e.Seed = uint64(s)
		}
	}
	e.Seeds = Seeds{e.Seed, e.Seed, e.Seed, e.Seed}
	d.table(n, "", e, "codec", "variant", "sweep", "plot")
	if k := n.kid("name"); k != nil && !d.isBad("name") {
		d.name(k, "name", e.Name)
	}
}

// complete fills in the defaults that depend on other keys.
func (d *decoder) complete(n *node, e *Experiment) {
	c := &e.Clients
	if n.kid("clients").kid("per_round") == nil {
		c.PerRound = min(c.Count, 10)
	}
	if n.kid("clients").kid("local_epochs") == nil && c.LocalSteps == 0 {
		c.LocalEpochs = 1
	}
	e.Preset = ""
	if c.Mode == "federated" {
		c.Mode = "" // as in files that do not mention it
	}
	if math.IsInf(float64(e.Stop.SimTime), 1) {
		e.Stop.SimTime = 0
	}
	e.Data.complete()
}

// complete fills in the defaults that depend on what kind of set it is.
func (s *Data) complete() {
	generated := datasets.Is(s.Set, datasets.Generated)
	switch {
	case datasets.Is(s.Set, datasets.Volumetric):
		s.Volumes = s.Volumes.Complete(generated)
		s.Shape = cmp.Or(s.Shape, s.Volumes.DefaultShape().String())
	case generated:
		s.Shape, s.Train, s.Test = cmp.Or(s.Shape, "32x32x3"), cmp.Or(s.Train, 10000), cmp.Or(s.Test, 2000)
	}
}

// rules checks what concerns several keys at once.
func (d *decoder) rules(n *node, e *Experiment) {
	clients := n.kid("clients")
	c := e.Clients
	if k := clients.kid("per_round"); k != nil && !d.isBad("clients.per_round", "clients.count") && c.PerRound > c.Count {
		d.fail(k, "clients.per_round", true, "1 to clients.count", "clients.per_round must not exceed clients.count, got %d of %d", c.PerRound, c.Count)
	}
	if k := clients.kid("local_steps"); k != nil && clients.kid("local_epochs") != nil && !d.isBad("clients.local_steps", "clients.local_epochs") {
		d.fail(k, "clients.local_steps", false, "", "clients.local_epochs and clients.local_steps contradict each other; give one of the two")
	}
	if e.Data.Set != "" && !d.isBad("data.set") {
		d.dataRules(n.kid("data"), &e.Data)
	}
}
