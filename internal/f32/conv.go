package f32

import "fmt"

// Conv is the geometry of a convolution (cross-correlation, as everywhere in the field) over images of three
// dimensions, depth, height and width; two-dimensional ones have depth 1.
//
// Layouts, all without gaps: images [n][depth][height][width][channel], weights [depth][height][width][Cin][Cout],
// bias [Cout].
type Conv struct {
	In        [3]int // extents of an input image
	Cin, Cout int
	Kernel    [3]int
	Stride    [3]int
	Pad       [3]int // zeros assumed on either side
}

// Conv2D returns the convolution of h x w images with a kernel of k x k.
func Conv2D(h, w, cin, cout, k, stride, pad int) Conv {
	return Conv{[3]int{1, h, w}, cin, cout, [3]int{1, k, k}, [3]int{1, stride, stride}, [3]int{0, pad, pad}}
}

// Conv3D returns the convolution of d x h x w images with a kernel of k x k x k.
func Conv3D(d, h, w, cin, cout, k, stride, pad int) Conv {
	return Conv{[3]int{d, h, w}, cin, cout, [3]int{k, k, k}, [3]int{stride, stride, stride}, [3]int{pad, pad, pad}}
}

// Out returns the extents of an output image.
func (g *Conv) Out() [3]int {
	var out [3]int
	for i := range out {
		out[i] = max(0, (g.In[i]+2*g.Pad[i]-g.Kernel[i])/g.Stride[i]+1)
	}
	return out
}

// Pooled returns the extents of an output image after max pooling by two: the depth stays if it is 1.
func (g *Conv) Pooled() [3]int { return pooled(g.Out()) }

func pooled(out [3]int) [3]int {
	p := [3]int{out[0], out[1] / 2, out[2] / 2}
	if out[0] > 1 {
		p[0] /= 2
	}
	return p
}

// covered returns the extents of the part of out that pooling reads.
func covered(out [3]int) [3]int {
	p := pooled(out)
	if out[0] > 1 {
		p[0] *= 2
	}
	return [3]int{p[0], 2 * p[1], 2 * p[2]}
}

func volume(e [3]int) int { return e[0] * e[1] * e[2] }

// Weights returns the number of weights.
func (g *Conv) Weights() int { return volume(g.Kernel) * g.Cin * g.Cout }

// InLen returns the number of values of one input image.
func (g *Conv) InLen() int { return volume(g.In) * g.Cin }

// OutLen returns the number of values of one output image.
func (g *Conv) OutLen() int { return volume(g.Out()) * g.Cout }

// PooledLen returns the number of values of one output image after pooling.
func (g *Conv) PooledLen() int { return volume(g.Pooled()) * g.Cout }

// check panics unless the slices have the lengths of n images and the geometry is possible.
func (g *Conv) check(n int, x, w []float32) {
	for i := range g.In {
		if g.In[i] < 1 || g.Kernel[i] < 1 || g.Stride[i] < 1 || g.Pad[i] < 0 || g.Pad[i] >= g.Kernel[i] {
			panic(fmt.Sprintf("f32: impossible convolution %+v", *g))
		}
	}
	want("images", len(x), n*g.InLen())
	want("weights", len(w), g.Weights())
}

func want(what string, got, n int) {
	if got != n {
		panic(fmt.Sprintf("f32: %d values of %s, want %d", got, what, n))
	}
}

// ConvForward computes the outputs y of n images x. Every output is one chain of fused multiply-adds that starts at the
// bias (or 0 without) and takes kernel depth, height, width and input channel in ascending order, skipping what the
// padding assumes to be zero (where the width is padded and the channels are few it multiplies by the zeros).
// With relu negative outputs become 0.
func (c *Context) ConvForward(g *Conv, n int, y, x, w, bias []float32, relu bool) {
	g.check(n, x, w)
	want("outputs", len(y), n*g.OutLen())
	s := g.forward()
	b, bias := c.packForward(&s, w, bias)
	c.gather(&s, n, y, x, b, bias, relu)
}

