package quantize

import (
	"math"

	"flsim/codecs"
)

func init() {
	codecs.Register(codecs.Entry{
		Type: "float16",
		Slot: codecs.SlotQuantize,
		Doc:  "IEEE 754 half precision, rounded to nearest, ties to even; what is beyond ±65504 becomes ±65504.",
		New:  func() codecs.Settings { return &Float16Settings{} },
	})
}

// Float16Settings has no parameters.
type Float16Settings struct{}

// Stage builds the quantizer.
func (*Float16Settings) Stage() (any, error) { return Float16{}, nil }

// Float16 sends values as IEEE 754 binary16, whose bits are the symbols: 1 sign, 5 exponent and 10 fraction bits. It
// rounds to nearest, ties to even. Magnitudes above 65504, the largest finite one, are sent as 65504 instead of
// infinity, so that one outlier does not spoil a model.
type Float16 struct{}

// Alphabet implements codecs.Quantizer.
func (Float16) Alphabet(*codecs.Shared) (codecs.Alphabet, error) {
	return codecs.Alphabet{Size: 1 << 16, Zero: 0}, nil
}

// Encode implements codecs.Quantizer. There are no side data.
func (Float16) Encode(symbols []uint32, side []byte, _, kept []float32, _ *codecs.Tensor) ([]byte, error) {
	for i, x := range kept {
		symbols[i] = toHalf(x)
	}
	return side, nil
}

// Decode implements codecs.Quantizer.
func (Float16) Decode(kept []float32, symbols []uint32, side []byte, _ *codecs.Tensor) ([]byte, error) {
	for i, h := range symbols {
		kept[i] = fromHalf(h)
	}
	return side, nil
}

// PaperBits implements codecs.PaperBits: 16 bits per value.
func (Float16) PaperBits(_ []codecs.Segment, kept []int, _ *codecs.Shared) float64 {
	n := 0
	for _, k := range kept {
		n += k
	}
	return 16 * float64(n)
}

const (
	maxHalf    = 0x477fe000 // 65504, as a float32's bits
	normalHalf = 0x38800000 // 2^-14, the smallest normal number
	rebias     = 0x38000000 // the difference of the exponents' biases, 112, in a float32's exponent
)

// toHalf returns the half-precision bits nearest to the finite x.
func toHalf(x float32) uint32 {
	b := math.Float32bits(x)
	sign, m := b>>16&0x8000, b&0x7fffffff
	switch {
	case m > maxHalf:
		return sign | 0x7bff
	case m < normalHalf:
		// The unit in the last place of 0.5 is 2^-24, that of a subnormal half: the addition rounds, ties to even.
		return sign | (math.Float32bits(math.Float32frombits(m)+0.5) - math.Float32bits(0.5))
	}
	m += 0xfff + m>>13&1
	return sign | (m-rebias)>>13
}

// fromHalf returns the value of half-precision bits.
func fromHalf(h uint32) float32 {
	sign, m := h&0x8000<<16, h&0x7fff
	switch {
	case m < 0x400: // subnormal
		return math.Float32frombits(sign | math.Float32bits(float32(m)/(1<<24)))
	case m >= 0x7c00: // infinity or NaN
		return math.Float32frombits(sign | 0x7f800000 | m<<13)
	}
	return math.Float32frombits(sign | (m<<13 + rebias))
}
