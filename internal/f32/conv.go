package f32

// Conv is the geometry of a two-dimensional convolution with a square kernel, as deep learning uses the word: a
// cross-correlation. Beyond its border an image is zero.
type Conv struct {
	H, W, Cin   int // input rows, columns and channels
	Kernel      int // rows and columns of the kernel
	Stride, Pad int
	Cout        int
}

// OutH returns the number of output rows.
func (g Conv) OutH() int { return (g.H+2*g.Pad-g.Kernel)/g.Stride + 1 }

// OutW returns the number of output columns.
func (g Conv) OutW() int { return (g.W+2*g.Pad-g.Kernel)/g.Stride + 1 }

// Patch returns the number of inputs that one output depends on: Kernel x Kernel x Cin.
func (g Conv) Patch() int { return g.Kernel * g.Kernel * g.Cin }

// ConvForward sets y to the convolution of n images x with w, plus bias, which may be nil.
//
//	y[i][oy][ox][o] = bias[o] + sum over r, c, k of x[i][oy*Stride+r-Pad][ox*Stride+c-Pad][k] * w[r][c][k][o]
func (s *Scratch) ConvForward(g Conv, y, x, w, bias []float32, n int) {
	c := plan(g)
	if g.Stride == 1 && g.Cin <= thin {
		for i := range n {
			s.planesImage(&c, c.output(y, i), s.bordered(&c, c.input(x, i)), w, bias)
		}
		return
	}
	wt := s.transposed(&c, w)
	for i := range n {
		s.forwardImage(&c, c.output(y, i), s.bordered(&c, c.input(x, i)), wt, bias)
	}
}

// ConvWeightGrad sets dw to the gradient with respect to the weights, given n images x and the gradient dy with
// respect to their convolution. Zeros in dy, most of it behind a pooling layer, cost nothing.
//
//	dw[r][c][k][o] = sum over i, oy, ox of dy[i][oy][ox][o] * x[i][oy*Stride+r-Pad][ox*Stride+c-Pad][k]
func (s *Scratch) ConvWeightGrad(g Conv, dw, x, dy []float32, n int) {
	c := plan(g)
	dwt := grow(&s.grads, c.Cout*c.stride)
	clear(dwt)
	for i := range n {
		s.weightGradImage(&c, dwt, s.bordered(&c, c.input(x, i)), c.output(dy, i))
	}
	for o := range c.Cout {
		for k, v := range dwt[o*c.stride : o*c.stride+c.patch] {
			dw[k*c.Cout+o] = v
		}
	}
}

// ConvInputGrad sets dx to the gradient with respect to n images, given the weights and the gradient dy with respect
// to the convolution. Zeros in dy cost nothing.
//
//	dx[i][y][x][k] = sum over r, c, o of dy[i][oy][ox][o] * w[r][c][k][o], where y = oy*Stride+r-Pad, x = ox*Stride+c-Pad
func (s *Scratch) ConvInputGrad(g Conv, dx, dy, w []float32, n int) {
	c := plan(g)
	wt := s.transposed(&c, w)
	for i := range n {
		img := c.input(dx, i)
		if g.Pad > 0 {
			img = grow(&s.image, c.imageSize)
		}
		clear(img)
		s.inputGradImage(&c, img, c.output(dy, i), wt)
		if g.Pad > 0 {
			c.crop(c.input(dx, i), img)
		}
	}
}

// convPlan is what follows from a geometry.
type convPlan struct {
	Conv
	inSize, outSize int // elements of an image before and behind
	imageSize       int // elements of an image with its border
	row             int // elements of one of its rows
	outW, pixels    int // columns and pixels of the output
	patch, stride   int // elements of a patch, without and with padding to whole registers
	run             int // elements of a patch that are contiguous
}

func plan(g Conv) convPlan {
	row := (g.W + 2*g.Pad) * g.Cin
	pixels := g.OutH() * g.OutW()
	return convPlan{Conv: g, inSize: g.H * g.W * g.Cin, outSize: pixels * g.Cout, imageSize: (g.H + 2*g.Pad) * row, row: row,
		outW: g.OutW(), pixels: pixels, patch: g.Patch(), stride: padded(g.Patch()), run: g.Kernel * g.Cin}
}

