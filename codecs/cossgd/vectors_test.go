package cossgd

import (
	"encoding/hex"
	"math"
	"slices"
	"testing"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/codecs/sparsify"
	"flsim/internal/wire"
)

// The vectors below were computed in float64 by two independent programs.
var vector = []float32{0.30, -0.70, 0.05, -0.02, 1.20, -0.10}

var nearestVectors = []struct {
	bits    int
	clip    float64
	real    []float64
	codes   []uint32
	decoded []float64
	nmse    float64
	lsb     string
	msb     string
}{
	{1, 0, []float64{0.394036, 0.756514, 0.482468, 0.507012, 0, 0.535086}, []uint32{0, 1, 0, 1, 0, 1},
		[]float64{1.2, -1.2, 1.2, -1.2, 1.2, -1.2}, 2.452113, "2a", "54"},
	{2, 0, []float64{1.182107, 2.269543, 1.447403, 1.521035, 0, 1.605259}, []uint32{1, 2, 1, 2, 0, 2},
		[]float64{0.466649, -0.466649, 0.466649, -0.466649, 1.2, -0.466649}, 0.290102, "9908", "6620"},
	{3, 0, []float64{2.758249, 5.295600, 3.377274, 3.549082, 0, 3.745604}, []uint32{3, 5, 3, 4, 0, 4},
		[]float64{0.203054, -0.592689, 0.203054, -0.203054, 1.2, -0.203054}, 0.043518, "", ""},
	{4, 0, []float64{5.910534, 11.347715, 7.237015, 7.605176, 0, 8.026295}, []uint32{6, 11, 7, 8, 0, 8},
		[]float64{0.283347, -0.641663, 0.095011, -0.095011, 1.2, -0.095011}, 0.005587, "b68780", "6b7808"},
	{8, 0, []float64{100.479072, 192.911161, 123.029251, 129.287991, 0, 136.447009}, []uint32{100, 193, 123, 129, 0, 136},
		[]float64{0.305237, -0.700866, 0.050327, -0.016779, 1.2, -0.095011}, 0.000031, "64c17b810088", "64c17b810088"},
	{2, 0.2, []float64{0.880360, 3, 1.397477, 1.541002, 0, 1.705172}, []uint32{1, 3, 1, 2, 0, 2},
		[]float64{0.242711, -0.7, 0.242711, -0.242711, 0.7, -0.242711}, 0.177277, "", ""},
	{4, 0.2, []float64{4.401798, 15, 6.987387, 7.705010, 0, 8.525858}, []uint32{4, 15, 7, 8, 0, 9},
		[]float64{0.338204, -0.7, 0.048770, -0.048770, 0.7, -0.146082}, 0.125147, "", ""},
	{8, 0.2, []float64{74.830574, 255, 118.785578, 130.985168, 0, 144.939588}, []uint32{75, 255, 119, 131, 0, 145},
		[]float64{0.299049, -0.7, 0.048770, -0.020085, 0.7, -0.100346}, 0.122978, "", ""},
}

func TestNearestVectors(t *testing.T) {
	for _, c := range nearestVectors {
		q := Quantizer{Bits: c.bits, Clip: c.clip}
		g := q.fit(vector)
		for i, x := range vector {
			if r := g.real(x); math.Abs(r-c.real[i]) > within(g.levels) {
				t.Errorf("%+v: element %d is %v before rounding, want %v", q, i, r, c.real[i])
			}
		}
		codes, decoded, side := q.pass(t, vector, vector, 0)
		if !slices.Equal(codes, c.codes) {
			t.Errorf("%+v: codes %v, want %v", q, codes, c.codes)
		}
		near(t, decoded, c.decoded)
		if nmse := codecs.NMSE(decoded, vector); math.Abs(nmse-c.nmse) > 1e-6 {
			t.Errorf("%+v: NMSE %v, want %v", q, nmse, c.nmse)
		}
		if len(side) != 8 {
			t.Errorf("%+v: %d bytes of side data", q, len(side))
		}
		if c.lsb != "" {
			packed(t, codes, uint(c.bits), c.lsb, c.msb)
		}
	}
}

// within is what codes before rounding may be off by: six decimals of the vectors, and norms and bounds as float32.
func within(levels float64) float64 { return 5e-7 + 1e-7*levels }

func packed(t *testing.T, codes []uint32, width uint, lsb, msb string) {
	t.Helper()
	if got := hex.EncodeToString(wire.AppendPacked(nil, codes, width)); got != lsb {
		t.Errorf("%d bits, least significant first: %s, want %s", width, got, lsb)
	}
	var w wire.MSBWriter
	for _, c := range codes {
		w.Write(uint64(c), width)
	}
	if got := hex.EncodeToString(w.Flush()); got != msb {
		t.Errorf("%d bits, most significant first: %s, want %s", width, got, msb)
	}
}

