package datasets

import (
	"slices"
	"testing"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

func TestMoveByHand(t *testing.T) {
	shape := tensor.Shape{H: 2, W: 3, C: 2}
	src := []float32{1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6}
	for _, c := range []struct {
		down, right int
		mirrored    bool
		want        []float32
	}{
		{0, 0, false, src},
		{0, 0, true, []float32{3, -3, 2, -2, 1, -1, 6, -6, 5, -5, 4, -4}},
		{1, -1, false, []float32{0, 0, 4, -4, 5, -5, 0, 0, 0, 0, 0, 0}},
		{-1, 1, true, []float32{0, 0, 0, 0, 0, 0, 0, 0, 3, -3, 2, -2}},
	} {
		dst := slices.Repeat([]float32{9}, len(src))
		if move(dst, src, shape, c.down, c.right, c.mirrored); !slices.Equal(dst, c.want) {
			t.Errorf("down %d, right %d, mirrored %v: %v, want %v", c.down, c.right, c.mirrored, dst, c.want)
		}
	}
}

// Every place and both sides occur, equally often; equal streams give equal images.
func TestAugmentIsUniform(t *testing.T) {
	shape := tensor.Shape{H: 8, W: 8, C: 1}
	a := augmenter(t, Augment{Crop: 2, Flip: true}, shape)
	const images = 5000
	x := make([]float32, images*shape.Size())
	for i := range images {
		x[i*64+3*8+3] = 1 // one pixel, off the middle: its place tells the shift and the side
	}
	again := slices.Clone(x)
	a.Apply(x, rng.New(1, "augment"))
	a.Apply(again, rng.New(1, "augment"))
	if !slices.Equal(x, again) {
		t.Error("equal streams give different images")
	}
	places := make(map[int]int)
	for i := range images {
		places[slices.Index(x[i*64:(i+1)*64], 1)]++
	}
	// Columns 1 to 5 unmirrored and 2 to 6 mirrored, in five rows each.
	for row := 1; row <= 5; row++ {
		for column := 1; column <= 6; column++ {
			want := images / 25
			if column == 1 || column == 6 {
				want /= 2
			}
			if got := places[row*8+column]; got < want*2/3 || got > want*4/3 {
				t.Errorf("the pixel is %d times at row %d, column %d; want about %d", got, row, column, want)
			}
		}
	}
}

func BenchmarkAugment(b *testing.B) {
	shape := tensor.Shape{H: 32, W: 32, C: 3}
	x := make([]float32, 50*shape.Size())
	a := augmenter(b, Augment{Crop: 4, Flip: true}, shape)
	r := rng.New(1, "augment")
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		a.Apply(x, r)
	}
}

func augmenter(t testing.TB, set Augment, shape tensor.Shape) Augmenter {
	t.Helper()
	norm := Normalisation{Mean: []float64{0.5, 0.4, 0.3}[:shape.C], Std: []float64{0.25, 0.2, 0.3}[:shape.C]}
	images, err := NewImages(shape, 1, make([]uint8, shape.Size()), []uint8{0}, norm)
	if err != nil {
		t.Fatal(err)
	}
	a, err := set.For(&Data{Name: "test", Train: images, Norm: norm})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
