package quantize

import (
	"errors"
	"fmt"
	"math"

	"flsim/codecs"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "qsgd",
		Slot:  codecs.SlotQuantize,
		Doc:   "Unbiased stochastic rounding of magnitudes to uniform levels between 0 and a norm.",
		Paper: "Alistarh, Grubic, Li, Tomioka, Vojnovic 2017, arXiv 1610.02132",
		New:   func() codecs.Settings { return &QSGDSettings{NormSettings: DefaultNormSettings()} },
	})
}

// QSGDSettings are the parameters of qsgd.
type QSGDSettings struct {
	Bits   int `toml:"bits" in:"[2,16]" unit:"bit" doc:"Width of a symbol, sign included: 2^(bits-1) - 1 levels. 4 if neither bits nor levels is given."`
	Levels int `toml:"levels" in:"[1,32767]" doc:"Number of levels above zero; give this or bits."`
	NormSettings
}

// NormSettings say what the levels of qsgd, and of quantizers built on it, are fractions of.
type NormSettings struct {
	Norm   string `toml:"norm" one:"l2|max" doc:"What the levels are fractions of."`
	Scope  string `toml:"scope" one:"tensor|model|bucket" doc:"What has a norm of its own."`
	Bucket int    `toml:"bucket" in:"[1,1073741824]" doc:"Values per bucket, tensor by tensor; with scope bucket only. 512 if it is not given."`
}

// DefaultNormSettings gives every tensor its 2-norm.
func DefaultNormSettings() NormSettings { return NormSettings{Norm: "l2", Scope: "tensor"} }

// QSGD returns the quantizer of these norms with a number of levels.
func (s *NormSettings) QSGD(levels int) (QSGD, error) {
	q := QSGD{Levels: levels, Max: s.Norm == "max", Model: s.Scope == "model"}
	switch {
	case s.Scope == "bucket" && s.Bucket == 0:
		q.Bucket = 512
	case s.Scope == "bucket":
		q.Bucket = s.Bucket
	case s.Bucket != 0:
		return QSGD{}, fmt.Errorf("bucket = %d needs scope = %q, which is %q", s.Bucket, "bucket", s.Scope)
	}
	return q, nil
}

// Stage builds the quantizer.
func (s *QSGDSettings) Stage() (any, error) {
	levels := s.Levels
	switch {
	case s.Bits != 0 && s.Levels != 0:
		return nil, errors.New("bits and levels both say how fine qsgd is: give one of them")
	case s.Bits != 0:
		levels = 1<<(s.Bits-1) - 1
	case s.Levels == 0:
		levels = 7
	}
	q, err := s.QSGD(levels)
	if err != nil {
		return nil, err
	}
	return q, nil
}

// QSGD is the stochastic quantizer of Alistarh et al., "QSGD: Communication-Efficient SGD via Gradient Quantization
// and Encoding", NIPS 2017, arXiv 1610.02132, section 3.1: with norm N and s levels, |v|/N s is rounded down or, with
// the probability of its fraction, up. Every bucket, tensor or the model has a norm, a float32, as side data.
//
// Symbols are 0 for zero, 2l-1 for level +l and 2l for level -l. Levels are fractions of the norm as float32, so that
// decoded values are unbiased however it was rounded.
type QSGD struct {
	Levels int  // s, from 1
	Max    bool // the norm is the largest magnitude instead of the 2-norm
	Model  bool // one norm for the model
	Bucket int  // values per norm; 0 for the whole tensor
}

// ModelScope implements codecs.WholeModel.
func (q QSGD) ModelScope() bool { return q.Model }

// Alphabet implements codecs.Quantizer.
func (q QSGD) Alphabet(*codecs.Shared) (codecs.Alphabet, error) {
	return codecs.Alphabet{Size: 2*q.Levels + 1, Zero: 0}, nil
}

// Encode implements codecs.Quantizer. Norms are those of the kept values.
func (q QSGD) Encode(symbols []uint32, side []byte, _, kept []float32, t *codecs.Tensor) ([]byte, error) {
	for lo, hi := range q.buckets(len(kept)) {
		norm := q.norm(kept[lo:hi])
		side = wire.AppendFloat32(side, norm)
		if norm == 0 {
			clear(symbols[lo:hi])
			continue
		}
		scale := float64(q.Levels) / float64(norm)
		for i := lo; i < hi; i++ {
			symbols[i] = q.symbol(float64(kept[i])*scale, unit(rng.At(t.Seed, uint64(i))))
		}
	}
	return side, nil
}

// symbol rounds r, in levels, up in magnitude if u, in [0, 1), is below its fraction.
func (q QSGD) symbol(r, u float64) uint32 {
	level := min(up(math.Abs(r), u), uint32(q.Levels))
	switch {
	case level == 0:
		return 0
	case r < 0:
		return 2 * level
	}
	return 2*level - 1
}

// Decode implements codecs.Quantizer.
func (q QSGD) Decode(kept []float32, symbols []uint32, side []byte, _ *codecs.Tensor) ([]byte, error) {
	for lo, hi := range q.buckets(len(kept)) {
		var norm float32
		var err error
		if norm, side, err = readScale(side, "norm"); err != nil {
			return nil, err
		}
		if norm < 0 {
			return nil, fmt.Errorf("the norm %v is negative", norm)
		}
		step := float64(norm) / float64(q.Levels)
		for i := lo; i < hi; i++ {
			x := symbols[i]
			level := float64((x + 1) / 2)
			if x&1 == 0 {
				level = -level
			}
			kept[i] = float32(level*step) + 0 // no negative zero
		}
	}
	return side, nil
}

// buckets yields the bounds of the stretches of n values that have a norm each.
func (q QSGD) buckets(n int) func(yield func(lo, hi int) bool) {
	size := q.Bucket
	if size == 0 {
		size = max(n, 1)
	}
	return func(yield func(lo, hi int) bool) {
		for lo := 0; lo < n; lo += size {
			if !yield(lo, min(lo+size, n)) {
				return
			}
		}
	}
}

// norm returns a norm that no magnitude in v exceeds: where the 2-norm is beyond float32, the largest float32.
func (q QSGD) norm(v []float32) float32 {
	sum, largest := 0.0, float32(0)
	if q.Max {
		for _, x := range v {
			largest = max(largest, x, -x)
		}
		return largest
	}
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return float32(min(math.Sqrt(sum), math.MaxFloat32))
}

// PaperBits implements codecs.PaperBits with the fixed-length code ceil(log2(s+1)) + 1 bits per value and 32 per norm,
// which the literature compares with; QSGD's own Elias code is shorter for small s.
func (q QSGD) PaperBits(_ []codecs.Segment, kept []int, _ *codecs.Shared) float64 {
	width := codecs.Alphabet{Size: q.Levels + 1}.Bits() + 1
	bits := 0
	for _, n := range kept {
		bits += width * n
		for range q.buckets(n) {
			bits += 32
		}
	}
	return float64(bits)
}
