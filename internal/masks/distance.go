package masks

import "math"

// nowhere is the squared distance to a voxel that does not exist.
const nowhere = math.MaxInt

// squaredDistances returns for each voxel the squared Euclidean distance to the nearest voxel of a set, nowhere if
// the set is empty. It is exact: the transform of Felzenszwalb and Huttenlocher (Distance Transforms of Sampled
// Functions, Theory of Computing 2012), axis by axis, in whole numbers.
func squaredDistances(set []bool, size [3]int) []int {
	d := make([]int, len(set))
	for i, in := range set {
		if !in {
			d[i] = nowhere
		}
	}
	var e envelope
	for z := range size[0] {
		for y := range size[1] {
			e.transform(d[(z*size[1]+y)*size[2]:], size[2], 1)
		}
	}
	plane := size[1] * size[2]
	for z := range size[0] {
		for x := range size[2] {
			e.transform(d[z*plane+x:], size[1], size[2])
		}
	}
	for i := range plane {
		e.transform(d[i:], size[0], plane)
	}
	return d
}

// envelope is the lower envelope of parabolas (x-at)^2 + height, each the lowest from its start up to the next one's.
type envelope []struct{ at, height, start int }

// transform replaces each of n values f, stride apart, by the minimum over q of (x-q)^2 + f(q).
func (e *envelope) transform(f []int, n, stride int) {
	list := (*e)[:0]
	for q := range n {
		height, start := f[q*stride], 0
		if height == nowhere {
			continue
		}
		for len(list) > 0 {
			top := list[len(list)-1]
			start = 1 + floorDiv(height+q*q-top.height-top.at*top.at, 2*(q-top.at)) // where the new one is lower
			if start > top.start {
				break
			}
			list = list[:len(list)-1]
			start = 0
		}
		list = append(list, struct{ at, height, start int }{q, height, start})
	}
	for k, p := range list {
		end := n
		if k+1 < len(list) {
			end = min(end, list[k+1].start)
		}
		for x := p.start; x < end; x++ {
			f[x*stride] = (x-p.at)*(x-p.at) + p.height
		}
	}
	*e = list
}

// floorDiv returns a / b, b > 0, rounded down.
func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
