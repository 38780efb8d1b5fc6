package sparsify

import (
	"math"

	"flsim/codecs"
	"flsim/codecs/internal/positions"
	"flsim/internal/rng"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "randommask",
		Slot:  codecs.SlotSparsify,
		Doc:   "Sends a random share of the elements, chosen by a seed that the message carries, and scales them up.",
		Paper: "Konečný, McMahan, Yu, Richtárik, Suresh, Bacon 2016, arXiv 1610.05492",
		New:   func() codecs.Settings { return &RandomMaskSettings{Keep: 0.1} },
	})
}

// RandomMaskSettings are the parameters of randommask.
type RandomMaskSettings struct {
	Keep float64 `toml:"keep" in:"(0,1]" doc:"Probability with which an element is sent; what is sent is multiplied by 1/keep."`
}

// Stage builds the sparsifier.
func (s *RandomMaskSettings) Stage() (any, error) { return RandomMask{Keep: s.Keep}, nil }

// RandomMask keeps every element with probability Keep, independently of the others, and multiplies what it keeps by
// 1/Keep: the decoded vector is unbiased. The number that is kept is binomial, also in tensors so small that a fixed
// share of them would be none at all.
//
// Element i of the coded vector is kept if word i of the counter-based stream of the seed is below Keep 2^64. So
// positions cost the 8 bytes of the message's seed, and every message has a mask of its own.
type RandomMask struct {
	Keep float64 // probability, above 0 and at most 1
}

// NeedsSeed implements codecs.Seeded.
func (RandomMask) NeedsSeed() bool { return true }

// Select implements codecs.Sparsifier. It appends nothing.
func (s RandomMask) Select(msg []byte, v []float32, _ codecs.Layout, _ *codecs.Shared, seed uint64) ([]byte, []int32, error) {
	return msg, s.draw(len(v), seed), nil
}

// Positions implements codecs.Sparsifier.
func (s RandomMask) Positions(msg []byte, layout codecs.Layout, _ *codecs.Shared, seed uint64) ([]int32, []byte, error) {
	return s.draw(layout.Len(), seed), msg, nil
}

func (s RandomMask) draw(n int, seed uint64) []int32 {
	if s.Keep >= 1 {
		return positions.UpTo(n)
	}
	mean := s.Keep * float64(n)
	kept := make([]int32, 0, min(n, int(mean+6*math.Sqrt(mean))+1))
	below := uint64(math.Ldexp(s.Keep, 64))
	for i := range n {
		if rng.At(seed, uint64(i)) < below {
			kept = append(kept, int32(i))
		}
	}
	return kept
}

// Gain implements codecs.Sparsifier.
func (s RandomMask) Gain() float32 { return float32(1 / s.Keep) }

// PaperPositions implements codecs.PaperPositions: a 64-bit seed.
func (s RandomMask) PaperPositions(_, _ int) float64 { return 64 }
