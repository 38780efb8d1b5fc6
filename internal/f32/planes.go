package f32

// thin is the number of input channels up to which forward convolution works on planes: there, patches are too short
// for dot products to be worth while.
const thin = 4

// together is the number of output planes that are computed before they are written to the result.
const together = 8

// planesImage computes what forwardImage does, for stride 1, as sums of shifted planes: the image is split into one
// plane per channel, each output plane starts as its bias, and every weight adds one input plane, shifted by its
// place in the kernel, to one output plane. Rows of output planes are as long as those of the bordered image; what
// lies behind column outW is waste.
func (s *Scratch) planesImage(c *convPlan, y, img, w, bias []float32) {
	width, size := c.row/c.Cin, c.imageSize/c.Cin
	length := (c.pixels/c.outW-1)*width + c.outW
	planes := s.split(c, img)
	sums := grow(&s.grads, together*length)
	for first := 0; first < c.Cout; first += together {
		m := min(together, c.Cout-first)
		for o := range m {
			sum := sums[o*length : (o+1)*length]
			startPlane(sum, bias, first+o)
			for k := range c.patch {
				tap, channel := k/c.Cin, k%c.Cin
				at := channel*size + tap/c.Kernel*width + tap%c.Kernel
				Axpy(w[k*c.Cout+first+o], planes[at:at+length], sum)
			}
		}
		c.interleave(y[first:], sums, m, length, width)
	}
}

// startPlane sets a plane to output o's bias.
func startPlane(sum, bias []float32, o int) {
	var b float32
	if bias != nil {
		b = bias[o]
	}
	for i := range sum {
		sum[i] = b
	}
}

// split returns the channels of an image as planes.
func (s *Scratch) split(c *convPlan, img []float32) []float32 {
	size := c.imageSize / c.Cin
	planes := grow(&s.patches, c.imageSize)
	for k := range c.Cin {
		plane := planes[k*size : (k+1)*size]
		for i := range plane {
			plane[i] = img[i*c.Cin+k]
		}
	}
	return planes
}

// interleave writes m planes to neighbouring channels of y.
func (c *convPlan) interleave(y, planes []float32, m, length, width int) {
	for p := range c.pixels {
		at := p/c.outW*width + p%c.outW
		out := y[p*c.Cout : p*c.Cout+m]
		for o := range out {
			out[o] = planes[o*length+at]
		}
	}
}
