// Package moons adds a data set to flsim from outside of its module: two half circles in the plane, for tabular models.
package moons

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"

	"flsim/datasets"
)

// The sizes of the two parts, and the standard deviation of the noise.
const (
	trainPoints = 2000
	testPoints  = 1000
	noise       = 0.15
)

func init() { datasets.Register("moons", open) }

// open draws the set from the seed of the configuration's data. A set that is read from files would find them in
// opt.Dir, and return a *datasets.MissingError or a *datasets.FormatError if there is something wrong with them.
func open(opt datasets.OpenOptions) (*datasets.Data, error) {
	train := draw(trainPoints, datasets.NewRand(opt.Seed, "moons", 0))
	test := draw(testPoints, datasets.NewRand(opt.Seed, "moons", 1))
	return &datasets.Data{Name: "moons", Train: train, Test: test, ClassNames: []string{"upper", "lower"},
		Digest: digest(train, test), Synthetic: true}, nil
}

// points is a datasets.Source of points in the plane: examples of shape 1 x 1 x 2.
type points struct {
	features [][2]float32
	labels   []int32
}

// draw returns n points, of the two moons in turn. Centres are taken off, as sources give normalised values.
func draw(n int, r *datasets.Rand) *points {
	p := &points{features: make([][2]float32, n), labels: make([]int32, n)}
	for i := range n {
		x, y := r.NormFloat64(), r.NormFloat64()
		radius := math.Sqrt(float64(x*x) + float64(y*y))
		x, y = x/radius, math.Abs(y)/radius // on the upper half of a circle
		if i%2 == 1 {
			x, y, p.labels[i] = 1-x, 0.5-y, 1
		}
		p.features[i] = [2]float32{
			float32(x - 0.5 + float64(noise*r.NormFloat64())),
			float32(y - 0.25 + float64(noise*r.NormFloat64())),
		}
	}
	return p
}

func (p *points) Len() int              { return len(p.labels) }
func (p *points) Shape() datasets.Shape { return datasets.Shape{H: 1, W: 1, C: 2} }
func (p *points) Classes() int          { return 2 }
func (p *points) Label(i int) int       { return int(p.labels[i]) }

// Fill implements datasets.Source.
func (p *points) Fill(x []float32, y []int32, index []int32) {
	for k, i := range index {
		copy(x[2*k:], p.features[i][:])
		y[k] = p.labels[i]
	}
}

// digest names the content, so that results of other data are never taken for these.
func digest(parts ...*points) string {
	h := sha256.New()
	for _, p := range parts {
		_ = binary.Write(h, binary.LittleEndian, p.features) // a hash takes everything
		_ = binary.Write(h, binary.LittleEndian, p.labels)
	}
	return hex.EncodeToString(h.Sum(nil))
}
