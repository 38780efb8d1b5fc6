package datasets

import (
	"math"
	"slices"
	"strings"
	"testing"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// What Pillow 12's ImageEnhance makes of six pixels. It works on bytes and cuts off what is behind the point, luma
// included.
func TestJitterStepsAreThoseOfPillow(t *testing.T) {
	pixels := []float32{200, 50, 100, 10, 250, 30, 0, 0, 0, 255, 255, 255, 120, 130, 140, 90, 10, 240}
	for _, c := range []struct {
		name   string
		step   func([]float32, int, float32)
		factor float32
		want   []float32
	}{
		{"brightness", brightness, 1.4, []float32{255, 70, 140, 14, 255, 42, 0, 0, 0, 255, 255, 255, 168, 182, 196, 126, 14, 255}},
		{"contrast", contrast, 0.6, []float32{166, 76, 106, 52, 196, 64, 46, 46, 46, 199, 199, 199, 118, 124, 130, 100, 52, 190}},
		{"contrast", contrast, 1.3, []float32{225, 30, 95, 0, 255, 4, 0, 0, 0, 255, 255, 255, 121, 134, 147, 82, 0, 255}},
		{"saturation", saturation, 0.7, []float32{170, 65, 100, 52, 220, 66, 0, 0, 0, 255, 255, 255, 122, 129, 136, 81, 25, 186}},
		{"saturation", saturation, 1.4, []float32{239, 29, 99, 0, 255, 0, 0, 0, 0, 255, 255, 255, 116, 130, 144, 102, 0, 255}},
	} {
		image := make([]float32, len(pixels))
		for i, p := range pixels {
			image[i] = p / 255
		}
		c.step(image, 3, c.factor)
		for i, v := range image {
			if math.Abs(float64(255*v-c.want[i])) > 1.3 {
				t.Errorf("%s %v: value %d is %.2f, want %v", c.name, c.factor, i, 255*v, c.want[i])
			}
		}
	}
}

// An image of one colour shows which factor it got, and that it comes back normalised.
func TestJitterIsUniform(t *testing.T) {
	shape := tensor.Shape{H: 2, W: 2, C: 3}
	a := augmenter(t, Augment{Jitter: 0.4}, shape)
	r := rng.New(1, "augment")
	var factors []float64
	for range 2000 {
		x := slices.Repeat([]float32{0, 0.5, 2.0 / 3}, 4) // a grey of 0.5, which contrast and saturation leave
		a.Apply(x, r)
		factors = append(factors, (0.5+0.25*float64(x[0]))/0.5)
		if other := (0.3 + 0.3*float64(x[11])) / 0.5; math.Abs(other-factors[len(factors)-1]) > 1e-5 {
			t.Fatalf("red is %v times its value, blue %v", factors[len(factors)-1], other)
		}
	}
	slices.Sort(factors)
	for i, q := range []float64{0.6, 0.8, 1, 1.2, 1.4} {
		if got := factors[i*(len(factors)-1)/4]; math.Abs(got-q) > 0.03 {
			t.Errorf("quartile %d of the factors is %.3f, want %.1f", i, got, q)
		}
	}
}

// Grey images have no saturation, and images that are no images cannot be jittered.
func TestJitterOfOtherImages(t *testing.T) {
	a := augmenter(t, Augment{Jitter: 1}, tensor.Shape{H: 2, W: 2, C: 1})
	x := []float32{-1, 0, 1, 2}
	a.Apply(x, rng.New(1, "augment"))
	for _, v := range x {
		if p := 0.5 + 0.25*v; p < -1e-6 || p > 1+1e-6 {
			t.Errorf("pixel %v", p)
		}
	}
	data := &Data{Name: "scans", Train: balanced(2, 2)}
	if _, err := (Augment{Jitter: 0.1}).For(data); err == nil || !strings.Contains(err.Error(), "needs grey or RGB images; data set scans") {
		t.Errorf("error %v", err)
	}
	if _, err := (Augment{Crop: 1}).For(data); err != nil {
		t.Error(err)
	}
}

func BenchmarkJitter(b *testing.B) {
	shape := tensor.Shape{H: 32, W: 32, C: 3}
	x := make([]float32, 50*shape.Size())
	a := augmenter(b, Augment{Jitter: 0.4}, shape)
	r := rng.New(1, "augment")
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		a.Apply(x, r)
	}
}
