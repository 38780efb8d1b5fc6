// Package terngrad adds a quantizer to flsim from outside of its module: TernGrad.
package terngrad

import (
	"encoding/binary"
	"fmt"
	"math"

	"flsim/codecs"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "terngrad",
		Slot:  codecs.SlotQuantize,
		Doc:   "Three levels per value: zero, or plus or minus the largest magnitude of its tensor, at random.",
		Paper: "Wen, Xu, Yan, Wu, Wang, Chen, Li 2017, arXiv 1705.07878",
		New:   func() codecs.Settings { return &Settings{Clip: 2.5} },
	})
}

// Settings are the parameters of terngrad. Their tags are all that configurations need to know.
type Settings struct {
	Clip float64 `toml:"clip" in:"[0,100]" doc:"How many standard deviations of their tensor values are clipped to first; 0 clips none."`
}

// Stage builds the quantizer.
func (s *Settings) Stage() (any, error) { return Quantizer{Clip: s.Clip}, nil }

// Quantizer is TernGrad (Wen et al., "TernGrad: Ternary Gradients to Reduce Communication in Distributed Deep Learning",
// NIPS 2017, arXiv 1705.07878): with s the largest magnitude of a tensor, v becomes s sign(v) with probability |v|/s and
// zero otherwise (equation 3), after its values were clipped to Clip standard deviations (equation 12). Without clipping
// it is unbiased. s is a tensor's side data, a float32. Symbols are 0 for zero, 1 for +s and 2 for -s.
type Quantizer struct {
	Clip float64 // 0 for none
}

// Alphabet implements codecs.Quantizer.
func (Quantizer) Alphabet(*codecs.Shared) (codecs.Alphabet, error) {
	return codecs.Alphabet{Size: 3, Zero: 0}, nil
}

// Encode implements codecs.Quantizer. All randomness comes from the tensor's seed, which the decoder does not need.
func (q Quantizer) Encode(symbols []uint32, side []byte, _, kept []float32, t *codecs.Tensor) ([]byte, error) {
	scale := q.scale(kept)
	r := codecs.NewRand(t.Seed, "terngrad")
	for i, v := range kept {
		symbols[i] = 0
		if r.Float64()*float64(scale) < math.Abs(float64(v)) {
			symbols[i] = 1
			if v < 0 {
				symbols[i] = 2
			}
		}
	}
	return binary.LittleEndian.AppendUint32(side, math.Float32bits(scale)), nil
}

// scale returns the largest magnitude behind the clipping.
func (q Quantizer) scale(v []float32) float32 {
	largest, sum, square := float32(0), 0.0, 0.0
	for _, x := range v {
		largest = max(largest, x, -x)
		sum += float64(x)
		square += float64(x) * float64(x)
	}
	mean := sum / float64(len(v))
	deviation := math.Sqrt(max(0, square/float64(len(v))-float64(mean*mean)))
	if limit := float32(q.Clip * deviation); 0 < limit && limit < largest {
		return limit
	}
	return largest
}

// Decode implements codecs.Quantizer. It survives any bytes: lengths are checked, and so is what they say.
func (Quantizer) Decode(kept []float32, symbols []uint32, side []byte, _ *codecs.Tensor) ([]byte, error) {
	if len(side) < 4 {
		return nil, fmt.Errorf("the scale takes 4 bytes, there are %d", len(side))
	}
	scale := math.Float32frombits(binary.LittleEndian.Uint32(side))
	if !(scale >= 0 && scale <= math.MaxFloat32) {
		return nil, fmt.Errorf("the scale %v is no finite magnitude", scale)
	}
	values := [3]float32{0, scale, -scale}
	for i, symbol := range symbols {
		kept[i] = values[symbol]
	}
	return side[4:], nil
}

// PaperBits implements codecs.PaperBits: log2(3) for each value, which the paper's ratio of 20 to 1 counts, and 32 for
// each tensor's scale.
func (Quantizer) PaperBits(_ []codecs.Segment, kept []int, _ *codecs.Shared) float64 {
	bits := 0.0
	for _, n := range kept {
		bits += float64(float64(n)*math.Log2(3)) + 32
	}
	return bits
}
