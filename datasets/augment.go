package datasets

import (
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// Augment says how training images are varied, each time they are used: the standard augmentation of small images (He,
// Zhang, Ren and Sun, CVPR 2016, arXiv 1512.03385, section 4.2). Its fields are keys of a configuration's data table.
type Augment struct {
	Crop int  `toml:"augment_crop" in:"[0,16]" unit:"pixel" doc:"Training images get a border of so many pixels, of the training set's mean colour, and are cropped back at a random place; 0 leaves them."`
	Flip bool `toml:"augment_flip" doc:"Whether every other training image, at random, is mirrored left to right."`
}

// On tells whether images are varied at all.
func (a Augment) On() bool { return a.Crop > 0 || a.Flip }

// Apply varies the images of shape in x, one after another, with draws from r. A border has value 0, which is the mean
// of normalised images.
func (a Augment) Apply(x []float32, shape tensor.Shape, r *rng.Rand) {
	scratch := make([]float32, shape.Size())
	for ; len(x) >= len(scratch); x = x[len(scratch):] {
		image := x[:len(scratch)]
		copy(scratch, image)
		down, right := 0, 0
		if a.Crop > 0 {
			down, right = r.IntN(2*a.Crop+1)-a.Crop, r.IntN(2*a.Crop+1)-a.Crop
		}
		move(image, scratch, shape, down, right, a.Flip && r.IntN(2) == 1)
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
