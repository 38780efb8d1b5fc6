package f32

import "unsafe"

// gathering describes sums that collect, for every output position, the inputs under a kernel: a convolution's forward
// pass, and its input gradient with the kernel turned around. Strides are in values.
type gathering struct {
	in, kernel, stride, pad, out [3]int // extents; a negative pad leaves inputs out
	cin, cout                    int
	inStride, outStride          [3]int
	inImage, outImage            int
	twins                        bool // few outputs: see twin.go
}

// restrict makes the sums compute only the first e outputs, stored without gaps.
func (s *gathering) restrict(e [3]int) {
	s.out = e
	s.outStride, s.outImage = strides(e, s.cout), volume(e)*s.cout
}

// span is a run of outputs in one dimension that use the same part of the kernel.
type span struct {
	from, count int // outputs
	low, taps   int // part of the kernel
	in          int // input under the first tap of the first output
}

// spanAt returns the longest span from output o on.
func (s *gathering) spanAt(dim, o int) span {
	low, taps := s.tapsAt(dim, o)
	r := span{o, 1, low, taps, o*s.stride[dim] - s.pad[dim] + low}
	for o+r.count < s.out[dim] {
		if l, t := s.tapsAt(dim, o+r.count); l != low || t != taps {
			break
		}
		r.count++
	}
	return r
}

// tapsAt returns which part of the kernel lies over inputs for output o.
func (s *gathering) tapsAt(dim, o int) (low, taps int) {
	start := o*s.stride[dim] - s.pad[dim]
	low = min(s.kernel[dim], max(0, -start))
	return low, max(0, min(s.kernel[dim], s.in[dim]-start)-low)
}

// groupPositions is about how many output positions are treated before moving to the next stage, so that data stay
// in the second-level cache. It limits the chains of weight gradients and so is part of the results.
const groupPositions = 2048

// maxGroup is the largest number of images treated together: the height of a tile.
const maxGroup = 14

// groupOf returns how many of n images of the given extents to treat together.
func groupOf(e [3]int, n int) int {
	most := min(maxGroup, max(1, groupPositions/max(1, volume(e))))
	parts := (n + most - 1) / most
	return (n + parts - 1) / max(1, parts)
}

// gather computes the sums for n images.
func (c *Context) gather(s *gathering, n int, y, x []float32, b right, bias []float32, relu bool) {
	if n == 0 || volume(s.out) == 0 {
		return
	}
	if c.mustPair() {
		c.gatherPairs(s, n, y, x, b, bias, relu)
		return
	}
	q := gatherer{Context: c, gathering: *s, y: y, x: x, b: b, bias: bias, relu: relu}
	if !s.twins && s.acrossImages(n) {
		for i := 0; i < n; i += q.images {
			q.images = (n-i-1)/maxGroup + 1
			q.images = (n - i + q.images - 1) / q.images
			q.byImages(i)
		}
		return
	}
	q.images = 1
	for i := range n {
		q.byRows(i)
	}
}

// acrossImages tells whether tiles take their rows from different images rather than along an image's rows: better if
// those are short or padded. It depends on the geometry and n alone.
func (s *gathering) acrossImages(n int) bool {
	rows := tileShare(s.out[2])
	taps := 0
	for o := range s.out[2] {
		_, t := s.tapsAt(2, o)
		taps += t
	}
	rows *= float64(taps) / float64(max(1, s.out[2]*s.kernel[2]))
	images := tileShare(n)
	if s.cin*s.kernel[2] < 24 { // long enough inner loops
		images /= 2
	}
	return images > 1.05*rows
}

// tileShare estimates what share of the processor's rate tiles reach that split n rows.
func tileShare(n int) float64 {
	h := n
	if n > maxGroup {
		parts := (n + maxGroup - 1) / maxGroup
		h = n / parts
	}
	return min(1, float64(h)/5.5)
}

// gatherer is a gathering under way.
type gatherer struct {
	*Context
	gathering
	y, x   []float32
	b      right
	bias   []float32
	relu   bool
	images int
	pair   int // values from an output to its twin
}

