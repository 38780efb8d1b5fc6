package datasets

import (
	"fmt"
	"math"

	"flsim/internal/tensor"
)

// Images is a set of labelled images in memory, one byte per value, channels innermost. Fill turns bytes into
// normalised numbers on the way out, so a set takes a quarter of the memory that its float32 form would.
type Images struct {
	shape   tensor.Shape
	classes int
	pixels  []uint8
	labels  []uint8
	tables  [][256]float32 // one per channel: byte to normalised value
}

// NewImages returns the set that consists of pixels (len(labels) images of shape, one after another, channels
// innermost) and labels (each below classes), normalised by norm. It keeps both slices. Lengths that do not fit
// together and labels out of range are errors.
func NewImages(shape tensor.Shape, classes int, pixels, labels []uint8, norm Normalisation) (*Images, error) {
	if shape.H < 1 || shape.W < 1 || shape.C < 1 || len(labels)*shape.Size() != len(pixels) {
		return nil, fmt.Errorf("%d bytes of pixels are not %d images of %s", len(pixels), len(labels), shape)
	}
	if len(labels) > math.MaxInt32 {
		return nil, fmt.Errorf("%d images are more than a set can hold (%d)", len(labels), math.MaxInt32)
	}
	if len(norm.Mean) != shape.C || len(norm.Std) != shape.C {
		return nil, fmt.Errorf("images of %s need a mean and a standard deviation for each of %d channels, not %d and %d",
			shape, shape.C, len(norm.Mean), len(norm.Std))
	}
	for i, y := range labels {
		if int(y) >= classes {
			return nil, fmt.Errorf("image %d has label %d; labels of %d classes go from 0 to %d", i, y, classes, classes-1)
		}
	}
	return &Images{shape, classes, pixels, labels, norm.tables()}, nil
}

// Len returns the number of images.
func (m *Images) Len() int { return len(m.labels) }

// Shape returns the shape of one image.
func (m *Images) Shape() tensor.Shape { return m.shape }

// Classes returns the number of classes.
func (m *Images) Classes() int { return m.classes }

// Label returns the class of image i.
func (m *Images) Label(i int) int { return int(m.labels[i]) }

// Pixels returns the bytes of image i, channels innermost. They must not be changed.
func (m *Images) Pixels(i int) []uint8 {
	n := m.shape.Size()
	return m.pixels[i*n : (i+1)*n : (i+1)*n]
}

// Fill writes the normalised images named by index into x and their classes into y. It panics if an index is out of
// range or if x or y is too short.
func (m *Images) Fill(x []float32, y []int32, index []int32) {
	n := m.shape.Size()
	for k, i := range index {
		y[k] = int32(m.labels[i])
		m.normalise(x[k*n:(k+1)*n], m.Pixels(int(i)))
	}
}

// normalise looks the bytes of one image up in the tables of their channels.
func (m *Images) normalise(x []float32, pixels []uint8) {
	switch len(m.tables) {
	case 1:
		t := &m.tables[0]
		x = x[:len(pixels)] // spares the bounds check
		for i, p := range pixels {
			x[i] = t[p]
		}
	case 3:
		r, g, b := &m.tables[0], &m.tables[1], &m.tables[2]
		for len(pixels) >= 3 && len(x) >= 3 {
			x[0], x[1], x[2] = r[pixels[0]], g[pixels[1]], b[pixels[2]]
			x, pixels = x[3:], pixels[3:]
		}
	default:
		c := len(m.tables)
		for i, p := range pixels {
			x[i] = m.tables[i%c][p]
		}
	}
}

// Normalisation is an affine map of each channel: (byte/255 - Mean) / Std.
type Normalisation struct {
	Mean, Std []float64 // one per channel
}

// Measure returns the mean and the standard deviation of each of c channels over pixels (channels innermost),
// rounded to four decimals. That is the precision at which the field prints these numbers, so the usual ones come
// out: 0.4914 0.4822 0.4465 and 0.2470 0.2435 0.2616 for the training set of CIFAR-10. A channel without variation
// gets the standard deviation 1.
func Measure(c int, pixels []uint8) Normalisation {
	counts := make([][256]int64, c)
	for i := 0; i+c <= len(pixels); i += c {
		for k, p := range pixels[i : i+c] {
			counts[k][p]++
		}
	}
	norm := Normalisation{Mean: make([]float64, c), Std: make([]float64, c)}
	for k := range counts {
		norm.Mean[k], norm.Std[k] = moments(&counts[k])
	}
	return norm
}

// moments returns mean and standard deviation of bytes/255 from how often each byte occurs.
func moments(count *[256]int64) (mean, std float64) {
	var n, sum, squares int64
	for v, c := range count {
		n += c
		sum += int64(v) * c
		squares += int64(v*v) * c
	}
	if n == 0 {
		return 0, 1
	}
	m := float64(sum) / float64(n)
	variance := float64(squares)/float64(n) - float64(m*m) // the conversion keeps the product from being fused
	mean, std = round4(m/255), round4(math.Sqrt(math.Max(variance, 0))/255)
	if std == 0 {
		std = 1
	}
	return mean, std
}

func round4(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// tables returns for each channel the normalised value of every byte.
func (n Normalisation) tables() [][256]float32 {
	t := make([][256]float32, len(n.Mean))
	for c := range t {
		for p := range t[c] {
			t[c][p] = float32((float64(p)/255 - n.Mean[c]) / n.Std[c])
		}
	}
	return t
}
