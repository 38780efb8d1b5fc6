// Package adaquant changes the number of quantisation levels during training.
//
// Its default rule is AdaQuantFL: Jhunjhunwala, Gadhikar, Joshi and Eldar, "Adaptive Quantization of Model Updates for
// Communication-Efficient Federated Learning", ICASSP 2021, arXiv 2102.04487. Two rules that were proposed against it
// stand beside it: DAdaQuant's in time (Hönig, Zhao and Mullins, ICML 2022, arXiv 2111.00465) and FedDQ's (Qu, Song and
// Tsui, arXiv 2110.02291).
package adaquant

import (
	"encoding/binary"
	"errors"
	"fmt"

	"flsim/codecs"
	"flsim/codecs/quantize"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "adaquantfl",
		Slot:  codecs.SlotQuantize,
		Doc:   "QSGD whose number of levels the server announces in every round, by the clients' loss or the updates' range.",
		Paper: "Jhunjhunwala, Gadhikar, Joshi, Eldar 2021, arXiv 2102.04487",
		New:   func() codecs.Settings { return Default() },
	})
}

// Settings are the parameters of adaquantfl.
type Settings struct {
	Rule      string  `toml:"rule" one:"loss|time|range" doc:"How the number of levels s follows from round to round: loss is s0 sqrt(F0/F), which ascends (AdaQuantFL); time doubles s when the averaged loss stops falling (DAdaQuant); range is s0 R/R0 with the updates' range R, which descends (FedDQ)."`
	S0        int     `toml:"s0" in:"[1,32767]" doc:"Number of levels in the first round."`
	MaxLevels int     `toml:"max_levels" in:"[1,32767]" doc:"Largest number of levels."`
	Rounding  string  `toml:"rounding" one:"ceil|round|floor" doc:"How s becomes a whole number; ceil is lenient by a millionth."`
	FillBits  bool    `toml:"fill_bits" doc:"Whether s is raised to the next 2^m - 1, which takes no more bits at fixed width."`
	LRAware   bool    `toml:"lr_aware" doc:"Rule loss: whether s is also multiplied by the learning rate's factor since the first round."`
	Loss      string  `toml:"loss" one:"sampled|all" doc:"Whose loss is F: that of the clients sampled for the round, or of all, who all receive the model then."`
	Lag       int     `toml:"lag" in:"[1,1000]" unit:"rounds" doc:"Rounds between the model whose loss or update is measured and the round that uses it."`
	Smoothing float64 `toml:"smoothing" in:"[0,1)" doc:"Rule time: weight of the past in the exponentially averaged loss."`
	Patience  int     `toml:"patience" in:"[2,100000]" unit:"rounds" doc:"Rule time: the stretch of rounds at whose end the averaged loss has to be lower than at its beginning; also the shortest time between two doublings."`
	quantize.NormSettings
}

// Default returns the parameters at their defaults.
func Default() *Settings {
	return &Settings{Rule: "loss", S0: 2, MaxLevels: 255, Rounding: "ceil", Loss: "sampled", Lag: 1,
		Smoothing: 0.9, Patience: 10, NormSettings: quantize.DefaultNormSettings()}
}

// Stage builds the quantizer.
func (s *Settings) Stage() (any, error) {
	if s.S0 > s.MaxLevels {
		return nil, fmt.Errorf("s0 = %d is above max_levels = %d", s.S0, s.MaxLevels)
	}
	if s.LRAware && s.Rule != "loss" {
		return nil, fmt.Errorf("lr_aware is for rule = %q, which is %q", "loss", s.Rule)
	}
	if s.Loss == "all" && s.Rule == "range" {
		return nil, fmt.Errorf("loss = %q is of no use to rule = %q, which looks at updates", "all", "range")
	}
	base, err := s.QSGD(1)
	if err != nil {
		return nil, err
	}
	return Quantizer{settings: *s, base: base}, nil
}

// Quantizer is quantize.QSGD with the number of levels that the task's settings hold.
//
// It differs from the paper in when the loss is known. There s of round k needs F(w_k), which the server has only when
// that round's clients have reported; here it is announced with the model w_k, so that it follows from the loss of the
// round before, or of Lag rounds before. The first rounds have s0.
type Quantizer struct {
	settings Settings
	base     quantize.QSGD
}

var errNoSettings = errors.New("the number of levels is missing: it travels with a task's settings, so this quantizer is of no use on the downlink")

// at returns the quantizer of a message.
func (q Quantizer) at(s *codecs.Shared) (quantize.QSGD, error) {
	if len(s.Control) == 0 {
		return quantize.QSGD{}, errNoSettings
	}
	levels, err := q.parse(s.Control)
	base := q.base
	base.Levels = levels
	return base, err
}

// parse reads the settings that Control writes: the number of levels as a uvarint.
func (q Quantizer) parse(control []byte) (int, error) {
	levels, rest, err := wire.Uvarint(control, uint64(q.settings.MaxLevels))
	if err != nil {
		return 0, fmt.Errorf("number of levels: %w", err)
	}
	if levels == 0 || len(rest) > 0 {
		return 0, fmt.Errorf("the settings %x are not a number of levels from 1", control)
	}
	return int(levels), nil
}

// ModelScope implements codecs.WholeModel.
func (q Quantizer) ModelScope() bool { return q.base.ModelScope() }

// Alphabet implements codecs.Quantizer.
func (q Quantizer) Alphabet(s *codecs.Shared) (codecs.Alphabet, error) {
	base, err := q.at(s)
	if err != nil {
		return codecs.Alphabet{}, err
	}
	return base.Alphabet(s)
}

// Encode implements codecs.Quantizer.
func (q Quantizer) Encode(symbols []uint32, side []byte, full, kept []float32, t *codecs.Tensor) ([]byte, error) {
	base, err := q.at(t.Shared)
	if err != nil {
		return nil, err
	}
	return base.Encode(symbols, side, full, kept, t)
}

// Decode implements codecs.Quantizer.
func (q Quantizer) Decode(kept []float32, symbols []uint32, side []byte, t *codecs.Tensor) ([]byte, error) {
	base, err := q.at(t.Shared)
	if err != nil {
		return nil, err
	}
	return base.Decode(kept, symbols, side, t)
}

// PaperBits implements codecs.PaperBits: C_s = n ceil(log2(s+1)) + n + 32 for n values with a norm of their own, as
// papers that measure against AdaQuantFL count. Loss reports and announcements are none of it.
func (q Quantizer) PaperBits(tensors []codecs.Segment, kept []int, s *codecs.Shared) float64 {
	base, err := q.at(s)
	if err != nil {
		return 0
	}
	return base.PaperBits(tensors, kept, s)
}

// Control implements codecs.Controller: the number of levels, a uvarint.
func (q Quantizer) Control(dst []byte, f codecs.Feedback) ([]byte, error) {
	return binary.AppendUvarint(dst, uint64(q.settings.levels(f))), nil
}

// Reports implements codecs.Reporter.
func (q Quantizer) Reports() codecs.Reports {
	if q.settings.Rule == "range" {
		return codecs.Reports{Range: true}
	}
	return codecs.Reports{Loss: true, All: q.settings.Loss == "all"}
}

// Announces implements codecs.Announcer.
func (Quantizer) Announces() string { return "levels" }

// Announced implements codecs.Announcer.
func (q Quantizer) Announced(control []byte) (float64, error) {
	levels, err := q.parse(control)
	return float64(levels), err
}