// ConvPoolForward computes the convolution with bias, takes the maximum over windows of two in each dimension (a last
// odd row or column is dropped) and cuts off negative results. index notes where each result came from, for
// ConvPoolBackward.
func (c *Context) ConvPoolForward(g *Conv, n int, y []float32, index []uint8, x, w, bias []float32) {
	g.check(n, x, w)
	want("outputs", len(y), n*g.PooledLen())
	want("positions", len(index), n*g.PooledLen())
	s := g.forward()
	e := covered(g.Out())
	s.restrict(e)
	size, small := volume(e)*g.Cout, g.PooledLen()
	group := groupOf(e, n)
	b, bias := c.packForward(&s, w, bias)
	full := c.take(scratchPool, group*size)
	for i := 0; i < n; i += group {
		m := min(group, n-i)
		c.gather(&s, m, full[:m*size], x[i*g.InLen():(i+m)*g.InLen()], b, bias, false)
		maxPoolByTwo(e, g.Cout, m, y[i*small:(i+m)*small], index[i*small:(i+m)*small], full[:m*size], true)
	}
}

// forward returns the sums that make the outputs.
func (g *Conv) forward() gathering {
	out := g.Out()
	return gathering{
		in: g.In, cin: g.Cin, cout: g.Cout, kernel: g.Kernel, stride: g.Stride, pad: g.Pad, out: out,
		inStride: strides(g.In, g.Cin), inImage: g.InLen(),
		outStride: strides(out, g.Cout), outImage: volume(out) * g.Cout,
	}
}

// strides returns the distance in values from one depth, row and column of an image to the next.
func strides(e [3]int, channels int) [3]int {
	return [3]int{e[1] * e[2] * channels, e[2] * channels, channels}
}

// ConvBackward computes from the gradients dy of the outputs those of the inputs, dx (skipped if nil), and overwrites
// dw and, unless nil, db with those of weights and bias. x and w are those of the forward pass.
func (c *Context) ConvBackward(g *Conv, n int, dx, dw, db, dy, x, w []float32) {
	g.checkBackward(n, dx, dw, db, x, w)
	want("output gradients", len(dy), n*g.OutLen())
	flipped := c.flips(g, dx, w)
	p := g.backward(g.Out())
	group := c.groupOf(p.out, n)
	for i := 0; i < n; i += group {
		m := min(group, n-i)
		part := dy[i*g.OutLen() : (i+m)*g.OutLen()]
		c.backwardPart(&p, g, i, m, dx, dw, db, part, x, flipped)
	}
	c.finish(&p, dw)
}

// ConvPoolBackward is ConvBackward for ConvPoolForward: dy are the gradients of the pooled outputs.
func (c *Context) ConvPoolBackward(g *Conv, n int, dx, dw, db, dy []float32, index []uint8, x, w []float32) {
	g.checkBackward(n, dx, dw, db, x, w)
	small := g.PooledLen()
	want("output gradients", len(dy), n*small)
	want("positions", len(index), n*small)
	flipped := c.flips(g, dx, w)
	p := g.backward(covered(g.Out()))
	group := c.groupOf(p.out, n)
	size := volume(p.out) * g.Cout
	full := c.take(scratchPool, group*size)
	for i := 0; i < n; i += group {
		m := min(group, n-i)
		maxPoolByTwoBackward(p.out, g.Cout, m, full[:m*size], dy[i*small:(i+m)*small], index[i*small:(i+m)*small])
		c.backwardPart(&p, g, i, m, dx, dw, db, full[:m*size], x, flipped)
	}
	c.finish(&p, dw)
}

func (g *Conv) checkBackward(n int, dx, dw, db, x, w []float32) {
	g.check(n, x, w)
	want("weight gradients", len(dw), len(w))
	if dx != nil {
		want("input gradients", len(dx), len(x))
	}
	if db != nil {
		want("bias gradients", len(db), g.Cout)
	}
	if n == 0 {
		clear(dw)
		clear(db)
	}
}

func (c *Context) flips(g *Conv, dx, w []float32) []float32 {
	if dx == nil {
		return nil
	}
	return c.flip(g, w)
}

// backwardPart does the images from i to i+m, whose output gradients are dy.
func (c *Context) backwardPart(p *correlation, g *Conv, i, m int, dx, dw, db, dy, x, flipped []float32) {
	in := x[i*g.InLen() : (i+m)*g.InLen()]
	c.correlate(p, m, dw, dy, in, i > 0)
	if db != nil {
		c.addRows(db, dy, m*volume(p.out), i > 0)
	}
	if dx != nil {
		c.scatter(g, p.out, m, dx[i*g.InLen():(i+m)*g.InLen()], dy, flipped)
	}
}
