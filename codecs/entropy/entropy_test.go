package entropy

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/internal/rng"
	"flsim/internal/wire"
)

var coders = []struct {
	name  string
	coder codecs.EntropyCoder
}{
	{"none", Fixed{}},
	{"deflate", NewDeflate(1)},
	{"deflate 9", NewDeflate(9)},
	{"deflate -2", NewDeflate(-2)},
	{"huffman", Huffman{}},
	{"fse", FSE{}},
	{"elias", Elias{Sparse: true, Dense: true}},
	{"elias sparse", Elias{Sparse: true}},
	{"elias dense", Elias{Dense: true}},
}

// TestRoundTrip codes symbols of all kinds of alphabets and distributions.
func TestRoundTrip(t *testing.T) {
	for _, c := range coders {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				size := rapid.OneOf(rapid.IntRange(1, 20), rapid.IntRange(1, 1<<16)).Draw(t, "size")
				n := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(0, 3000)).Draw(t, "n")
				skew := rapid.Float64Range(0, 20).Draw(t, "skew")
				r := rng.New(rapid.Uint64().Draw(t, "seed"), "symbols")
				symbols := make([]uint32, n)
				for i := range symbols {
					symbols[i] = min(uint32(math.Pow(r.Float64(), skew)*float64(size)), uint32(size-1))
				}
				roundTrip(t, c.coder, symbols, codecs.Alphabet{Size: size})
			})
		})
	}
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func roundTrip(t fataler, c codecs.EntropyCoder, symbols []uint32, a codecs.Alphabet) []byte {
	t.Helper()
	before := slices.Clone(symbols)
	msg, err := c.Encode([]byte("dst"), symbols, a)
	if err != nil || string(msg[:3]) != "dst" {
		t.Fatalf("encoding: error %v, %q", err, msg[:3])
	}
	got := make([]uint32, len(symbols))
	if err := c.Decode(got, msg[3:], a); err != nil {
		t.Fatalf("decoding %d symbols of %d: %v", len(symbols), a.Size, err)
	}
	if !slices.Equal(got, before) || !slices.Equal(symbols, before) {
		t.Fatalf("%d symbols of %d come back as others", len(symbols), a.Size)
	}
	return msg[3:]
}

// gaussianLevels are symbols as a quantizer makes them of Gaussian values.
func gaussianLevels(n, size int) []uint32 {
	r := rng.New(4, "levels")
	symbols := make([]uint32, n)
	for i := range symbols {
		x := (r.NormFloat64()/6 + 0.5) * float64(size)
		symbols[i] = uint32(max(0, min(float64(size-1), x)))
	}
	return symbols
}

func entropyOf(symbols []uint32, size int) float64 {
	counts := make([]float64, size)
	for _, x := range symbols {
		counts[x]++
	}
	bits := 0.0
	for _, c := range counts {
		if c > 0 {
			bits += c * math.Log2(float64(len(symbols))/c)
		}
	}
	return bits
}

// TestNearEntropy holds every coder against Shannon's bound: nobody goes below it, and Huffman and FSE come near.
func TestNearEntropy(t *testing.T) {
	const n = 100_000
	for _, c := range []struct {
		size         int
		huffman, fse float64 // greatest ratio of size to entropy
	}{{2, 1.0001, 1.001}, {4, 1.2, 1.001}, {16, 1.012, 1.002}, {256, 1.01, 1.01}, {4096, 1.02, 1.07}} {
		symbols := gaussianLevels(n, c.size)
		bound := entropyOf(symbols, c.size)
		ratio := func(coder codecs.EntropyCoder) float64 {
			return 8 * float64(len(roundTrip(t, coder, symbols, codecs.Alphabet{Size: c.size}))) / bound
		}
		huffman, fse := ratio(Huffman{}), ratio(FSE{})
		if huffman < 1 || fse < 1 || huffman > c.huffman || fse > c.fse {
			t.Errorf("%d symbols: huffman takes %.4f and fse %.4f of the entropy, at most %v and %v are allowed", c.size, huffman, fse, c.huffman, c.fse)
		}
		t.Logf("%5d symbols: entropy %.4f bit, huffman %.4f, fse %.4f, deflate %.4f", c.size, bound/n,
			huffman*bound/n, fse*bound/n, ratio(NewDeflate(1))*bound/n)
	}
}

