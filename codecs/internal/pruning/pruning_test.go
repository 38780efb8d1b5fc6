package pruning

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/codecs"
)

// TestSparsity holds the schedule against the tables of an independent program.
func TestSparsity(t *testing.T) {
	for _, c := range []struct {
		t    int
		want [3]float64 // 0.5 to 0.95, 0.5 to 0.9, 0 to 0.9
	}{
		{0, [3]float64{0.5, 0.5, 0}}, {1, [3]float64{0.501349, 0.501199, 0.002697}}, {5, [3]float64{0.506716, 0.505970, 0.013433}},
		{50, [3]float64{0.564181, 0.557050, 0.128363}}, {100, [3]float64{0.621950, 0.608400, 0.243900}},
		{250, [3]float64{0.760156, 0.731250, 0.520312}}, {500, [3]float64{0.893750, 0.850000, 0.787500}},
		{750, [3]float64{0.942969, 0.893750, 0.885938}}, {900, [3]float64{0.949550, 0.899600, 0.899100}},
		{999, [3]float64{0.95, 0.9, 0.9}},
	} {
		for i, ends := range [3][2]float64{{0.5, 0.95}, {0.5, 0.9}, {0, 0.9}} {
			if got := Sparsity(c.t, 1000, ends[0], ends[1]); math.Abs(got-c.want[i]) > 5.1e-7 {
				t.Errorf("t = %d, %v: %v, want %v", c.t, ends, got, c.want[i])
			}
		}
	}
	for i, want := range []float64{0.5, 0.621950, 0.719600, 0.795650, 0.852800, 0.893750, 0.921200, 0.937850, 0.946400, 0.949550} {
		if got := Sparsity(10*i, 100, 0.5, 0.95); math.Abs(got-want) > 5.1e-7 {
			t.Errorf("T = 100, t = %d: %v, want %v", 10*i, got, want)
		}
	}
}

// TestMeanDensity: what the schedule leaves on average over T = 1000 rounds is what a saving in both directions comes
// from; and the sparsity never falls.
func TestMeanDensity(t *testing.T) {
	for final, want := range map[float64]float64{0.9: 0.2002, 0.95: 0.162725, 0.99: 0.132745} {
		sum, last := 0.0, 0.0
		for i := range 1000 {
			s := Sparsity(i, 1000, 0.5, final)
			if s < last || s > final {
				t.Errorf("a sparsity of %v behind one of %v, on the way to %v", s, last, final)
			}
			sum, last = sum+1-s, s
		}
		if got := sum / 1000; math.Abs(got-want) > 5.1e-7 {
			t.Errorf("to %v: a mean density of %v, want %v", final, got, want)
		}
	}
}

// TestPruned: halves go to the even number.
func TestPruned(t *testing.T) {
	for _, c := range []struct {
		s    float64
		n    int
		want int
	}{{0.5, 61470, 30735}, {0.9, 61470, 55323}, {0.95, 61470, 58396}, {0.5, 23262912, 11631456}, {0.9, 23262912, 20936621},
		{0.95, 23262912, 22099766}, {0.5, 10, 5}, {0.65, 10, 6}, {0, 10, 0}, {1, 10, 10}} {
		if got := Pruned(c.s, c.n); got != c.want {
			t.Errorf("%v of %d: %d, want %d", c.s, c.n, got, c.want)
		}
	}
}

// TestGlobal is a case worked out by hand: two tensors are pruned as one.
func TestGlobal(t *testing.T) {
	layout := codecs.Layout{}.Add("a", codecs.Weight, 4).Add("bias", codecs.Bias, 2).Add("b", codecs.Weight, 6)
	v := []float32{0.9, -0.1, 0.05, 0.4, 0.01, 0.02, 0.2, -0.3, 0.02, 0.7, 0.15, 0.6}
	for _, c := range []struct {
		s    float64
		want []float32
	}{
		{0.5, []float32{0.9, 0, 0, 0.4, 0.01, 0.02, 0, -0.3, 0, 0.7, 0, 0.6}},
		{0.65, []float32{0.9, 0, 0, 0.4, 0.01, 0.02, 0, 0, 0, 0.7, 0, 0.6}},
	} {
		w := slices.Clone(v)
		Global(w, layout, 10-Pruned(c.s, 10)).Apply(w, layout)
		if !slices.Equal(w, c.want) {
			t.Errorf("at %v: %v, want %v", c.s, w, c.want)
		}
	}
}

func network(shapes ...[]int) codecs.Layout {
	var l codecs.Layout
	for _, s := range shapes {
		l = l.Add("w", codecs.Weight, s...).Add("b", codecs.Bias, s[len(s)-1])
	}
	return l
}

