package volumes

// box is a part of a scan: voxels lo (included) to hi (excluded) in x, y and z.
type box struct{ lo, hi [3]int }

// side returns the number of voxels along an axis.
func (b box) side(axis int) int { return b.hi[axis] - b.lo[axis] }

// brainBox returns the smallest box that holds the brain and, where a label lies outside of it, the tumour. It has no
// voxels if there is neither.
func (s *Scan) brainBox() box {
	b := box{lo: [3]int{s.NX, s.NY, s.NZ}}
	for z := range s.NZ {
		for y := range s.NY {
			row := s.NX * (y + s.NY*z)
			first, last := s.extent(row)
			if first > last {
				continue
			}
			for axis, at := range [3][2]int{{first, last}, {y, y}, {z, z}} {
				b.lo[axis], b.hi[axis] = min(b.lo[axis], at[0]), max(b.hi[axis], at[1]+1)
			}
		}
	}
	if b.hi[0] == 0 {
		return box{}
	}
	return b
}

// extent returns the first and the last voxel of the row that starts at element row which is not background; first is
// greater if all are.
func (s *Scan) extent(row int) (first, last int) {
	inside := func(x int) bool { return s.Brain[row+x] || s.Regions[row+x] != 0 }
	for first < s.NX && !inside(first) {
		first++
	}
	last = s.NX - 1
	for last > first && !inside(last) {
		last--
	}
	return first, last
}