// byImages computes the outputs of the images from first on, tiles going across them.
func (q *gatherer) byImages(first int) {
	x, image := q.separate(first)
	for j := 0; j < q.cout; j += kern.width {
		cols := min(kern.width, q.cout-j)
		for d, sd := 0, (span{}); d < q.out[0]; d += sd.count {
			sd = q.spanAt(0, d)
			for h, sh := 0, (span{}); h < q.out[1]; h += sh.count {
				sh = q.spanAt(1, h)
				for w, sw := 0, (span{}); w < q.out[2]; w += sw.count {
					sw = q.spanAt(2, w)
					q.box(x, image, first, j, cols, sd, sh, sw)
				}
			}
		}
	}
}

// separate returns the images, copied to lie apart if they would compete for the same sets of the first-level cache,
// and the distance from one to the next.
func (q *gatherer) separate(first int) (x []float32, image int) {
	x = q.x[first*q.inImage : (first+q.images)*q.inImage]
	if q.inImage%128 != 0 || q.images <= 4 {
		return x, q.inImage
	}
	image = q.inImage + 16
	if image%32 == 0 {
		image += 16
	}
	out := q.take(scratchRows, q.images*image)
	for i := range q.images {
		copy(out[i*image:], x[i*q.inImage:(i+1)*q.inImage])
	}
	return out, image
}

// box computes the outputs of three spans, for all images at once.
func (q *gatherer) box(x []float32, image, first, j, cols int, sd, sh, sw span) {
	for d := range sd.count {
		for h := range sh.count {
			in := (sd.in+d*q.stride[0])*q.inStride[0] + (sh.in+h*q.stride[1])*q.inStride[1] + sw.in*q.inStride[2]
			out := first*q.outImage + (sd.from+d)*q.outStride[0] + (sh.from+h)*q.outStride[1] + sw.from*q.outStride[2] + j
			q.aim(x, in, out, j, sd, sh, sw)
			p := &q.tile
			p.aRow, p.cRow = 4*image, 4*q.outImage
			p.aT, p.cT, p.bT, p.iT = 4*q.stride[2]*q.inStride[2], 4*q.outStride[2], 0, 0
			q.tall(q.images, cols, sw.count)
		}
	}
}

// aim points the tile at the inputs from in on and the output out, for the part of the kernel in the spans.
func (q *gatherer) aim(x []float32, in, out, j int, sd, sh, sw span) {
	p := &q.tile
	taps := q.kernel[2] * q.cin
	*p = tileArgs{
		kI: sw.taps * q.cin, kO: sh.taps, kG: sd.taps,
		aK: 4, aO: 4 * q.inStride[1], aG: 4 * q.inStride[0],
		bK: q.b.rowK, bO: taps * q.b.rowK, bG: q.kernel[1] * taps * q.b.rowK,
		c: address(q.y, out),
	}
	if q.relu {
		p.flags = clip
	}
	if volume(q.kernel)*q.cin*panel >= manyValues/4 {
		p.flags |= ahead
	}
	if q.bias != nil {
		p.init = address(q.bias, j)
	}
	if sw.taps == 0 || sh.taps == 0 || sd.taps == 0 {
		p.a, p.b = unsafe.Pointer(&zeros), unsafe.Pointer(&zeros)
		p.kI, p.kO, p.kG = 1, 1, 1
		return
	}
	p.a = address(x, in)
	p.b = q.b.at((sd.low*q.kernel[1]+sh.low)*taps+sw.low*q.cin, j)
}

// zeros stands for the operands of sums over nothing.
var zeros [panel]float32

// tall computes t tiles of m rows and splits them if they are too high.
func (c *Context) tall(m, cols, t int) {
	c.tile.flags |= c.operands
	most := kern.height(cols)
	if c.tile.twin != 0 {
		most = twinRows
	}
	start := c.tile
	for r := 0; r < m; {
		parts := (m - r + most - 1) / most
		h := (m - r + parts - 1) / parts
		p := &c.tile
		*p = start
		p.c = unsafe.Add(p.c, r*p.cRow)
		if p.a != unsafe.Pointer(&zeros) {
			p.a = unsafe.Add(p.a, r*p.aRow)
		} else {
			p.aRow, p.aT = 0, 0
		}
		p.run(h, cols, t)
		r += h
	}
}

