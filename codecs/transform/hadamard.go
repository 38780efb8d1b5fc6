// Package transform holds the stock transforms: hadamard.
package transform

import (
	"math"
	"math/bits"

	"flsim/codecs"
	"flsim/internal/rng"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "hadamard",
		Slot:  codecs.SlotTransform,
		Doc:   "Random rotation of every tensor, padded to a power of two, which evens out the magnitudes of its elements.",
		Paper: "Suresh, Yu, Kumar, McMahan 2017, arXiv 1611.00429",
		New:   func() codecs.Settings { return &HadamardSettings{} },
	})
}

// HadamardSettings has no parameters.
type HadamardSettings struct{}

// Stage builds the transform.
func (*HadamardSettings) Stage() (any, error) { return Hadamard{}, nil }

// Hadamard is the randomised Hadamard rotation H D of Suresh et al., "Distributed Mean Estimation with Limited
// Communication", ICML 2017, arXiv 1611.00429: random signs, then the orthonormal Walsh-Hadamard matrix. Tensors are
// padded with zeros to a power of two, and the padding is sent. The signs come from the seed that the message carries.
type Hadamard struct{}

// NeedsSeed implements codecs.Seeded.
func (Hadamard) NeedsSeed() bool { return true }

// Size implements codecs.Transform: the power of two that is not below n.
func (Hadamard) Size(n int) int {
	if n == 0 {
		return 0
	}
	return 1 << bits.Len(uint(n-1))
}

// Forward implements codecs.Transform.
func (Hadamard) Forward(dst, v []float32, t *codecs.Tensor) {
	for i, x := range v {
		dst[i] = x * sign(t.Seed, i)
	}
	clear(dst[len(v):])
	rotate(dst)
}

// Inverse implements codecs.Transform.
func (Hadamard) Inverse(v, src []float32, t *codecs.Tensor) {
	rotate(src)
	for i := range v {
		v[i] = src[i] * sign(t.Seed, i)
	}
}

// sign returns +1 or -1: bit i%64 of word i/64 of the seed's stream.
func sign(seed uint64, i int) float32 {
	return 1 - 2*float32(rng.At(seed, uint64(i)/64)>>(i%64)&1)
}

// rotate multiplies v, whose length is a power of two, by the orthonormal Walsh-Hadamard matrix, which is its own
// inverse.
func rotate(v []float32) {
	for half := 1; half < len(v); half *= 2 {
		for i := 0; i < len(v); i += 2 * half {
			low, high := v[i:i+half], v[i+half:i+2*half]
			for j, x := range low {
				low[j], high[j] = x+high[j], x-high[j]
			}
		}
	}
	scale := float32(1 / math.Sqrt(float64(len(v))))
	for i := range v {
		v[i] *= scale
	}
}
