package datasets

import (
	"math"
	"sort"

	"flsim/internal/rng"
)

// dirichlet fills shares with a draw from the symmetric Dirichlet distribution of concentration alpha > 0.
//
// Gamma variates of a small shape underflow to zero, all of them at once if alpha is small enough, and what is left
// to divide is 0/0. So their logarithms are drawn, in units of 1/alpha where alpha < 1, and the greatest is
// subtracted before anything is exponentiated: it contributes 1, and the sum is never zero.
func dirichlet(shares []float64, alpha float64, r *rng.Rand) {
	unit := math.Max(1, 1/alpha)
	if math.IsInf(unit, 1) {
		unit = math.MaxFloat64
	}
	greatest := math.Inf(-1)
	for k := range shares {
		shares[k] = logGamma(alpha, r)
		greatest = math.Max(greatest, shares[k])
	}
	sum := 0.0
	for k := range shares {
		shares[k] = math.Exp((shares[k] - greatest) * unit)
		sum += shares[k]
	}
	for k := range shares {
		shares[k] /= sum
	}
}

// logGamma returns min(1, alpha) times the logarithm of a gamma variate of the given shape and scale 1. A shape
// below 1 is raised by one first: G(alpha) = G(alpha+1) U^(1/alpha) for uniform U in (0, 1] (Marsaglia and Tsang,
// A Simple Method for Generating Gamma Variables, ACM TOMS 26(3), 2000, section 6).
func logGamma(alpha float64, r *rng.Rand) float64 {
	if alpha >= 1 {
		return logGammaAbove1(alpha, r)
	}
	return float64(alpha*logGammaAbove1(alpha+1, r)) + math.Log(1-r.Float64())
}

// logGammaAbove1 returns the logarithm of a gamma variate of shape alpha >= 1 by the rejection method of Marsaglia
// and Tsang, which accepts more than 95 of 100 candidates.
func logGammaAbove1(alpha float64, r *rng.Rand) float64 {
	d := alpha - 1.0/3
	c := 1 / (3 * math.Sqrt(d))
	for {
		x := r.NormFloat64()
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		logV := float64(3 * math.Log(v))
		if math.Log(1-r.Float64()) <= float64(0.5*x*x)+float64(d*(1-float64(v*v*v)+logV)) {
			return math.Log(d) + logV
		}
	}
}

// raise moves random examples from the clients that hold most to those that hold fewer than least, until these hold
// exactly least: whoever holds more than a common level is cut down to it (or to one above, where the numbers do not
// come out even). The total must be at least len(shards)*least.
func raise(shards [][]int32, least int, r *rng.Rand) {
	longest, deficit := 0, 0
	for _, s := range shards {
		longest, deficit = max(longest, len(s)), deficit+max(0, least-len(s))
	}
	if deficit == 0 {
		return
	}
	level := sort.Search(longest, func(level int) bool { return surplus(shards, level+1) < deficit })
	pool := cut(shards, level, surplus(shards, level)-deficit, r)
	rng.Shuffle(r, pool)
	for k, s := range shards {
		need := max(0, least-len(s))
		shards[k] = append(s, pool[:need]...)
		pool = pool[need:]
	}
}

// surplus returns how many examples the clients hold above level.
func surplus(shards [][]int32, level int) int {
	n := 0
	for _, s := range shards {
		n += max(0, len(s)-level)
	}
	return n
}

// cut takes random examples from every client that holds more than level and returns them. The first spare of
// these clients keep one more.
func cut(shards [][]int32, level, spare int, r *rng.Rand) (pool []int32) {
	for k, s := range shards {
		keep := level
		if len(s) > level && spare > 0 {
			keep++
			spare--
		}
		if len(s) > keep {
			rng.Shuffle(r, s)
			pool = append(pool, s[keep:]...)
			shards[k] = s[:keep:keep]
		}
	}
	return pool
}
