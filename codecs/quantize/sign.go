package quantize

import (
	"fmt"
	"math"

	"flsim/codecs"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "sign",
		Slot:  codecs.SlotQuantize,
		Doc:   "One bit per value: its sign, times the tensor's mean magnitude.",
		Paper: "Karimireddy, Rebjock, Stich, Jaggi 2019, arXiv 1901.09847",
		New:   func() codecs.Settings { return &SignSettings{} },
	})
}

// SignSettings are the parameters of sign, which has none.
type SignSettings struct{}

// Stage builds the quantizer.
func (*SignSettings) Stage() (any, error) { return Sign{}, nil }

// Sign is signSGD (Bernstein et al., ICML 2018) with the scale of Karimireddy et al., "Error Feedback Fixes SignSGD and
// other Gradient Compression Schemes", ICML 2019, arXiv 1901.09847: sign(v) ||v||_1 / n for the n kept values of a
// tensor. Symbol 1 is negative; zero counts as positive. The scale is a tensor's side data, a float32.
type Sign struct{}

// Alphabet implements codecs.Quantizer.
func (Sign) Alphabet(*codecs.Shared) (codecs.Alphabet, error) {
	return codecs.Alphabet{Size: 2, Zero: -1}, nil
}

// Encode implements codecs.Quantizer.
func (Sign) Encode(symbols []uint32, side []byte, _, kept []float32, _ *codecs.Tensor) ([]byte, error) {
	sum := 0.0
	for i, x := range kept {
		symbols[i] = 0
		if x < 0 {
			symbols[i] = 1
		}
		sum += math.Abs(float64(x))
	}
	return wire.AppendFloat32(side, float32(sum/float64(len(kept)))), nil
}

// Decode implements codecs.Quantizer.
func (Sign) Decode(kept []float32, symbols []uint32, side []byte, _ *codecs.Tensor) ([]byte, error) {
	mean, side, err := readScale(side, "mean magnitude")
	if err != nil {
		return nil, err
	}
	if mean < 0 {
		return nil, fmt.Errorf("the mean magnitude %v is negative", mean)
	}
	for i, negative := range symbols {
		kept[i] = mean * (1 - 2*float32(negative))
	}
	return side, nil
}

// PaperBits implements codecs.PaperBits: a bit per value and 32 per tensor.
func (Sign) PaperBits(_ []codecs.Segment, kept []int, _ *codecs.Shared) float64 {
	bits := 0
	for _, n := range kept {
		bits += n + 32
	}
	return float64(bits)
}
