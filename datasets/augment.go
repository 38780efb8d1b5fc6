package datasets

import (
	"fmt"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// Augment says how training images are varied, each time they are used: crops and mirrored images, the standard
// augmentation of small images (He, Zhang, Ren and Sun, CVPR 2016, arXiv 1512.03385, section 4.2), and colour jitter. Its
// fields are keys of a configuration's data table.
type Augment struct {
	Crop   int     `toml:"augment_crop" in:"[0,16]" unit:"pixel" doc:"Training images get a border of so many pixels, of the training set's mean colour, and are cropped back at a random place; 0 leaves them."`
	Flip   bool    `toml:"augment_flip" doc:"Whether every other training image, at random, is mirrored left to right."`
	Jitter float64 `toml:"augment_jitter" in:"[0,1]" doc:"Before that, brightness, contrast and saturation of training images are multiplied by a random factor each, from 1 minus this to 1 plus this, in random order; 0 leaves them."`
}

// Augmenter varies images of one data set. The zero value leaves them.
type Augmenter struct {
	settings Augment
	shape    tensor.Shape
	norm     Normalisation
}

// On tells whether images are varied at all.
func (a Augment) On() bool { return a != Augment{} }

// For returns what varies the training images of data. Colour jitter of images that are neither grey nor of three
// colours, or whose values are no pixels, is an error.
func (a Augment) For(data *Data) (Augmenter, error) {
	shape, norm := data.Train.Shape(), data.Norm
	if a.Jitter > 0 && (len(norm.Mean) != shape.C || shape.C != 1 && shape.C != 3 || shape.D > 0) {
		return Augmenter{}, fmt.Errorf("augment_jitter = %v needs grey or RGB images; data set %s has examples of %s", a.Jitter, data.Name, shape)
	}
	return Augmenter{a, shape, norm}, nil
}

// On tells whether images are varied at all.
func (a *Augmenter) On() bool { return a.settings.On() }

// Apply varies the images in x, one after another, with draws from r. A border has value 0, which is the mean of
// normalised images.
func (a *Augmenter) Apply(x []float32, r *rng.Rand) {
	set := a.settings
	scratch := make([]float32, a.shape.Size())
	for ; len(x) >= len(scratch); x = x[len(scratch):] {
		image := x[:len(scratch)]
		if set.Jitter > 0 {
			jitter(image, &a.norm, set.Jitter, r)
		}
		copy(scratch, image)
		down, right := 0, 0
		if set.Crop > 0 {
			down, right = r.IntN(2*set.Crop+1)-set.Crop, r.IntN(2*set.Crop+1)-set.Crop
		}
		move(image, scratch, a.shape, down, right, set.Flip && r.IntN(2) == 1)
	}
}

// move fills dst with what lies down and right of each pixel in src, mirrored if so wished, and with zeros where that
// is outside.
func move(dst, src []float32, shape tensor.Shape, down, right int, mirrored bool) {
	c := shape.C
	for y := range shape.H {
		for x := range shape.W {
			pixel := dst[(y*shape.W+x)*c:][:c]
			if mirrored {
				pixel = dst[(y*shape.W+shape.W-1-x)*c:][:c]
			}
			if fy, fx := y+down, x+right; fy >= 0 && fy < shape.H && fx >= 0 && fx < shape.W {
				copy(pixel, src[(fy*shape.W+fx)*c:])
			} else {
				clear(pixel)
			}
		}
	}
}
