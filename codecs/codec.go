// Package codecs turns vectors into bytes and back.
//
// A Codec is a stateless pair of functions. Most are chains of at most four typed stages, Transform, Sparsifier,
// Quantizer and EntropyCoder, each of which may be left out; what does not fit a chain implements Codec whole.
// A Sender joins a codec with error feedback and puts messages into frames.
package codecs

import (
	"flsim/internal/rng"
	"flsim/internal/tensor"
	"flsim/internal/wire"
)

// The description of a model's tensors, shared with clients/nn.
type (
	Layout  = tensor.Layout
	Segment = tensor.Segment
	Kind    = tensor.Kind
)

// Rand is a stream of random numbers.
type Rand = rng.Rand

// NewRand returns the stream that is named by seed, such as Tensor.Seed, by what it is for, and by ids. Streams of
// different names are independent, and none depends on what others have been asked: equal names give equal numbers.
func NewRand(seed uint64, purpose string, ids ...uint64) *Rand { return rng.New(seed, purpose, ids...) }

// FrameKind says what a Sender's frame carries.
type FrameKind = wire.Kind

// The kinds of frames around messages of codecs.
const (
	ModelFrame  = wire.Model  // server to client: a whole model
	DeltaFrame  = wire.Delta  // server to client: the change since the last model
	UpdateFrame = wire.Update // client to server: the trained model minus the received one
)

// The kinds of tensors.
const (
	Weight = tensor.Weight
	Bias   = tensor.Bias
	Norm   = tensor.Norm
	Buffer = tensor.Buffer
)

// Shared is everything that both ends of a transfer know before a message is sent. A decoder sees this and the
// message and nothing else.
type Shared struct {
	Layout        Layout
	Round, Rounds int       // the round that the message belongs to, from 1, and how many there are
	Reference     []float32 // the vector that both ends hold; on the uplink the model that the task started from
	Control       []byte    // settings received with the task, nil where there are none
}

// Codec encodes vectors of the layout that Shared names. Implementations hold settings and no state: they are safe
// for concurrent use, and equal arguments give equal bytes.
type Codec interface {
	// Encode appends the message for v to dst. All its randomness comes from seed, which the decoder does not know
	// unless the message carries it.
	Encode(dst []byte, v []float32, s *Shared, seed uint64) ([]byte, Account, error)
	// Decode fills v from a message. Whatever the message holds, it returns an error or a finite amount of work: it
	// never panics and allocates no more than in proportion to len(v) and len(msg).
	Decode(v []float32, msg []byte, s *Shared) error
}

// Account says what a message is made of. The length of the message itself is its payload.
type Account struct {
	Side    int     // bytes of side data: seeds, positions, scales, bounds, code books and their lengths
	Entropy float64 // bits: zero-order entropy of the symbols, tensor by tensor, 32 for a plain float32, + 8 Side
	Paper   float64 // bits by the authors' own formula; 0 where the literature gives none
}
