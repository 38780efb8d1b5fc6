package codectest

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"flsim/codecs"
)

func (s *suite) roundTrips(t *testing.T) {
	for _, layout := range layouts() {
		for _, input := range inputs() {
			t.Run(layout.name+"/"+input.name, func(t *testing.T) {
				s.roundTrip(t, layout.of, draws(layout.of, 1, input.of))
			})
		}
	}
}

// roundTrip encodes v twice and decodes the message in a codec of its own, in another goroutine, with no more than
// the bytes and what both ends share.
func (s *suite) roundTrip(t *testing.T, layout codecs.Layout, v []float32) {
	t.Helper()
	const seed = 0xfeedface
	codec, before := s.make(), slices.Clone(v)
	msg, account := encode(t, codec, v, layout, seed)
	if !sameBits(v, before) {
		t.Fatal("Encode changed its input")
	}
	prefix := []byte("prefix")
	again, second, err := s.make().Encode(slices.Clone(prefix), v, Shared(codec, layout), seed)
	if err != nil || !bytes.Equal(again, append(prefix, msg...)) || second != account {
		t.Fatalf("encoding again, behind other bytes: error %v, account %+v and not %+v, or other bytes", err, second, account)
	}
	s.checkAccount(t, msg, account)
	here, there := make([]float32, len(v)), make([]float32, len(v))
	fillWith(here, float32(math.NaN()))
	if err := codec.Decode(here, msg, Shared(codec, layout)); err != nil {
		t.Fatalf("decoding: %v", err)
	}
	s.elsewhere(t, there, msg, layout)
	if !bytes.Equal(again[len(prefix):], msg) {
		t.Fatal("Decode changed the message")
	}
	if !sameBits(here, there) {
		t.Fatal("a new codec in another goroutine decodes something else: the decoder knows what the message does not hold")
	}
	s.checkDecoded(t, here, v, layout)
}

// elsewhere decodes a copy of msg in another goroutine with a codec and shared facts of its own.
func (s *suite) elsewhere(t *testing.T, v []float32, msg []byte, layout codecs.Layout) {
	var wait sync.WaitGroup
	var err error
	wait.Go(func() {
		codec := s.make()
		err = codec.Decode(v, slices.Clone(msg), Shared(codec, slices.Clone(layout)))
	})
	wait.Wait()
	if err != nil {
		t.Fatalf("decoding elsewhere: %v", err)
	}
}

// checkDecoded checks what holds for any input: buffers are exact, all is finite, and all is exact if the codec is
// lossless.
func (s *suite) checkDecoded(t *testing.T, got, want []float32, layout codecs.Layout) {
	t.Helper()
	for _, seg := range layout {
		if exact := s.lossless() || seg.Kind == codecs.Buffer; exact && !sameBits(seg.Of(got), seg.Of(want)) {
			t.Fatalf("tensor %q is not decoded exactly", seg.Name)
		}
	}
	if !finite(got) {
		t.Fatal("a decoded value is not finite")
	}
}

func (s *suite) checkAccount(t *testing.T, msg []byte, a codecs.Account) {
	t.Helper()
	if a.Side < 0 || a.Side > len(msg) {
		t.Errorf("side data of %d bytes in a message of %d", a.Side, len(msg))
	}
	if !(a.Entropy >= 8*float64(a.Side)) || math.IsInf(a.Entropy, 0) {
		t.Errorf("an entropy of %v bits with %d bytes of side data", a.Entropy, a.Side)
	}
	if !(a.Paper >= 0) || math.IsInf(a.Paper, 0) {
		t.Errorf("%v bits by the authors' formula", a.Paper)
	}
	if have := 8 * float64(len(msg)); !s.Repeats && have < a.Entropy-1e-6*have-1e-6 {
		t.Errorf("a message of %v bits is shorter than its entropy of %v", have, a.Entropy)
	}
}

// concurrent encodes different vectors with one codec at once.
func (s *suite) concurrent(t *testing.T) {
	codec, layout := s.make(), Typical()
	want := make([][]byte, 4)
	for i := range want {
		want[i], _ = encode(t, s.make(), draws(layout, uint64(i), gaussian), layout, uint64(i))
	}
	var wait sync.WaitGroup
	for i := range 4 * len(want) {
		wait.Go(func() {
			k := i % len(want)
			msg, _, err := codec.Encode(nil, draws(layout, uint64(k), gaussian), Shared(codec, layout), uint64(k))
			if err != nil || !bytes.Equal(msg, want[k]) {
				t.Errorf("message %d is another one when several are made at once (error %v)", k, err)
			}
			if err := codec.Decode(make([]float32, layout.Len()), want[k], Shared(codec, layout)); err != nil {
				t.Errorf("decoding several messages at once: %v", err)
			}
		})
	}
	wait.Wait()
}

// refusals are inputs that Encode and Decode answer with an error in words.
func (s *suite) refusals(t *testing.T) {
	layout, codec := small(), s.make()
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, at := range []int{0, layout.Len() - 5, layout.Len() - 1} {
			v := draws(layout, 1, gaussian)
			v[at] = float32(bad)
			if _, _, err := codec.Encode(nil, v, Shared(codec, layout), 1); !errors.Is(err, codecs.ErrNotFinite) {
				t.Errorf("%v at %d: error %v, want one that wraps ErrNotFinite", bad, at, err)
			}
		}
	}
	wrong := make([]float32, layout.Len()+1)
	if _, _, err := codec.Encode(nil, wrong, Shared(codec, layout), 1); err == nil {
		t.Error("a vector that is longer than its layout is encoded")
	}
	msg, _ := encode(t, codec, wrong[1:], layout, 1)
	if err := codec.Decode(wrong, msg, Shared(codec, layout)); err == nil {
		t.Error("a message is decoded into a vector that is longer than its layout")
	}
}

func encode(t testing.TB, codec codecs.Codec, v []float32, layout codecs.Layout, seed uint64) ([]byte, codecs.Account) {
	t.Helper()
	msg, account, err := codec.Encode(nil, v, Shared(codec, layout), seed)
	if err != nil {
		t.Fatalf("encoding: %v", err)
	}
	return msg, account
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func finite(v []float32) bool {
	for _, x := range v {
		if !(math.Abs(float64(x)) <= math.MaxFloat32) {
			return false
		}
	}
	return true
}

func fillWith(v []float32, x float32) {
	for i := range v {
		v[i] = x
	}
}