// byRows computes the outputs of one image, tiles going along its rows, a slab of depths at a time.
func (q *gatherer) byRows(image int) {
	x, y := q.x[image*q.inImage:(image+1)*q.inImage], q.y[image*q.outImage:]
	step := q.slabDepth()
	for d := 0; d < q.out[0]; d += step {
		r := *q
		in, out := r.cut(d, min(step, q.out[0]-d))
		r.x, r.y = x[in:], y[out:]
		if r.twins && kern.level == avx512 {
			r.interleave()
		} else {
			r.widen()
		}
		r.slab()
	}
}

// slabValues is about how many values of padded inputs are treated at once, so that they stay in the caches. It doesn't
// show in the results.
var slabValues = 1 << 19

// slabDepth returns how many depths of outputs to treat at once.
func (s *gathering) slabDepth() int {
	if !s.pads() && !s.twins {
		return s.out[0]
	}
	planes := slabValues / max(1, s.in[1]*s.paddedWidth()*s.cin)
	return max(1, (planes-s.kernel[0])/s.stride[0]+1)
}

// cut makes the sums compute only n depths of outputs, from number d on, and returns where their inputs and they begin.
func (s *gathering) cut(d, n int) (in, out int) {
	low := min(s.in[0], max(0, d*s.stride[0]-s.pad[0]))
	high := min(s.in[0], (d+n-1)*s.stride[0]-s.pad[0]+s.kernel[0])
	s.pad[0] += low - d*s.stride[0]
	s.in[0], s.out[0] = max(0, high-low), n
	return low * s.inStride[0], d * s.outStride[0]
}

// slab computes all outputs from x, which is an image or a slab of it.
func (r *gatherer) slab() {
	for j := 0; j < r.cout; j += kern.width {
		cols := min(kern.width, r.cout-j)
		for d, sd := 0, (span{}); d < r.out[0]; d += sd.count {
			sd = r.spanAt(0, d)
			for h, sh := 0, (span{}); h < r.out[1]; h += sh.count {
				sh = r.spanAt(1, h)
				r.rows(j, cols, sd, sh)
			}
		}
	}
}

// rows computes whole rows of outputs.
func (q *gatherer) rows(j, cols int, sd, sh span) {
	sw := q.spanAt(2, 0)
	for d := range sd.count {
		in := (sd.in+d*q.stride[0])*q.inStride[0] + sh.in*q.inStride[1] + sw.in*q.inStride[2]
		out := (sd.from+d)*q.outStride[0] + sh.from*q.outStride[1] + j
		q.aim(q.x, in, out, j, sd, sh, sw)
		p := &q.tile
		p.aRow, p.cRow = 4*q.stride[2]*q.inStride[2], 4*q.outStride[2]
		p.aT, p.cT = 4*q.stride[1]*q.inStride[1], 4*q.outStride[1]
		if q.pair > 0 {
			p.aK, p.twin = 8, 4*q.pair
		}
		q.tall(q.out[2], cols, sh.count)
	}
}

// paddedWidth returns the length of rows with the zeros that the kernel reaches.
func (s *gathering) paddedWidth() int { return (s.out[2]-1)*s.stride[2] + s.kernel[2] }

// pads tells whether the kernel reaches beyond the ends of rows.
func (s *gathering) pads() bool { return s.pad[2] > 0 || s.paddedWidth()-s.pad[2] > s.in[2] }

// widen extends the rows of x by the zeros that the kernel reaches, if it does.
func (q *gatherer) widen() {
	if q.pads() {
		q.x = q.extendRows(&q.gathering, q.x, q.in[0]*q.in[1])
	}
}

// extendRows copies rows of inputs, extended by the zeros that the kernel reaches, and makes s fit them.
func (c *Context) extendRows(s *gathering, x []float32, rows int) []float32 {
	width := s.paddedWidth() * s.cin
	left, skip := max(0, s.pad[2])*s.cin, max(0, -s.pad[2])*s.cin
	n := min(s.in[2]*s.cin-skip, width-left)
	out := c.take(scratchRows, rows*width)
	for r := range rows {
		row := out[r*width:][:width]
		clear(row[:left])
		copy(row[left:], x[r*s.inStride[1]+skip:][:n])
		clear(row[left+n:])
	}
	s.in[2], s.pad[2] = s.paddedWidth(), 0
	s.inStride = strides(s.in, s.cin)
	return out
}
