package quantize

import (
	"math"
	"testing"

	"flsim/codecs"
	"flsim/internal/rng"
)

// TestQSGDNoise holds the noise of the whole-vector norm against its closed form ||v||1/(s||v||2) - 1, which is exact
// while all elements lie below the first level.
func TestQSGDNoise(t *testing.T) {
	r, n := rng.New(3, "noise"), 122_570
	v, sum1, sum2 := make([]float32, n), 0.0, 0.0
	for i := range v {
		v[i] = float32(r.NormFloat64())
		sum1 += math.Abs(float64(v[i]))
		sum2 += float64(v[i]) * float64(v[i])
	}
	q := QSGD{Levels: 2}
	symbols, got := make([]uint32, n), make([]float32, n)
	side, _ := q.Encode(symbols, nil, v, v, &codecs.Tensor{Seed: 1})
	if _, err := q.Decode(got, symbols, side, nil); err != nil {
		t.Fatal(err)
	}
	nmse, want := codecs.NMSE(got, v), sum1/(2*math.Sqrt(sum2))-1
	if math.Abs(nmse/want-1) > 0.1 || math.Abs(want-138.6) > 1 {
		t.Errorf("NMSE %v, want about %v, which should be near 138.6", nmse, want)
	}
}

// TestQSGDNoiseByNorm holds the noise of one message of 122,570 values against measurements with an independent program.
func TestQSGDNoiseByNorm(t *testing.T) {
	r := rng.New(4, "noise by norm")
	gauss, laplace := make([]float32, 122_570), make([]float32, 122_570)
	for i := range gauss {
		gauss[i] = float32(r.NormFloat64())
		laplace[i] = float32(r.ExpFloat64() * float64(1-2*r.IntN(2)))
	}
	symbols, got := make([]uint32, len(gauss)), make([]float32, len(gauss))
	for _, c := range []struct {
		q              QSGD
		gauss, laplace float64 // 0 was not measured
		within         float64 // in relation
	}{
		{QSGD{Levels: 1}, 256, 268, 0.2},
		{QSGD{Levels: 2}, 136, 121, 0.15},
		{QSGD{Levels: 4}, 66, 61, 0.1},
		{QSGD{Levels: 16}, 16.3, 14.6, 0.1},
		{QSGD{Levels: 256}, 0.31, 0.30, 0.1},
		{QSGD{Levels: 1, Max: true}, 2.55, 5.64, 0.4}, // depends on the largest of all values
		{QSGD{Levels: 2, Max: true}, 0.82, 2.35, 0.4},
		{QSGD{Levels: 4, Max: true}, 0.21, 0.78, 0.4},
		{QSGD{Levels: 16, Max: true}, 0.013, 0.057, 0.4},
		{QSGD{Levels: 1, Bucket: 512}, 17.3, 15.1, 0.05},
		{QSGD{Levels: 2, Bucket: 512}, 8.04, 7.03, 0.05},
		{QSGD{Levels: 4, Bucket: 512}, 3.51, 2.98, 0.05},
		{QSGD{Levels: 16, Bucket: 512}, 0.33, 0.31, 0.05},
		{QSGD{Levels: 256, Bucket: 512}, 0.0013, 0, 0.05},
		{QSGD{Levels: 1, Max: true, Bucket: 512}, 1.62, 2.51, 0.1},
		{QSGD{Levels: 2, Max: true, Bucket: 512}, 0.46, 0.87, 0.1},
		{QSGD{Levels: 4, Max: true, Bucket: 512}, 0.11, 0.25, 0.1},
		{QSGD{Levels: 16, Max: true, Bucket: 512}, 0.007, 0.016, 0.1},
	} {
		for name, v := range map[string][]float32{"Gaussian": gauss, "Laplace": laplace} {
			want := c.gauss
			if name == "Laplace" {
				want = c.laplace
			}
			side, _ := c.q.Encode(symbols, nil, v, v, &codecs.Tensor{Seed: 1})
			if _, err := c.q.Decode(got, symbols, side, nil); err != nil {
				t.Fatal(err)
			}
			if nmse := codecs.NMSE(got, v); want != 0 && math.Abs(nmse/want-1) > c.within {
				t.Errorf("%+v, %s: NMSE %.4g, want about %v", c.q, name, nmse, want)
			}
		}
	}
}
