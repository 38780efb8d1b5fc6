package codecs

import (
	"fmt"

	"flsim/internal/wire"
)

// Sender puts vectors into frames and takes them out again. With error feedback (Seide et al., Interspeech 2014;
// Karimireddy et al., ICML 2019, arXiv 1901.09847) what a message could not carry is added to the next vector: the
// residual. A Sender holds none itself; callers hand it in and get the next one back.
type Sender struct {
	Codec    Codec
	Feedback bool // error feedback
}

// Sent is a message with everything that its sender may want to know.
type Sent struct {
	Frame    []byte    // dst with the frame appended
	Payload  int       // bytes of the message inside the frame
	Account  Account   // what the message is made of
	Decoded  []float32 // what the receiver gets out of it
	Residual []float32 // for the next message; nil without error feedback
	NMSE     float64   // ||decoded - input||^2 / ||input||^2, 0 for a zero input; input includes the residual
}

// Send encodes v plus residual and appends the frame to dst. residual is nil at a client's first message, and is
// ignored without error feedback. Neither v nor residual is written to.
//
// With input_i = v_i + residual_i rounded to float32, the next residual is input_i - decoded_i rounded to float32: so
// residual + decoded differs from v + the residual before by at most 2^-24 (|input_i| + |next residual_i|).
func (s Sender) Send(dst []byte, kind wire.Kind, v, residual []float32, shared *Shared, seed uint64) (Sent, error) {
	input := v
	if s.Feedback {
		var err error
		if input, err = added(v, residual); err != nil {
			return Sent{}, err
		}
	}
	msg, account, err := s.Codec.Encode(nil, input, shared, seed)
	if err != nil {
		return Sent{}, fmt.Errorf("encoding: %w", err)
	}
	decoded := make([]float32, len(v))
	if err := s.Codec.Decode(decoded, msg, shared); err != nil {
		return Sent{}, fmt.Errorf("decoding the message just made: %w", err)
	}
	sent := Sent{Frame: wire.AppendFrame(dst, kind, msg), Payload: len(msg), Account: account, Decoded: decoded, NMSE: NMSE(decoded, input)}
	if s.Feedback {
		for i, x := range decoded {
			input[i] -= x
		}
		sent.Residual = input
	}
	return sent, nil
}

// added returns v + residual in memory of its own.
func added(v, residual []float32) ([]float32, error) {
	sum := make([]float32, len(v))
	copy(sum, v)
	if residual == nil {
		return sum, nil
	}
	if len(residual) != len(v) {
		return nil, fmt.Errorf("the residual has %d values and the vector %d", len(residual), len(v))
	}
	for i, r := range residual {
		sum[i] += r
	}
	return sum, nil
}

// Open fills v from the message in frame, which has to be one frame of the given kind and nothing else.
func (s Sender) Open(v []float32, frame []byte, kind wire.Kind, shared *Shared) error {
	msg, err := wire.OneFrame(frame, kind)
	if err != nil {
		return err
	}
	return s.Codec.Decode(v, msg, shared)
}

// NMSE returns the normalised mean squared error ||decoded - input||^2 / ||input||^2, summed in float64 in order; 0
// for a zero input.
func NMSE(decoded, input []float32) float64 {
	var err, norm float64
	for i, x := range input {
		d := float64(decoded[i]) - float64(x)
		err += float64(d * d) // the conversion keeps the product from being fused with the sum
		norm += float64(x) * float64(x)
	}
	if norm == 0 {
		return 0
	}
	return err / norm
}
