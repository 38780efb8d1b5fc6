// Package fedmrn sends masks of random noise that both ends draw from one seed.
//
// It is FedMRN: "Masked Random Noise for Communication-Efficient Federated Learning", ACM MM 2024, arXiv 2408.03220.
// A client learns which elements of the noise add up to a good update, while it trains (progressive stochastic
// masking), and sends one bit for each.
package fedmrn

import (
	"flsim/codecs"
	"flsim/internal/rng"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "fedmrn",
		Slot:  codecs.SlotQuantize,
		Doc:   "One bit per value, a mask of random noise that both ends draw from the message's seed; trained with the masks.",
		Paper: "Masked Random Noise, ACM MM 2024, arXiv 2408.03220",
		New: func() codecs.Settings {
			return &Settings{Mask: "binary", Noise: "uniform", Training: "masked", Progressive: true, Stochastic: true}
		},
	})
}

// Settings are the parameters of fedmrn. Their defaults are those of the authors' runs on images.
type Settings struct {
	Mask        string  `toml:"mask" one:"binary|signed" doc:"Masks of 0 and 1, which drop elements of the noise, or of -1 and 1, which turn them."`
	Noise       string  `toml:"noise" one:"uniform|gauss|bernoulli" doc:"Uniform in [-alpha, alpha), normal with standard deviation alpha, or one of -alpha and alpha."`
	Alpha       float64 `toml:"alpha" in:"[1e-6,1000]" default:"0.01, signed masks 0.005" doc:"Magnitude of the noise, which bounds what one message can change."`
	Training    string  `toml:"training" one:"masked|plain" doc:"Masked trains with the masks; plain trains as without a codec and masks the finished update."`
	Progressive bool    `toml:"progressive" doc:"Step t of S masks each element with probability t/S and only clips the others; false masks all from the first step on."`
	Stochastic  bool    `toml:"stochastic" doc:"Masks are drawn at random, unbiased; false takes the mask whose noise is nearest to the update."`
}

// Stage builds the quantizer, which has a say in training only if training is masked.
func (s *Settings) Stage() (any, error) {
	q := Quantizer{Signed: s.Mask == "signed", Noise: kinds[s.Noise], Alpha: float32(s.Alpha), Deterministic: !s.Stochastic}
	switch {
	case s.Alpha == 0 && q.Signed:
		q.Alpha = 0.005
	case s.Alpha == 0:
		q.Alpha = 0.01
	}
	if s.Training == "plain" {
		return q, nil
	}
	return Masked{Quantizer: q, Progressive: s.Progressive}, nil
}

// Quantizer masks finished updates. Symbol 1 stands for the noise itself; symbol 0 for zero, or for the noise with the
// other sign where masks are signed. There are no side data but the message's seed.
//
// With n the noise and u the update, P(1) = clip(u/n, 0, 1), signed clip((u/n + 1)/2, 0, 1), so that the decoded value
// n m is u on average wherever u/n lies in [0, 1], signed [-1, 1], and the nearest it can be elsewhere.
//
// Differences from the authors' code: that draws a seed of its own from 0 to 1000 for every layer; here one seed of 64
// bits per message stands for all tensors, and element i has the same noise in whatever order it is drawn. Their
// simulation hands floats over and packs no bits.
type Quantizer struct {
	Signed        bool
	Noise         Noise
	Alpha         float32 // magnitude of the noise, above 0
	Deterministic bool    // masks are the nearest instead of drawn
}

// NeedsSeed implements codecs.Seeded.
func (Quantizer) NeedsSeed() bool { return true }

// Alphabet implements codecs.Quantizer.
func (q Quantizer) Alphabet(*codecs.Shared) (codecs.Alphabet, error) {
	if q.Signed {
		return codecs.Alphabet{Size: 2, Zero: -1}, nil
	}
	return codecs.Alphabet{Size: 2, Zero: 0}, nil
}

// Encode implements codecs.Quantizer.
func (q Quantizer) Encode(symbols []uint32, side []byte, _, kept []float32, t *codecs.Tensor) ([]byte, error) {
	noise, draws := q.source(t.Seed), maskSeed(t.Seed)
	for j, u := range kept {
		i := uint64(t.Position(j))
		symbols[j] = draw(q.probability(u/noise.at(i)), q.unit(rng.At(draws, i)))
	}
	return side, nil
}

// Decode implements codecs.Quantizer.
func (q Quantizer) Decode(kept []float32, symbols []uint32, side []byte, t *codecs.Tensor) ([]byte, error) {
	noise := q.source(t.Seed)
	for j, m := range symbols {
		kept[j] = q.masked(noise.at(uint64(t.Position(j))), m)
	}
	return side, nil
}

// PaperBits implements codecs.PaperBits: a bit per value, and 32 for the seed.
func (q Quantizer) PaperBits(_ []codecs.Segment, kept []int, _ *codecs.Shared) float64 {
	bits := 32
	for _, n := range kept {
		bits += n
	}
	return float64(bits)
}
