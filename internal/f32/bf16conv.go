package f32

import "unsafe"

// gatherPairs is gather in bfloat16. Inputs are joined along the channels; where their number is odd, along a row of the
// kernel, which each output then finds in one piece.
func (c *Context) gatherPairs(s *gathering, n int, y, x []float32, b right, bias []float32, relu bool) {
	c.operands = pairs
	defer func() { c.operands = 0 }()
	if volume(s.kernel) == 0 {
		c.gather(s, n, y, x, b, bias, relu)
		return
	}
	w, run := *s, s.cin*s.kernel[2]
	if s.cin%2 == 0 {
		w.cin /= 2
	} else {
		w.cin, w.kernel[2], w.stride[2], w.pad[2], w.in[2] = pairCount(run), 1, 1, 0, s.out[2]
	}
	w.inStride, w.inImage = strides(w.in, w.cin), volume(w.in)*w.cin
	group := n
	if n > maxGroup {
		group = groupOf(s.out, n)
	}
	for i := 0; i < n; i += group {
		m := min(group, n-i)
		out := c.take(scratchLeft, m*w.inImage+panel)
		if from := x[i*s.inImage : (i+m)*s.inImage]; s.cin%2 == 0 {
			couple(out, 0, from, 0, 1, len(from))
		} else {
			c.pairRuns(s, m, out, from)
		}
		c.gather(&w, m, y[i*s.outImage:], out[:m*w.inImage], b, bias, relu)
	}
}

// rightRows returns how many rows the right-hand side of s has, as the tiles take them.
func (c *Context) rightRows(s *gathering) int {
	run := s.kernel[2] * s.cin
	if c.precision == BFloat16 {
		run = pairCount(run)
	}
	return s.kernel[0] * s.kernel[1] * run
}

// ready returns the packed right-hand side b of s as gather takes it: joined in pairs for BFloat16.
func (c *Context) ready(s *gathering, b right) right {
	if c.precision != BFloat16 {
		return b
	}
	k := c.rightRows(s)
	out := c.take(scratchKernel, panels(k, s.cout))
	pairPanels(out, s, b)
	return right{address(out, 0), 4 * panel, 4 * panel * k}
}

// pairFlip is flip in bfloat16.
func (c *Context) pairFlip(g *Conv, w []float32) []float32 {
	floats := c.flipFloats(g, w)
	size := 0
	eachPhase(g, func(r [3]int) {
		s := g.flipped(r)
		size += panels(c.rightRows(&s), s.cout)
	})
	out := c.take(scratchKernel, size)
	rest := out
	eachPhase(g, func(r [3]int) {
		s := g.flipped(r)
		if k := volume(s.kernel) * s.cin; k > 0 {
			pairPanels(rest, &s, right{address(floats, 0), 4 * panel, 4 * panel * k})
			rest, floats = rest[panels(c.rightRows(&s), s.cout):], floats[panels(k, s.cout):]
		}
	})
	return out
}

// flipped returns the sums of an input gradient's phase, paired as flip pairs their weights.
func (g *Conv) flipped(r [3]int) gathering {
	s := g.phase(r, g.Out())
	if p := g.phasePairing(&s); p > 1 {
		s.pair(p)
	}
	return s
}

// pairPanels joins the rows of a right-hand side of s two by two, in panels. The rows of each row of the kernel are a
// block, whose last odd one is paired with zeros.
func pairPanels(out []float32, s *gathering, b right) {
	rows, cols := s.kernel[2]*s.cin, s.cout
	for j := 0; j < cols; j += panel {
		for block := range s.kernel[0] * s.kernel[1] {
			src := unsafe.Slice((*float32)(b.at(block*rows, j)), (rows-1)*b.rowK/4+min(panel, cols-j))
			weave(out, panel, panel, src, b.rowK/4, rows, min(panel, cols-j))
			out = out[panel*pairCount(rows):]
		}
	}
}

// pairRuns copies for every output position of n images and every row of them the inputs under a row of the kernel.
func (c *Context) pairRuns(s *gathering, n int, out, x []float32) {
	run := s.kernel[2] * s.cin
	width := (s.out[2]-1)*s.stride[2] + s.kernel[2]
	p := runArgs{
		n: s.out[2], srcStep: 4 * s.stride[2] * s.cin, dstStep: 4 * pairCount(run),
		chunks: (run + 15) / 16, mask: 1<<((run-1)%16+1) - 1,
	}
	padded := s.pad[2] != 0 || width > s.in[2]
	row := c.take(scratchRows, width*s.cin)
	clear(row)
	from, left := max(0, -s.pad[2]), max(0, s.pad[2])
	for r := range n * s.in[0] * s.in[1] {
		src := x[r*s.in[2]*s.cin:][:s.in[2]*s.cin]
		if padded {
			copy(row[left*s.cin:], src[from*s.cin:])
			src = row
		}
		p.src, p.dst = address(src, 0), address(out, r*s.out[2]*pairCount(run))
		roundRuns(&p)
	}
}

// correlatePairs is correlate in bfloat16. Images are joined two by two, or rows of a single one.
func (c *Context) correlatePairs(p *correlation, n int, dw, dy, x []float32, more bool) {
	q := *p
	if n == 1 {
		x, dy = c.pairImageRows(&q, x, dy)
	} else {
		x, dy = c.pairImages(scratchLeft, n, p.inImage, x), c.pairImages(scratchRight, n, p.outImage, dy)
	}
	c.operands = pairs
	defer func() { c.operands = 0 }()
	c.correlate(&q, pairCount(n), dw, dy, x, more)
	p.sums = q.sums
}

// pairImages joins n images of the given size two by two.
func (c *Context) pairImages(use, n, size int, x []float32) []float32 {
	out := c.take(use, pairCount(n)*size+panel)
	weave(out, size, panel, x, size, n, size)
	return out[:pairCount(n)*size]
}

// pairImageRows joins rows of one image's output gradients two by two, and every row of the image, also above it, with
// that under the next output. It changes p to sums over these.
func (c *Context) pairImageRows(p *correlation, x, dy []float32) (xs, dys []float32) {
	step, pad, above := p.stride[1], p.pad[1], p.in[1]
	row, outRow := p.inStride[1], p.outStride[1]
	dys = c.take(scratchRight, p.out[0]*pairCount(p.out[1])*outRow+panel)
	for d := range p.out[0] {
		weave(dys[d*pairCount(p.out[1])*outRow:], outRow, panel, dy[d*p.out[1]*outRow:], outRow, p.out[1], outRow)
	}
	p.in[1], p.pad[1], p.stride[1], p.out[1] = above+pad, 0, 2*step, pairCount(p.out[1])
	p.inStride, p.inImage = strides(p.in, p.cin), volume(p.in)*p.cin
	p.outStride, p.outImage = strides(p.out, p.cout), volume(p.out)*p.cout
	xs = c.take(scratchLeft, p.inImage+panel)
	zero := c.take(scratchRows, row)
	clear(zero)
	at := func(d, r int) []float32 {
		if r < 0 || r >= above {
			return zero
		}
		return x[(d*above+r)*row:][:row]
	}
	for d := range p.in[0] {
		for r := range p.in[1] {
			weaveTwo(xs[(d*p.in[1]+r)*row:], at(d, r-pad), at(d, r-pad+step))
		}
	}
	return xs[:p.inImage], dys[:p.outImage]
}

// groupOf returns how many of n images to treat together in a backward pass: an even number for pairs of images.
func (c *Context) groupOf(e [3]int, n int) int {
	group := groupOf(e, n)
	if c.precision == BFloat16 {
		group += group % 2
	}
	return group
}
