package pruning

import (
	"fmt"

	"flsim/codecs"
	"flsim/internal/wire"
)

// How the positions of a message are known, its first byte.
const (
	knownMask = 0 // from the task's settings
	knownAll  = 1 // all are sent
	knownHere = 2 // they follow
)

// Sparsifier sends what is not zero and is lossless for any vector. Weights that the task's mask keeps need no
// positions; where others are not zero either, as in a dense upload or in an upload after regrowth, either all
// weights are sent or those that are not zero with their positions, whichever takes fewer bytes. What is not prunable
// is always sent.
type Sparsifier struct{ Signal }

// Lossless implements codecs.Lossless.
func (Sparsifier) Lossless() bool { return true }

// Gain implements codecs.Sparsifier.
func (Sparsifier) Gain() float32 { return 1 }

// PaperPositions implements codecs.PaperPositions: the literature of pruning counts 32 bits for each value that is not
// zero and nothing for masks.
func (Sparsifier) PaperPositions(_, _ int) float64 { return 0 }

// Select implements codecs.Sparsifier.
func (p Sparsifier) Select(msg []byte, v []float32, layout codecs.Layout, s *codecs.Shared, _ uint64) ([]byte, []int32, error) {
	n := Prunable(layout)
	if len(s.Control) > 0 {
		mask, err := p.Mask(s)
		if err != nil {
			return nil, nil, err
		}
		if len(mask) == n && mask.zeroOutside(v, layout) {
			return append(msg, knownMask), mask.positions(layout), nil
		}
	}
	mask := NonZero(v, layout)
	start := len(msg)
	msg = mask.append(append(msg, knownHere))
	if len(msg)-start-1 >= 4*(n-mask.Kept()) {
		return append(msg[:start], knownAll), full(n).positions(layout), nil
	}
	return msg, mask.positions(layout), nil
}

// Positions implements codecs.Sparsifier.
func (p Sparsifier) Positions(msg []byte, layout codecs.Layout, s *codecs.Shared, _ uint64) ([]int32, []byte, error) {
	if len(msg) == 0 {
		return nil, nil, fmt.Errorf("%w before the positions", wire.ErrTruncated)
	}
	how, msg, n := msg[0], msg[1:], Prunable(layout)
	var mask Mask
	var err error
	switch how {
	case knownMask:
		if mask, err = p.Mask(s); err == nil && len(mask) != n {
			err = fmt.Errorf("the mask is one of %d weights and the message holds %d", len(mask), n)
		}
	case knownAll:
		mask = full(n)
	case knownHere:
		mask, msg, err = readMask(msg, n)
	default:
		err = fmt.Errorf("positions: form %d is unknown", how)
	}
	if err != nil {
		return nil, nil, err
	}
	return mask.positions(layout), msg, nil
}

// full returns the mask that keeps n weights.
func full(n int) Mask {
	m := make(Mask, n)
	for i := range m {
		m[i] = true
	}
	return m
}

// positions returns the positions in the layout's vector of what is kept and of what is not prunable.
func (m Mask) positions(layout codecs.Layout) []int32 {
	at := make([]int32, 0, layout.Len()-len(m)+m.Kept())
	next := 0
	for _, seg := range layout {
		if seg.Kind != codecs.Weight {
			for i := range seg.Len {
				at = append(at, int32(seg.Off+i))
			}
			continue
		}
		for i, kept := range m[next : next+seg.Len] {
			if kept {
				at = append(at, int32(seg.Off+i))
			}
		}
		next += seg.Len
	}
	return at
}
