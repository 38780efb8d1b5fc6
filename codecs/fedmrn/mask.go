package fedmrn

import (
	"math"

	"flsim/internal/rng"
)

// probability returns that of symbol 1 for the ratio r of an element's update and noise.
func (q Quantizer) probability(r float32) float32 {
	if q.Signed {
		r = (r + 1) / 2
	}
	return max(0, min(1, r))
}

// draw returns 1 with probability p if unit is uniform in [0, 1): floor(p + unit), which is 2 at most by rounding.
func draw(p, unit float32) uint32 { return min(uint32(int32(p+unit)), 1) }

// unit takes the upper bits of a random word; a half for all, which rounds to nearest, where masks are deterministic.
func (q Quantizer) unit(word uint64) float32 {
	if q.Deterministic {
		return 0.5
	}
	return rng.Unit32(word)
}

// masked returns n m, in bits and without branches, which nothing could predict.
func (q Quantizer) masked(n float32, symbol uint32) float32 {
	if q.Signed {
		return math.Float32frombits(math.Float32bits(n) ^ (1-symbol)<<31)
	}
	return math.Float32frombits(math.Float32bits(n) & -symbol)
}

// clipped returns the update nearest to n r that masks of the noise n reach on average.
func (q Quantizer) clipped(r, n float32) float32 {
	low := float32(0)
	if q.Signed {
		low = -1
	}
	return n * max(low, min(1, r))
}

// share is a probability in units of 2^-24.
type share uint32

const always share = 1 << 24

// shareOf returns step/steps, rounded down.
func shareOf(step, steps int) share { return share(uint64(step) * uint64(always) / uint64(steps)) }

// progressive returns the masked noise with the probability of the share, else the clipped update. The upper bits of
// word draw the mask, the lower ones choose.
func (q Quantizer) progressive(u, n float32, word uint64, masks share) float32 {
	r := u / n
	m := math.Float32bits(q.masked(n, draw(q.probability(r), q.unit(word))))
	c := math.Float32bits(q.clipped(r, n))
	choose := uint32(int32(uint32(word)&uint32(always-1)-uint32(masks)) >> 31) // all ones if the mask is taken
	return math.Float32frombits(m&choose | c&^choose)
}
