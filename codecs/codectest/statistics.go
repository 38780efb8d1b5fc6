package codectest

import (
	"testing"

	"flsim/codecs"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

// distortion holds the declared bounds against messages about random vectors.
func (s *suite) distortion(t *testing.T) {
	s.bound(t, "Gaussian", gaussian, s.Gaussian)
	s.bound(t, "Laplace", laplace, s.Laplace)
}

func (s *suite) bound(t *testing.T, name string, draw func(*rng.Rand, int) float32, bound float64) {
	const messages = 8
	codec, layout, sum := s.make(), Typical(), 0.0
	decoded := make([]float32, layout.Len())
	for i := range uint64(messages) {
		v := draws(layout, i, draw)
		s.decode(t, codec, decoded, v, layout, i)
		sum += codecs.NMSE(decoded, v)
	}
	if mean := sum / messages; mean > bound {
		t.Errorf("%s: an NMSE of %.3g, declared are at most %.3g", name, mean, bound)
	} else if 2*mean < bound {
		t.Errorf("%s: an NMSE of %.3g; the declared bound %.3g is too wide to notice mistakes", name, mean, bound)
	}
}

func (s *suite) decode(t *testing.T, codec codecs.Codec, decoded, v []float32, layout codecs.Layout, seed uint64) {
	t.Helper()
	msg, _ := encode(t, codec, v, layout, seed)
	if err := codec.Decode(decoded, msg, Shared(codec, layout)); err != nil {
		t.Fatalf("decoding: %v", err)
	}
}

// unbiased compares the mean of n decoded vectors with their input: for independent errors its NMSE is 1/n of one
// message's.
func (s *suite) unbiased(t *testing.T) {
	const messages = 400
	codec := s.make()
	layout := codecs.Layout{}.Add("kernel", codecs.Weight, 30, 30).Add("bias", codecs.Bias, 30)
	v, decoded := draws(layout, 1, laplace), make([]float32, layout.Len())
	sum, single := make([]float64, len(v)), 0.0
	for i := range uint64(messages) {
		s.decode(t, codec, decoded, v, layout, i)
		single += codecs.NMSE(decoded, v) / messages
		for j, x := range decoded {
			sum[j] += float64(x)
		}
	}
	mean := make([]float32, len(v))
	for j, x := range sum {
		mean[j] = float32(x / messages)
	}
	if got, want := codecs.NMSE(mean, v), single/messages; got > 1.5*want+1e-12 {
		t.Errorf("the mean of %d messages has an NMSE of %.3g, unbiased ones would have about %.3g", messages, got, want)
	}
}

// feedback checks over several messages that a Sender loses nothing: residual and decoded vector add up to the input.
func (s *suite) feedback(t *testing.T) {
	layout := small()
	sender := codecs.Sender{Codec: s.make(), Feedback: true}
	var residual []float32
	for round := range uint64(4) {
		v := draws(layout, round, laplace)
		before, kept := append([]float32(nil), residual...), append([]float32(nil), v...)
		sent, err := sender.Send(nil, wire.Update, v, residual, Shared(sender.Codec, layout), round)
		if err != nil {
			t.Fatal(err)
		}
		if !sameBits(before, residual) || !sameBits(kept, v) {
			t.Fatal("Send changed its input")
		}
		s.checkSent(t, &sent, v, residual, layout)
		residual = sent.Residual
	}
}

func (s *suite) checkSent(t *testing.T, sent *codecs.Sent, v, residual []float32, layout codecs.Layout) {
	t.Helper()
	received := make([]float32, len(v))
	receiver := codecs.Sender{Codec: s.make()}
	if err := receiver.Open(received, sent.Frame, wire.Update, Shared(receiver.Codec, layout)); err != nil {
		t.Fatal(err)
	}
	if !sameBits(received, sent.Decoded) {
		t.Fatal("the receiver decodes something else than the sender")
	}
	for i := range v {
		input := v[i]
		if residual != nil {
			input += residual[i]
		}
		next := sent.Residual[i]
		gap := float64(next) + float64(sent.Decoded[i]) - float64(input)
		if limit := (abs(input) + abs(next)) / (1 << 24); gap > limit || gap < -limit {
			t.Fatalf("element %d: residual %v and decoded %v add up to something else than %v", i, next, sent.Decoded[i], input)
		}
	}
}

func abs(x float32) float64 { return max(float64(x), -float64(x)) }