// TestSizes are cases in which the choice of mode matters.
func TestSizes(t *testing.T) {
	flat := make([]uint32, 4096)
	for i := range flat {
		flat[i] = uint32(rng.At(1, uint64(i)) % 2)
	}
	for _, c := range coders {
		if size := len(roundTrip(t, c.coder, nil, codecs.Alphabet{Size: 4})); size != 0 {
			t.Errorf("%s: no symbols take %d bytes", c.name, size)
		}
		_, elias := c.coder.(Elias) // whose code is no match for what is flat
		if size := len(roundTrip(t, c.coder, flat, codecs.Alphabet{Size: 2})); size > 512+20 && !elias {
			t.Errorf("%s: 4096 random bits take %d bytes", c.name, size)
		}
		zeros := make([]uint32, 1<<16)
		limit := 1200
		if c.name == "none" || c.name == "elias dense" {
			limit = 1<<13 + 1
		}
		if size := len(roundTrip(t, c.coder, zeros, codecs.Alphabet{Size: 2})); size > limit {
			t.Errorf("%s: 65,536 zeros take %d bytes", c.name, size)
		}
		roundTrip(t, c.coder, gaussianLevels(fseBlock+1, 300), codecs.Alphabet{Size: 300})
	}
}

// TestDepth builds a code from Fibonacci's numbers, the deepest there is, and checks that it stays within bounds.
func TestDepth(t *testing.T) {
	counts := make([]uint32, 40)
	a, b := uint32(1), uint32(1)
	for i := range counts {
		counts[i] = a
		a, b = b, a+b
	}
	lengths := make([]uint8, len(counts))
	codeLengths(lengths, counts)
	if deepest := slices.Max(lengths); deepest > maxLength {
		t.Errorf("a code word has %d bits", deepest)
	}
	if err := checkKraft(lengths); err != nil {
		t.Error(err)
	}
}

// TestOptimal compares the total length with that of a simpler construction: the sum of all inner nodes' weights.
func TestOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.Uint32Range(1, 1000), 2, 60).Draw(t, "counts")
		lengths := make([]uint8, len(counts))
		codeLengths(lengths, counts)
		got, want := 0, 0
		for i, c := range counts {
			got += int(c) * int(lengths[i])
		}
		pool := slices.Clone(counts)
		for len(pool) > 1 {
			slices.Sort(pool)
			pool = append(pool[2:], pool[0]+pool[1])
			want += int(pool[len(pool)-1])
		}
		if got != want {
			t.Fatalf("%v: %d bits, the best code has %d", counts, got, want)
		}
	})
}

func TestTable(t *testing.T) {
	for _, lengths := range [][]uint8{{1, 1}, {0, 1, 0, 1, 0}, {2, 2, 0, 0, 0, 1}, append(make([]uint8, 70000), 1, 2, 2)} {
		w := tableWriter{}
		w.write(lengths)
		measure := tableWriter{measure: true}
		measure.write(lengths)
		msg := w.out.Flush()
		if measure.bits != w.bits || (w.bits+7)/8 != len(msg) {
			t.Errorf("%d bits are measured and %d bytes written", measure.bits, len(msg))
		}
		got := make([]uint8, len(lengths))
		in := wire.NewMSBReader(msg)
		if err := readTable(&in, got); err != nil || !slices.Equal(got, lengths) {
			t.Errorf("%v comes back as %v (error %v)", lengths, got, err)
		}
	}
}

// TestDamagedTable writes codes that are incomplete or overfull.
func TestDamagedTable(t *testing.T) {
	for _, lengths := range [][]uint8{{1, 0}, {1, 2}, {1, 1, 1}, {0, 0, 3}} {
		w := tableWriter{}
		w.write(lengths)
		in := wire.NewMSBReader(w.out.Flush())
		if err := readTable(&in, make([]uint8, len(lengths))); err == nil {
			t.Errorf("the code lengths %v pass", lengths)
		}
	}
}

