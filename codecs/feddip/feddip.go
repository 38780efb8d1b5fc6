// Package feddip trains with a mask that the server prunes ever further.
//
// It is FedDIP: Long, Anagnostopoulos, Puthiya Parambath and Bi, "FedDIP: Federated Learning with Extreme Dynamic Pruning and
// Incremental Regularization", ICDM 2023, arXiv 2309.06805. Its ablation without regularisation (FedDP) and the
// server-side pruning of FedSparsify (Stripelis et al., arXiv 2204.12430) are settings of it.
package feddip

import (
	"errors"

	"flsim/codecs"
	"flsim/codecs/internal/pruning"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "feddip",
		Slot:  codecs.SlotSparsify,
		Doc:   "Trains with a global magnitude mask that the server prunes ever further, and sends what it keeps.",
		Paper: "Long, Anagnostopoulos, Puthiya Parambath, Bi 2023, arXiv 2309.06805",
		New: func() codecs.Settings {
			return &Settings{Start: 0.5, Final: 0.95, Every: 5, Initial: "erk", Lambda: "code", LambdaMax: 1e-3, Segments: 20, Feedback: true, Upload: "masked"}
		},
	})
}

// Settings are the parameters of feddip.
type Settings struct {
	Start     float64 `toml:"start" in:"[0,1)" doc:"Sparsity of the prunable weights that the schedule starts from."`
	Final     float64 `toml:"final" in:"[0,1)" doc:"Sparsity of the prunable weights that the schedule ends at."`
	Every     int     `toml:"every" in:"[1,1000000]" unit:"rounds" doc:"Rounds between two masks."`
	Initial   string  `toml:"initial" one:"erk|uniform|none" doc:"Random mask of the first round at the start's density: shared among tensors by Erdos-Renyi-Kernel, evenly, or no mask."`
	Lambda    string  `toml:"lambda" one:"code|linear|none" doc:"Schedule of the regularisation: the released code's, which jumps to 5e-4 behind the first segment; a staircase from 0; or no regularisation."`
	LambdaMax float64 `toml:"lambda_max" in:"[0,1]" doc:"What the schedule of the regularisation approaches: the factor on the sum of the 2-norms of the masked tensors."`
	Segments  int     `toml:"segments" in:"[2,1000000]" doc:"Number of steps of the regularisation."`
	Feedback  bool    `toml:"feedback" doc:"Whether masked weights are trained on, with the gradient at the masked model."`
	Regrow    bool    `toml:"regrow" doc:"Whether masked weights may return when the server prunes anew; needs upload dense."`
	Upload    string  `toml:"upload" one:"masked|dense" doc:"Whether clients send the change of the kept weights or of all."`
}

// Stage builds the sparsifier.
func (s *Settings) Stage() (any, error) {
	if s.Final < s.Start {
		return nil, errors.New("final must not be below start: the sparsity only grows")
	}
	if s.Regrow && s.Upload != "dense" {
		return nil, errors.New("regrow needs upload = \"dense\": from masked uploads the server learns nothing of the weights outside the mask")
	}
	signal := pruning.Signal{Density: 1 - s.Start, ERK: s.Initial == "erk"}
	if s.Initial == "none" {
		signal.Density = 1
	}
	return Pruner{Sparsifier: pruning.Sparsifier{Signal: signal}, Settings: *s}, nil
}

// Pruner is the codec's only stage: a sparsifier of the kept weights that has a say in training, prunes the global
// model and tells clients the mask.
//
// Differences from the released code: all clients of the first round draw one mask, where each drew its own; shortcut
// convolutions are pruned like others; uploads may be masked, where the code sends all weights and counts zeros; and
// the statistics of batch norm are those of the pruned network's own passes.
type Pruner struct {
	pruning.Sparsifier
	Settings
}

// lambdaAt returns the factor of the regularisation in round t of rounds, from 0.
func (s *Settings) lambdaAt(t, rounds int) float64 {
	switch s.Lambda {
	case "none":
		return 0
	case "linear":
		return s.LambdaMax * float64(min(t*s.Segments/rounds, s.Segments-1)) / float64(s.Segments)
	}
	i := min(t/max(1, rounds/s.Segments), s.Segments-1)
	if i == 0 {
		return 0
	}
	first := min(lambdaFirst, s.LambdaMax)
	return first + float64((s.LambdaMax-first)/float64(s.Segments-1)*float64(i-1))
}

// lambdaFirst is what the released code's schedule jumps to behind the first segment.
const lambdaFirst = 5e-4

// AfterAggregate implements codecs.GlobalHook. In every s.Every-th round it prunes the global model to the sparsity of
// the schedule. The old mask is applied before, so that the new one is a part of it, unless weights may regrow.
func (p Pruner) AfterAggregate(w []float32, s *codecs.Shared) error {
	t := s.Round - 1
	due := t%p.Every == 0
	if t > 0 && !(p.Regrow && due) {
		old, err := p.Mask(s)
		if err != nil {
			return err
		}
		old.Apply(w, s.Layout)
	}
	if due {
		n := pruning.Prunable(s.Layout)
		kept := n - pruning.Pruned(pruning.Sparsity(t, s.Rounds, p.Start, p.Final), n)
		pruning.Global(w, s.Layout, kept).Apply(w, s.Layout)
	}
	return nil
}
