package cossgd

import (
	"math"

	"flsim/internal/rng"
)

// nearest fills symbols with round(real(x)), ties to even.
func (g *grid) nearest(symbols []uint32, kept []float32) {
	near := g.nearby()
	zero := nearest(g.real(0)) // a tie, where the estimate would be of no use
	for i, x := range kept {
		if x == 0 {
			symbols[i] = zero
			continue
		}
		if r, slack := near.real(x); r+slack < g.levels && r > slack {
			if low := math.Floor(r); math.Abs(r-low-0.5) > slack {
				symbols[i] = uint32(r + 0.5)
				continue
			}
		}
		symbols[i] = nearest(g.real(x))
	}
}

func nearest(r float64) uint32 { return uint32(math.RoundToEven(r)) }

// stochastic fills symbols with real(x) rounded up with the probability of its fraction.
func (g *grid) stochastic(symbols []uint32, kept []float32, seed uint64) {
	near := g.nearby()
	for i, x := range kept {
		u := unit(rng.At(seed, uint64(i)))
		if r, slack := near.real(x); r+slack < g.levels && r > slack {
			low := math.Floor(r)
			if p := r - low; math.Abs(p-u) > slack && p > slack && p < 1-slack {
				symbols[i] = up(r, u)
				continue
			}
		}
		symbols[i] = up(g.real(x), u)
	}
}

// up rounds r up if u, in [0, 1), is below its fraction.
func up(r, u float64) uint32 {
	low := math.Floor(r)
	if u < r-low {
		low++
	}
	return uint32(low)
}

// unit maps a random word to a float64 in [0, 1).
func unit(x uint64) float64 { return float64(x>>11) / (1 << 53) }

// nearby estimates grid.real several times faster, for elements that are small beside the norm, as nearly all elements
// of a large tensor are. Where the estimate's error could change a code the exact number is computed.
type nearby struct {
	inverse     float64 // 1/norm
	half, scale float64 // r = half - scale arcsin(x/norm)
	slack       float64 // bounds the error of r
}

func (g *grid) nearby() nearby {
	scale := g.levels / g.span
	return nearby{1 / float64(g.norm), g.levels / 2, scale, 1e-11 * scale}
}

// nearbyLimit bounds the arguments of the series below, whose remainder is then less than 3e-12.
const nearbyLimit = 0.125

// real returns an estimate of grid.real(x) and a bound on its error, infinite where x is too large.
func (n *nearby) real(x float32) (r, slack float64) {
	y := float64(x) * n.inverse
	z := y * y
	if z > nearbyLimit*nearbyLimit {
		return 0, math.Inf(1)
	}
	arcsin := y * (1 + z*(1./6+z*(3./40+z*(15./336+z*(105./3456)))))
	return n.half - n.scale*arcsin, n.slack
}
