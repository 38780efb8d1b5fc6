package sparsify

import (
	"math"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"flsim/codecs"
	"flsim/codecs/codectest"
)

func one(n int) codecs.Layout { return codecs.Layout{}.Add("w", codecs.Weight, n) }

// TestTopK holds the selection against a stable sort by magnitude.
func TestTopK(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.OneOf(rapid.Float32Range(-1, 1), rapid.SampledFrom([]float32{0, 0.5, -0.5})), 1, 100).Draw(t, "v")
		s := TopK{Keep: rapid.Float64Range(0.001, 1).Draw(t, "keep")}
		k := max(1, int(s.Keep*float64(len(v))))
		order := make([]int, len(v))
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(i, j int) bool {
			return math.Abs(float64(v[order[i]])) > math.Abs(float64(v[order[j]]))
		})
		want := make([]int32, k)
		for i := range want {
			want[i] = int32(order[i])
		}
		slices.Sort(want)
		msg, got, err := s.Select([]byte("x"), v, one(len(v)), nil, 0)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%+v of %v: kept %v, want %v (error %v)", s, v, got, want, err)
		}
		back, rest, err := s.Positions(append(msg[1:], 9), one(len(v)), nil, 0)
		if err != nil || !slices.Equal(back, want) || len(rest) != 1 {
			t.Fatalf("read back %v, want %v (error %v, %d bytes left)", back, want, err, len(rest))
		}
	})
}

func TestTopKScopes(t *testing.T) {
	layout := one(4).Add("none", codecs.Bias, 0).Add("b", codecs.Bias, 3).Add("c", codecs.Bias, 1)
	v := []float32{1, 2, 3, 4, 50, 60, 70, 0}
	for _, c := range []struct {
		s    TopK
		want []int32
	}{
		{TopK{Keep: 0.5}, []int32{3, 4, 5, 6}},
		{TopK{Keep: 0.5, PerTensor: true}, []int32{2, 3, 6, 7}},
		{TopK{Keep: 1e-9}, []int32{6}},
		{TopK{Keep: 1e-9, PerTensor: true}, []int32{3, 6, 7}},
		{TopK{Keep: 1}, []int32{0, 1, 2, 3, 4, 5, 6, 7}},
	} {
		if _, got, _ := c.s.Select(nil, v, layout, nil, 0); !slices.Equal(got, c.want) {
			t.Errorf("%+v keeps %v, want %v", c.s, got, c.want)
		}
	}
}

func TestRandomMask(t *testing.T) {
	const n = 200_000
	s := RandomMask{Keep: 0.05}
	first, second := s.draw(n, 1), s.draw(n, 2)
	if share := float64(len(first)) / n; math.Abs(share-0.05) > 4*math.Sqrt(0.05*0.95/n) {
		t.Errorf("a share of %v is kept", share)
	}
	both := 0
	for _, at := range second {
		if _, found := slices.BinarySearch(first, at); found {
			both++
		}
	}
	if want := 0.05 * float64(len(first)); math.Abs(float64(both)-want) > 5*math.Sqrt(want) {
		t.Errorf("two masks share %d of %d elements, independent ones would %v", both, len(first), want)
	}
	if got := (RandomMask{Keep: 1}).draw(3, 1); !slices.Equal(got, []int32{0, 1, 2}) {
		t.Errorf("all kept are %v", got)
	}
	if s.Gain() != 20 {
		t.Errorf("gain %v", s.Gain())
	}
}

func chain(t testing.TB, s codecs.Settings) func() codecs.Codec {
	return func() codecs.Codec {
		stage, err := s.Stage()
		if err != nil {
			t.Fatal(err)
		}
		c, err := codecs.New(nil, stage)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// The top-k bounds are what is left of the distributions' second moment, the mask's is 1/p - 1.
var variants = []struct {
	name string
	s    codecs.Settings
	o    codectest.Options
}{
	{"topk 1 %", &TopKSettings{Keep: 0.01, Scope: "model"}, codectest.Options{Gaussian: 0.94, Laplace: 0.86}},
	{"topk 30 % per tensor", &TopKSettings{Keep: 0.3, Scope: "tensor"}, codectest.Options{Gaussian: 0.24, Laplace: 0.13}},
	{"topk all", &TopKSettings{Keep: 1, Scope: "model"}, codectest.Options{}},
	{"randommask", &RandomMaskSettings{Keep: 0.1}, codectest.Options{Gaussian: 9.3, Laplace: 9.4, Unbiased: true}},
}

func TestConformance(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) { codectest.Run(t, chain(t, v.s), v.o) })
	}
}

func FuzzTopK(f *testing.F) { codectest.Fuzz(f, chain(f, variants[1].s)) }

func FuzzRandomMask(f *testing.F) { codectest.Fuzz(f, chain(f, variants[3].s)) }

func BenchmarkSparsifiers(b *testing.B) {
	for _, v := range variants {
		b.Run(v.name, func(b *testing.B) { codectest.Bench(b, chain(b, v.s)) })
	}
}
