package transform

import (
	"math"
	"testing"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/internal/rng"
)

func TestSize(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 650: 1024, 65600: 131072} {
		if got := (Hadamard{}).Size(n); got != want {
			t.Errorf("%d elements become %d, want %d", n, got, want)
		}
	}
}

// TestForward holds the fast transform against the matrix: row i, column j is (-1)^popcount(i&j) / sqrt n.
func TestForward(t *testing.T) {
	r := rng.New(1, "hadamard")
	for n := 1; n <= 40; n++ {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		tensor := &codecs.Tensor{Seed: uint64(n)}
		got := make([]float32, Hadamard{}.Size(n))
		Hadamard{}.Forward(got, v, tensor)
		for i, x := range got {
			want := 0.0
			for j, y := range v {
				want += float64(y) * float64(sign(tensor.Seed, j)) * parity(i&j) / math.Sqrt(float64(len(got)))
			}
			if math.Abs(float64(x)-want) > 1e-5 {
				t.Fatalf("n = %d: element %d is %v, want %v", n, i, x, want)
			}
		}
		back := make([]float32, n)
		Hadamard{}.Inverse(back, got, tensor)
		for i, x := range back {
			if math.Abs(float64(x-v[i])) > 1e-5 {
				t.Fatalf("n = %d: element %d comes back as %v, was %v", n, i, x, v[i])
			}
		}
	}
}

func parity(x int) float64 {
	p := 1.0
	for ; x > 0; x &= x - 1 {
		p = -p
	}
	return p
}

// TestSpreads: one large element becomes many of the same magnitude.
func TestSpreads(t *testing.T) {
	v, got := make([]float32, 64), make([]float32, 64)
	v[20] = 8
	Hadamard{}.Forward(got, v, &codecs.Tensor{Seed: 3})
	for _, x := range got {
		if math.Abs(float64(x)) != 1 {
			t.Fatalf("an element is %v", x)
		}
	}
}

func TestSigns(t *testing.T) {
	sum := 0.0
	for i := range 100_000 {
		sum += float64(sign(5, i))
	}
	if math.Abs(sum) > 5*math.Sqrt(100_000) {
		t.Errorf("of 100,000 signs %v more are positive than negative", sum)
	}
}

func chain() codecs.Codec {
	c, err := codecs.New(nil, Hadamard{})
	if err != nil {
		panic(err)
	}
	return c
}

func TestConformance(t *testing.T) {
	codectest.Run(t, chain, codectest.Options{Gaussian: 1.9e-14, Laplace: 1.9e-14})
}

func FuzzDecode(f *testing.F) { codectest.Fuzz(f, chain) }

func BenchmarkHadamard(b *testing.B) { codectest.Bench(b, chain) }
