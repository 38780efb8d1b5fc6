package all

import (
	"compress/flate"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/codecs/cossgd"
	"flsim/codecs/entropy"
	"flsim/internal/params"
	"flsim/internal/rng"
)

// TestEntries: every registered type has defaults within its own ranges, builds a stage of the slot it names, and is
// documented.
func TestEntries(t *testing.T) {
	if len(codecs.Entries()) < 11 {
		t.Errorf("%d types are registered", len(codecs.Entries()))
	}
	for _, e := range codecs.Entries() {
		settings := e.New()
		for _, p := range params.Check(settings) {
			t.Errorf("%s: %v", e.Type, p)
		}
		for _, p := range params.List(settings) {
			if !strings.HasSuffix(p.Doc, ".") {
				t.Errorf("%s.%s is not documented by a sentence: %q", e.Type, p.Name, p.Doc)
			}
		}
		stage, err := settings.Stage()
		if err != nil {
			t.Errorf("%s at its defaults: %v", e.Type, err)
			continue
		}
		if slot, err := codecs.SlotOf(stage); err != nil || slot != e.Slot {
			t.Errorf("%s makes a %v and says that it is a %v (error %v)", e.Type, slot, e.Slot, err)
		}
		if !strings.HasSuffix(e.Doc, ".") {
			t.Errorf("%s is not documented by a sentence: %q", e.Type, e.Doc)
		}
	}
}

// TestCombinations passes a message through every chain of registered types at their defaults.
func TestCombinations(t *testing.T) {
	slots := make([][]codecs.Entry, codecs.SlotWhole)
	for slot := range slots {
		slots[slot] = []codecs.Entry{{Type: "-"}}
		for _, e := range codecs.Entries() {
			if e.Slot == codecs.Slot(slot) {
				slots[slot] = append(slots[slot], e)
			}
		}
	}
	if testing.Short() {
		slots[codecs.SlotTransform] = slots[codecs.SlotTransform][:1]
	}
	for _, first := range slots[0] {
		for _, second := range slots[1] {
			for _, third := range slots[2] {
				for _, fourth := range slots[3] {
					chain := []codecs.Entry{first, second, third, fourth}
					trainers, controllers := wishing[codecs.Reshaper](t, chain), wishing[codecs.Controller](t, chain)
					if max(trainers, controllers) > 1 || trainers == 1 && first.New != nil {
						continue // two with one wish, or one that trains its own way behind a transform, are refused
					}
					t.Run(name(chain), func(t *testing.T) {
						t.Parallel()
						codectest.RoundTrip(t, func() codecs.Codec { return build(t, chain) })
					})
				}
			}
		}
	}
}

// wishing counts the stages that implement an optional interface.
func wishing[T any](t *testing.T, chain []codecs.Entry) (n int) {
	for _, e := range chain {
		if e.New == nil {
			continue
		}
		stage, err := e.New().Stage()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := stage.(T); ok {
			n++
		}
	}
	return n
}

func name(chain []codecs.Entry) string {
	var words []string
	for _, e := range chain {
		words = append(words, e.Type)
	}
	return strings.Join(words, " ")
}

func build(t testing.TB, chain []codecs.Entry) codecs.Codec {
	var stages []any
	for _, e := range chain {
		if e.New == nil {
			continue
		}
		stage, err := e.New().Stage()
		if err != nil {
			t.Fatal(err)
		}
		stages = append(stages, stage)
	}
	codec, err := codecs.New([]codecs.Kind{codecs.Norm}, stages...)
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

// TestDeflatedCosines holds sizes against measurements with an independent program: bits per element of 65,536 values after
// CosSGD with a clip of 1 %, their entropy and their size after Deflate at level 9 and with Huffman's codes alone. Least
// significant bit first they deflate to their entropy; a byte per code would not.
func TestDeflatedCosines(t *testing.T) {
	for _, d := range []struct {
		name string
		draw func(*rng.Rand) float64
		want []deflated
	}{
		{"Gaussian", (*rng.Rand).NormFloat64, []deflated{{1, 1.000, 1.001, 0}, {2, 1.420, 1.448, 1.444}, {4, 3.573, 3.606, 0}, {8, 7.619, 7.666, 8.00}}},
		{"Laplace", laplace, []deflated{{2, 1.268, 1.302, 1.291}, {4, 3.132, 3.172, 0}}},
		{"Student's t", student, []deflated{{2, 1.196, 1.232, 1.216}, {4, 2.909, 2.951, 0}}},
	} {
		v, r := make([]float32, 1<<16), rng.New(2, "deflate")
		for i := range v {
			v[i] = float32(d.draw(r))
		}
		for _, c := range d.want {
			bits, order0 := perElement(t, v, c.bits, 9)
			if math.Abs(order0/c.entropy-1) > 0.02 {
				t.Errorf("%s, %d bits: an entropy of %.3f bit per element, want %.3f", d.name, c.bits, order0, c.entropy)
			}
			if math.Abs(bits/c.deflate-1) > 0.02 {
				t.Errorf("%s, %d bits deflate to %.3f per element, want %.3f", d.name, c.bits, bits, c.deflate)
			}
			if bits, _ := perElement(t, v, c.bits, flate.HuffmanOnly); c.huffman > 0 && math.Abs(bits/c.huffman-1) > 0.02 {
				t.Errorf("%s, %d bits take %.3f per element in Huffman's codes alone, want %.3f", d.name, c.bits, bits, c.huffman)
			}
		}
	}
}

// deflated are bits per element at one width; 0 was not measured.
type deflated struct {
	bits                      int
	entropy, deflate, huffman float64
}

func laplace(r *rng.Rand) float64 { return r.ExpFloat64() * float64(1-2*r.IntN(2)) }

// student draws from Student's distribution of three degrees of freedom.
func student(r *rng.Rand) float64 {
	x, square := r.NormFloat64(), 0.0
	for range 3 {
		square += math.Pow(r.NormFloat64(), 2) / 3
	}
	return x / math.Sqrt(square)
}

// perElement returns the bits per element of a message about v and of its entropy.
func perElement(t *testing.T, v []float32, bits, level int) (message, order0 float64) {
	t.Helper()
	codec, err := codecs.New(nil, cossgd.Quantizer{Bits: bits, Clip: 0.01}, entropy.NewDeflate(level))
	if err != nil {
		t.Fatal(err)
	}
	msg, account, err := codec.Encode(nil, v, codectest.Shared(codec, codecs.Layout{}.Add("w", codecs.Weight, len(v))), 1)
	if err != nil {
		t.Fatal(err)
	}
	return 8 * float64(len(msg)) / float64(len(v)), account.Entropy / float64(len(v))
}

// TestDocumented: the manual's table has a row for every type.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/codecs.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range codecs.Entries() {
		row := fmt.Sprintf("| `%s` | %v |", e.Type, e.Slot)
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/codecs.md has no row that starts with %q", row)
		}
	}
}
