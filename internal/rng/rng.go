// Package rng gives every random decision a stream of its own, named by what it is for.
//
// A stream is named by (seed, purpose, ids...), say (run seed, "batches", round, client). Two streams with
// different names are independent, and a stream never depends on what other streams have been asked: the order in
// which workers run cannot change a result. There is no shared generator anywhere in flsim.
package rng

import (
	"math/bits"
	"math/rand/v2"
)

// Rand draws from one named stream. It is not safe for concurrent use; make one per goroutine.
//
// The generator is PCG-DXSM of math/rand/v2, whose output sequence the standard library promises to keep. What is
// derived from it (floats, bounded integers, shuffles) is written out here, because those sequences are part of
// flsim's results.
type Rand struct {
	pcg rand.PCG
	std *rand.Rand
}

// New returns the stream named by seed, purpose and ids.
func New(seed uint64, purpose string, ids ...uint64) *Rand {
	s := Derive(seed, purpose, ids...)
	r := new(Rand)
	r.pcg.Seed(s, Mix(s))
	r.std = rand.New(&r.pcg)
	return r
}

// Derive returns the seed of the stream named by seed, purpose and ids, for handing on to somebody else.
func Derive(seed uint64, purpose string, ids ...uint64) uint64 {
	h := Mix(seed)
	for i := 0; i < len(purpose); i++ {
		h = (h ^ uint64(purpose[i])) * 0x100000001b3 // FNV-1a's step
	}
	h = Mix(h)
	for _, id := range ids {
		h = Mix(h ^ Mix(id))
	}
	return h
}

// Mix is the output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection of 64-bit words whose
// outputs look independent even for neighbouring inputs.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// At returns word i of the counter-based stream of seed. Any slice of that stream can be regenerated on its own,
// in any order, which sequential generators cannot do.
func At(seed, i uint64) uint64 { return Mix(seed + i*0x9e3779b97f4a7c15) }

// Unit32 maps a random word to a float32 in [0, 1) with 24 random bits.
func Unit32(x uint64) float32 { return float32(x>>40) / (1 << 24) }

// Uint64 returns 64 random bits.
func (r *Rand) Uint64() uint64 { return r.pcg.Uint64() }

// Float64 returns a number in [0, 1) with 53 random bits.
func (r *Rand) Float64() float64 { return float64(r.pcg.Uint64()>>11) / (1 << 53) }

// Float32 returns a number in [0, 1) with 24 random bits.
func (r *Rand) Float32() float32 { return Unit32(r.pcg.Uint64()) }

// NormFloat64 returns a draw from the standard normal distribution.
func (r *Rand) NormFloat64() float64 { return r.std.NormFloat64() }

// ExpFloat64 returns a draw from the exponential distribution with rate 1.
func (r *Rand) ExpFloat64() float64 { return r.std.ExpFloat64() }

// IntN returns an integer in [0, n), each equally likely (Lemire's multiplication method). It panics if n <= 0.
func (r *Rand) IntN(n int) int {
	if n <= 0 {
		panic("rng: IntN of a range that is not positive")
	}
	bound := uint64(n)
	hi, lo := bits.Mul64(r.pcg.Uint64(), bound)
	if lo < bound {
		for reject := -bound % bound; lo < reject; {
			hi, lo = bits.Mul64(r.pcg.Uint64(), bound)
		}
	}
	return int(hi)
}

// Perm returns a random permutation of 0..n-1.
func (r *Rand) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	Shuffle(r, p)
	return p
}

// Shuffle puts s into random order in place (Fisher and Yates).
func Shuffle[E any](r *Rand, s []E) {
	for i := len(s) - 1; i > 0; i-- {
		j := r.IntN(i + 1)
		s[i], s[j] = s[j], s[i]
	}
}
