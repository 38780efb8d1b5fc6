package codecs

import (
	"encoding/binary"
	"fmt"
	"math"

	"flsim/internal/wire"
)

// Encode implements Codec. Its error wraps ErrNotFinite if v holds NaN or an infinity.
func (c *Chain) Encode(dst []byte, v []float32, s *Shared, seed uint64) ([]byte, Account, error) {
	if err := checkVector(v, s.Layout); err != nil {
		return nil, Account{}, err
	}
	a := scratches.Get().(*scratch)
	defer scratches.Put(a)
	a.plan.reset(c, s.Layout)
	e := encoder{c, a, &a.plan, s, seed, Account{}}
	out, err := e.run(dst, v)
	return out, e.account, err
}

// encoder is one call of Encode.
type encoder struct {
	*Chain
	*scratch
	p       *plan
	s       *Shared
	seed    uint64
	account Account
}

func (e *encoder) run(dst []byte, v []float32) ([]byte, error) {
	start := len(dst)
	if e.sendsSeed() {
		dst = binary.LittleEndian.AppendUint64(dst, e.seed)
	}
	for _, seg := range e.p.dense {
		dst = wire.AppendFloat32s(dst, seg.Of(v))
	}
	coded := e.forward(v)
	dst, kept, err := e.choose(dst, coded)
	if err != nil {
		return nil, fmt.Errorf("sparsifier: %w", err)
	}
	e.account.Side = len(dst) - start - 4*e.p.values
	if dst, err = e.values(dst, coded, kept); err != nil {
		return nil, err
	}
	e.account.Entropy += 8*float64(e.account.Side) + 32*float64(e.p.values)
	e.account.Paper = e.paper()
	return dst, nil
}

// forward returns the coded vector: v without what travels dense, transformed.
func (e *encoder) forward(v []float32) []float32 {
	if e.p.same {
		return v
	}
	coded := sized(&e.coded, e.p.coded.Len())
	for i, seg := range e.p.coded {
		index := e.p.from[i]
		original := e.s.Layout[index]
		if e.transform == nil {
			copy(seg.Of(coded), original.Of(v))
		} else if original.Len > 0 {
			t := Tensor{Segment: original, Seed: e.stageSeed(false, e.seed, SlotTransform, index), Shared: e.s}
			e.transform.Forward(seg.Of(coded), original.Of(v), &t)
		}
	}
	return coded
}

// choose appends the positions and returns the values at them.
func (e *encoder) choose(dst []byte, coded []float32) ([]byte, []float32, error) {
	if e.sparsify == nil {
		e.p.divide(nil, true)
		return dst, coded, nil
	}
	dst, at, err := e.sparsify.Select(dst, coded, e.p.coded, e.s, e.stageSeed(false, e.seed, SlotSparsify, 0))
	if err != nil {
		return nil, nil, err
	}
	e.p.divide(at, false)
	kept := sized(&e.kept, len(at))
	for i, j := range at {
		kept[i] = coded[j]
	}
	return dst, kept, nil
}

// values appends the kept values in their final form.
func (e *encoder) values(dst []byte, coded, kept []float32) ([]byte, error) {
	if e.quantize != nil {
		return e.quantized(dst, coded, kept)
	}
	if e.entropy == nil {
		e.account.Entropy += 32 * float64(len(kept))
		return wire.AppendFloat32s(dst, kept), nil
	}
	symbols := sized(&e.symbols, 4*len(kept))
	for i, x := range kept {
		b := math.Float32bits(x)
		symbols[4*i], symbols[4*i+1], symbols[4*i+2], symbols[4*i+3] = b&255, b>>8&255, b>>16&255, b>>24
	}
	return e.pack(dst, symbols, 4, bytesAlphabet)
}

// bytesAlphabet is that of chains without a quantizer: the bytes of the float32 values.
var bytesAlphabet = Alphabet{Size: 256, Zero: 0}

