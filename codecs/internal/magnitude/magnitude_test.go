package magnitude

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/internal/rng"
)

// TestLargest holds the selection against a sort.
func TestLargest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.OneOf(rapid.Float32(), rapid.SampledFrom([]float32{0, -0.5, 0.5, 1})), 1, 200).Draw(t, "v")
		k := rapid.IntRange(1, len(v)).Draw(t, "k")
		keys := make([]uint32, len(v))
		for i, x := range v {
			keys[i] = Key(x)
		}
		slices.Sort(keys)
		want := keys[len(keys)-k]
		above, _ := slices.BinarySearch(keys, want+1)
		if got, larger := Largest(v, k); got != want || larger != len(keys)-above {
			t.Fatalf("k = %d of %v: key %#x with %d larger, sorting says %#x with %d", k, v, got, larger, want, len(keys)-above)
		}
	})
}

func BenchmarkLargest(b *testing.B) {
	r := rng.New(1, "benchmark")
	v := make([]float32, 1<<20)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	b.SetBytes(4 << 20)
	for b.Loop() {
		Largest(v, 1<<14)
	}
}