// pass encodes and decodes one tensor.
func (q Quantizer) pass(t *testing.T, full, kept []float32, seed uint64) ([]uint32, []float32, []byte) {
	t.Helper()
	tensor := &codecs.Tensor{Seed: seed}
	codes, decoded := make([]uint32, len(kept)), make([]float32, len(kept))
	side, err := q.Encode(codes, nil, full, kept, tensor)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := q.Decode(decoded, codes, append(slices.Clone(side), 1, 2), tensor)
	if err != nil || len(rest) != 2 {
		t.Fatalf("decoding: error %v, %d bytes left and not 2", err, len(rest))
	}
	return codes, decoded, side
}

func near(t *testing.T, got []float32, want []float64) {
	t.Helper()
	for i, x := range got {
		if math.Abs(float64(x)-want[i]) > 1e-6 {
			t.Errorf("element %d decodes to %v, want %v", i, x, want[i])
		}
	}
}

// TestHeader holds norm and bound of tensors, and the angles between one and the axes.
func TestHeader(t *testing.T) {
	for _, c := range []struct {
		v           []float32
		clip        float64
		norm, bound float64
		within      float64
	}{
		{vector, 0, 1.425798022, 0.570494665, 1e-7},
		{vector, 0, 1.425798022, 0.181594092 * math.Pi, 1e-7},
		{vector, 0.01, 1.425798022, 0.570494665, 1e-7}, // which drops none of six
		{vector, 0.2, 1.425798022, 1.057612852, 1e-7},
		{second, 0, 1.175798, 0.699075, 1e-6},
		{weights, 0, 0.591101, 0.804292, 1e-6},
		{[]float32{2}, 0, 2, 0, 0},
		{[]float32{-3}, 0, 3, 0, 0},
	} {
		g := Quantizer{Bits: 2, Clip: c.clip}.fit(c.v)
		if math.Abs(float64(g.norm)-c.norm) > c.within || math.Abs(float64(g.bound)-c.bound) > c.within {
			t.Errorf("%v, clip %v: norm %v and bound %v, want %v and %v", c.v, c.clip, g.norm, g.bound, c.norm, c.bound)
		}
	}
	for i, want := range []float64{1.358804, 2.083980, 1.535721, 1.584824, 0.570495, 1.640990} {
		if theta := angle(float64(vector[i]) / 1.425798022); math.Abs(theta-want) > 1e-6 {
			t.Errorf("element %d has the angle %v, want %v", i, theta, want)
		}
	}
	if angle(1+1e-9) != 0 || angle(-1-1e-9) != math.Pi {
		t.Error("a cosine beyond 1 has no angle")
	}
}

// TestDropped holds the number of clipped elements against the authors' floor(n clip), in float64.
func TestDropped(t *testing.T) {
	for _, c := range []struct {
		n    int
		clip float64
		want int
	}{{99, 0.01, 0}, {100, 0.01, 1}, {199, 0.01, 1}, {200, 0.01, 2}, {700, 0.01, 7}, {100, 0.29, 28}} {
		v := make([]float32, c.n)
		for i := range v {
			v[i] = float32(i+1) * float32(1-2*(i%2)) // both signs compete
		}
		g := Quantizer{Bits: 4, Clip: c.clip}.fit(v)
		if bound := float32(math.Acos(float64(c.n-c.want) / float64(g.norm))); g.bound != bound {
			t.Errorf("n = %d, clip %v: the bound is %v, and %v if %d elements are clipped", c.n, c.clip, g.bound, bound, c.want)
		}
	}
}

var stochasticVectors = []struct {
	bits    int
	low     []float64 // codes when rounded down
	p       []float64 // probabilities of the next one
	codes   []uint32  // with the uniform numbers below
	decoded []float64
	mean    []float64
}{
	{1, []float64{0, 0, 0, 0, 0, 0}, []float64{0.394036, 0.756514, 0.482468, 0.507012, 0, 0.535086}, nil, nil,
		[]float64{0.254315, -0.615634, 0.042078, -0.016828, 1.2, -0.084207}},
	{2, []float64{1, 2, 1, 1, 0, 1}, []float64{0.182107, 0.269543, 0.447403, 0.521035, 0, 0.605259}, []uint32{1, 3, 1, 2, 0, 2}, nil,
		[]float64{0.296689, -0.664319, 0.049089, -0.019632, 1.2, -0.098238}},
	{4, []float64{5, 11, 7, 7, 0, 8}, []float64{0.910534, 0.347715, 0.237015, 0.605176, 0, 0.026295}, []uint32{6, 12, 7, 8, 0, 8},
		[]float64{0.283347, -0.805279, 0.095011, -0.095011, 1.2, -0.095011},
		[]float64{0.299746, -0.698555, 0.049973, -0.019986, 1.2, -0.099964}},
}

