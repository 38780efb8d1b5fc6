// Package synthetic generates labelled images from a seed.
//
// An image shows a disc of one of ten textures at a random place, in random size, scale, phase, turn and colours,
// before a shaded background, with smaller discs of other textures and noise. No pixel means anything by itself,
// so linear models stay far behind networks that look for local patterns.
package synthetic

import (
	"fmt"
	"runtime"
	"sync"

	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// Name is what the set is called in configurations.
const Name = "synthetic-images"

// Defaults for what OpenOptions leaves zero.
const (
	DefaultTrain = 10000
	DefaultTest  = 2000
)

// DefaultShape is the shape of images for which none is asked.
var DefaultShape = tensor.Shape{H: 32, W: 32, C: 3}

// sets name the streams of the two parts.
const (
	trainSet = 0
	testSet  = 1
)

func init() { datasets.Register(Name, open, datasets.Generated) }

func open(opt datasets.OpenOptions) (*datasets.Data, error) {
	if opt.Shape == (tensor.Shape{}) {
		opt.Shape = DefaultShape
	}
	if opt.Train == 0 {
		opt.Train = DefaultTrain
	}
	if opt.Test == 0 {
		opt.Test = DefaultTest
	}
	return Generate(opt.Shape, opt.Train, opt.Test, opt.Seed)
}

// Generate draws a set of train and test images of shape from seed, as many of each class as of any other, up to
// one. The side of an image is 16 to 128 pixels, the number of channels 1 or 3. Image i depends on seed, i and the
// shape alone: a larger set begins with the smaller one.
func Generate(shape tensor.Shape, train, test int, seed uint64) (*datasets.Data, error) {
	if min(shape.H, shape.W) < 16 || max(shape.H, shape.W) > 128 || shape.C != 1 && shape.C != 3 {
		return nil, fmt.Errorf("synthetic images have 16 to 128 rows and columns and 1 or 3 channels, not %s", shape)
	}
	if train < 1 || test < 1 || train > maxImages || test > maxImages {
		return nil, fmt.Errorf("a synthetic set has 1 to %d images to train and to test on, not %d and %d", maxImages, train, test)
	}
	trainPixels, trainLabels := generate(shape, train, seed, trainSet)
	testPixels, testLabels := generate(shape, test, seed, testSet)
	norm := datasets.Measure(shape.C, trainPixels)
	a, err := datasets.NewImages(shape, len(textures), trainPixels, trainLabels, norm)
	if err != nil {
		return nil, err
	}
	b, err := datasets.NewImages(shape, len(textures), testPixels, testLabels, norm)
	if err != nil {
		return nil, err
	}
	return &datasets.Data{
		Name: Name, Train: a, Test: b, ClassNames: classNames(), Norm: norm, Digest: datasets.Digest(a, b), Synthetic: true,
		Notes: []string{fmt.Sprintf("generated from seed %d, not photographed", seed)},
	}, nil
}

// maxImages keeps a slip of the pen in a configuration from taking all memory.
const maxImages = 1_000_000

func classNames() []string {
	names := make([]string, len(textures))
	for y := range textures {
		names[y] = textures[y].name
	}
	return names
}

// generate draws n images in parallel. Each has streams of its own, so it does not matter who draws it.
func generate(shape tensor.Shape, n int, seed, set uint64) (pixels, labels []uint8) {
	pixels, labels = make([]uint8, n*shape.Size()), assignLabels(n, seed, set)
	workers := min(runtime.GOMAXPROCS(0), n)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			p := painter{shape: shape, canvas: make([]int, shape.Size())}
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				p.draw(pixels[i*shape.Size():(i+1)*shape.Size()], int(labels[i]), rng.Derive(seed, "synthetic image", set, uint64(i)))
			}
		})
	}
	wg.Wait()
	return pixels, labels
}

// assignLabels returns n labels; every ten in a row are all ten classes in random order.
func assignLabels(n int, seed, set uint64) []uint8 {
	labels := make([]uint8, 0, n)
	for block := uint64(0); len(labels) < n; block++ {
		for _, y := range rng.New(seed, "synthetic labels", set, block).Perm(len(textures)) {
			if len(labels) < n {
				labels = append(labels, uint8(y))
			}
		}
	}
	return labels
}
