package terngrad

import (
	"slices"
	"testing"

	"flsim/codecs"
	"flsim/codecs/codectest"
)

func newCodec() codecs.Codec {
	codec, err := codecs.New(nil, Quantizer{Clip: 2.5})
	if err != nil {
		panic(err)
	}
	return codec
}

// With values x of deviation 1, c = min(|x|, s) and s = 2.5, the error is E[s c - 2 c |x| + x^2]: 1.010 of Gaussian
// values, and 0.878 of Laplace ones.
func TestConformance(t *testing.T) {
	codectest.Run(t, newCodec, codectest.Options{Gaussian: 1.03, Laplace: 0.90})
}

// Without clipping, decoded vectors are their input on average. Their error grows with the largest of 26,094 values.
func TestUnbiased(t *testing.T) {
	codectest.Run(t, func() codecs.Codec {
		codec, err := codecs.New(nil, Quantizer{})
		if err != nil {
			panic(err)
		}
		return codec
	}, codectest.Options{Gaussian: 2.6, Laplace: 4.5, Unbiased: true})
}

// The largest magnitudes are always sent, and zeros never.
func TestByHand(t *testing.T) {
	codec, err := codecs.New(nil, Quantizer{})
	if err != nil {
		t.Fatal(err)
	}
	shared := &codecs.Shared{Layout: codecs.Layout{}.Add("w", codecs.Weight, 2, 3)}
	v := []float32{0, 3, -3, 3, 0, -3}
	message, account, err := codec.Encode(nil, v, shared, 1)
	if err != nil {
		t.Fatal(err)
	}
	decoded := make([]float32, len(v))
	if err := codec.Decode(decoded, message, shared); err != nil || !slices.Equal(decoded, v) {
		t.Errorf("decoded %v (error %v), want %v", decoded, err, v)
	}
	if account.Side < 4 || len(message) != account.Side+2 { // six symbols of two bits
		t.Errorf("a message of %d bytes with %d of side data", len(message), account.Side)
	}
}

func FuzzDecode(f *testing.F) { codectest.Fuzz(f, newCodec) }

func BenchmarkCodec(b *testing.B) { codectest.Bench(b, newCodec) }
