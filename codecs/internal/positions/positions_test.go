package positions

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/internal/rng"
)

// TestPositions: any ascending positions come back, in no more bytes than a bitmap takes.
func TestPositions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3000).Draw(t, "n")
		share := rapid.Float64Range(0, 1).Draw(t, "share")
		run := rapid.IntRange(1, 50).Draw(t, "run")
		r := rng.New(rapid.Uint64().Draw(t, "seed"), "positions")
		var kept []int32
		for i := 0; i < n; {
			chosen := r.Float64() < share
			for range run {
				if chosen && i < n {
					kept = append(kept, int32(i))
				}
				i++
			}
		}
		msg := Append(nil, kept, n)
		got, rest, err := Read(msg, n)
		if err != nil || len(rest) > 0 || !slices.Equal(got, kept) {
			t.Fatalf("%d of %d: error %v, %d bytes left, %v", len(kept), n, err, len(rest), got)
		}
		if limit := 3 + (n+7)/8; len(msg) > limit {
			t.Fatalf("%d of %d take %d bytes, a bitmap %d", len(kept), n, len(msg), limit)
		}
	})
}

// TestPositionsSize: 1 % at random costs near its entropy, n H(0.01).
func TestPositionsSize(t *testing.T) {
	const n = 1_000_000
	var kept []int32
	for i := range n {
		if rng.At(3, uint64(i)) < 1<<64/100 {
			kept = append(kept, int32(i))
		}
	}
	p := float64(len(kept)) / n
	entropy := -n * (p*math.Log2(p) + (1-p)*math.Log2(1-p))
	if bits := 8 * float64(len(Append(nil, kept, n))); bits > 1.01*entropy || bits < entropy {
		t.Errorf("%d positions take %v bits, their entropy is %v", len(kept), bits, entropy)
	}
	// The code of a single position is not much longer than its index.
	if size := len(Append(nil, []int32{n - 1}, n)); size > 5 {
		t.Errorf("one position of a million takes %d bytes", size)
	}
}

func TestDamagedPositions(t *testing.T) {
	for name, msg := range map[string][]byte{
		"nothing":             {},
		"too many":            {101},
		"no code":             {5},
		"unknown code":        {5, 40, 1, 2, 3},
		"short bitmap":        {5, 0, 0x1f},
		"bitmap of others":    append([]byte{5, 0, 0x0f}, make([]byte, 12)...),
		"bitmap of more":      append([]byte{5, 0, 0x3f}, make([]byte, 12)...),
		"bit behind the end":  append(append([]byte{1, 0}, make([]byte, 12)...), 0x80),
		"short Rice code":     {50, 1, 0xff},
		"gap beyond the end":  {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
		"huge Rice remainder": {1, 32, 0xff, 0xff, 0xff, 0xff},
		"padding":             {1, 1, 0x81},
	} {
		if kept, _, err := Read(msg, 100); err == nil {
			t.Errorf("%s: %x is read as %v", name, msg, kept)
		}
	}
}
