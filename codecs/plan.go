package codecs

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"flsim/internal/wire"
)

// plan divides a layout for one message: what travels as float32 and what passes the stages.
type plan struct {
	dense  []Segment
	values int     // number of values in dense
	coded  Layout  // the tensors that pass the stages, as the sparsifier sees them: transformed and without gaps
	from   []int   // their indices in the message's layout
	same   bool    // the coded vector is the vector itself
	bounds []int   // tensor i of coded owns the kept values bounds[i] to bounds[i+1]
	at     []int32 // positions of the kept values in the coded vector, nil for all
	counts []int   // kept values of each unit, for PaperBits
	units  []Segment
}

func (p *plan) reset(c *Chain, layout Layout) {
	p.dense, p.coded, p.from, p.values = p.dense[:0], p.coded[:0], p.from[:0], 0
	for i, seg := range layout {
		if c.skips(seg) {
			p.dense = append(p.dense, seg)
			p.values += seg.Len
			continue
		}
		seg.Off = p.coded.Len()
		if c.transform != nil {
			seg.Len = c.transform.Size(seg.Len)
		}
		p.coded = append(p.coded, seg)
		p.from = append(p.from, i)
	}
	p.same = c.transform == nil && len(p.dense) == 0
}

// skips reports whether a tensor passes the stages by. A chain without stages treats all alike.
func (c *Chain) skips(seg Segment) bool { return len(c.stages) > 0 && c.skip[seg.Kind] }

// divide assigns the kept positions to the tensors.
func (p *plan) divide(kept []int32, all bool) {
	if p.at = kept; all {
		p.at = nil
	}
	p.bounds = append(p.bounds[:0], 0)
	next := 0
	for _, seg := range p.coded {
		end := seg.Off + seg.Len
		if all {
			next = end
		} else {
			for next < len(kept) && int(kept[next]) < end {
				next++
			}
		}
		p.bounds = append(p.bounds, next)
	}
}

// tensor returns what the quantizer is told about the unit seg, which owns the kept values lo to hi.
func (p *plan) tensor(seg Segment, seed uint64, s *Shared, lo, hi, from int) Tensor {
	t := Tensor{Segment: seg, Seed: seed, Shared: s, from: from}
	if p.at != nil {
		t.at = p.at[lo:hi]
	}
	return t
}

// kept returns how many values are sent through the stages.
func (p *plan) kept() int { return p.bounds[len(p.bounds)-1] }

// eachUnit calls visit for every stretch of values that the quantizer takes at once, the model or a tensor, if any
// value of it was kept. lo and hi bound the kept values, from and to the coded ones.
func (c *Chain) eachUnit(p *plan, s *Shared, visit func(t Segment, index, lo, hi, from, to int) error) error {
	if w, ok := c.quantize.(WholeModel); ok && w.ModelScope() {
		if p.kept() == 0 {
			return nil
		}
		return visit(modelSegment(p.coded.Len()), 0, 0, p.kept(), 0, p.coded.Len())
	}
	for i, seg := range p.coded {
		lo, hi := p.bounds[i], p.bounds[i+1]
		if lo == hi {
			continue
		}
		if err := visit(s.Layout[p.from[i]], p.from[i], lo, hi, seg.Off, seg.Off+seg.Len); err != nil {
			return fmt.Errorf("tensor %q: %w", seg.Name, err)
		}
	}
	return nil
}

func modelSegment(n int) Segment {
	return Segment{Name: "model", Kind: Weight, Shape: []int{n}, Len: n}
}

// scratch is the memory that one call needs and the next may have.
type scratch struct {
	plan    plan
	coded   []float32 // the vector as the sparsifier sees it
	kept    []float32
	symbols []uint32
	side    []byte
	counts  []uint32 // all zero between uses
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// sized returns s with length n, its contents unspecified.
func sized[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	*s = (*s)[:n]
	return *s
}

// ErrNotFinite is wrapped by errors about values that are NaN or infinite, which no message carries.
var ErrNotFinite = errors.New("the values are not all finite")

// checkVector refuses vectors that do not fit the layout or hold what is no number.
func checkVector(v []float32, layout Layout) error {
	if err := checkLength(v, layout); err != nil {
		return err
	}
	for _, seg := range layout {
		for i, x := range seg.Of(v) {
			if math.Float32bits(x)&0x7f800000 == 0x7f800000 {
				return fmt.Errorf("%w: tensor %q has %v at element %d of %d", ErrNotFinite, seg.Name, x, i, seg.Len)
			}
		}
	}
	return nil
}

func checkLength(v []float32, layout Layout) error {
	if len(v) != layout.Len() {
		return fmt.Errorf("the vector has %d values and its layout %d", len(v), layout.Len())
	}
	return nil
}

// cutFloats fills v from the front of msg and returns what lies behind.
func cutFloats(v []float32, msg []byte) ([]byte, error) {
	if len(msg)/4 < len(v) {
		return nil, fmt.Errorf("%w: %d float32 values take %d, there are %d", wire.ErrTruncated, len(v), 4*len(v), len(msg))
	}
	return wire.ReadFloat32s(v, msg), nil
}
