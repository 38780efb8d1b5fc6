package codectest

import (
	"encoding/binary"
	"runtime"
	"slices"
	"testing"
	"time"

	"flsim/codecs"
	"flsim/internal/rng"
)

// truncated makes sure that no part of a message passes for a whole one, nor a message with a byte behind it.
func (s *suite) truncated(t *testing.T) {
	codec, layout := s.make(), small()
	v := make([]float32, layout.Len())
	for _, input := range inputs()[:5] {
		msg, _ := encode(t, codec, draws(layout, 5, input.of), layout, 1)
		for n := range msg {
			if err := codec.Decode(v, slices.Clone(msg[:n]), Shared(codec, layout)); err == nil {
				t.Errorf("%s: %d bytes of a message of %d are decoded", input.name, n, len(msg))
			}
		}
		if err := codec.Decode(v, append(slices.Clone(msg), 0), Shared(codec, layout)); err == nil {
			t.Errorf("%s: a message with a byte behind it is decoded", input.name)
		}
	}
}

// damaged flips every bit of a message and expects an error or finite numbers.
func (s *suite) damaged(t *testing.T) {
	codec, layout := s.make(), small()
	msg, _ := encode(t, codec, draws(layout, 5, laplace), layout, 1)
	for bit := range 8 * len(msg) {
		bad := slices.Clone(msg)
		bad[bit/8] ^= 1 << (bit % 8)
		s.survive(t, codec, bad, layout)
	}
}

// hostile decodes bytes that are no message: short ones, random ones, and beginnings that claim huge lengths.
func (s *suite) hostile(t *testing.T) {
	codec, layout := s.make(), small()
	start, r := time.Now(), rng.New(7, "hostile")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	messages := 2000
	if testing.Short() {
		messages = 200
	}
	for i := range messages {
		s.survive(t, codec, hostileBytes(r, i), layout)
	}
	runtime.ReadMemStats(&after)
	if per := (after.TotalAlloc - before.TotalAlloc) / uint64(messages); per > 64<<10 {
		t.Errorf("decoding a message of at most 300 bytes allocates %d bytes on average", per)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("decoding %d messages of at most 300 bytes took %v", messages, took)
	}
}

func hostileBytes(r *rng.Rand, i int) []byte {
	msg := make([]byte, r.IntN(300))
	for j := range msg {
		msg[j] = byte(r.Uint64())
		if i%3 == 1 {
			msg[j] &= byte(r.Uint64() >> 3)
		}
	}
	if i%3 == 2 {
		return append(binary.AppendUvarint(nil, r.Uint64()>>r.IntN(64)), msg...)
	}
	return msg
}

// survive decodes msg, which may be anything.
func (s *suite) survive(t testing.TB, codec codecs.Codec, msg []byte, layout codecs.Layout) {
	v := make([]float32, layout.Len())
	if err := codec.Decode(v, msg, Shared(codec, layout)); err == nil && !finite(v) {
		t.Errorf("the message %x decodes to numbers that are not finite", msg)
	}
}

// Fuzz lets a fuzz test decode anything. Messages of the codec are its corpus.
func Fuzz(f *testing.F, make func() codecs.Codec) {
	layout, codec := small(), make()
	for i, input := range inputs() {
		msg, _ := encode(f, codec, draws(layout, uint64(i), input.of), layout, uint64(i))
		f.Add(msg)
	}
	f.Add([]byte(nil))
	s := suite{make: make}
	f.Fuzz(func(t *testing.T, msg []byte) { s.survive(t, codec, msg, layout) })
}

// Bench measures a codec on vectors of 122,570 and 1,000,000 Gaussian elements: MB/s of float32, bits per element.
func Bench(b *testing.B, make func() codecs.Codec) {
	for _, layout := range []named[codecs.Layout]{{"122570", benchLayout(122_570)}, {"1M", benchLayout(1_000_000)}} {
		codec := make()
		v := draws(layout.of, 1, gaussian)
		shared := Shared(codec, layout.of)
		msg, _ := encode(b, codec, v, layout.of, 1)
		b.Run("encode/"+layout.name, func(b *testing.B) {
			b.SetBytes(int64(4 * len(v)))
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if msg, _, err = codec.Encode(msg[:0], v, shared, 1); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(8*float64(len(msg))/float64(len(v)), "bit/elem")
		})
		b.Run("decode/"+layout.name, func(b *testing.B) {
			b.SetBytes(int64(4 * len(v)))
			b.ReportAllocs()
			for b.Loop() {
				if err := codec.Decode(v, msg, shared); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// benchLayout divides n elements into a large and a small tensor.
func benchLayout(n int) codecs.Layout {
	return codecs.Layout{}.Add("kernel", codecs.Weight, n-n/100).Add("bias", codecs.Bias, n/100)
}
