// Package feddst trains at one sparsity with masks that clients prune and regrow.
//
// It is FedDST: Bibikar, Vikalo, Wang and Chen, "Federated Dynamic Sparse Training: Computing Less, Communicating Less,
// Yet Learning Better", AAAI 2022, arXiv 2112.09824.
package feddst

import (
	"flsim/codecs"
	"flsim/codecs/internal/pruning"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "feddst",
		Slot:  codecs.SlotSparsify,
		Doc:   "Trains at one sparsity; clients drop the smallest weights, regrow where the gradient is largest, and send what they keep.",
		Paper: "Bibikar, Vikalo, Wang, Chen 2022, arXiv 2112.09824",
		New:   func() codecs.Settings { return &Settings{Sparsity: 0.8, Every: 15, Ratio: 0.5, Initial: "erk"} },
	})
}

// Settings are the parameters of feddst.
type Settings struct {
	Sparsity float64 `toml:"sparsity" in:"[0,1)" doc:"Share of the prunable weights that is zero, from the first round on."`
	Every    int     `toml:"every" in:"[1,1000000]" unit:"rounds" doc:"Rounds between two rounds in which clients move their masks; the second round is the first such."`
	Ratio    float64 `toml:"ratio" in:"[0,1]" doc:"Share of a tensor's kept weights that moves, in the beginning; it falls to 0 along a cosine."`
	Initial  string  `toml:"initial" one:"erk|uniform" doc:"How the kept weights are shared among tensors: by Erdos-Renyi-Kernel or evenly."`
}

// Stage builds the sparsifier.
func (s *Settings) Stage() (any, error) {
	signal := pruning.Signal{Density: 1 - s.Sparsity, ERK: s.Initial == "erk"}
	return Sparse{Sparsifier: pruning.Sparsifier{Signal: signal}, Settings: *s}, nil
}

// Sparse is the codec's only stage.
//
// Simplifications: masks move once, half way through a client's round, by the gradient of one mini-batch; the share
// that moves falls to 0 at the last round; a weight that every client drops keeps its value until the server, which
// then prunes each tensor by magnitude to its share, drops it too.
type Sparse struct {
	pruning.Sparsifier
	Settings
}

// MeanOfSent implements codecs.PartialMean: a weight is averaged over the clients whose masks hold it.
func (Sparse) MeanOfSent() bool { return true }

// moves reports whether clients move their masks in a round, counted from 1.
func (s *Settings) moves(round int) bool { return round > 1 && (round-2)%s.Every == 0 }

// AfterAggregate implements codecs.GlobalHook: each tensor keeps as many of its largest weights as it had.
func (p Sparse) AfterAggregate(w []float32, s *codecs.Shared) error {
	old, err := p.Mask(s)
	if err != nil {
		return err
	}
	if !p.moves(s.Round) {
		old.Apply(w, s.Layout)
		return nil
	}
	old.Each(s.Layout, func(seg codecs.Segment, kept pruning.Mask) {
		v := seg.Of(w)
		pruning.Largest(v, kept.Kept()).Zero(v)
	})
	return nil
}
