package f32

import "fmt"

// ConvTranspose is the geometry of a transposed convolution whose kernel equals its stride, as networks use it to
// enlarge images: every output is reached by one input position.
//
// Layouts are those of Conv: images [n][depth][height][width][channel], weights [depth][height][width][Cin][Cout],
// bias [Cout].
type ConvTranspose struct {
	In        [3]int // extents of an input image; two-dimensional ones have depth 1
	Cin, Cout int
	Kernel    [3]int // also the stride
}

// ConvTranspose2D returns the transposed convolution of h x w images with a kernel and stride of k x k.
func ConvTranspose2D(h, w, cin, cout, k int) ConvTranspose {
	return ConvTranspose{[3]int{1, h, w}, cin, cout, [3]int{1, k, k}}
}

// ConvTranspose3D returns the transposed convolution of d x h x w images with a kernel and stride of k x k x k.
func ConvTranspose3D(d, h, w, cin, cout, k int) ConvTranspose {
	return ConvTranspose{[3]int{d, h, w}, cin, cout, [3]int{k, k, k}}
}

// Out returns the extents of an output image.
func (g *ConvTranspose) Out() [3]int {
	return [3]int{g.In[0] * g.Kernel[0], g.In[1] * g.Kernel[1], g.In[2] * g.Kernel[2]}
}

// Weights returns the number of weights.
func (g *ConvTranspose) Weights() int { return volume(g.Kernel) * g.Cin * g.Cout }

// InLen returns the number of values of one input image.
func (g *ConvTranspose) InLen() int { return volume(g.In) * g.Cin }

// OutLen returns the number of values of one output image.
func (g *ConvTranspose) OutLen() int { return volume(g.Out()) * g.Cout }

// adjoint returns the convolution from outputs to inputs whose transpose g is. Its weights have input and output
// channels exchanged.
func (g *ConvTranspose) adjoint() Conv {
	return Conv{In: g.Out(), Cin: g.Cout, Cout: g.Cin, Kernel: g.Kernel, Stride: g.Kernel}
}

// check panics unless the slices have the lengths of n images and the geometry is possible.
func (g *ConvTranspose) check(n int, x, w []float32) {
	for i := range g.In {
		if g.In[i] < 1 || g.Kernel[i] < 1 {
			panic(fmt.Sprintf("f32: impossible transposed convolution %+v", *g))
		}
	}
	want("images", len(x), n*g.InLen())
	want("weights", len(w), g.Weights())
}

// ConvTransposeForward computes the outputs y of n images x. Every output is one chain of fused multiply-adds that
// starts at the bias (or 0 without) and takes the input channels in ascending order. With relu negative outputs become 0.
func (c *Context) ConvTransposeForward(g *ConvTranspose, n int, y, x, w, bias []float32, relu bool) {
	g.check(n, x, w)
	want("outputs", len(y), n*g.OutLen())
	row := g.Kernel[2] * g.Cout // the outputs of one kernel row lie together: they are one pixel's channels
	b, wide := c.packTransposed(g, w, bias)
	out := strides(g.Out(), g.Cout)
	for kd := range g.Kernel[0] {
		for kh := range g.Kernel[1] {
			s := gathering{
				in: g.In, out: g.In, kernel: [3]int{1, 1, 1}, stride: [3]int{1, 1, 1}, cin: g.Cin, cout: row,
				inStride: strides(g.In, g.Cin), inImage: g.InLen(),
				outStride: [3]int{g.Kernel[0] * out[0], g.Kernel[1] * out[1], row}, outImage: g.OutLen(),
			}
			part := b[(kd*g.Kernel[1]+kh)*panels(g.Cin, row):]
			first := kd*out[0] + kh*out[1]
			if len(y) > 0 {
				c.gather(&s, n, y[first:], x, c.ready(&s, right{address(part, 0), 4 * panel, 4 * panel * g.Cin}), wide, relu)
			}
		}
	}
}

// packTransposed packs the weights of every kernel row in panels, [Cin][kernel width][Cout], and repeats the bias to go
// with them.
func (c *Context) packTransposed(g *ConvTranspose, w, bias []float32) (packed, wide []float32) {
	row := g.Kernel[2] * g.Cout
	rows, size := g.Kernel[0]*g.Kernel[1], panels(g.Cin, row)
	packed = c.take(scratchPanels, rows*size+g.Cin*row+row)
	tmp := packed[rows*size:][:g.Cin*row]
	for r := range rows {
		for ci := range g.Cin {
			for kw := range g.Kernel[2] {
				copy(tmp[ci*row+kw*g.Cout:][:g.Cout], w[((r*g.Kernel[2]+kw)*g.Cin+ci)*g.Cout:])
			}
		}
		packRows(packed[r*size:], tmp, row, g.Cin, row)
	}
	if bias != nil {
		want("bias", len(bias), g.Cout)
		wide = repeat(packed[rows*size+g.Cin*row:], bias, g.Kernel[2])
	}
	return packed, wide
}

// ConvTransposeBackward computes from the gradients dy of the outputs those of the inputs, dx (skipped if nil), and
// overwrites dw and, unless nil, db with those of weights and bias. x and w are those of the forward pass. The inputs'
// gradients are sums in the order of ConvForward, the weights' in that of ConvBackward, for the convolution from y to x.
func (c *Context) ConvTransposeBackward(g *ConvTranspose, n int, dx, dw, db, dy, x, w []float32) {
	g.check(n, x, w)
	want("output gradients", len(dy), n*g.OutLen())
	want("weight gradients", len(dw), len(w))
	a := g.adjoint()
	turned := c.take(scratchFlip, len(w))
	if dx != nil {
		exchange(turned, w, volume(g.Kernel), g.Cin, g.Cout)
		c.ConvForward(&a, n, dx, dy, turned, nil, false)
	}
	c.ConvBackward(&a, n, nil, turned, nil, x, dy, turned)
	exchange(dw, turned, volume(g.Kernel), g.Cout, g.Cin)
	if db != nil {
		want("bias gradients", len(db), g.Cout)
		c.addRows(db, dy, n*volume(g.Out()), false)
	}
}

// exchange transposes n matrices of rows x cols values.
func exchange(dst, src []float32, n, rows, cols int) {
	for i := range n {
		transpose(dst[i*rows*cols:], rows, src[i*rows*cols:], cols, rows, cols)
	}
}
