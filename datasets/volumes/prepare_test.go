package volumes

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// drawScan draws a scan without any sense in it, as small as can be.
func drawScan(t *rapid.T, channels int) *Scan {
	side := rapid.IntRange(1, 7)
	s := &Scan{NX: side.Draw(t, "nx"), NY: side.Draw(t, "ny"), NZ: side.Draw(t, "nz")}
	r := rng.New(rapid.Uint64().Draw(t, "seed"), "scan")
	density := rapid.SampledFrom([]int{1, 2, 10, 100}).Draw(t, "density")
	for range channels {
		s.Channels = append(s.Channels, make([]float32, s.Voxels()))
	}
	for i := range s.Voxels() {
		s.Brain = append(s.Brain, r.IntN(density) == 0)
		s.Regions = append(s.Regions, uint8(r.IntN(8)*(1-min(1, r.IntN(density)))))
		for _, v := range s.Channels {
			v[i] = float32(r.NormFloat64()*30 - 5)
		}
	}
	return s
}

// The box against one that asks every voxel.
func TestBrainBoxTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScan(t, 0)
		want, empty := box{lo: [3]int{s.NX, s.NY, s.NZ}}, true
		for i := range s.Voxels() {
			if s.Brain[i] || s.Regions[i] != 0 {
				empty = false
				for axis, at := range [3]int{i % s.NX, i / s.NX % s.NY, i / s.NX / s.NY} {
					want.lo[axis], want.hi[axis] = min(want.lo[axis], at), max(want.hi[axis], at+1)
				}
			}
		}
		if empty {
			want = box{}
		}
		if got := s.brainBox(); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestNormaliseByHand(t *testing.T) {
	v := []float32{9, 2, -4, 0, 6, 9} // 2, -4, 0, 6: mean 1, squares 1 + 25 + 1 + 25
	brain := []bool{false, true, true, true, true, false}
	if err := normalise(v, brain); err != nil {
		t.Fatal(err)
	}
	unit := float32(1 / math.Sqrt(13))
	for i, want := range []float32{0, unit, -5 * unit, -unit, 5 * unit, 0} {
		if math.Abs(float64(v[i]-want)) > 1e-7 {
			t.Errorf("voxel %d is %v, want %v", i, v[i], want)
		}
	}
	flat := []float32{3, 3, 8}
	if err := normalise(flat, []bool{true, true, false}); err != nil || !slices.Equal(flat, []float32{0, 0, 0}) {
		t.Errorf("a constant brain becomes %v (%v)", flat, err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if normalise([]float32{1, float32(bad)}, []bool{true, true}) == nil {
			t.Errorf("%v in the brain is no error", bad)
		}
		outside := []float32{1, 3, float32(bad)}
		if err := normalise(outside, []bool{true, true, false}); err != nil || !slices.Equal(outside, []float32{-1, 1, 0}) {
			t.Errorf("%v in the background gives %v (%v)", bad, outside, err)
		}
	}
}

func TestNormaliseGivesMean0AndStd1(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScan(t, 1)
		v := s.Channels[0]
		n := 0
		for _, inside := range s.Brain {
			if inside {
				n++
			}
		}
		if err := normalise(v, s.Brain); err != nil {
			t.Fatal(err)
		}
		mean, std := moments(v, s.Brain)
		if n > 1 && (math.Abs(mean) > 1e-6 || math.Abs(std-1) > 1e-6) {
			t.Fatalf("over %d voxels mean %v, standard deviation %v", n, mean, std)
		}
		for i, inside := range s.Brain {
			if !inside && v[i] != 0 {
				t.Fatalf("background is %v", v[i])
			}
		}
	})
}

// at is the twin of linear interpolation: the value at a place between voxels, with places beyond the box brought back
// to its border.
func at(s *Scan, b box, v []float32, place [3]float64) float64 {
	sum := 0.0
	var base [3]int
	var frac [3]float64
	for axis := range place {
		p := math.Min(math.Max(place[axis], 0), float64(b.side(axis)-1))
		base[axis] = int(p)
		frac[axis] = p - float64(base[axis])
	}
	for corner := range 8 {
		weight, index := 1.0, [3]int{}
		for axis := range 3 {
			bit := corner >> axis & 1
			index[axis] = b.lo[axis] + min(base[axis]+bit, b.side(axis)-1)
			weight *= float64(bit)*frac[axis] + float64(1-bit)*(1-frac[axis])
		}
		sum += weight * float64(v[index[0]+s.NX*(index[1]+s.NY*index[2])])
	}
	return sum
}

