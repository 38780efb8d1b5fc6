package pruning

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"flsim/codecs"
	"flsim/codecs/internal/positions"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

// The first byte of a signal.
const (
	signalRandom = 0 // a seed follows: the mask of the first round
	signalMask   = 1 // positions follow
)

// Signal tells clients the mask, as settings of their tasks. In the first round it is a random one of a given density,
// of which a seed is sent; then it is what is not zero in the global model.
type Signal struct {
	Density float64 // share of weights that the first round's mask keeps
	ERK     bool    // whether tensors share it by Densities' rule
}

// ControlLasts implements codecs.Lasting: a client keeps its mask until there is another one.
func (Signal) ControlLasts() bool { return true }

// Control implements codecs.Controller. The seed is a digest of the initial model, which the run's seed has chosen.
func (g Signal) Control(dst []byte, f codecs.Feedback) ([]byte, error) {
	if f.Round == 1 && g.Density < 1 {
		seed := uint64(0)
		for _, x := range f.Model {
			seed = rng.Mix(seed ^ uint64(math.Float32bits(x)))
		}
		return binary.LittleEndian.AppendUint64(append(dst, signalRandom), seed), nil
	}
	mask := NonZero(f.Model, f.Layout)
	if f.Round == 1 {
		mask = full(len(mask))
	}
	return mask.append(append(dst, signalMask)), nil
}

func (m Mask) append(dst []byte) []byte {
	at := make([]int32, 0, len(m))
	for i, kept := range m {
		if kept {
			at = append(at, int32(i))
		}
	}
	return positions.Append(dst, at, len(m))
}

// readMask reads what append wrote for n weights.
func readMask(msg []byte, n int) (Mask, []byte, error) {
	at, rest, err := positions.Read(msg, n)
	if err != nil {
		return nil, nil, err
	}
	m := make(Mask, n)
	for _, i := range at {
		m[i] = true
	}
	return m, rest, nil
}

var errNoSignal = errors.New("no mask has been received with the task; the stage stands in the uplink's chain too, where it makes one")

// Mask returns the mask that a task's settings hold.
func (g Signal) Mask(s *codecs.Shared) (Mask, error) {
	if len(s.Control) == 0 {
		return nil, errNoSignal
	}
	body := s.Control[1:]
	switch s.Control[0] {
	case signalRandom:
		if len(body) != 8 {
			return nil, fmt.Errorf("the mask's seed takes 8 bytes, there are %d", len(body))
		}
		return Random(s.Layout, Densities(s.Layout, g.Density, g.ERK), binary.LittleEndian.Uint64(body)), nil
	case signalMask:
		m, rest, err := readMask(body, Prunable(s.Layout))
		if err == nil && len(rest) > 0 {
			err = fmt.Errorf("%w: %d bytes behind the mask", wire.ErrPadding, len(rest))
		}
		return m, err
	}
	return nil, fmt.Errorf("the settings hold a mask of the unknown form %d", s.Control[0])
}