func (e *encoder) quantized(dst []byte, coded, kept []float32) ([]byte, error) {
	alphabet, err := e.quantize.Alphabet(e.s)
	if err != nil {
		return nil, fmt.Errorf("quantizer: %w", err)
	}
	symbols := sized(&e.symbols, len(kept))
	side := e.side[:0]
	err = e.eachUnit(e.p, e.s, func(seg Segment, index, lo, hi, from, to int) error {
		t := e.p.tensor(seg, e.stageSeed(false, e.seed, SlotQuantize, index), e.s, lo, hi, from)
		side, err = e.quantize.Encode(symbols[lo:hi], side, coded[from:to], kept[lo:hi], &t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("quantizer: %w", err)
	}
	e.side = side
	before := len(dst)
	dst = binary.AppendUvarint(dst, uint64(len(side)))
	dst = append(dst, side...)
	e.account.Side += len(dst) - before
	return e.pack(dst, symbols, 1, alphabet)
}

// pack appends the symbols, of which every value has per.
func (e *encoder) pack(dst []byte, symbols []uint32, per int, a Alphabet) ([]byte, error) {
	counts := sized(&e.counts, max(a.Size, len(e.counts)))[:a.Size]
	for i := range e.p.coded {
		e.account.Entropy += zeroOrder(symbols[per*e.p.bounds[i]:per*e.p.bounds[i+1]], counts)
	}
	if e.entropy == nil {
		return wire.AppendPacked(dst, symbols, uint(a.Bits())), nil
	}
	dst, err := e.entropy.Encode(dst, symbols, a)
	if err != nil {
		return nil, fmt.Errorf("entropy coder: %w", err)
	}
	return dst, nil
}

// zeroOrder returns the zero-order entropy of symbols in bits: n log2 n - sum of c log2 c over their counts c. counts
// is all zero before and after.
func zeroOrder(symbols []uint32, counts []uint32) float64 {
	if len(symbols) == 0 {
		return 0
	}
	for _, x := range symbols {
		counts[x]++
	}
	n := float64(len(symbols))
	bits := float64(n * math.Log2(n)) // the conversion keeps products from being fused with sums
	if len(counts) <= len(symbols) {
		for i, k := range counts {
			bits -= xlog2(k)
			counts[i] = 0
		}
	} else {
		for _, x := range symbols {
			bits -= xlog2(counts[x])
			counts[x] = 0
		}
	}
	return max(bits, 0)
}

func xlog2(k uint32) float64 {
	if k < 2 {
		return 0
	}
	return float64(float64(k) * math.Log2(float64(k)))
}

// paper returns the message's cost by its authors' formulas: those of the positions, of the quantizer and of the entropy
// coder, 32 bits for every value without them, and nothing for seeds and lengths. An entropy coder without a formula
// gains nothing. It is 0 where a stage has no formula.
func (e *encoder) paper() float64 {
	positions := 0.0
	if e.sparsify != nil {
		formula, ok := e.sparsify.(PaperPositions)
		if !ok {
			return 0
		}
		positions = formula.PaperPositions(e.p.coded.Len(), e.p.kept())
	}
	values, ok := e.paperValues()
	if !ok {
		return 0
	}
	return 32*float64(e.p.values) + positions + values
}

// paperValues is paper's part for the kept values; false where there is no formula.
func (e *encoder) paperValues() (float64, bool) {
	if e.quantize == nil {
		return 32 * float64(e.p.kept()), true
	}
	if bits, known := e.paperSymbols(); known {
		return bits, true
	}
	formula, ok := e.quantize.(PaperBits)
	if !ok {
		return 0, false
	}
	e.p.units, e.p.counts = e.p.units[:0], e.p.counts[:0]
	err := e.eachUnit(e.p, e.s, func(seg Segment, _, lo, hi, _, _ int) error {
		e.p.units, e.p.counts = append(e.p.units, seg), append(e.p.counts, hi-lo)
		return nil
	})
	if err != nil {
		panic(err) // the function above has none
	}
	return formula.PaperBits(e.p.units, e.p.counts, e.s), true
}

// paperSymbols sums the entropy coder's formula over the tensors of which something was kept; false where there is no
// formula.
func (e *encoder) paperSymbols() (float64, bool) {
	formula, ok := e.entropy.(PaperSymbols)
	alphabet, err := e.quantize.Alphabet(e.s)
	if !ok || err != nil {
		return 0, false
	}
	sum := 0.0
	for i := range e.p.coded {
		symbols := e.symbols[e.p.bounds[i]:e.p.bounds[i+1]]
		if len(symbols) == 0 {
			continue
		}
		bits, known := formula.PaperSymbols(symbols, alphabet)
		if !known {
			return 0, false
		}
		sum += bits
	}
	return sum, true
}
