package cossgd

import (
	"math"
	"testing"

	"flsim/codecs"
	"flsim/codecs/entropy"
	"flsim/codecs/quantize"
	"flsim/codecs/sparsify"
	"flsim/codecs/transform"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

// paperLayout is the network of the paper's experiments on CIFAR-10.
func paperLayout() codecs.Layout {
	l := codecs.Layout{}
	add := func(name string, out int, shape ...int) {
		l = l.Add(name+".weight", codecs.Weight, append([]int{out}, shape...)...).Add(name+".bias", codecs.Bias, out)
	}
	add("conv1", 32, 3, 3, 3)
	add("conv2", 64, 32, 3, 3)
	add("conv3", 64, 64, 3, 3)
	add("fc1", 64, 1024)
	add("fc2", 10, 64)
	return l
}

// sizes are the bits of one message with all its headers, by account.
type sizes struct{ wire, entropy, paper float64 }

// measure sends an update of random values and returns what it took.
func measure(t *testing.T, draw func(*rng.Rand) float64, stages ...any) sizes {
	t.Helper()
	codec, err := codecs.New(nil, stages...)
	if err != nil {
		t.Fatal(err)
	}
	layout := paperLayout()
	v, r := make([]float32, layout.Len()), rng.New(3, "update")
	for i := range v {
		v[i] = float32(draw(r))
	}
	sender, shared := codecs.Sender{Codec: codec}, &codecs.Shared{Layout: layout, Rounds: 1}
	sent, err := sender.Send(nil, wire.Update, v, nil, shared, 5)
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Open(make([]float32, len(v)), sent.Frame, wire.Update, shared); err != nil {
		t.Fatal(err)
	}
	return sizes{8 * float64(len(sent.Frame)), sent.Account.Entropy, sent.Account.Paper}
}

func gaussian(r *rng.Rand) float64 { return r.NormFloat64() }

func laplace(r *rng.Rand) float64 { return r.ExpFloat64() * float64(1-2*r.IntN(2)) }

// TestRatios says how many times fewer bits than float32 the paper's chains take on the wire, mask, seed, norms, bounds
// and frame included: 2 bits with Deflate 21 to 26, and more than a thousand only with a mask of less than 2 %.
func TestRatios(t *testing.T) {
	const n = 122_570
	if got := paperLayout().Len(); got != n {
		t.Fatalf("the layout has %d elements", got)
	}
	for _, c := range []struct {
		name           string
		draw           func(*rng.Rand) float64
		bits           int
		keep           float64
		atLeast, below float64
	}{
		{"Gaussian", gaussian, 8, 1, 4.1, 4.3},
		{"Gaussian", gaussian, 4, 1, 8.5, 9.1},
		{"Gaussian", gaussian, 2, 1, 21, 26},
		{"Laplace", laplace, 2, 1, 21, 26},
		{"Gaussian", gaussian, 1, 1, 31, 32},
		{"Gaussian", gaussian, 2, 0.05, 380, 440},
		{"Gaussian", gaussian, 2, 0.025, 650, 800},
		{"Gaussian", gaussian, 2, 0.015, 1000, 1200},
		{"Laplace", laplace, 2, 0.015, 1000, 1300},
	} {
		stages := []any{Quantizer{Bits: c.bits, Clip: 0.01}, entropy.NewDeflate(1)}
		if c.bits == 8 {
			stages[1] = entropy.NewDeflate(6) // level 1 stores whole bytes
		}
		if c.keep < 1 {
			stages = append([]any{sparsify.RandomMask{Keep: c.keep}}, stages...)
		}
		got := measure(t, c.draw, stages...)
		ratio := 32 * n / got.wire
		t.Logf("%s, %d bits, mask of %v: wire %.0f bits (%.4g times fewer), entropy %.0f (%.4g), paper %.0f (%.4g)", c.name, c.bits, c.keep,
			got.wire, ratio, got.entropy, 32*n/got.entropy, got.paper, 32*n/got.paper)
		if ratio < c.atLeast || ratio >= c.below {
			t.Errorf("%s, %d bits, mask of %v: %.1f times fewer bits than float32, want %v to %v", c.name, c.bits, c.keep, ratio, c.atLeast, c.below)
		}
	}
}

// TestSizes counts the bytes of messages without Deflate: the codes of all tensors in one stream, a header of eight bytes
// for each of the ten tensors, and the header's length; and what a mask and a rotation add.
func TestSizes(t *testing.T) {
	const n, padded = 122_570, 166_128
	linear := quantize.Uniform{Bits: 2}
	for _, c := range []struct {
		name        string
		stages      []any
		codes, side int
		paper       float64
		ratio       float64 // to float32, without the byte of the header's length; 0 is not compared
	}{
		{"1 bit", []any{Quantizer{Bits: 1}}, 15_322, 81, n + 640, 31.83},
		{"2 bits", []any{Quantizer{Bits: 2}}, 30_643, 81, 2*n + 640, 15.96},
		{"4 bits", []any{Quantizer{Bits: 4}}, 61_285, 81, 4*n + 640, 7.99},
		{"8 bits", []any{Quantizer{Bits: 8}}, 122_570, 81, 8*n + 640, 4.00},
		{"mask", []any{sparsify.RandomMask{Keep: 1}, Quantizer{Bits: 2}}, 30_643, 8 + 81, 2*n + 640 + 64, 0},
		{"linear", []any{linear}, 30_643, 81, 2*n + 640, 0},
		{"linear, rotated", []any{transform.Hadamard{}, linear}, padded / 4, 8 + 81, 2*padded + 640, 0},
	} {
		codec, err := codecs.New(nil, c.stages...)
		if err != nil {
			t.Fatal(err)
		}
		msg, account, err := codec.Encode(nil, make([]float32, n), &codecs.Shared{Layout: paperLayout()}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(msg) != c.codes+c.side || account.Side != c.side || account.Paper != c.paper {
			t.Errorf("%s: %d bytes, %d of them side data, %v bits by the formula; want %d, %d and %v", c.name, len(msg), account.Side,
				account.Paper, c.codes+c.side, c.side, c.paper)
		}
		if ratio := 4 * n / float64(len(msg)-1); c.ratio > 0 && math.Abs(ratio-c.ratio) > 0.005 {
			t.Errorf("%s: %.3f times fewer bytes than float32, want %v", c.name, ratio, c.ratio)
		}
	}
}

// TestLinear holds the error of the paper's baseline at 2 bits, from the smallest to the largest element with stochastic
// rounding: a rotation gains nothing where the elements are Gaussian already.
func TestLinear(t *testing.T) {
	layout := codecs.Layout{}.Add("w", codecs.Weight, 1<<16)
	v, decoded, r := make([]float32, layout.Len()), make([]float32, layout.Len()), rng.New(6, "baseline")
	for i := range v {
		v[i] = float32(gaussian(r))
	}
	for _, stages := range [][]any{{quantize.Uniform{Bits: 2}}, {transform.Hadamard{}, quantize.Uniform{Bits: 2}}} {
		codec, err := codecs.New(nil, stages...)
		if err != nil {
			t.Fatal(err)
		}
		shared := &codecs.Shared{Layout: layout}
		msg, _, err := codec.Encode(nil, v, shared, 1)
		if err == nil {
			err = codec.Decode(decoded, msg, shared)
		}
		if err != nil {
			t.Fatal(err)
		}
		if nmse := codecs.NMSE(decoded, v); math.Abs(nmse-1.43) > 0.4 { // three deviations over samples
			t.Errorf("%T: NMSE %v, want about 1.43", stages, nmse)
		}
	}
}

// TestNearlyLinear: on tensors as large as a layer's weights the codes are those of a linear quantizer with the same
// clipped bounds, but for fewer than one in a thousand. On a short vector they are not.
func TestNearlyLinear(t *testing.T) {
	for _, c := range []struct {
		n, bits        int
		atLeast, below float64 // share of equal codes
	}{
		{65536, 2, 0.9999, 1.1},
		{65536, 4, 0.9998, 1.1},
		{65536, 8, 0.999, 1.1},
		{64, 4, 0.9, 1},
		{10, 8, 0.05, 0.6},
	} {
		r, equal := rng.New(4, "linear"), 0
		const vectors = 20
		for range vectors {
			v := make([]float32, c.n)
			for i := range v {
				v[i] = float32(gaussian(r))
			}
			cosine, _, _ := Quantizer{Bits: c.bits, Clip: 0.01}.pass(t, v, v, 0)
			linear := make([]uint32, c.n)
			control := quantize.Uniform{Bits: c.bits, Symmetric: true, Clip: 0.01, Nearest: true}
			if _, err := control.Encode(linear, nil, v, v, &codecs.Tensor{}); err != nil {
				t.Fatal(err)
			}
			for i, code := range cosine {
				if code == 1<<c.bits-1-linear[i] {
					equal++
				}
			}
		}
		share := float64(equal) / float64(vectors*c.n)
		t.Logf("n = %d, %d bits: %.5f of the codes are equal", c.n, c.bits, share)
		if share < c.atLeast || share >= c.below {
			t.Errorf("n = %d, %d bits: %.5f of the codes are equal, want %v to %v", c.n, c.bits, share, c.atLeast, c.below)
		}
	}
}
