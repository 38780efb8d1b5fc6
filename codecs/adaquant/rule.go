package adaquant

import (
	"math"
	"math/bits"

	"flsim/codecs"
)

// levels returns the number of levels of the round that f describes. It is a function of what was reported since the
// first round and of nothing else: no round's result is the basis of the next one's.
func (s *Settings) levels(f codecs.Feedback) int {
	known := f.Reported[:max(0, len(f.Reported)-(s.Lag-1))]
	level := s.S0
	switch {
	case len(known) == 0:
	case s.Rule == "time":
		level = s.doubled(known)
	case s.Rule == "range":
		level = s.whole(float64(s.S0) * quotient(known[len(known)-1].Range, known[0].Range))
	default:
		real := float64(s.S0) * math.Sqrt(quotient(known[0].Loss, known[len(known)-1].Loss))
		if s.LRAware {
			real *= f.LRFactor
		}
		level = s.whole(real)
	}
	return s.bounded(level)
}

// quotient is a/b, 1 where both are 0.
func quotient(a, b float64) float64 {
	if a == b {
		return 1
	}
	return a / b
}

// whole rounds a number of levels from 0, perhaps infinite, to one between 1 and MaxLevels.
func (s *Settings) whole(real float64) int {
	real = min(real, float64(s.MaxLevels))
	switch s.Rounding {
	case "ceil":
		real = math.Ceil(real - 1e-6) // F_k = F_0 gives s0 however the two were rounded
	case "round":
		real = math.Round(real)
	default:
		real = math.Floor(real)
	}
	return max(1, int(real))
}

// bounded raises a level to the next 2^m - 1 if that is wanted, and keeps it from 1 to MaxLevels.
func (s *Settings) bounded(level int) int {
	if s.FillBits {
		level = 1<<bits.Len(uint(level)) - 1
	}
	return max(1, min(level, s.MaxLevels))
}

// doubled is DAdaQuant's rule in time. The level of a round is s0 doubled whenever the exponentially averaged loss was
// no lower at the end of a stretch of Patience rounds than at its beginning, and no earlier than Patience rounds after
// the doubling before (arXiv 2111.00465, section 4; the authors' code compares the last value with the Patience-th
// last). The loss is that of the model which a round starts from.
func (s *Settings) doubled(known []codecs.Report) int {
	averaged := make([]float64, len(known))
	level, since := s.S0, 0
	for i, r := range known {
		averaged[i] = r.Loss
		if i > 0 {
			averaged[i] = float64(s.Smoothing*averaged[i-1]) + float64((1-s.Smoothing)*r.Loss)
		}
		if n := i + 1; n >= since+s.Patience && averaged[i] >= averaged[n-s.Patience] {
			level, since = min(2*level, s.MaxLevels), n
		}
	}
	return level
}
