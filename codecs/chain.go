package codecs

import (
	"errors"
	"fmt"
	"slices"

	"flsim/internal/rng"
)

// Chain is a Codec built from at most one stage of each kind. docs/wire.md pictures its messages.
//
// An encoder goes transform, sparsifier, quantizer, entropy coder. Without a transform the vector is coded as it is;
// without a sparsifier all of it; without a quantizer its values travel as float32; without an entropy coder its
// symbols have fixed width. Buffers and the skipped kinds of tensors pass the stages by and travel as float32.
type Chain struct {
	skip      [Buffer + 1]bool
	stages    []any // in slot order, for Find
	transform Transform
	sparsify  Sparsifier
	quantize  Quantizer
	entropy   EntropyCoder
	seeded    [SlotWhole]bool // which stages share their seed with the decoder
}

// Plain returns the chain without stages: float32, little-endian.
func Plain() *Chain {
	c, err := NewChain(nil)
	if err != nil {
		panic(err)
	}
	return c
}

// New returns the codec that stages amount to: the stage itself if it is a Codec and stands alone, else their chain.
// Tensors of the kinds in skip are not coded but sent as float32.
func New(skip []Kind, stages ...any) (Codec, error) {
	if len(stages) != 1 {
		return NewChain(skip, stages...)
	}
	codec, whole := stages[0].(Codec)
	switch chain, _ := codec.(*Chain); {
	case !whole:
		return NewChain(skip, stages...)
	case len(skip) > 0 && (chain == nil || len(chain.stages) > 0):
		return nil, errors.New("skip applies to chains of stages, and this codec is none")
	}
	return codec, nil
}

// NewChain returns the chain of stages, which stand in the order of their slots. It refuses two stages of one slot and
// two stages that want the same say in training, in the settings or in the global model.
func NewChain(skip []Kind, stages ...any) (*Chain, error) {
	c := &Chain{stages: slices.Clone(stages)}
	for _, k := range skip {
		c.skip[k] = true
	}
	c.skip[Buffer] = true
	last := -1
	for i, stage := range stages {
		if s, ok := stage.(Skipping); ok {
			stage = s.WithSkip(append(slices.Clone(skip), Buffer))
			c.stages[i] = stage
		}
		slot, err := SlotOf(stage)
		if err != nil {
			return nil, fmt.Errorf("stage %d: %w", i+1, err)
		}
		if err := follows(i, slot, last); err != nil {
			return nil, err
		}
		last = int(slot)
		c.put(stage, slot)
	}
	return c, errors.Join(c.knowable(), only[Reshaper](stages, "wants a say in local training"),
		only[Controller](stages, "makes settings for the clients"), only[GlobalHook](stages, "edits the global model"))
}

func (c *Chain) put(stage any, slot Slot) {
	switch slot {
	case SlotTransform:
		c.transform = stage.(Transform)
	case SlotSparsify:
		c.sparsify = stage.(Sparsifier)
	case SlotQuantize:
		c.quantize = stage.(Quantizer)
	case SlotEntropy:
		c.entropy = stage.(EntropyCoder)
	}
	if s, ok := stage.(Seeded); ok {
		c.seeded[slot] = s.NeedsSeed()
	}
}

// follows checks that stage i, counted from 0, may stand behind one of slot last.
func follows(i int, slot Slot, last int) error {
	switch {
	case slot == SlotWhole:
		return fmt.Errorf("stage %d is a codec of its own: it stands alone and not in a chain", i+1)
	case int(slot) == last:
		return fmt.Errorf("stages %d and %d are both the chain's %v: leave one out", i, i+1, slot)
	case int(slot) < last:
		return fmt.Errorf("stage %d is a %v and stands behind a %v: a chain goes %v, %v, %v, %v", i+1, slot, Slot(last),
			SlotTransform, SlotSparsify, SlotQuantize, SlotEntropy)
	}
	return nil
}

// knowable checks that a stage with a say in training meets the values in the form in which they are trained.
func (c *Chain) knowable() error {
	for i, stage := range c.stages {
		if _, ok := stage.(Reshaper); ok && c.transform != nil {
			return fmt.Errorf("stage %d wants a say in local training and stands behind a transform, of which training knows nothing: leave one out", i+1)
		}
	}
	return nil
}

func only[T any](stages []any, wish string) error {
	first := -1
	for i, stage := range stages {
		if _, ok := stage.(T); !ok {
			continue
		}
		if first >= 0 {
			return fmt.Errorf("stages %d and %d both have this wish: each %s; leave one out", first+1, i+1, wish)
		}
		first = i
	}
	return nil
}

// SlotOf returns the place that a stage takes in a chain.
func SlotOf(stage any) (Slot, error) {
	_, transform := stage.(Transform)
	_, sparsify := stage.(Sparsifier)
	_, quantize := stage.(Quantizer)
	_, entropy := stage.(EntropyCoder)
	_, whole := stage.(Codec)
	found := -1
	for slot, is := range []bool{transform, sparsify, quantize, entropy, whole} {
		if is && found >= 0 {
			return 0, fmt.Errorf("%T is a %v and a %v at once: it has to be one of them", stage, Slot(found), Slot(slot))
		}
		if is {
			found = slot
		}
	}
	if found < 0 {
		return 0, fmt.Errorf("%T is no stage: it implements neither Transform, Sparsifier, Quantizer, EntropyCoder nor Codec", stage)
	}
	return Slot(found), nil
}

// Find asks a codec and, if it is a chain, its stages for a capability, an interface such as Reshaper, Controller or
// GlobalHook.
func Find[T any](c Codec) (T, bool) {
	if t, ok := c.(T); ok {
		return t, true
	}
	if chain, ok := c.(*Chain); ok {
		for _, stage := range chain.stages {
			if t, ok := stage.(T); ok {
				return t, true
			}
		}
	}
	var none T
	return none, false
}

// StageSeed returns the seed that the stage in a slot has for tensor i of the layout, given the message's seed. A
// sparsifier and a stage whose scope is the model have that of tensor 0.
func StageSeed(seed uint64, slot Slot, i int) uint64 {
	return rng.Derive(seed, slot.String(), uint64(i))
}

// stageSeed is StageSeed as the decoder has it: only of stages that share their seed.
func (c *Chain) stageSeed(decoding bool, seed uint64, slot Slot, i int) uint64 {
	if decoding && !c.seeded[slot] {
		return 0
	}
	return StageSeed(seed, slot, i)
}

func (c *Chain) sendsSeed() bool { return slices.Contains(c.seeded[:], true) }
