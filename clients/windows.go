package clients

import "flsim/internal/tensor"

// windows says where a case is looked at: blocks of a network's input shape that together cover it.
type windows struct {
	grid, block [3]int   // extents of the case and of a block
	starts      [3][]int // of the blocks, by axis
	overlapping bool
}

// extents returns a shape's slices, rows and columns.
func extents(s tensor.Shape) [3]int { return [3]int{max(s.D, 1), s.H, s.W} }

// newWindows covers a case with blocks. Along an axis on which the case is longer than a block, blocks begin half a
// block apart, and the last one ends where the case does; on others there is one, which may reach beyond the case.
func newWindows(grid, block tensor.Shape) *windows {
	s := &windows{grid: extents(grid), block: extents(block)}
	for axis, n := range s.grid {
		step, last := max(1, s.block[axis]/2), max(0, n-s.block[axis])
		for at := 0; at < last; at += step {
			s.starts[axis] = append(s.starts[axis], at)
		}
		s.starts[axis] = append(s.starts[axis], last)
		s.overlapping = s.overlapping || last > 0 && s.block[axis] > 1
	}
	return s
}

// len returns the number of windows.
func (s *windows) len() int { return len(s.starts[0]) * len(s.starts[1]) * len(s.starts[2]) }

// start returns the first voxel of window i.
func (s *windows) start(i int) [3]int {
	rows, columns := len(s.starts[1]), len(s.starts[2])
	return [3]int{s.starts[0][i/(rows*columns)], s.starts[1][i/columns%rows], s.starts[2][i%columns]}
}

// rows calls do for each row of window i that lies in the case: it has n voxels, the first at element inside of the
// window and at element outside of the case.
func (s *windows) rows(i int, do func(inside, outside, n int)) {
	at := s.start(i)
	n := min(s.block[2], s.grid[2]-at[2])
	for z := range min(s.block[0], s.grid[0]-at[0]) {
		for y := range min(s.block[1], s.grid[1]-at[1]) {
			do((z*s.block[1]+y)*s.block[2], ((at[0]+z)*s.grid[1]+at[1]+y)*s.grid[2]+at[2], n)
		}
	}
}

// covers returns for each place along an axis how many blocks hold it.
func (s *windows) covers(axis int) []int {
	count := make([]int, s.grid[axis])
	for _, start := range s.starts[axis] {
		for at := start; at < min(start+s.block[axis], s.grid[axis]); at++ {
			count[at]++
		}
	}
	return count
}
