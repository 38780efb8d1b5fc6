package masks

import (
	"math"
	"slices"
)

// HD95 returns the 95th percentile of the distances between the surfaces of mask bit in a and in b, in voxels: those
// from each surface voxel of a to the nearest one of b and those from b to a, taken together, with linear interpolation
// between ranks. A surface voxel has a neighbour along an axis that is outside the mask; what lies beyond the grid is
// outside, but an axis of extent 1 does not count. Where one of the masks is empty, there is no distance: ok is false.
func HD95(a, b []uint8, bit int, size [3]int) (distance float64, ok bool) {
	box := boxOf(a, b, bit, size)
	sa, sb := box.surface(a), box.surface(b)
	there, back := box.between(sa, sb), box.between(sb, sa)
	if len(there) == 0 || len(back) == 0 {
		return 0, false
	}
	all := append(there, back...)
	slices.Sort(all)
	return percentile(all, 0.95), true
}

// percentile returns the value at a share of the way from the first to the last of sorted values.
func percentile(sorted []float64, share float64) float64 {
	at := float64(share * float64(len(sorted)-1)) // rounded before the difference, too
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + float64((at-float64(low))*(sorted[high]-sorted[low]))
}

// box is the part of a grid that holds all voxels of two masks, so that nothing outside matters to either.
type box struct {
	bit      int
	grid     [3]int // extents of the grid
	from, to [3]int
}

// boxOf returns the smallest box of mask bit in a and b; it is empty if both are.
func boxOf(a, b []uint8, bit int, size [3]int) *box {
	bx := &box{bit: bit, grid: size, from: size}
	for i := range a {
		if (a[i]|b[i])>>bit&1 != 0 {
			bx.include([3]int{i / size[2] / size[1], i / size[2] % size[1], i % size[2]})
		}
	}
	return bx
}

// include extends the box to a voxel.
func (b *box) include(voxel [3]int) {
	for axis, at := range voxel {
		b.from[axis], b.to[axis] = min(b.from[axis], at), max(b.to[axis], at+1)
	}
}

func (b *box) extents() (e [3]int) {
	for axis := range e {
		e[axis] = max(0, b.to[axis]-b.from[axis])
	}
	return e
}

// surface returns which voxels of the box are surface voxels of a mask.
func (b *box) surface(mask []uint8) []bool {
	e, strides := b.extents(), [3]int{b.grid[1] * b.grid[2], b.grid[2], 1}
	out := make([]bool, 0, e[0]*e[1]*e[2])
	for z := b.from[0]; z < b.to[0]; z++ {
		for y := b.from[1]; y < b.to[1]; y++ {
			for x := b.from[2]; x < b.to[2]; x++ {
				out = append(out, b.isSurface(mask, [3]int{z, y, x}, strides))
			}
		}
	}
	return out
}

func (b *box) isSurface(mask []uint8, at, strides [3]int) bool {
	i := at[0]*strides[0] + at[1]*strides[1] + at[2]
	if mask[i]>>b.bit&1 == 0 {
		return false
	}
	for axis, n := range b.grid {
		if n == 1 {
			continue
		}
		if at[axis] == 0 || at[axis] == n-1 || mask[i-strides[axis]]>>b.bit&1 == 0 || mask[i+strides[axis]]>>b.bit&1 == 0 {
			return true
		}
	}
	return false
}

// between returns the distance of each voxel of from to the nearest one of to, none if to has no voxel.
func (b *box) between(from, to []bool) []float64 {
	if !slices.Contains(to, true) {
		return nil
	}
	squares := squaredDistances(to, b.extents())
	var list []float64
	for i, is := range from {
		if is {
			list = append(list, math.Sqrt(float64(squares[i])))
		}
	}
	return list
}
