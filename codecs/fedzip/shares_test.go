package fedzip

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"flsim/codecs"
	"flsim/codecs/entropy"
	"flsim/internal/rng"
)

const page = "../../docs/papers/fedzip.md"

// labels returns n labels in random order, of which a share belongs to the two outer clusters, half to each.
func labels(n int, share float64) []uint32 {
	symbols := make([]uint32, n)
	each := int(math.Round(share / 2 * float64(n)))
	for i := range 2 * each {
		symbols[i] = 1 + uint32(i/each)
	}
	rng.Shuffle(rng.New(1, "labels"), symbols)
	return symbols
}

// sizes are the compression ratios against float32 of labels at random positions, centroids not counted.
type sizes struct{ authors, authorsPosition, difference, position, huffman, fse, bound float64 }

func measure(t *testing.T, n int, share float64) sizes {
	t.Helper()
	symbols, alphabet := labels(n, share), codecs.Alphabet{Size: 3, Zero: -1}
	ratio := func(c codecs.EntropyCoder) float64 {
		msg, err := c.Encode(nil, symbols, alphabet)
		if err != nil {
			t.Fatal(err)
		}
		decoded := make([]uint32, n)
		if err := c.Decode(decoded, msg, alphabet); err != nil {
			t.Fatal(err)
		}
		return 4 * float64(n) / float64(len(msg))
	}
	gaps, _ := Labels{Difference}.PaperSymbols(symbols, alphabet)
	addresses, _ := Labels{Position}.PaperSymbols(symbols, alphabet)
	return sizes{32 * float64(n) / gaps, 32 * float64(n) / addresses, ratio(Labels{Difference}), ratio(Labels{Position}), ratio(Labels{Huffman}),
		ratio(entropy.FSE{}), 32 / information(share)}
}

// information returns the bits that a label carries, as Shannon has it.
func information(share float64) float64 {
	return -(1-share)*math.Log2(1-share) - share*math.Log2(share/2)
}

// expected returns the ratio by the authors' count of differences in the limit of long tensors. The gaps of a cluster
// are geometric with p = share/2; a gap g has as many digits as there are j with 2^j <= g, and P(g >= x) is (1-p)^(x-1).
func expected(share float64) float64 {
	digits := 0.0
	for j := 0; j < 40; j++ {
		digits += math.Pow(1-share/2, math.Ldexp(1, j)-1)
	}
	return 32 / (share * digits)
}

// shareAt returns the minority share at which the authors' count of differences gives a ratio.
func shareAt(ratio float64) float64 {
	low, high := 1e-6, 0.5
	for range 60 {
		if mid := (low + high) / 2; expected(mid) > ratio {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// TestShares holds measured ratios against those that an independent program has for random positions.
func TestShares(t *testing.T) {
	const n = 1_000_000
	for _, c := range []struct{ share, each, authors, difference, position, huffman, bound float64 }{
		{0.20, 3.3527, 47.72, 28.04, 5.93, 26.67, 34.71}, // each is the authors' count for a difference
		{0.10, 4.2139, 75.94, 43.08, 11.85, 29.09, 56.24},
		{0.05, 5.1243, 124.90, 69.20, 23.70, 30.48, 95.13},
		{0.01, 7.3493, 435.42, 233.60, 118.52, 31.68, 352.45},
		{0.005, 8.3326, 768.06, 408.55, 237.04, 31.84, 634.74},
		{0.003, 9.0621, 1177.06, 622.90, 395.06, 31.90, 985.71},
		{0.001, 10.6385, 3007.94, 1578.14, 1185.19, 31.97, 2579.03},
	} {
		got := measure(t, n, c.share)
		noise := 0.001 + 3/math.Sqrt(c.share*n) // of the gaps
		for _, d := range []struct {
			name      string
			got, want float64
		}{
			{"the authors' count", got.authors, c.authors}, {"differences", got.difference, c.difference},
			{"Huffman", got.huffman, c.huffman}, {"the bound", got.bound, c.bound}, {"the expected count", expected(c.share), c.authors},
			{"the authors' count of positions", got.authorsPosition, c.position}, {"the expected digits", 32 / (c.share * expected(c.share)), c.each},
		} {
			if math.Abs(d.got/d.want-1) > noise {
				t.Errorf("a minority of %v: %s gives %.2f, want %.2f", c.share, d.name, d.got, d.want)
			}
		}
		if max(got.difference, got.position, got.huffman) > got.bound || got.fse > 1.001*got.bound { // FSE adapts to its blocks
			t.Errorf("a minority of %v: something that can be decoded beats the bound: %+v", c.share, got)
		}
		if got.authors < got.bound {
			t.Errorf("a minority of %v: the authors' count of %.2f is achievable", c.share, got.authors)
		}
	}
}

// TestHuffmanFloor: a code word has at least one bit, so that Huffman never reaches 32, and never beats the entropy.
func TestHuffmanFloor(t *testing.T) {
	for _, share := range []float64{1e-5, 1e-3, 0.1, 0.5, 0.9} {
		symbols := labels(20_000, share)
		msg, err := Labels{Huffman}.Encode(nil, symbols, codecs.Alphabet{Size: 3})
		if err != nil {
			t.Fatal(err)
		}
		var count [3]float64
		for _, x := range symbols {
			count[x]++
		}
		n, least := float64(len(symbols)), 0.0
		for _, c := range count {
			if c > 0 {
				least += c * math.Log2(n/c)
			}
		}
		if bits := 8 * float64(len(msg)); bits < least || count[0] < n && bits <= n {
			t.Errorf("a minority of %v: %v bits for %v labels of %v bits of entropy", share, bits, n, least)
		}
	}
}

// TestPage: the manual has the table that these programs make, and names the share at which the claim would hold.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	claim := shareAt(1085)
	var b strings.Builder
	b.WriteString("| minority | authors' differences | differences, sent | positions, sent | Huffman, sent | FSE, sent | entropy bound |\n|---|---|---|---|---|---|---|\n")
	for _, share := range []float64{0.2, 0.1, 0.05, 0.01, claim, 0.001} {
		s := measure(t, 1_199_882, share)
		fmt.Fprintf(&b, "| %.3g %% | %.4g× | %.4g× | %.4g× | %.4g× | %.4g× | %.4g× |\n", 100*share, s.authors, s.difference, s.position, s.huffman, s.fse, s.bound)
	}
	if !strings.Contains(string(text), b.String()) {
		t.Errorf("%s lacks the table\n%s", page, b.String())
	}
}
