package volumes

import (
	"math"
	"slices"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// origin is where an example's first voxel lies: case number k of the set, voxel (x, y, z) of its prepared volume.
type origin struct{ k, z, y, x int32 }

// examples is the source of slices, patches or whole volumes that are read from prepared ones.
type examples struct {
	set     *set
	shape   tensor.Shape
	origins []origin
}

// set is what is known of all chosen cases.
type set struct {
	files  []*file
	names  []string
	sites  []int // -1 where sites are not known
	first  []int // number of the patient's first case
	class  []int // by size of the tumour, of the patient's first case
	least  []int // the least size of each class
	number []int // of each case in its provider's list, which names its random streams
}

func (e *examples) Len() int            { return len(e.origins) }
func (e *examples) Shape() tensor.Shape { return e.shape }
func (e *examples) Classes() int        { return len(e.set.least) }
func (e *examples) Label(i int) int     { return e.set.class[e.origins[i].k] }
func (e *examples) Site(i int) int      { return e.set.sites[e.origins[i].k] }
func (e *examples) Case(i int) int      { return e.set.first[e.origins[i].k] }

// Fill copies examples out of the mapped files.
func (e *examples) Fill(x []float32, y []int32, index []int32) {
	n, m := e.shape.Size(), e.shape.Positions()
	for k, i := range index {
		e.fill(x[k*n:(k+1)*n], y[k*m:(k+1)*m], e.origins[i])
	}
}

// fill reads one example in pieces that are as long as they can be: whole slices, or rows.
func (e *examples) fill(x []float32, y []int32, o origin) {
	f := e.set.files[o.k]
	rows, width := max(e.shape.D, 1)*e.shape.H, e.shape.W
	perSlice := e.shape.H
	if e.shape.H == f.shape.H && e.shape.W == f.shape.W {
		rows, width, perSlice = 1, e.shape.Positions(), 1
	}
	for r := range rows {
		z, row := int(o.z)+r/perSlice, int(o.y)+r%perSlice
		voxel := (z*f.shape.H+row)*f.shape.W + int(o.x)
		f.readValues(x[r*width*e.shape.C:(r+1)*width*e.shape.C], voxel)
		f.readSets(y[r*width:(r+1)*width], voxel)
	}
}

// cutter says where examples are cut.
type cutter struct {
	shape   tensor.Shape // of an example
	patches int          // of each case; 0 for slices or whole volumes
	step    int          // between slices
	tumour  float64      // share of slices with tumour, or of patches around a voxel of it
	seed    uint64
}

// cut returns the origins of case k's examples, those for training or those for testing.
func (c *cutter) cut(s *set, k int, training bool) []origin {
	id := uint64(s.number[k])
	switch f := s.files[k]; {
	case c.patches > 0:
		return c.patchesOf(f, int32(k), rng.New(c.seed, "patches", id))
	case c.shape.D > 0:
		return []origin{{k: int32(k)}}
	case training:
		return c.balanced(f, int32(k), rng.New(c.seed, "slices without tumour", id))
	default:
		with, without := c.slices(f, int32(k))
		return inOrder(append(with, without...))
	}
}

// slices lists every step-th slice, those with tumour and those without.
func (c *cutter) slices(f *file, k int32) (with, without []origin) {
	for z := 0; z < f.shape.D; z += c.step {
		if o := (origin{k: k, z: int32(z)}); f.slices[z] > 0 {
			with = append(with, o)
		} else {
			without = append(without, o)
		}
	}
	return with, without
}

// balanced lists all slices with tumour and as many of the others as it takes to make the share.
func (c *cutter) balanced(f *file, k int32, r *rng.Rand) []origin {
	with, without := c.slices(f, k)
	rng.Shuffle(r, without)
	kept := math.Round(float64(len(with)) * (1 - c.tumour) / c.tumour)
	return inOrder(append(with, without[:int(min(kept, float64(len(without))))]...))
}

func inOrder(list []origin) []origin {
	slices.SortFunc(list, func(a, b origin) int { return int(a.z) - int(b.z) })
	return list
}

// patchesOf draws where patches lie: a share of them has a random voxel of the tumour in the middle, as far as the
// volume's borders allow, the others lie anywhere.
func (c *cutter) patchesOf(f *file, k int32, r *rng.Rand) []origin {
	total := 0
	for _, n := range f.slices {
		total += int(n)
	}
	around := int(math.Round(c.tumour * float64(c.patches)))
	if total == 0 {
		around = 0
	}
	room := [3]int{f.shape.D - max(c.shape.D, 1), f.shape.H - c.shape.H, f.shape.W - c.shape.W}
	size := [3]int{max(c.shape.D, 1), c.shape.H, c.shape.W}
	list := make([]origin, c.patches)
	for i := range list {
		var at [3]int
		if i < around {
			at = f.tumourVoxel(r.IntN(total))
		}
		for axis := range at {
			if i < around {
				at[axis] = min(max(at[axis]-size[axis]/2, 0), room[axis])
			} else {
				at[axis] = r.IntN(room[axis] + 1)
			}
		}
		list[i] = origin{k, int32(at[0]), int32(at[1]), int32(at[2])}
	}
	return list
}

// tumourVoxel returns z, y and x of the voxel that is number n, from 0, of those in any region.
func (f *file) tumourVoxel(n int) [3]int {
	z := 0
	for n >= int(f.slices[z]) {
		n -= int(f.slices[z])
		z++
	}
	area := f.shape.H * f.shape.W
	slice := make([]byte, area)
	f.read(slice, f.sets+int64(z*area))
	for i, set := range slice {
		if set != 0 {
			if n == 0 {
				return [3]int{z, i / f.shape.W, i % f.shape.W}
			}
			n--
		}
	}
	panic("volumes: a slice has less tumour than was counted")
}
