// Package pruning is what the schemes that train pruned models share: masks, densities, the signal that tells clients
// a mask, and a sparsifier that sends kept values only.
//
// Prunable are all tensors of kind Weight. Biases, norms and buffers are never pruned.
package pruning

import (
	"math"

	"flsim/codecs"
	"flsim/codecs/internal/magnitude"
	"flsim/internal/rng"
)

// Mask says which prunable weights are kept, tensor behind tensor.
type Mask []bool

// Prunable returns the number of weights that may be pruned.
func Prunable(layout codecs.Layout) int {
	n := 0
	each(layout, func(_ codecs.Segment, at int) { n = at })
	return n
}

// each visits the prunable tensors. end is the number of prunable weights up to the tensor's last.
func each(layout codecs.Layout, visit func(seg codecs.Segment, end int)) {
	end := 0
	for _, seg := range layout {
		if seg.Kind == codecs.Weight {
			end += seg.Len
			visit(seg, end)
		}
	}
}

// Each visits the prunable tensors with their part of the mask, which has to fit the layout.
func (m Mask) Each(layout codecs.Layout, visit func(seg codecs.Segment, kept Mask)) {
	each(layout, func(seg codecs.Segment, end int) { visit(seg, m[end-seg.Len:end:end]) })
}

// Kept counts the weights that are kept.
func (m Mask) Kept() int {
	n := 0
	for _, kept := range m {
		if kept {
			n++
		}
	}
	return n
}

// Apply sets to zero what of v, which has the given layout, the mask does not keep.
func (m Mask) Apply(v []float32, layout codecs.Layout) {
	m.Each(layout, func(seg codecs.Segment, kept Mask) { kept.Zero(seg.Of(v)) })
}

// Zero sets to zero what of v, as long as the mask, it does not keep.
func (m Mask) Zero(v []float32) {
	for i, kept := range m {
		if !kept {
			v[i] = 0
		}
	}
}

// NonZero returns the mask of what is not exactly +0 in the prunable tensors of v.
func NonZero(v []float32, layout codecs.Layout) Mask {
	m := make(Mask, Prunable(layout))
	m.Each(layout, func(seg codecs.Segment, kept Mask) {
		for i, x := range seg.Of(v) {
			kept[i] = math.Float32bits(x) != 0
		}
	})
	return m
}

// zeroOutside reports whether v is +0 wherever the mask keeps nothing.
func (m Mask) zeroOutside(v []float32, layout codecs.Layout) bool {
	zero := true
	m.Each(layout, func(seg codecs.Segment, kept Mask) {
		for i, x := range seg.Of(v) {
			if !kept[i] && math.Float32bits(x) != 0 {
				zero = false
				return
			}
		}
	})
	return zero
}

// Largest returns the mask that keeps the n largest magnitudes of v, the first ones of equals. n is at most len(v).
func Largest(v []float32, n int) Mask {
	m := make(Mask, len(v))
	if n == 0 {
		return m
	}
	last, larger := magnitude.Largest(v, n)
	ties := n - larger
	for i, x := range v {
		key := magnitude.Key(x)
		m[i] = key > last
		if key == last && ties > 0 {
			m[i] = true
			ties--
		}
	}
	return m
}

// Global returns the mask that keeps the n largest magnitudes of all prunable weights of v together.
func Global(v []float32, layout codecs.Layout, n int) Mask {
	weights := make([]float32, 0, Prunable(layout))
	each(layout, func(seg codecs.Segment, _ int) { weights = append(weights, seg.Of(v)...) })
	return Largest(weights, n)
}

// Sparsity is the cubic schedule of Zhu and Gupta (arXiv 1710.01878): from start in round t = 0 to final in round T.
func Sparsity(t, rounds int, start, final float64) float64 {
	left := 1 - float64(t)/float64(rounds)
	return final + float64((start-final)*float64(left*left*left))
}

// Pruned is the number of n weights that a sparsity prunes, rounded with halves to even.
func Pruned(sparsity float64, n int) int {
	return min(max(int(math.RoundToEven(float64(sparsity*float64(n)))), 0), n)
}

// Densities gives each prunable tensor its share of weights that are kept: all the same or, with erk, by the rule of
// Erdos-Renyi-Kernel (Evci et al., ICML 2020, arXiv 1911.11134), in proportion to the sum of a tensor's dimensions
// over their product, where tensors that would exceed 1 are kept whole and the others share the rest.
func Densities(layout codecs.Layout, density float64, erk bool) []float64 {
	var share, size []float64
	each(layout, func(seg codecs.Segment, _ int) {
		sum := 0
		for _, d := range seg.Shape {
			sum += d
		}
		share = append(share, float64(sum)/float64(max(seg.Len, 1)))
		size = append(size, float64(seg.Len))
	})
	out := make([]float64, len(size))
	if !erk || density >= 1 {
		for i := range out {
			out[i] = density
		}
		return out
	}
	for settled := false; !settled; {
		scale := erkScale(share, size, out, density)
		settled = true
		for i := range out {
			if out[i] < 1 && scale*share[i] > 1 {
				out[i], settled = 1, false
			}
		}
		if settled {
			for i := range out {
				if out[i] < 1 {
					out[i] = scale * share[i]
				}
			}
		}
	}
	return out
}

// erkScale returns the factor on the shares of the tensors that are not kept whole, which meets the density.
func erkScale(share, size, out []float64, density float64) float64 {
	var budget, weight float64
	for i := range size {
		budget += float64(density * size[i])
		if out[i] == 1 {
			budget -= size[i]
		} else {
			weight += float64(share[i] * size[i])
		}
	}
	if weight == 0 {
		return 0
	}
	return max(budget, 0) / weight
}

// Random draws a mask that keeps floor(density size) weights of each prunable tensor.
func Random(layout codecs.Layout, densities []float64, seed uint64) Mask {
	m := make(Mask, Prunable(layout))
	index := 0
	m.Each(layout, func(_ codecs.Segment, kept Mask) {
		r, need := rng.New(seed, "mask", uint64(index)), int(densities[index]*float64(len(kept)))
		for i := range kept {
			if r.IntN(len(kept)-i) < need {
				kept[i] = true
				need--
			}
		}
		index++
	})
	return m
}
