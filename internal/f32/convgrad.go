package f32

import "unsafe"

// correlation describes the weight gradient: for every part of the kernel the sum, over images and output positions,
// of an input times an output gradient.
type correlation struct {
	gathering
	turned bool      // the sums are made with rows and columns exchanged, since these are too few
	sums   []float32 // where they are then made
}

// backward returns the weight gradient's sums over outputs of extents out.
func (g *Conv) backward(out [3]int) correlation {
	p := correlation{gathering: g.forward()}
	p.restrict(out)
	rows := g.Cin
	if p.extends() || p.jointColumns() {
		rows *= g.Kernel[2]
	}
	p.turned = tileCost(g.Cout, rows) < 0.9*tileCost(rows, g.Cout)
	return p
}

// tileCost estimates the cycles per step of k for m rows and n columns: two vector multiply-adds per cycle, fewer where
// each of them loads an element of A, and at least four cycles per tile.
func tileCost(m, n int) float64 {
	cost := 0.0
	for ; n > 0; n -= panel {
		vectors := (min(n, panel) + 15) / 16
		tiles := (m*vectors + 27) / 28
		cycles := max(float64(m*vectors)/2, float64(4*tiles))
		if vectors == 1 {
			cycles *= 1.15
		}
		cost += cycles
	}
	return cost
}

// reach returns the outputs whose tap k lies over inputs: their number, the first, and the input under it.
func (p *correlation) reach(dim, k int) span {
	s, pad := p.stride[dim], p.pad[dim]
	from := max(0, (pad-k+s-1)/s)
	to := min(p.out[dim], (p.in[dim]-1+pad-k)/s+1)
	if p.in[dim]-1+pad-k < 0 {
		to = 0
	}
	return span{from: from, count: max(0, to-from), low: k, taps: 1, in: from*s - pad + k}
}

// maxChain is about the longest chain of a weight gradient in one volume or large image; longer sums are cut at whole
// slices or rows.
const maxChain = 8192

// correlate computes dw from n images x and output gradients dy, or adds to dw with more. Each addend is, per group of
// images, one chain of fused multiply-adds over image (or depth), row and column in ascending order.
func (c *Context) correlate(p *correlation, n int, dw, dy, x []float32, more bool) {
	if c.mustPair() {
		c.correlatePairs(p, n, dw, dy, x, more)
		return
	}
	if p.turned {
		p.sums = c.take(scratchTurned, len(dw))
		dw = p.sums
	}
	if p.out[0] == 1 && volume(p.out) <= maxChain {
		q := correlator{Context: c, correlation: *p, dw: dw, dy: dy, x: x, images: n, more: more}
		q.joinColumns()
		q.all()
		return
	}
	for i := range n {
		c.correlateVolume(p, dw, dy[i*p.outImage:(i+1)*p.outImage], x[i*p.inImage:(i+1)*p.inImage], more || i > 0)
	}
}

// correlateVolume treats one image in slabs of depths, each of which is summed in slices.
func (c *Context) correlateVolume(p *correlation, dw, dy, x []float32, more bool) {
	slice := p.slice()
	step := (p.slabDepth() + slice[0] - 1) / slice[0] * slice[0]
	for d := 0; d < p.out[0]; d += step {
		q := correlator{Context: c, correlation: *p, dw: dw, images: 1, more: more || d > 0}
		in, out := q.cut(d, min(step, p.out[0]-d))
		q.x, q.dy = x[in:], dy[out:]
		q.joinColumns()
		q.slices(slice)
	}
}

// slice returns the extents of the outputs that a chain runs over: a few slices of a volume, or rows.
func (p *correlation) slice() [3]int {
	if plane := p.out[1] * p.out[2]; plane <= maxChain {
		return [3]int{max(1, maxChain/plane), p.out[1], p.out[2]}
	}
	return [3]int{1, max(1, maxChain/p.out[2]), p.out[2]}
}

// correlator is a correlation under way.
type correlator struct {
	*Context
	correlation
	dw, dy, x  []float32
	images     int
	more       bool
	joint      bool   // all columns of the kernel are done at once
	low, count [3]int // outputs that are summed over; count 0 means all
}

// slices sums over a slice at a time.
func (q *correlator) slices(step [3]int) {
	for d := 0; d < q.out[0]; d += step[0] {
		for h := 0; h < q.out[1]; h += step[1] {
			q.low = [3]int{d, h, 0}
			q.count = [3]int{min(step[0], q.out[0]-d), min(step[1], q.out[1]-h), q.out[2]}
			q.all()
			q.more = true
		}
	}
}

// within cuts a span down to the outputs that are summed over.
func (q *correlator) within(dim int, s span) span {
	if q.count[dim] == 0 {
		return s
	}
	from, to := max(s.from, q.low[dim]), min(s.from+s.count, q.low[dim]+q.count[dim])
	s.in += (from - s.from) * q.stride[dim]
	s.from, s.count = from, max(0, to-from)
	return s
}

