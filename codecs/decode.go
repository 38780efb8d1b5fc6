package codecs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"flsim/internal/wire"
)

// Decode implements Codec. It accepts exactly what Encode writes: nothing may be missing and nothing left over, and
// every value has to come out finite.
func (c *Chain) Decode(v []float32, msg []byte, s *Shared) error {
	if err := checkLength(v, s.Layout); err != nil {
		return err
	}
	a := scratches.Get().(*scratch)
	defer scratches.Put(a)
	a.plan.reset(c, s.Layout)
	d := decoder{c, a, &a.plan, s, 0}
	if err := d.run(v, msg); err != nil {
		return err
	}
	return checkVector(v, s.Layout)
}

// decoder is one call of Decode.
type decoder struct {
	*Chain
	*scratch
	p    *plan
	s    *Shared
	seed uint64
}

func (d *decoder) run(v []float32, msg []byte) error {
	if d.sendsSeed() {
		if len(msg) < 8 {
			return fmt.Errorf("%w inside the seed", wire.ErrTruncated)
		}
		d.seed, msg = binary.LittleEndian.Uint64(msg), msg[8:]
	}
	var err error
	for _, seg := range d.p.dense {
		if msg, err = cutFloats(seg.Of(v), msg); err != nil {
			return fmt.Errorf("tensor %q: %w", seg.Name, err)
		}
	}
	coded := v
	if !d.p.same {
		coded = sized(&d.coded, d.p.coded.Len())
	}
	if err := d.fill(coded, msg); err != nil {
		return err
	}
	if !d.p.same {
		d.inverse(v, coded)
	}
	return nil
}

// fill decodes the coded vector from positions and values.
func (d *decoder) fill(coded []float32, msg []byte) error {
	if d.sparsify == nil {
		d.p.divide(nil, true)
		return d.values(coded, msg)
	}
	at, msg, err := d.sparsify.Positions(msg, d.p.coded, d.s, d.stageSeed(true, d.seed, SlotSparsify, 0))
	if err != nil {
		return fmt.Errorf("sparsifier: %w", err)
	}
	d.p.divide(at, false)
	kept := sized(&d.kept, len(at))
	if err := d.values(kept, msg); err != nil {
		return err
	}
	clear(coded)
	gain := d.sparsify.Gain()
	for i, j := range at {
		coded[j] = kept[i] * gain
	}
	return nil
}

// values decodes the kept values from the rest of the message, all of it.
func (d *decoder) values(kept []float32, msg []byte) error {
	if d.quantize != nil {
		return d.quantized(kept, msg)
	}
	if d.entropy == nil {
		rest, err := cutFloats(kept, msg)
		if err == nil && len(rest) > 0 {
			return fmt.Errorf("there are %d bytes behind the last value", len(rest))
		}
		return err
	}
	symbols := sized(&d.symbols, 4*len(kept))
	if err := d.unpack(symbols, msg, bytesAlphabet); err != nil {
		return err
	}
	for i := range kept {
		q := symbols[4*i : 4*i+4]
		kept[i] = math.Float32frombits(q[0] | q[1]<<8 | q[2]<<16 | q[3]<<24)
	}
	return nil
}

func (d *decoder) quantized(kept []float32, msg []byte) error {
	alphabet, err := d.quantize.Alphabet(d.s)
	if err != nil {
		return fmt.Errorf("quantizer: %w", err)
	}
	n, msg, err := wire.Uvarint(msg, uint64(len(msg)))
	if err != nil {
		return fmt.Errorf("length of the side data: %w", err)
	}
	if n > uint64(len(msg)) {
		return fmt.Errorf("%w: %d bytes of side data are claimed, %d are there", wire.ErrTruncated, n, len(msg))
	}
	side := msg[:n:n]
	symbols := sized(&d.symbols, len(kept))
	if err := d.unpack(symbols, msg[n:], alphabet); err != nil {
		return err
	}
	err = d.eachUnit(d.p, d.s, func(seg Segment, index, lo, hi, from, _ int) error {
		t := d.p.tensor(seg, d.stageSeed(true, d.seed, SlotQuantize, index), d.s, lo, hi, from)
		side, err = d.quantize.Decode(kept[lo:hi], symbols[lo:hi], side, &t)
		return err
	})
	if err == nil && len(side) > 0 {
		err = errors.New("there is side data behind that of the last tensor")
	}
	if err != nil {
		return fmt.Errorf("quantizer: %w", err)
	}
	return nil
}

// unpack fills symbols from msg and makes sure that they are of the alphabet.
func (d *decoder) unpack(symbols []uint32, msg []byte, a Alphabet) error {
	var err error
	if d.entropy == nil {
		err = wire.Unpack(symbols, msg, uint(a.Bits()))
	} else {
		err = d.entropy.Decode(symbols, msg, a)
	}
	if err != nil {
		return fmt.Errorf("symbols: %w", err)
	}
	for _, x := range symbols {
		if x >= uint32(a.Size) {
			return fmt.Errorf("symbols: %d is not below %d", x, a.Size)
		}
	}
	return nil
}

// inverse takes the coded vector, which it may overwrite, back to the tensors.
func (d *decoder) inverse(v, coded []float32) {
	for i, seg := range d.p.coded {
		index := d.p.from[i]
		original := d.s.Layout[index]
		if d.transform == nil {
			copy(original.Of(v), seg.Of(coded))
		} else if original.Len > 0 {
			t := Tensor{Segment: original, Seed: d.stageSeed(true, d.seed, SlotTransform, index), Shared: d.s}
			d.transform.Inverse(original.Of(v), seg.Of(coded), &t)
		}
	}
}
