package volumes

// tap says what a sample of a resized axis is made of: lo and hi are the neighbours, and weight is hi's share.
type tap struct {
	lo, hi int
	weight float64
}

// taps places out samples evenly on an axis of in voxels that starts at from, so that both cover the same length: the
// middle of sample i is at (i+1/2)·in/out - 1/2. Beyond the middles of the outermost voxels it has their value.
func taps(from, in, out int) []tap {
	list := make([]tap, out)
	for i := range list {
		twice := 2 * out // places in units of 1/(2·out) voxel are whole numbers
		at := min(max((2*i+1)*in-out, 0), (in-1)*twice)
		lo := at / twice
		list[i] = tap{from + lo, from + min(lo+1, in-1), float64(at%twice) / float64(twice)}
	}
	return list
}

// nearest places samples as taps does and returns the voxel that each lies in.
func nearest(from, in, out int) []int {
	list := make([]int, out)
	for i := range list {
		list[i] = from + (2*i+1)*in/(2*out)
	}
	return list
}

func mix(a, b, weight float64) float64 { return float64(a*(1-weight)) + float64(b*weight) }

// interpolate writes one channel of a resized box into x, every channels-th element, by linear interpolation along all
// axes.
func (s *Scan) interpolate(x []float32, channels int, v []float32, xs, ys, zs []tap) {
	at := 0
	for _, z := range zs {
		for _, y := range ys {
			a, b := s.NX*(y.lo+s.NY*z.lo), s.NX*(y.hi+s.NY*z.lo)
			c, d := s.NX*(y.lo+s.NY*z.hi), s.NX*(y.hi+s.NY*z.hi)
			along := func(row int, t tap) float64 { return mix(float64(v[row+t.lo]), float64(v[row+t.hi]), t.weight) }
			for _, t := range xs {
				near := mix(along(a, t), along(b, t), y.weight)
				far := mix(along(c, t), along(d, t), y.weight)
				x[at] = float32(mix(near, far, z.weight))
				at += channels
			}
		}
	}
}

// pick writes the regions of a resized box into y. A voxel's regions are those of one voxel of the scan: labels are not
// mixed.
func (s *Scan) pick(to []uint8, xs, ys, zs []int) {
	for _, z := range zs {
		for _, y := range ys {
			row := s.Regions[s.NX*(y+s.NY*z):][:s.NX]
			for i, x := range xs {
				to[i] = row[x]
			}
			to = to[len(xs):]
		}
	}
}