// all computes the sums for the whole kernel.
func (q *correlator) all() {
	for kd := range q.kernel[0] {
		sd := q.within(0, q.reach(0, kd))
		for kh := range q.kernel[1] {
			sh := q.within(1, q.reach(1, kh))
			row := (kd*q.kernel[1] + kh) * q.kernel[2] * q.cin
			if q.joint {
				q.part(row, q.kernel[2]*q.cin, sd, sh, q.reach(2, 0))
				continue
			}
			for kw := range q.kernel[2] {
				q.part(row+kw*q.cin, q.cin, sd, sh, q.reach(2, kw))
			}
		}
	}
}

// fewChannels is the number of input channels up to which images get padded rows, so that all columns of the kernel can
// be done at once. Like groupPositions and maxChain it is part of the results.
const fewChannels = 16

// jointColumns tells whether all columns of the kernel can be done at once: no output's lie outside the images.
func (p *correlation) jointColumns() bool {
	first, last := p.reach(2, 0), p.reach(2, p.kernel[2]-1)
	return first.count == p.out[2] && last.count == p.out[2]
}

// extends tells whether rows are extended by zeros to do all columns of the kernel at once.
func (p *correlation) extends() bool { return p.cin <= fewChannels && !p.jointColumns() }

// joinColumns decides whether all columns of the kernel are done at once, extending rows by zeros for it.
func (q *correlator) joinColumns() {
	if q.extends() {
		q.extend()
	}
	q.joint = q.jointColumns()
}

// extend copies the images with the zeros that the kernel reaches at the ends of rows.
func (q *correlator) extend() {
	q.x = q.extendRows(&q.gathering, q.x, q.images*q.in[0]*q.in[1])
	q.inImage = volume(q.in) * q.cin
}

// part computes the gradients of rows rows of weights, from number row on, from the outputs of three spans.
func (q *correlator) part(row, rows int, sd, sh, sw span) {
	if sd.count == 0 || sh.count == 0 || sw.count == 0 {
		if !q.more {
			q.clearRows(row, rows)
		}
		return
	}
	in := sd.in*q.inStride[0] + sh.in*q.inStride[1] + sw.in*q.inStride[2]
	out := sd.from*q.outStride[0] + sh.from*q.outStride[1] + sw.from*q.outStride[2]
	p := tileArgs{
		a: address(q.x, in), aRow: 4, aK: 4 * q.stride[2] * q.inStride[2], aO: 4 * q.stride[1] * q.inStride[1],
		b: address(q.dy, out), bK: 4 * q.outStride[2], bO: 4 * q.outStride[1],
		kI: sw.count, kO: sh.count,
	}
	p.kG, p.aG, p.bG = q.groups(sd.count)
	if q.more {
		p.flags = addOld
	}
	if p.kG*sh.count*sw.count*(q.cin+q.cout) >= manyValues {
		p.flags |= ahead
	}
	if q.turned {
		p.a, p.aK, p.aO, p.aG, p.b, p.bK, p.bO, p.bG = p.b, p.bK, p.bO, p.bG, p.a, p.aK, p.aO, p.aG
		all := volume(q.kernel) * q.cin
		p.c, p.cRow = address(q.dw, row), 4*all
		q.columns(&p, q.cout, rows)
		return
	}
	p.c, p.cRow = address(q.dw, row*q.cout), 4*q.cout
	q.columns(&p, rows, q.cout)
}

// columns computes a matrix of m x n sums.
func (c *Context) columns(p *tileArgs, m, n int) {
	for j := 0; j < n; j += kern.width {
		c.tile = *p
		c.tile.b, c.tile.c = unsafe.Add(p.b, 4*j), unsafe.Add(p.c, 4*j)
		c.rowTiles(m, min(kern.width, n-j))
	}
}

// clearRows sets the gradients of some rows of weights to zero.
func (q *correlator) clearRows(row, rows int) {
	if !q.turned {
		clear(q.dw[row*q.cout : (row+rows)*q.cout])
		return
	}
	all := volume(q.kernel) * q.cin
	for i := range q.cout {
		clear(q.dw[i*all+row:][:rows])
	}
}

// finish stores the weight gradient when all images are done.
func (c *Context) finish(p *correlation, dw []float32) {
	if p.turned && p.sums != nil {
		k := volume(p.kernel) * p.cin
		transpose(dw, p.cout, p.sums, k, p.cout, k)
	}
}

// groups returns the outermost loop's count and strides: over images, or over the depth of one.
func (q *correlator) groups(depth int) (n, a, b int) {
	if q.images > 1 {
		return q.images, 4 * q.inImage, 4 * q.outImage
	}
	return depth, 4 * q.stride[0] * q.inStride[0], 4 * q.outStride[0]
}
