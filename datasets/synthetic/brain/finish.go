package brain

import (
	"math"

	"flsim/datasets/volumes"
)

// finish blurs the scan as its site's scanner does and rounds it to integers, of which 0 is background.
func (c *patient) finish(scan *volumes.Scan) {
	strides := [3]int{1, scan.NX, scan.NX * scan.NY}
	row := make([]float32, max(scan.NX, scan.NY, scan.NZ))
	for _, v := range scan.Channels {
		for axis, sigma := range c.scanner.site.blur {
			if tail := tailOf(sigma, c.step[axis]); tail > 0.01 {
				blur(v, scan.Brain, c.size, strides, axis, tail, row)
			}
		}
		round(v, scan.Brain)
	}
}

// tailOf returns the weight of each neighbour in a filter of three taps whose standard deviation is sigma, at most what
// keeps the middle the largest.
func tailOf(sigma, step float32) float32 {
	ratio := sigma / step
	return min(float32(ratio*ratio)/2, 0.3)
}

// blur filters v along one axis within the brain. A voxel at its edge stands for its neighbour outside.
func blur(v []float32, brain []bool, size, strides [3]int, axis int, tail float32, row []float32) {
	a, b := (axis+1)%3, (axis+2)%3
	for j := range size[a] {
		for k := range size[b] {
			start := j*strides[a] + k*strides[b]
			blurLine(v[start:], brain[start:], size[axis], strides[axis], tail, row)
		}
	}
}

// blurLine filters n values that are step apart. It overwrites row.
func blurLine(v []float32, brain []bool, n, step int, tail float32, row []float32) {
	for i := range n {
		row[i] = v[i*step]
	}
	for i := range n {
		at := i * step
		if !brain[at] {
			continue
		}
		before, after := row[i], row[i]
		if i > 0 && brain[at-step] {
			before = row[i-1]
		}
		if i+1 < n && brain[at+step] {
			after = row[i+1]
		}
		v[at] = row[i] + float32(tail*(before+after-2*row[i]))
	}
}

// round makes the values integers in the range of an int16. Those of the brain are not 0.
func round(v []float32, brain []bool) {
	for i, in := range brain {
		if !in {
			continue
		}
		v[i] = float32(math.RoundToEven(float64(min(max(v[i], -32768), 32767))))
		if v[i] == 0 {
			v[i] = 1
		}
	}
}