// TestHostile decodes bytes that are no messages.
func TestHostile(t *testing.T) {
	r := rng.New(3, "hostile")
	symbols := make([]uint32, 500)
	messages := 1500
	if testing.Short() {
		messages = 150
	}
	for i := range messages {
		msg := make([]byte, r.IntN(200))
		for j := range msg {
			msg[j] = byte(r.Uint64())
		}
		if len(msg) > 0 && i%4 > 0 {
			msg[0] = byte(i % 4)
		}
		for _, c := range coders {
			for _, size := range []int{1, 3, 256, 1 << 16} {
				_ = c.coder.Decode(symbols, msg, codecs.Alphabet{Size: size})
				_ = c.coder.Decode(nil, msg, codecs.Alphabet{Size: size})
			}
		}
	}
}

// TestCount decodes messages into more and into fewer symbols than they hold.
func TestCount(t *testing.T) {
	for _, size := range []int{4, 200, 3000} {
		a, symbols := codecs.Alphabet{Size: size}, gaussianLevels(2000, size)
		for _, c := range coders {
			msg, err := c.coder.Encode(nil, symbols, a)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{0, 1, 1000, 1960, 2040, 9000} {
				if err := c.coder.Decode(make([]uint32, n), msg, a); err == nil {
					t.Errorf("%s: 2000 symbols of %d decode to %d", c.name, size, n)
				}
			}
		}
	}
}

// TestBomb inflates a stream that expands to far more than the symbols.
func TestBomb(t *testing.T) {
	d := NewDeflate(9)
	bomb, err := d.Encode(nil, make([]uint32, 1<<22), codecs.Alphabet{Size: 256})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(make([]uint32, 10), bomb, codecs.Alphabet{Size: 256}); err == nil {
		t.Error("a stream of 4 MiB decodes to ten symbols")
	}
}

func FuzzDecode(f *testing.F) {
	for _, size := range []int{2, 16, 300} {
		for i, c := range coders {
			msg, err := c.coder.Encode(nil, gaussianLevels(100, size), codecs.Alphabet{Size: size})
			if err != nil {
				f.Fatal(err)
			}
			f.Add(msg, uint8(i), size, 100)
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte, coder uint8, size, n int) {
		if size < 1 || size > 1<<16 || n < 0 || n > 1<<12 {
			return
		}
		_ = coders[int(coder)%len(coders)].coder.Decode(make([]uint32, n), msg, codecs.Alphabet{Size: size})
	})
}

// TestConformance passes each coder behind nothing: it then codes the bytes of float32 values.
func TestConformance(t *testing.T) {
	for _, s := range []codecs.Settings{&FixedSettings{}, &DeflateSettings{Level: 1}, &HuffmanSettings{}, &FSESettings{}} {
		stage := func() codecs.Codec {
			coder, err := s.Stage()
			if err != nil {
				t.Fatal(err)
			}
			c, err := codecs.New(nil, coder)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		t.Run(nameOf(s), func(t *testing.T) { codectest.Run(t, stage, codectest.Options{Repeats: true}) })
	}
}

func nameOf(s codecs.Settings) string {
	switch s.(type) {
	case *FixedSettings:
		return "none"
	case *DeflateSettings:
		return "deflate"
	case *HuffmanSettings:
		return "huffman"
	}
	return "fse"
}

func BenchmarkCoders(b *testing.B) {
	for _, size := range []int{4, 16, 256} {
		symbols := gaussianLevels(1_000_000, size)
		a := codecs.Alphabet{Size: size}
		for _, c := range coders {
			name := c.name + "/" + map[int]string{4: "2 bits", 16: "4 bits", 256: "8 bits"}[size]
			msg, err := c.coder.Encode(nil, symbols, a)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(name+"/encode", func(b *testing.B) {
				b.SetBytes(int64(4 * len(symbols)))
				b.ReportAllocs()
				for b.Loop() {
					if msg, err = c.coder.Encode(msg[:0], symbols, a); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(8*float64(len(msg))/float64(len(symbols)), "bit/elem")
			})
			b.Run(name+"/decode", func(b *testing.B) {
				b.SetBytes(int64(4 * len(symbols)))
				b.ReportAllocs()
				for b.Loop() {
					if err := c.coder.Decode(symbols, msg, a); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