func (c *convPlan) input(x []float32, i int) []float32  { return x[i*c.inSize : (i+1)*c.inSize] }
func (c *convPlan) output(y []float32, i int) []float32 { return y[i*c.outSize : (i+1)*c.outSize] }

// block is the number of patches that forward convolution holds in the first-level cache at once.
const block = 16

// forwardImage takes dot products of an image's patches with the kernels of all outputs, block by block.
func (s *Scratch) forwardImage(c *convPlan, y, img, wt, bias []float32) {
	patches := grow(&s.patches, block*c.stride)
	for first := 0; first < c.pixels; first += block {
		m := min(block, c.pixels-first)
		for p := range m {
			c.gather(patches[p*c.stride:(p+1)*c.stride], img, first+p)
		}
		out := y[first*c.Cout : (first+m)*c.Cout]
		for o := range c.Cout {
			kernel := wt[o*c.stride : (o+1)*c.stride]
			var b float32
			if bias != nil {
				b = bias[o]
			}
			for p := range m {
				out[p*c.Cout+o] = b + dot(patches[p*c.stride:(p+1)*c.stride], kernel)
			}
		}
	}
}

// weightGradImage adds each pixel's patch, scaled by the gradients at that pixel, to the kernels' gradients.
func (s *Scratch) weightGradImage(c *convPlan, dwt, img, dy []float32) {
	patch := grow(&s.patches, c.stride)
	for p := range c.pixels {
		gathered := false
		for o, d := range dy[p*c.Cout : (p+1)*c.Cout] {
			if d == 0 {
				continue
			}
			if !gathered {
				c.gather(patch, img, p)
				gathered = true
			}
			Axpy(d, patch, dwt[o*c.stride:(o+1)*c.stride])
		}
	}
}

// inputGradImage adds, pixel by pixel, the gradient with respect to the pixel's patch to the bordered image.
func (s *Scratch) inputGradImage(c *convPlan, img, dy, wt []float32) {
	patch := grow(&s.patches, c.stride)
	for p := range c.pixels {
		touched := false
		for o, d := range dy[p*c.Cout : (p+1)*c.Cout] {
			if d == 0 {
				continue
			}
			if !touched {
				clear(patch)
				touched = true
			}
			Axpy(d, wt[o*c.stride:(o+1)*c.stride], patch)
		}
		if touched {
			c.scatter(img, patch, p)
		}
	}
}

// transposed returns w as [Cout][Patch], rows padded with zeros.
func (s *Scratch) transposed(c *convPlan, w []float32) []float32 {
	wt := grow(&s.weights, c.Cout*c.stride)
	clear(wt)
	for k := range c.patch {
		for o, v := range w[k*c.Cout : (k+1)*c.Cout] {
			wt[o*c.stride+k] = v
		}
	}
	return wt
}

// bordered returns the image x with its border of zeros.
func (s *Scratch) bordered(c *convPlan, x []float32) []float32 {
	if c.Pad == 0 {
		return x
	}
	img := grow(&s.image, c.imageSize)
	clear(img)
	inner := c.W * c.Cin
	for r := range c.H {
		copy(img[(r+c.Pad)*c.row+c.Pad*c.Cin:], x[r*inner:(r+1)*inner])
	}
	return img
}

// crop is the inverse of bordered.
func (c *convPlan) crop(x, img []float32) {
	inner := c.W * c.Cin
	for r := range c.H {
		copy(x[r*inner:(r+1)*inner], img[(r+c.Pad)*c.row+c.Pad*c.Cin:])
	}
}

// corner returns where in a bordered image the patch of output pixel p begins.
func (c *convPlan) corner(p int) int {
	oy := p / c.outW
	return (oy*c.row + (p-oy*c.outW)*c.Cin) * c.Stride
}

// gather copies the patch of output pixel p and pads it with zeros.
func (c *convPlan) gather(patch, img []float32, p int) {
	at := c.corner(p)
	for r := 0; r < c.patch; r += c.run {
		copy(patch[r:r+c.run], img[at:])
		at += c.row
	}
	clear(patch[c.patch:])
}

// scatter adds a patch to where gather takes it from.
func (c *convPlan) scatter(img, patch []float32, p int) {
	at := c.corner(p)
	for r := 0; r < c.patch; r += c.run {
		Axpy(1, patch[r:r+c.run], img[at:at+c.run])
		at += c.row
	}
}
