package quantize

import (
	"fmt"
	"math"
	"slices"

	"flsim/codecs"
	"flsim/codecs/internal/magnitude"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type: "uniform",
		Slot: codecs.SlotQuantize,
		Doc:  "Linear quantisation of values between a tensor's extremes or clipped symmetric bounds; a control for other quantizers.",
		New:  func() codecs.Settings { return &UniformSettings{Bits: 8, Range: "minmax", Rounding: "stochastic"} },
	})
}

// UniformSettings are the parameters of uniform.
type UniformSettings struct {
	Bits     int     `toml:"bits" in:"[1,16]" unit:"bit" doc:"Width of a code."`
	Range    string  `toml:"range" one:"minmax|symmetric" doc:"From the smallest to the largest value, or as far below zero as above."`
	Clip     float64 `toml:"clip" in:"[0,1)" doc:"Share of the largest magnitudes that are clipped; with range symmetric only."`
	Rounding string  `toml:"rounding" one:"nearest|stochastic" doc:"Nearest takes ties to even; stochastic is unbiased."`
}

// Stage builds the quantizer.
func (s *UniformSettings) Stage() (any, error) {
	if s.Clip != 0 && s.Range != "symmetric" {
		return nil, fmt.Errorf("clip = %v needs range = %q, which is %q", s.Clip, "symmetric", s.Range)
	}
	return Uniform{Bits: s.Bits, Symmetric: s.Range == "symmetric", Clip: s.Clip, Nearest: s.Rounding == "nearest"}, nil
}

// Uniform divides the range of a tensor into 2^Bits - 1 equal steps. Its side data are the range's ends, float32 each,
// of which a symmetric range sends one. The range is that of the whole tensor, before sparsification.
type Uniform struct {
	Bits      int     // 1 to 16
	Symmetric bool    // the range is from -m to m
	Clip      float64 // m is the largest magnitude but for this share of all
	Nearest   bool    // round to nearest, ties to even, instead of at random
}

// Alphabet implements codecs.Quantizer.
func (q Uniform) Alphabet(*codecs.Shared) (codecs.Alphabet, error) {
	return codecs.Alphabet{Size: 1 << q.Bits, Zero: -1}, nil
}

// Encode implements codecs.Quantizer.
func (q Uniform) Encode(symbols []uint32, side []byte, full, kept []float32, t *codecs.Tensor) ([]byte, error) {
	low, high := q.ends(full)
	side = wire.AppendFloat32(side, high)
	if !q.Symmetric {
		side = wire.AppendFloat32(side, low)
	}
	if low == high {
		clear(symbols)
		return side, nil
	}
	levels := q.levels()
	scale := levels / (float64(high) - float64(low))
	for i, x := range kept {
		r := max(0, min(levels, (float64(x)-float64(low))*scale))
		if q.Nearest {
			symbols[i] = uint32(math.RoundToEven(r))
		} else {
			symbols[i] = up(r, unit(rng.At(t.Seed, uint64(i))))
		}
	}
	return side, nil
}

func (q Uniform) levels() float64 { return float64(uint(1)<<q.Bits - 1) }

// ends returns the range of a tensor.
func (q Uniform) ends(full []float32) (low, high float32) {
	if !q.Symmetric {
		return slices.Min(full), slices.Max(full)
	}
	dropped := min(int(float64(len(full))*q.Clip), len(full)-1)
	key, _ := magnitude.Largest(full, dropped+1)
	if key == 0 {
		key, _ = magnitude.Largest(full, 1)
	}
	m := math.Float32frombits(key)
	return -m, m
}

// Decode implements codecs.Quantizer.
func (q Uniform) Decode(kept []float32, symbols []uint32, side []byte, _ *codecs.Tensor) ([]byte, error) {
	high, side, err := readScale(side, "upper end")
	if err != nil {
		return nil, err
	}
	low := -high
	if !q.Symmetric {
		if low, side, err = readScale(side, "lower end"); err != nil {
			return nil, err
		}
	}
	if low > high {
		return nil, fmt.Errorf("the lower end %v is above the upper end %v", low, high)
	}
	step := (float64(high) - float64(low)) / q.levels()
	for i, code := range symbols {
		kept[i] = float32(float64(low) + float64(float64(code)*step))
	}
	return side, nil
}

// PaperBits implements codecs.PaperBits: the codes and 32 bits for every number of the side data.
func (q Uniform) PaperBits(_ []codecs.Segment, kept []int, _ *codecs.Shared) float64 {
	side := 64
	if q.Symmetric {
		side = 32
	}
	bits := 0
	for _, n := range kept {
		bits += q.Bits*n + side
	}
	return float64(bits)
}
