// Package cossgd quantises the angles between a tensor and the coordinate axes.
//
// It is CosSGD: He, Wang and Fritz, "CosSGD: Communication-Efficient Federated Learning with a Simple Cosine-Based
// Quantization", arXiv 2012.08241. The random mask and the Deflate stage of the paper are stages of their own,
// randommask and deflate.
package cossgd

import (
	"fmt"
	"math"

	"flsim/codecs"
	"flsim/codecs/internal/magnitude"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "cossgd",
		Slot:  codecs.SlotQuantize,
		Doc:   "Linear quantisation of the angle arccos(v/||v||) between clipped bounds, tensor by tensor.",
		Paper: "He, Wang, Fritz 2020, arXiv 2012.08241",
		New:   func() codecs.Settings { return &Settings{Bits: 2, Clip: 0.01, Rounding: "nearest"} },
	})
}

// Settings are the parameters of cossgd.
type Settings struct {
	Bits     int     `toml:"bits" in:"[1,16]" unit:"bit" doc:"Width of a code."`
	Clip     float64 `toml:"clip" in:"[0,1)" doc:"Share of the largest magnitudes that are clipped."`
	Rounding string  `toml:"rounding" one:"nearest|stochastic" doc:"Nearest takes ties to even; stochastic is unbiased in the angle, not in the value."`
}

// Stage builds the quantizer.
func (s *Settings) Stage() (any, error) {
	return Quantizer{Bits: s.Bits, Clip: s.Clip, Stochastic: s.Rounding == "stochastic"}, nil
}

// Quantizer is the codec's only stage. Code 0 stands for the largest positive value and code 2^Bits-1 for the most
// negative one; there is no code for zero. A tensor's side data are its norm and its bound, float32 each.
//
// Differences from the authors' code: codes are rounded on the grid that the float32 side data span, so that encoder
// and decoder agree on it; a tensor that is zero has norm 0, codes 0 and decodes to zeros; and where the clipped bound
// leaves no range, because nearly all elements are zero, the bound is that without clipping.
type Quantizer struct {
	Bits       int     // 1 to 16
	Clip       float64 // share of the largest magnitudes that are clipped, below 1
	Stochastic bool
}

// Alphabet implements codecs.Quantizer.
func (q Quantizer) Alphabet(*codecs.Shared) (codecs.Alphabet, error) {
	return codecs.Alphabet{Size: 1 << q.Bits, Zero: -1}, nil
}

// Encode implements codecs.Quantizer. Norm and bound are those of the full tensor.
func (q Quantizer) Encode(symbols []uint32, side []byte, full, kept []float32, t *codecs.Tensor) ([]byte, error) {
	g := q.fit(full)
	side = wire.AppendFloat32(side, g.norm)
	side = wire.AppendFloat32(side, g.bound)
	switch {
	case g.norm == 0:
		clear(symbols)
	case q.Stochastic:
		g.stochastic(symbols, kept, t.Seed)
	default:
		g.nearest(symbols, kept)
	}
	return side, nil
}

// Decode implements codecs.Quantizer.
func (q Quantizer) Decode(kept []float32, symbols []uint32, side []byte, _ *codecs.Tensor) ([]byte, error) {
	norm, side, err := wire.Float32(side)
	if err != nil {
		return nil, fmt.Errorf("norm: %w", err)
	}
	bound, side, err := wire.Float32(side)
	if err != nil {
		return nil, fmt.Errorf("bound: %w", err)
	}
	if !(norm >= 0 && norm <= math.MaxFloat32) {
		return nil, fmt.Errorf("the norm %v is not a finite number from 0", norm)
	}
	if !(bound >= 0 && float64(bound) < math.Pi/2) {
		return nil, fmt.Errorf("the bound %v is not an angle from 0 to below pi/2", bound)
	}
	g := q.grid(norm, bound)
	g.decode(kept, symbols)
	return side, nil
}

// PaperBits implements codecs.PaperBits: s bits per code and two floats per tensor.
func (q Quantizer) PaperBits(_ []codecs.Segment, kept []int, _ *codecs.Shared) float64 {
	bits := 0
	for _, n := range kept {
		bits += q.Bits*n + 64
	}
	return float64(bits)
}

// fit chooses norm and bound of a tensor.
func (q Quantizer) fit(full []float32) grid {
	sum := 0.0
	for _, x := range full {
		sum += float64(x) * float64(x)
	}
	norm := float32(min(math.Sqrt(sum), math.MaxFloat32)) // any norm will do that no element exceeds
	if norm == 0 {
		return q.grid(0, 0)
	}
	dropped := min(int(float64(len(full))*q.Clip), len(full)-1)
	g := q.grid(norm, boundOf(full, dropped+1, norm))
	if !(g.span > 0) {
		g = q.grid(norm, boundOf(full, 1, norm))
	}
	return g
}

// boundOf returns the angle of the k-th largest magnitude.
func boundOf(full []float32, k int, norm float32) float32 {
	key, _ := magnitude.Largest(full, k)
	return float32(angle(float64(math.Float32frombits(key)) / float64(norm)))
}

// angle is arccos with its argument clamped to [-1, 1].
func angle(cosine float64) float64 { return math.Acos(max(-1, min(1, cosine))) }

// grid is the quantiser of one tensor: 2^Bits angles from bound to pi - bound.
type grid struct {
	norm, bound  float32
	lowest, span float64 // bound, and pi - 2 bound
	levels       float64 // 2^Bits - 1
}

func (q Quantizer) grid(norm, bound float32) grid {
	b := float64(bound)
	return grid{norm: norm, bound: bound, lowest: b, span: math.Pi - 2*b, levels: float64(uint(1)<<q.Bits - 1)}
}

// real returns the code of x before rounding, in [0, levels]. The order of its operations keeps an exact zero exactly
// between the two middle codes.
func (g *grid) real(x float32) float64 {
	theta := angle(float64(x) / float64(g.norm))
	r := (theta - g.lowest) / g.span * g.levels
	return max(0, min(g.levels, r))
}

// value returns what a code decodes to: norm cos(bound + code span/levels).
func (g *grid) value(code uint32) float32 {
	return float32(float64(g.norm) * math.Cos(g.lowest+float64(code)*g.span/g.levels))
}

func (g *grid) decode(kept []float32, symbols []uint32) {
	if int(g.levels) >= len(symbols) {
		for i, code := range symbols {
			kept[i] = g.value(code)
		}
		return
	}
	table := make([]float32, int(g.levels)+1)
	for code := range table {
		table[code] = g.value(uint32(code))
	}
	for i, code := range symbols {
		kept[i] = table[code]
	}
}
