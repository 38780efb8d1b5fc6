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

func (g Conv) inSize() int  { return g.H * g.W * g.Cin }
func (g Conv) outSize() int { return g.OutH() * g.OutW() * g.Cout }
func (g Conv) paddedW() int { return g.W + 2*g.Pad }

// block is the number of patches that forward convolution holds in the first-level cache at once.
const block = 16

// ConvForward sets y to the convolution of n images x with w, plus bias, which may be nil.
//
//	y[i][oy][ox][o] = bias[o] + sum over r, c, k of x[i][oy*Stride+r-Pad][ox*Stride+c-Pad][k] * w[r][c][k][o]
func (s *Scratch) ConvForward(g Conv, y, x, w, bias []float32, n int) {
	wt := s.transposed(g, w)
	for i := range n {
		img := s.bordered(g, x[i*g.inSize():(i+1)*g.inSize()])
		s.forwardImage(g, y[i*g.outSize():(i+1)*g.outSize()], img, wt, bias)
	}
}

// forwardImage takes dot products of an image's patches with the kernels of all outputs, block by block.
func (s *Scratch) forwardImage(g Conv, y, img, wt, bias []float32) {
	stride, pixels := padded(g.Patch()), g.OutH()*g.OutW()
	patches := grow(&s.patches, block*stride)
	for first := 0; first < pixels; first += block {
		m := min(block, pixels-first)
		for p := range m {
			g.gather(patches[p*stride:(p+1)*stride], img, first+p)
		}
		for o := range g.Cout {
			kernel := wt[o*stride : (o+1)*stride]
			var b float32
			if bias != nil {
				b = bias[o]
			}
			for p := range m {
				y[(first+p)*g.Cout+o] = b + dot(patches[p*stride:(p+1)*stride], kernel)
			}
		}
	}
}

// ConvWeightGrad sets dw to the gradient with respect to the weights, given n images x and the gradient dy with
// respect to their convolution. Zeros in dy, most of it behind a pooling layer, cost nothing.
func (s *Scratch) ConvWeightGrad(g Conv, dw, x, dy []float32, n int) {
	stride := padded(g.Patch())
	dwt := grow(&s.grads, g.Cout*stride)
	clear(dwt)
	for i := range n {
		img := s.bordered(g, x[i*g.inSize():(i+1)*g.inSize()])
		s.weightGradImage(g, dwt, img, dy[i*g.outSize():(i+1)*g.outSize()])
	}
	for o := range g.Cout {
		for k, v := range dwt[o*stride : o*stride+g.Patch()] {
			dw[k*g.Cout+o] = v
		}
	}
}

func (s *Scratch) weightGradImage(g Conv, dwt, img, dy []float32) {
	stride := padded(g.Patch())
	patch := grow(&s.patches, stride)
	for p := range g.OutH() * g.OutW() {
		gathered := false
		for o, d := range dy[p*g.Cout : (p+1)*g.Cout] {
			if d == 0 {
				continue
			}
			if !gathered {
				g.gather(patch, img, p)
				gathered = true
			}
			Axpy(d, patch, dwt[o*stride:(o+1)*stride])
		}
	}
}

// ConvInputGrad sets dx to the gradient with respect to n images, given the weights and the gradient dy with respect
// to the convolution.
func (s *Scratch) ConvInputGrad(g Conv, dx, dy, w []float32, n int) {
	wt := s.transposed(g, w)
	for i := range n {
		d := dx[i*g.inSize() : (i+1)*g.inSize()]
		img := d
		if g.Pad > 0 {
			img = grow(&s.image, (g.H+2*g.Pad)*g.paddedW()*g.Cin)
		}
		clear(img)
		s.inputGradImage(g, img, dy[i*g.outSize():(i+1)*g.outSize()], wt)
		if g.Pad > 0 {
			g.crop(d, img)
		}
	}
}

// inputGradImage adds, pixel by pixel, the gradient with respect to the pixel's patch to the bordered image.
func (s *Scratch) inputGradImage(g Conv, img, dy, wt []float32) {
	stride := padded(g.Patch())
	patch := grow(&s.patches, stride)
	for p := range g.OutH() * g.OutW() {
		touched := false
		for o, d := range dy[p*g.Cout : (p+1)*g.Cout] {
			if d == 0 {
				continue
			}
			if !touched {
				clear(patch)
				touched = true
			}
			Axpy(d, wt[o*stride:(o+1)*stride], patch)
		}
		if touched {
			g.scatter(img, patch, p)
		}
	}
}

// transposed returns w as [Cout][Patch], rows padded with zeros.
func (s *Scratch) transposed(g Conv, w []float32) []float32 {
	stride := padded(g.Patch())
	wt := grow(&s.weights, g.Cout*stride)
	clear(wt)
	for k := range g.Patch() {
		for o, v := range w[k*g.Cout : (k+1)*g.Cout] {
			wt[o*stride+k] = v
		}
	}
	return wt
}

// bordered returns the image x with its border of zeros.
func (s *Scratch) bordered(g Conv, x []float32) []float32 {
	if g.Pad == 0 {
		return x
	}
	img := grow(&s.image, (g.H+2*g.Pad)*g.paddedW()*g.Cin)
	clear(img)
	run := g.W * g.Cin
	for r := range g.H {
		copy(img[((r+g.Pad)*g.paddedW()+g.Pad)*g.Cin:], x[r*run:(r+1)*run])
	}
	return img
}

// crop is the inverse of bordered.
func (g Conv) crop(x, img []float32) {
	run := g.W * g.Cin
	for r := range g.H {
		copy(x[r*run:(r+1)*run], img[((r+g.Pad)*g.paddedW()+g.Pad)*g.Cin:])
	}
}

// corner returns where in a bordered image the patch of output pixel p begins.
func (g Conv) corner(p int) int {
	oy, ox := p/g.OutW(), p%g.OutW()
	return (oy*g.paddedW() + ox) * g.Stride * g.Cin
}

// gather copies the patch of output pixel p and pads it with zeros.
func (g Conv) gather(patch, img []float32, p int) {
	run, at := g.Kernel*g.Cin, g.corner(p)
	for r := range g.Kernel {
		copy(patch[r*run:(r+1)*run], img[at:])
		at += g.paddedW() * g.Cin
	}
	clear(patch[g.Patch():])
}

// scatter adds a patch to where gather takes it from.
func (g Conv) scatter(img, patch []float32, p int) {
	run, at := g.Kernel*g.Cin, g.corner(p)
	for r := range g.Kernel {
		Axpy(1, patch[r*run:(r+1)*run], img[at:at+run])
		at += g.paddedW() * g.Cin
	}
}