// A prepared volume against one whose every voxel is looked up by itself.
func TestResizeTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScan(t, 2)
		s.Brain[0] = true
		side := rapid.IntRange(1, 9)
		r := &recipe{modalities: []string{"a", "b"}, regions: 3, shape: tensor.Shape{D: side.Draw(t, "d") - 1, H: side.Draw(t, "h"), W: side.Draw(t, "w"), C: 2}}
		p, err := r.prepare("x", s) // which normalises s
		if err != nil {
			t.Fatal(err)
		}
		b := s.brainBox()
		if d := p.shape.D; d != r.shape.D && (r.shape.D != 0 || d != b.side(2)) || p.shape.H != r.shape.H || p.shape.W != r.shape.W {
			t.Fatalf("the shape is %v", p.shape)
		}
		out := [3]int{p.shape.W, p.shape.H, p.shape.D}
		for i := range p.shape.Positions() {
			var place [3]float64
			var label [3]int
			for axis, k := range [3]int{i % p.shape.W, i / p.shape.W % p.shape.H, i / p.shape.W / p.shape.H} {
				middle := (float64(k) + 0.5) * float64(b.side(axis)) / float64(out[axis])
				place[axis], label[axis] = middle-0.5, b.lo[axis]+int(middle+1e-9)
			}
			if want := s.Regions[label[0]+s.NX*(label[1]+s.NY*label[2])]; p.y[i] != want {
				t.Fatalf("voxel %d has regions %b, want %b", i, p.y[i], want)
			}
			for c, v := range s.Channels {
				if got, want := p.x[2*i+c], at(s, b, v, place); math.Abs(float64(got)-want) > 1e-5 {
					t.Fatalf("channel %d of voxel %d is %v, want %v", c, i, got, want)
				}
			}
		}
	})
}

// Kept voxels against a twin that asks for each where it comes from.
func TestPlaceTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScan(t, 2)
		s.Brain[0] = true
		side := rapid.IntRange(1, 9)
		r := &recipe{modalities: []string{"a", "b"}, regions: 3, patch: true, shape: tensor.Shape{D: side.Draw(t, "d") - 1, H: side.Draw(t, "h"), W: side.Draw(t, "w"), C: 2}}
		p, err := r.prepare("x", s)
		if err != nil {
			t.Fatal(err)
		}
		b := s.brainBox()
		out, wanted := [3]int{p.shape.W, p.shape.H, p.shape.D}, [3]int{r.shape.W, r.shape.H, r.shape.D}
		for axis := range 3 {
			if out[axis] != max(b.side(axis), wanted[axis]) {
				t.Fatalf("the shape is %v for a box of %v", p.shape, b)
			}
		}
		for i := range p.shape.Positions() {
			from, inside := 0, true
			for axis, k := range [3]int{i % p.shape.W, i / p.shape.W % p.shape.H, i / p.shape.W / p.shape.H} {
				k -= (out[axis] - b.side(axis)) / 2
				inside = inside && k >= 0 && k < b.side(axis)
				from += (b.lo[axis] + k) * [3]int{1, s.NX, s.NX * s.NY}[axis]
			}
			want := [3]float32{}
			if inside {
				want = [3]float32{s.Channels[0][from], s.Channels[1][from], float32(s.Regions[from])}
			}
			if got := [3]float32{p.x[2*i], p.x[2*i+1], float32(p.y[i])}; got != want {
				t.Fatalf("voxel %d is %v, want %v", i, got, want)
			}
		}
	})
}

// Over many scans, resizing keeps each region's share of the box, and no set of regions comes out that did not go in.
func TestResizeKeepsRegions(t *testing.T) {
	var before, after [3]float64
	for seed := range uint64(40) {
		draw := rng.New(seed, "regions")
		s := fakeScan(36+draw.IntN(9), 40+draw.IntN(9), 33+draw.IntN(9), 1, draw)
		b, known := s.brainBox(), make(map[uint8]bool)
		for _, set := range s.Regions {
			known[set] = true
			for bit := range before {
				before[bit] += float64(set>>bit&1) / float64(b.side(0)*b.side(1)*b.side(2))
			}
		}
		r := &recipe{modalities: []string{"a"}, regions: 3, shape: tensor.Shape{D: 24, H: 56, W: 32, C: 1}}
		p, err := r.prepare("x", s)
		if err != nil {
			t.Fatal(err)
		}
		for _, set := range p.y {
			if !known[set] {
				t.Fatalf("regions %b were never together", set)
			}
			for bit := range after {
				after[bit] += float64(set>>bit&1) / float64(len(p.y))
			}
		}
	}
	for bit := range before {
		if math.Abs(after[bit]/before[bit]-1) > 0.04 {
			t.Errorf("region %d was %.5f of a box and is %.5f", bit, before[bit]/40, after[bit]/40)
		}
	}
}

