package datasets

import (
	"math"
	"slices"
	"strings"
	"testing"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// randomImages returns n images of shape with random pixels and the given labels repeated.
func randomImages(t testing.TB, shape tensor.Shape, classes, n int) *Images {
	t.Helper()
	r := rng.New(1, "test images", uint64(n))
	pixels, labels := make([]uint8, n*shape.Size()), make([]uint8, n)
	for i := range pixels {
		pixels[i] = uint8(r.IntN(256))
	}
	for i := range labels {
		labels[i] = uint8(r.IntN(classes))
	}
	m, err := NewImages(shape, classes, pixels, labels, Measure(shape.C, pixels))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFillNormalisesEveryChannel(t *testing.T) {
	for _, shape := range []tensor.Shape{{H: 5, W: 4, C: 1}, {H: 4, W: 3, C: 2}, {H: 3, W: 5, C: 3}, {H: 1, W: 1, C: 7}} {
		m := randomImages(t, shape, 10, 20)
		norm := Measure(shape.C, m.pixels)
		index := []int32{3, 19, 0, 3}
		x, y := make([]float32, len(index)*shape.Size()), make([]int32, len(index))
		m.Fill(x, y, index)
		for k, i := range index {
			if int(y[k]) != m.Label(int(i)) {
				t.Errorf("%v: label of image %d is %d, want %d", shape, i, y[k], m.Label(int(i)))
			}
			for j, p := range m.Pixels(int(i)) {
				want := float32((float64(p)/255 - norm.Mean[j%shape.C]) / norm.Std[j%shape.C])
				if got := x[k*shape.Size()+j]; got != want {
					t.Fatalf("%v: value %d of image %d is %v, want %v", shape, j, i, got, want)
				}
			}
		}
	}
}

func TestMeasure(t *testing.T) {
	got := Measure(2, []uint8{0, 7, 255, 7, 0, 7, 255, 7})
	if got.Mean[0] != 0.5 || got.Std[0] != 0.5 || got.Mean[1] != 0.0275 || got.Std[1] != 1 {
		t.Errorf("got %+v; want means 0.5 and 0.0275 (7/255), deviations 0.5 and, for a constant channel, 1", got)
	}
	r, pixels := rng.New(3, "measure"), make([]uint8, 9999)
	for i := range pixels {
		pixels[i] = uint8(r.IntN(200))
	}
	sum, squares := 0.0, 0.0
	for _, p := range pixels {
		sum += float64(p) / 255
	}
	mean := sum / float64(len(pixels))
	for _, p := range pixels {
		squares += (float64(p)/255 - mean) * (float64(p)/255 - mean)
	}
	std := math.Sqrt(squares / float64(len(pixels)))
	if got := Measure(1, pixels); math.Abs(got.Mean[0]-mean) > 5e-5 || math.Abs(got.Std[0]-std) > 5e-5 {
		t.Errorf("got %+v; two passes over the data give %.6f and %.6f", got, mean, std)
	}
}

func TestNewImagesRefuses(t *testing.T) {
	shape := tensor.Shape{H: 2, W: 2, C: 1}
	norm := Normalisation{Mean: []float64{0}, Std: []float64{1}}
	for _, c := range []struct {
		say            string
		shape          tensor.Shape
		pixels, labels []uint8
		norm           Normalisation
	}{
		{"bytes of pixels", shape, make([]uint8, 7), make([]uint8, 2), norm},
		{"bytes of pixels", tensor.Shape{}, nil, nil, norm},
		{"label 10", shape, make([]uint8, 8), []uint8{1, 10}, norm},
		{"1 channels", shape, make([]uint8, 8), []uint8{1, 2}, Normalisation{}},
	} {
		if _, err := NewImages(c.shape, 10, c.pixels, c.labels, c.norm); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("got error %v, want one that says %q", err, c.say)
		}
	}
}

func TestSubsetIsAView(t *testing.T) {
	m := randomImages(t, tensor.Shape{H: 2, W: 3, C: 3}, 10, 30)
	view := Subset(Subset(m, []int32{20, 5, 9, 5}), []int32{3, 0})
	n := m.Shape().Size()
	got, want := make([]float32, 2*n), make([]float32, 2*n)
	gotY, wantY := make([]int32, 2), make([]int32, 2)
	view.Fill(got, gotY, []int32{0, 1})
	m.Fill(want, wantY, []int32{5, 20})
	if !slices.Equal(got, want) || !slices.Equal(gotY, wantY) || view.Len() != 2 || view.Label(1) != m.Label(20) {
		t.Error("a subset of a subset does not show the examples that it names")
	}
	defer func() {
		if recover() == nil {
			t.Error("a subset that names an example that does not exist must panic")
		}
	}()
	Subset(m, []int32{30})
}

func TestSample(t *testing.T) {
	m := randomImages(t, tensor.Shape{H: 1, W: 1, C: 1}, 10, 1000)
	draw := func(n int, seed uint64) []int32 { return Sample(m, n, rng.New(seed, "examples")).(*subset).index }
	if a := draw(100, 1); len(a) != 100 || !slices.IsSorted(a) || len(slices.Compact(slices.Clone(a))) != 100 || a[99] < 900 || a[0] > 100 {
		t.Errorf("a sample of 100 is %v", a)
	}
	if !slices.Equal(draw(100, 1), draw(100, 1)) || slices.Equal(draw(100, 1), draw(100, 2)) || len(draw(1000, 1)) != 1000 {
		t.Error("a sample must follow from the stream alone")
	}
}

func TestHoldOut(t *testing.T) {
	m := randomImages(t, tensor.Shape{H: 1, W: 1, C: 1}, 10, 1000)
	train, held, err := HoldOut(m, 0.1, rng.New(7, "validation"))
	if err != nil {
		t.Fatal(err)
	}
	again, _, _ := HoldOut(m, 0.1, rng.New(7, "validation"))
	other, _, _ := HoldOut(m, 0.1, rng.New(8, "validation"))
	if !slices.Equal(train.(*subset).index, again.(*subset).index) || slices.Equal(train.(*subset).index, other.(*subset).index) {
		t.Error("the division must follow from the stream alone")
	}
	all := slices.Concat(train.(*subset).index, held.(*subset).index)
	slices.Sort(all)
	for i, v := range all {
		if int(v) != i || len(all) != m.Len() {
			t.Fatal("an example is in neither part or in both")
		}
	}
	whole, part := make([]int, 10), make([]int, 10)
	for i := range m.Len() {
		whole[m.Label(i)]++
	}
	for i := range held.Len() {
		part[held.Label(i)]++
	}
	for y := range whole {
		if want := int(math.Round(0.1 * float64(whole[y]))); part[y] != want {
			t.Errorf("%d of %d examples of class %d are held out, want %d", part[y], whole[y], y, want)
		}
	}
	for _, share := range []float64{-0.1, 1, math.NaN()} {
		if _, _, err := HoldOut(m, share, rng.New(7, "validation")); err == nil {
			t.Errorf("a share of %v must be an error", share)
		}
	}
}

func init() {
	Register("a-test-set", func(opt OpenOptions) (*Data, error) {
		return &Data{Name: opt.Dir, Train: &Images{}, Test: &Images{}, Digest: "0"}, nil
	})
	Register("an-empty-set", func(OpenOptions) (*Data, error) { return &Data{Train: &Images{}, Test: &Images{}}, nil })
}

func TestOpenersReturnWhatRunsNeed(t *testing.T) {
	defer func() {
		if words, _ := recover().(string); !strings.Contains(words, "an-empty-set has to return Train, Test and Digest") {
			t.Errorf("panic %q", words)
		}
	}()
	_, _ = Open("an-empty-set", OpenOptions{})
	t.Error("data without digest are opened")
}

func TestOpenKnowsNames(t *testing.T) {
	if d, err := Open("a-test-set", OpenOptions{Dir: "here"}); err != nil || d.Name != "here" {
		t.Errorf("got %v, %v", d, err)
	}
	if _, err := Open("mnits", OpenOptions{}); err == nil || !strings.Contains(err.Error(), `"mnits"; there are a-test-set`) {
		t.Errorf("got error %v, want one that lists the names", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a name that is taken must panic")
		}
	}()
	Register("a-test-set", nil)
}

func TestDigestSeesContent(t *testing.T) {
	shape := tensor.Shape{H: 2, W: 2, C: 1}
	make4 := func(pixel, label uint8, classes int) *Images {
		pixels := make([]uint8, 8)
		pixels[7] = pixel
		m, err := NewImages(shape, classes, pixels, []uint8{0, label}, Measure(1, pixels))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	seen := map[string]bool{}
	for _, sets := range [][]*Images{
		{make4(0, 0, 2)}, {make4(1, 0, 2)}, {make4(0, 1, 2)}, {make4(0, 0, 3)}, {make4(0, 0, 2), make4(0, 0, 2)},
	} {
		seen[Digest(sets...)] = true
	}
	if len(seen) != 5 {
		t.Errorf("five different contents have %d different digests", len(seen))
	}
	if one, other := make4(1, 1, 2), make4(1, 1, 2); Digest(one) != Digest(other) {
		t.Error("equal contents have different digests")
	}
}

func BenchmarkFill(b *testing.B) {
	for _, shape := range []tensor.Shape{{H: 32, W: 32, C: 3}, {H: 28, W: 28, C: 1}} {
		b.Run(shape.String(), func(b *testing.B) {
			m := randomImages(b, shape, 10, 2000)
			index := rng.New(1, "batch").Perm(2000)[:50]
			batch := make([]int32, len(index))
			for k, i := range index {
				batch[k] = int32(i)
			}
			x, y := make([]float32, 50*shape.Size()), make([]int32, 50)
			b.SetBytes(int64(4 * len(x)))
			for b.Loop() {
				m.Fill(x, y, batch)
			}
		})
	}
}
