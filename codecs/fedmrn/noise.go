package fedmrn

import (
	"math"

	"flsim/internal/f32"
	"flsim/internal/rng"
)

// Noise is a distribution around 0.
type Noise uint8

// The distributions that the authors compare, with their half-width, standard deviation and magnitude alpha.
const (
	Uniform Noise = iota
	Gauss
	Bernoulli
)

var kinds = map[string]Noise{"uniform": Uniform, "gauss": Gauss, "bernoulli": Bernoulli}

// smallest is the magnitude below which noise is replaced by it, as in the authors' code: u/n stays a number.
const smallest = 1e-8

// source is the noise of one tensor.
type source struct {
	seed  uint64
	kind  Noise
	alpha float32
}

func (q Quantizer) source(tensorSeed uint64) source {
	return source{rng.Derive(tensorSeed, "noise"), q.Noise, q.Alpha}
}

// maskSeed is that of the draws for the mask that is sent.
func maskSeed(tensorSeed uint64) uint64 { return rng.Derive(tensorSeed, "mask") }

// at returns the noise of element i of the tensor. Every operation is rounded as it stands, so that the bits are the
// same on all processors.
func (s source) at(i uint64) float32 {
	x := rng.At(s.seed, i)
	var n float32
	switch s.kind {
	case Uniform:
		n = s.alpha * (2*rng.Unit32(x) - 1) // the bracket is exact
	case Gauss:
		n = float32(float64(s.alpha) * normal(x))
	case Bernoulli:
		n = math.Float32frombits(math.Float32bits(s.alpha) | uint32(x>>63)<<31)
	}
	if n < smallest && n > -smallest {
		return smallest
	}
	return n
}

// normal maps a random word to a draw from the standard normal distribution (Box and Muller 1958): 32 bits choose the
// radius, up to 6.7, and 32 the angle.
func normal(x uint64) float64 {
	radius := (float64(x>>32) + 0.5) / (1 << 32)
	angle := (float64(uint32(x)) + 0.5) / (1 << 32)
	return math.Sqrt(-2*f32.Log(radius)) * f32.CosPi(angle)
}
