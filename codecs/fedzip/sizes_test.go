package fedzip

import (
	"math"
	"slices"
	"testing"

	"flsim/clients/nn"
	"flsim/codecs"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// TestDefaults: a table that says nothing has the settings of the authors' first release.
func TestDefaults(t *testing.T) {
	for name, want := range map[string]any{"fedzip": quantizer(0.2), "fedzip-labels": Labels{Huffman}} {
		entry, _ := codecs.Lookup(name)
		if got, err := entry.New().Stage(); err != nil || got != want {
			t.Errorf("%s: %+v, want %+v (error %v)", name, got, want, err)
		}
	}
}

var labelled = codecs.Alphabet{Size: 3, Zero: -1}

// message encodes labels and makes sure that they can be decoded.
func (l Labels) message(t testing.TB, symbols []uint32) []byte {
	t.Helper()
	msg, err := l.Encode(nil, symbols, labelled)
	if err != nil {
		t.Fatal(err)
	}
	decoded := make([]uint32, len(symbols))
	if err := l.Decode(decoded, msg, labelled); err != nil || !slices.Equal(decoded, symbols) {
		t.Fatalf("encoding %d: %v from %v (error %v)", l.Encoding, decoded, symbols, err)
	}
	return msg
}

// alone returns symbols in which only one of the two minorities is left.
func alone(symbols []uint32, x uint32) []uint32 {
	out := slices.Clone(symbols)
	for i, s := range out {
		if s != x {
			out[i] = 0
		}
	}
	return out
}

// TestSizes holds the sizes of the vectors' labels against an independent program's: by the authors' counts, of the
// bits that are sent behind counts or a table, and of both minorities apart; and the ratios to float32 that follow, of
// the first vector also with its code book.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		name                   string
		v                      []float32
		keep                   float64
		encoding               Encoding
		paper, sent            [3]int // of all, of the low cluster, of the high one; 0 is not compared
		paperRatio, ratio      float64
		paperWithBook, allBook float64
	}{
		{"first, Huffman", first, 0.25, Huffman, [3]int{26}, [3]int{29}, 29.538462, 26.482759, 6.295082, 6.144},
		{"first, position", first, 0.25, Position, [3]int{135}, [3]int{25}, 5.688889, 30.72, 3.324675, 6.347107},
		{"first, difference", first, 0.25, Difference, [3]int{17, 7, 10}, [3]int{29, 12, 17}, 45.176471, 26.482759, 6.79646, 6.144},
		{"second, Huffman", second(), 0.2, Huffman, [3]int{1100}, [3]int{1200}, 29.090909, 26.666667, 0, 0},
		{"second, position", second(), 0.2, Position, [3]int{5400}, [3]int{2000}, 5.925926, 16, 0, 0},
		{"second, difference", second(), 0.2, Difference, [3]int{764, 382, 382}, [3]int{1328, 664, 664}, 41.884817, 24.096386, 0, 0},
	} {
		l, q := Labels{c.encoding}, quantizer(c.keep)
		symbols, _, _ := q.pass(t, c.v)
		for i, part := range [][]uint32{symbols, alone(symbols, 1), alone(symbols, 2)} {
			if c.sent[i] == 0 {
				continue
			}
			if paper, known := l.PaperSymbols(part, labelled); int(paper) != c.paper[i] || !known {
				t.Errorf("%s, part %d: the authors' count is %v, want %v", c.name, i, paper, c.paper[i])
			}
			head := 24 // the implied symbol and two counts
			if c.encoding == Huffman {
				head = 8 + 11 // mode, and the lengths 1, 2 and 2
			}
			if got, want := len(l.message(t, part)), (head+c.sent[i]+7)/8; got != want {
				t.Errorf("%s, part %d: %d bytes, want %d", c.name, i, got, want)
			}
		}
		side, err := q.Encode(symbols, nil, c.v, c.v, &codecs.Tensor{})
		if err != nil {
			t.Fatal(err)
		}
		plain, paper, sent := 32*float64(len(c.v)), float64(c.paper[0]), float64(c.sent[0])
		book := 8 * float64(len(side))
		for _, r := range [][2]float64{{plain / paper, c.paperRatio}, {plain / sent, c.ratio},
			{plain / (paper + book), c.paperWithBook}, {plain / (sent + book), c.allBook}} {
			if r[1] > 0 && math.Abs(r[0]-r[1]) > 5.1e-7 {
				t.Errorf("%s: a ratio of %v, want %v", c.name, r[0], r[1])
			}
		}
	}
}