func TestStochasticVectors(t *testing.T) {
	u := []float64{0.5, 0.1, 0.9, 0.01, 0.7, 0.2}
	for _, c := range stochasticVectors {
		g := Quantizer{Bits: c.bits}.fit(vector)
		for i, x := range vector {
			r := g.real(x)
			low := math.Floor(r)
			p := r - low
			if low != c.low[i] || math.Abs(p-c.p[i]) > within(g.levels) {
				t.Errorf("%d bits, element %d: code %v or, with probability %v, the next one; want %v and %v", c.bits, i, low, p, c.low[i], c.p[i])
			}
			if c.codes != nil && up(r, u[i]) != c.codes[i] {
				t.Errorf("%d bits, element %d: code %d, want %d", c.bits, i, up(r, u[i]), c.codes[i])
			}
			if c.decoded != nil && math.Abs(float64(g.value(c.codes[i]))-c.decoded[i]) > 1e-6 {
				t.Errorf("%d bits, element %d decodes to %v, want %v", c.bits, i, g.value(c.codes[i]), c.decoded[i])
			}
			mean := (1-p)*float64(g.value(uint32(low))) + p*float64(g.value(uint32(min(low+1, g.levels))))
			if math.Abs(mean-c.mean[i]) > 2e-6 {
				t.Errorf("%d bits, element %d: expected value %v, want %v", c.bits, i, mean, c.mean[i])
			}
		}
		if top := up(g.levels, 0); top != uint32(g.levels) {
			t.Errorf("the last code is rounded up to %d", top)
		}
	}
}

var (
	second  = []float32{-0.10, -0.50, 0.25, 0.40, 0.90, -0.30}
	weights = []float32{0.12, -0.34, 0.05, 0.41, -0.22, 0.02}
)

// TestTwoClients is the mean of two decoded updates.
func TestTwoClients(t *testing.T) {
	q := Quantizer{Bits: 2}
	codes, decoded, _ := q.pass(t, second, second, 0)
	if want := []uint32{2, 2, 1, 1, 0, 2}; !slices.Equal(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
	near(t, decoded, []float64{-0.336868, -0.336868, 0.336868, 0.336868, 0.9, -0.336868})
	_, mean, _ := q.pass(t, vector, vector, 0)
	for i, x := range decoded {
		mean[i] = (mean[i] + x) / 2
	}
	near(t, mean, []float64{0.064890, -0.401759, 0.401759, -0.064890, 1.05, -0.401759})
}

// TestMasked decodes the message of a chain whose mask happens to keep elements 1, 3 and 4: norm and bound are those of the
// whole tensor, whatever part of it is sent, and all that the message takes is counted.
func TestMasked(t *testing.T) {
	codec, err := codecs.New(nil, sparsify.RandomMask{Keep: 0.5}, Quantizer{Bits: 2})
	if err != nil {
		t.Fatal(err)
	}
	shared, decoded := codectest.Shared(codec, codecs.Layout{}.Add("v", codecs.Weight, len(vector))), make([]float32, len(vector))
	for seed := range uint64(10_000) {
		msg, account, err := codec.Encode(nil, vector, shared, seed)
		if err != nil {
			t.Fatal(err)
		}
		if err := codec.Decode(decoded, msg, shared); err != nil {
			t.Fatal(err)
		}
		if d := decoded; d[0] != 0 || d[1] == 0 || d[2] != 0 || d[3] == 0 || d[4] == 0 || d[5] != 0 {
			continue
		}
		near(t, decoded, []float64{0, -0.933298, 0, -0.933298, 2.4, 0})
		if len(msg) != 8+1+8+1 || account.Side != 8+1+8 || account.Paper != 64+64+3*2 { // seed, length, norm and bound, codes
			t.Errorf("%d bytes, %d of them side data, %v bits by the formula", len(msg), account.Side, account.Paper)
		}
		return
	}
	t.Error("no mask keeps elements 1, 3 and 4 alone")
}

func TestWeights(t *testing.T) {
	codes, decoded, _ := Quantizer{Bits: 4}.pass(t, weights, weights, 0)
	if want := []uint32{5, 13, 7, 0, 11, 7}; !slices.Equal(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
	near(t, decoded, []float64{0.149389, -0.315037, 0.030192, 0.410000, -0.206958, 0.030192})
}