// Twice the size is eight times the voxels of each region; the same size is the same volume.
func TestResizeByWholeFactors(t *testing.T) {
	s := fakeScan(16, 14, 12, 1, rng.New(1, "factors"))
	b := s.brainBox()
	count := func(p *prepared) (n [3]int) {
		for _, set := range p.y {
			for bit := range n {
				n[bit] += int(set >> bit & 1)
			}
		}
		return n
	}
	size := func(factor int) tensor.Shape {
		return tensor.Shape{D: factor * b.side(2), H: factor * b.side(1), W: factor * b.side(0), C: 1}
	}
	var same, twice, kept *prepared
	for _, c := range []struct {
		to     **prepared
		factor int
		patch  bool
	}{{&same, 1, false}, {&twice, 2, false}, {&kept, 1, true}} {
		r := &recipe{modalities: []string{"a"}, regions: 3, shape: size(c.factor), patch: c.patch}
		p, err := r.prepare("x", fakeScan(16, 14, 12, 1, rng.New(1, "factors")))
		if err != nil {
			t.Fatal(err)
		}
		*c.to = p
	}
	if !slices.Equal(same.x, kept.x) || !slices.Equal(same.y, kept.y) {
		t.Error("resizing to the same size changes voxels")
	}
	one, eight := count(same), count(twice)
	if one[2] == 0 || eight != [3]int{8 * one[0], 8 * one[1], 8 * one[2]} {
		t.Errorf("regions of %v voxels become %v", one, eight)
	}
	if same.tumour != one[0] || twice.tumour != one[0] {
		t.Errorf("the tumour has %d voxels, told are %d and %d", one[0], same.tumour, twice.tumour)
	}
}

func TestPrepareErrors(t *testing.T) {
	r := &recipe{modalities: []string{"flair", "t1ce"}, regions: 2, shape: tensor.Shape{H: 4, W: 4, C: 2}}
	for say, spoil := range map[string]func(*Scan){
		"Brats_1: there is no brain":                            func(s *Scan) { clear(s.Brain); clear(s.Regions) },
		"Brats_1: a voxel is in region 2, but there are only 2": func(s *Scan) { s.Regions[77] |= 4 },
		"Brats_1: t1ce has voxels in the brain that are not finite": func(s *Scan) {
			s.Channels[1][slices.Index(s.Brain, true)] = float32(math.NaN())
		},
	} {
		s := fakeScan(12, 12, 12, 2, rng.New(1, "errors"))
		for i := range s.Regions {
			s.Regions[i] &= 3
		}
		spoil(s)
		_, err := r.prepare("Brats_1", s)
		var content *datasets.ContentError
		if !errors.As(err, &content) || !strings.HasPrefix(err.Error(), say) {
			t.Errorf("got %v, want %q", err, say)
		}
	}
	for _, spoil := range []func(*Scan){
		func(s *Scan) { s.NZ = 3 },
		func(s *Scan) { s.NX = 0 },
		func(s *Scan) { s.Brain = s.Brain[1:] },
		func(s *Scan) { s.Channels = s.Channels[1:] },
		func(s *Scan) { s.Channels[1] = s.Channels[1][1:] },
	} {
		s := fakeScan(12, 12, 12, 2, rng.New(1, "errors"))
		spoil(s)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("parts that do not fit together do not panic")
				}
			}()
			r.prepare("x", s)
		}()
	}
}

func BenchmarkPrepare(b *testing.B) {
	scan := fakeScan(120, 120, 78, 4, rng.New(1, "benchmark"))
	for name, r := range map[string]*recipe{
		"slices": {shape: tensor.Shape{H: 64, W: 64, C: 4}},
		"volume": {shape: tensor.Shape{D: 64, H: 64, W: 64, C: 4}},
		"patch":  {shape: tensor.Shape{D: 32, H: 32, W: 32, C: 4}, patch: true},
	} {
		b.Run(name, func(b *testing.B) {
			r.modalities, r.regions = datasets.Modalities, 3
			b.SetBytes(int64(4 * 4 * scan.Voxels()))
			for b.Loop() {
				if _, err := r.prepare("x", scan); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
