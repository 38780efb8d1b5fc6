// Package discs generates small volumes with nested balls in noise: a segmentation into three regions that a small
// network learns within seconds. It is for tests, and no experiment can name it.
package discs

import (
	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// Options say how much is generated.
type Options struct {
	TrainCases, TestCases int
	Grid                  [3]int       // extents of a case: slices, rows, columns; each at least 4
	Example               tensor.Shape // of a training example: a slice (D = 0) or block that fits into the grid; C is 2
	Noise                 float64      // standard deviation, where a region adds 1
	Seed                  uint64
}

// New returns the set. Every third case has no region ET, and every fifth no ball at all. Slices are all slices of the
// training cases; of blocks there is one for each case, at a random place. Cases come from two sites in turn.
func New(o Options) *datasets.Data {
	train := &cases{o, "train", o.TrainCases}
	test := &cases{o, "test", o.TestCases}
	return &datasets.Data{Name: "discs", Train: &examples{train}, Test: &examples{test}, Cases: test,
		ClassNames: []string{"none", "some"}, Regions: []string{"WT", "TC", "ET"}, Sites: []string{"north", "south"},
		Digest: "discs", Synthetic: true}
}

// cases is a set of whole volumes.
type cases struct {
	Options
	part string
	n    int
}

const channels = 2

func (c *cases) Len() int { return c.n }

func (c *cases) Case(i int) datasets.Case {
	return datasets.Case{Name: c.part + "-" + string(rune('a'+i%26)), Site: i % 2,
		Shape: tensor.Shape{D: c.Grid[0], H: c.Grid[1], W: c.Grid[2], C: channels}}
}

func (c *cases) Read(i int, x []float32, y []uint8) {
	r := rng.New(c.Seed, "discs "+c.part, uint64(i))
	var centre [3]float64
	for axis, n := range c.Grid {
		centre[axis] = float64(n) * (0.35 + float64(0.3*r.Float64()))
	}
	radius := 0.35 * float64(min(c.Grid[1], c.Grid[2])) * (0.7 + float64(0.3*r.Float64()))
	k := 0
	for z := range c.Grid[0] {
		for v := range c.Grid[1] {
			for u := range c.Grid[2] {
				at := [3]float64{float64(z), float64(v), float64(u)}
				y[k] = c.regions(i, at, centre, radius)
				x[channels*k] = float32(c.Noise*r.NormFloat64()) + float32(y[k]&1)
				x[channels*k+1] = float32(c.Noise*r.NormFloat64()) + float32(y[k]>>1&1) - 2*float32(y[k]>>2&1)
				k++
			}
		}
	}
}

// regions returns the set of regions of a voxel of case i.
func (c *cases) regions(i int, at, centre [3]float64, radius float64) (set uint8) {
	if i%5 == 4 {
		return 0
	}
	square := 0.0
	for axis := range at {
		square += float64((at[axis] - centre[axis]) * (at[axis] - centre[axis]))
	}
	for region, share := range []float64{1, 0.75, 0.5} {
		if square < radius*radius*share*share && !(region == 2 && i%3 == 2) {
			set |= 1 << region
		}
	}
	return set
}

// examples is the slices or blocks of a set of cases.
type examples struct{ *cases }

func (e *examples) perCase() int {
	if e.Example.D == 0 {
		return e.Grid[0]
	}
	return 1
}

func (e *examples) Len() int            { return e.n * e.perCase() }
func (e *examples) Shape() tensor.Shape { return e.Example }
func (e *examples) Classes() int        { return 2 }
func (e *examples) Site(i int) int      { return e.Case(i) % 2 }
func (e *examples) Case(i int) int      { return i / e.perCase() }

// Label returns 1 for an example of a case with a ball.
func (e *examples) Label(i int) int {
	if e.Case(i)%5 == 4 {
		return 0
	}
	return 1
}

func (e *examples) Fill(x []float32, y []int32, index []int32) {
	shape := e.cases.Case(0).Shape
	volume, sets := make([]float32, shape.Size()), make([]uint8, shape.Positions())
	for _, i := range index {
		e.Read(e.Case(int(i)), volume, sets)
		from := e.corner(int(i))
		for z := range max(1, e.Example.D) {
			for v := range e.Example.H {
				at := ((from[0]+z)*e.Grid[1]+from[1]+v)*e.Grid[2] + from[2]
				x = x[copy(x, volume[channels*at:channels*(at+e.Example.W)]):]
				for u := range e.Example.W {
					y[u] = int32(sets[at+u])
				}
				y = y[e.Example.W:]
			}
		}
	}
}

// corner returns the first voxel of example i.
func (e *examples) corner(i int) (at [3]int) {
	if e.Example.D == 0 {
		return [3]int{i % e.Grid[0], 0, 0}
	}
	r := rng.New(e.Seed, "blocks "+e.part, uint64(i))
	for axis, room := range [3]int{e.Grid[0] - e.Example.D, e.Grid[1] - e.Example.H, e.Grid[2] - e.Example.W} {
		at[axis] = r.IntN(room + 1)
	}
	return at
}