// TestWidth: an address has ceil(log2 n) bits.
func TestWidth(t *testing.T) {
	for n, want := range map[int]uint{1: 0, 2: 1, 3: 2, 4: 2, 5: 3, 24: 5, 1000: 10, 1024: 10, 1_000_000: 20, 1_199_882: 21} {
		if got := width(n); got != want {
			t.Errorf("addresses of %d labels have %d bits, want %d", n, got, want)
		}
	}
}

// TestEntropies holds the entropy of the vectors' labels against an independent program's.
func TestEntropies(t *testing.T) {
	for _, c := range []struct {
		v    []float32
		keep float64
		want float64
	}{{first, 0.25, 22.574}, {second(), 0.2, 921.928}} {
		codec := chain(t, quantizer(c.keep), Labels{Difference})()
		_, account, err := codec.Encode(nil, c.v, &codecs.Shared{Layout: codecs.Layout{}.Add("w", codecs.Weight, len(c.v))}, 1)
		if got := account.Entropy - 8*float64(account.Side); err != nil || math.Abs(got-c.want) > 5.1e-4 {
			t.Errorf("an entropy of %v bits, want %v (error %v)", got, c.want, err)
		}
	}
}

// TestCodeBooks: what the authors' counts leave out is counted, three centroids for each tensor.
func TestCodeBooks(t *testing.T) {
	for name, want := range map[string]struct{ bits, length int }{"keras-cnn": {768, 1}, "vgg16": {3072, 2}} {
		cfg := nn.DefaultConfig()
		cfg.Name = name
		model, err := nn.New(cfg, tensor.Shape{H: 28, W: 28, C: 1}, 10)
		if err != nil {
			t.Fatal(err)
		}
		var small codecs.Layout // as many tensors
		for _, seg := range model.Layout() {
			small = small.Add(seg.Name, seg.Kind, 4)
		}
		codec := chain(t, quantizer(0.2), Labels{Difference})()
		_, account, err := codec.Encode(nil, make([]float32, small.Len()), &codecs.Shared{Layout: small}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := 8 * (account.Side - want.length); got != want.bits { // behind their length in bytes, a uvarint
			t.Errorf("%s: code books of %d bits, want %d", name, got, want.bits)
		}
	}
}

// TestTinyTensors: what a tensor of few elements or few values becomes can be decoded in all encodings.
func TestTinyTensors(t *testing.T) {
	for _, v := range [][]float32{{0}, {3}, {-1, 2}, {5, 5}, {0, 0}, {0, 0, 0}, {0.25, 0.25, 0.25, 0.25, 0.25, 0.25}, make([]float32, 9),
		{1, 2, 1, 1, 2, 1, 1, 1}, {-1, 1, -1, 1, -1, -1, -1}, {0, 0, 0, 7, 0, 0}, {0, 0, -7, 0}} {
		for _, keep := range []float64{0.2, 1} {
			symbols, _, decoded := quantizer(keep).pass(t, v)
			for _, e := range []Encoding{Huffman, Position, Difference} {
				Labels{e}.message(t, symbols)
				codec, layout := chain(t, quantizer(keep), Labels{e})(), codecs.Layout{}.Add("w", codecs.Weight, len(v))
				msg, _, err := codec.Encode(nil, v, &codecs.Shared{Layout: layout}, 1)
				got := make([]float32, len(v))
				if err == nil {
					err = codec.Decode(got, msg, &codecs.Shared{Layout: layout})
				}
				if err != nil || !slices.Equal(got, decoded) {
					t.Errorf("encoding %d, keep %v: %v becomes %v and decodes to %v (error %v)", e, keep, v, decoded, got, err)
				}
			}
		}
	}
}

// TestMeanAboveEntropy: over many messages of independent random labels none of the encodings takes less than their
// entropy, counts and tables included; a single short one may.
func TestMeanAboveEntropy(t *testing.T) {
	const messages = 300
	for _, n := range []int{1, 2, 8, 24, 200} {
		for _, share := range []float64{0.02, 0.2, 0.6} {
			r := rng.New(uint64(n), "labels")
			var sum [3]float64
			symbols := make([]uint32, n)
			for range messages {
				for i := range symbols {
					symbols[i] = 0
					if r.Float64() < share {
						symbols[i] = 1 + uint32(r.IntN(2))
					}
				}
				for e := range sum {
					sum[e] += 8 * float64(len(Labels{Encoding(e)}.message(t, symbols))) / messages
				}
			}
			for e, mean := range sum {
				if least := float64(n) * information(share); mean < least {
					t.Errorf("%d labels, a minority of %v, encoding %d: %v bits on average, their entropy is %v", n, share, e, mean, least)
				}
			}
		}
	}
}
