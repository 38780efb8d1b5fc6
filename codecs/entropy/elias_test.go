package entropy

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flsim/codecs"
	"flsim/codecs/quantize"
	"flsim/internal/rng"
)

// zeroesAndOnes writes bytes as zeros and ones.
func zeroesAndOnes(msg []byte) string {
	var b strings.Builder
	for _, x := range msg {
		fmt.Fprintf(&b, "%08b", x)
	}
	return b.String()
}

// folded turns signed levels into QSGD's symbols.
func folded(levels []int) []uint32 {
	symbols := make([]uint32, len(levels))
	for i, l := range levels {
		symbols[i] = uint32(max(2*l-1, -2*l))
	}
	return symbols
}

// TestEliasVectors holds messages about the levels that QSGD makes of one vector with 1, 2, 4 and 16 levels against
// bit strings from an independent program. They are filled up with zeros to whole bytes.
func TestEliasVectors(t *testing.T) {
	for _, c := range []struct {
		s      int
		levels []int
		zeros  byte
		sparse string
		dense  string
		bits   int // of the sparse form with the norm
	}{
		{1, []int{0, -1, 0, -1, 1, 0}, 1, "1001010010000", "", 45},
		{2, []int{0, -1, 0, -1, 1, 0}, 1, "1001010010000", "", 45},
		{4, []int{1, -2, 0, -1, 3, -1}, 0, "000011001001000110010", "100011010100110100001001", 53},
		{16, []int{3, -8, 0, -1, 13, -1}, 0, "0011001111000010010001111010010", "", 63},
	} {
		a := codecs.Alphabet{Size: 2*c.s + 1}
		if got := levelsOf(a).sparseBits(folded(c.levels)) + 32; got != c.bits || len(c.sparse)+32 != c.bits {
			t.Errorf("s = %d: %d bits with the norm, want %d", c.s, got, c.bits)
		}
		sparse := roundTrip(t, Elias{Sparse: true}, folded(c.levels), a)
		if sparse[0] != formSparse || sparse[1] != c.zeros {
			t.Errorf("s = %d: the message begins with %x", c.s, sparse[:2])
		}
		if got := zeroesAndOnes(sparse[2:]); strings.TrimRight(got, "0") != strings.TrimRight(c.sparse, "0") || len(got) != (len(c.sparse)+7)/8*8 {
			t.Errorf("s = %d: %s, want %s", c.s, got, c.sparse)
		}
		dense := roundTrip(t, Elias{Dense: true}, folded(c.levels), a)
		if got := zeroesAndOnes(dense[1:]); dense[0] != formDense || c.dense != "" && got != c.dense {
			t.Errorf("s = %d: dense %x, want the bits %s", c.s, dense, c.dense)
		}
	}
}

// TestEliasCost holds bits per value against measurements with an independent program: QSGD with the 2-norm of 65,536
// Gaussian values.
func TestEliasCost(t *testing.T) {
	const n = 1 << 16
	r := rng.New(5, "values")
	v, symbols := make([]float32, n), make([]uint32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	for _, c := range []struct {
		s             int
		sparse, dense float64
	}{{2, 0.087, 1.018}, {16, 0.516, 1.151}, {64, 1.30, 1.60}, {256, 2.75, 2.93}, {1024, 5.51, 5.40}} {
		if _, err := (quantize.QSGD{Levels: c.s}).Encode(symbols, nil, v, v, &codecs.Tensor{Seed: 1}); err != nil {
			t.Fatal(err)
		}
		a := codecs.Alphabet{Size: 2*c.s + 1}
		cost := func(e Elias) float64 { return 8 * float64(len(roundTrip(t, e, symbols, a))) / n }
		if got := cost(Elias{Sparse: true}); math.Abs(got/c.sparse-1) > 0.03 {
			t.Errorf("s = %d: %.3f bit per value, sparse, want %v", c.s, got, c.sparse)
		}
		if got := cost(Elias{Dense: true}); math.Abs(got/c.dense-1) > 0.03 {
			t.Errorf("s = %d: %.3f bit per value, dense, want %v", c.s, got, c.dense)
		}
	}
}

// TestEliasAlphabets codes every symbol of alphabets whose zero is anywhere or nowhere.
func TestEliasAlphabets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 300).Draw(t, "size")
		a := codecs.Alphabet{Size: size, Zero: rapid.IntRange(-1, size-1).Draw(t, "zero")}
		symbols := make([]uint32, 2*size)
		for i := range symbols {
			symbols[i] = uint32(i % size)
		}
		for _, c := range []Elias{{Sparse: true}, {Dense: true}, {Sparse: true, Dense: true}} {
			roundTrip(t, c, symbols, a)
		}
	})
}

// TestEliasChooses checks that the shorter form is taken.
func TestEliasChooses(t *testing.T) {
	r := rng.New(9, "levels")
	for _, share := range []int{1, 2, 5, 20, 100} {
		symbols := make([]uint32, 20_000)
		for i := range symbols {
			if r.IntN(share) == 0 {
				symbols[i] = uint32(1 + r.IntN(6))
			}
		}
		a := codecs.Alphabet{Size: 7}
		sparse, dense := roundTrip(t, Elias{Sparse: true}, symbols, a), roundTrip(t, Elias{Dense: true}, symbols, a)
		if got, want := len(roundTrip(t, Elias{true, true}, symbols, a)), min(len(sparse), len(dense)); got > want {
			t.Errorf("one of %d is not zero: %d bytes, the forms take %d and %d", share, got, len(sparse), len(dense))
		}
	}
}

func TestEliasDamaged(t *testing.T) {
	a := codecs.Alphabet{Size: 5}
	for name, msg := range map[string][]byte{
		"nothing":                {},
		"form 2":                 {2, 0},
		"no number":              {formSparse},
		"a number beyond all":    {formSparse, 7},
		"no levels":              {formSparse, 1},
		"a gap beyond the end":   {formSparse, 5, 0b10000000},
		"a level beyond":         {formSparse, 5, 0b00110000},
		"bytes behind":           {formSparse, 6, 0},
		"padding":                {formSparse, 5, 0b00000001},
		"dense, too few":         {formDense, 0b10000000},
		"dense, a level beyond":  {formDense, 0b10100000, 0, 0},
		"dense, a huge integer":  {formDense, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"sparse, a huge integer": {formSparse, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"dense, bytes behind":    {formDense, 0, 0},
	} {
		if err := (Elias{}).Decode(make([]uint32, 6), msg, a); err == nil {
			t.Errorf("%s: %x is decoded", name, msg)
		}
	}
}