// TestDensities holds the rule of Erdos-Renyi-Kernel against an independent program on LeNet-5 and an AlexNet.
func TestDensities(t *testing.T) {
	lenet := network([]int{5, 5, 1, 6}, []int{5, 5, 6, 16}, []int{400, 120}, []int{120, 84}, []int{84, 10})
	alexnet := network([]int{3, 3, 3, 64}, []int{3, 3, 64, 192}, []int{3, 3, 192, 384}, []int{3, 3, 384, 256}, []int{3, 3, 256, 256},
		[]int{1024, 4096}, []int{4096, 4096}, []int{4096, 10})
	for _, c := range []struct {
		layout  codecs.Layout
		density float64
		want    []float64
		ones    []int
	}{
		{lenet, 0.5, []float64{1, 0.524603, 0.426240, 0.796273, 1}, []int{150, 1259, 20459, 8026, 840}},
		{lenet, 0.1, []float64{0.803529, 0.094533, 0.076808, 0.143487, 0.793401}, []int{120, 226, 3686, 1446, 666}},
		{alexnet, 0.5, []float64{1, 1, 0.668580, 0.556576, 0.669442, 0.930498, 0.372199, 1}, nil},
		{alexnet, 0.1, []float64{1, 0.353134, 0.130740, 0.108838, 0.130909, 0.181958, 0.072783, 1}, nil},
	} {
		got := Densities(c.layout, c.density, true)
		for i, want := range c.want {
			if math.Abs(got[i]-want) > 5.1e-7 {
				t.Errorf("density %v: %v, want %v", c.density, got, c.want)
				break
			}
		}
		if c.ones == nil {
			continue
		}
		i := 0
		Random(c.layout, got, 7).Each(c.layout, func(_ codecs.Segment, kept Mask) {
			if kept.Kept() != c.ones[i] {
				t.Errorf("density %v: tensor %d keeps %d, want %d", c.density, i, kept.Kept(), c.ones[i])
			}
			i++
		})
	}
	if got := Densities(lenet, 0.3, false); !slices.Equal(got, []float64{0.3, 0.3, 0.3, 0.3, 0.3}) {
		t.Errorf("uniform: %v", got)
	}
}

// TestSelection: whatever the vector and the mask, nothing but zeros is left out, and what the mask covers has no
// positions in the message.
func TestSelection(t *testing.T) {
	layout := network([]int{30, 10}, []int{50})
	rapid.Check(t, func(r *rapid.T) {
		values := rapid.SampledFrom([]float32{0, 0, 0, 1, -2, float32(math.Copysign(0, -1))})
		v := rapid.SliceOfN(values, layout.Len(), layout.Len()).Draw(r, "v")
		model := rapid.SliceOfN(values, layout.Len(), layout.Len()).Draw(r, "model")
		p := Sparsifier{Signal{Density: 0.5}}
		round := rapid.IntRange(1, 2).Draw(r, "round")
		control, err := p.Control(nil, codecs.Feedback{Round: round, Layout: layout, Model: model})
		if err != nil {
			r.Fatal(err)
		}
		s := &codecs.Shared{Layout: layout, Round: round, Control: control}
		if rapid.Bool().Draw(r, "masked") {
			mask, err := p.Mask(s)
			if err != nil {
				r.Fatal(err)
			}
			mask.Apply(v, layout)
		}
		msg, kept, err := p.Select(nil, v, layout, s, 0)
		if err != nil {
			r.Fatal(err)
		}
		back, rest, err := p.Positions(append(msg, 9), layout, s, 0)
		if err != nil || len(rest) != 1 || !slices.Equal(back, kept) {
			r.Fatalf("error %v, %d bytes left, %v and not %v", err, len(rest), back, kept)
		}
		if mask, _ := p.Mask(s); mask.zeroOutside(v, layout) && len(msg) != 1 {
			r.Fatalf("a mask that is known costs %d bytes", len(msg))
		}
		for i, x := range v {
			if _, sent := slices.BinarySearch(kept, int32(i)); !sent && math.Float32bits(x) != 0 {
				r.Fatalf("element %d, %v, is left out", i, x)
			}
		}
	})
}

func TestDamagedSignal(t *testing.T) {
	layout := network([]int{10, 10})
	for name, control := range map[string][]byte{
		"nothing": nil, "unknown form": {7}, "short seed": {0, 1, 2}, "long seed": make([]byte, 10), "short mask": {1, 50}, "long mask": {1, 0, 3},
	} {
		if _, err := (Signal{Density: 0.5}).Mask(&codecs.Shared{Layout: layout, Control: control}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
