package f32

// eachPhase calls f for every remainder of input positions by the stride.
func eachPhase(g *Conv, f func(r [3]int)) {
	for d := range g.Stride[0] {
		for h := range g.Stride[1] {
			for w := range g.Stride[2] {
				f([3]int{d, h, w})
			}
		}
	}
}

// phase returns the sums that make the gradients of the inputs at positions r plus multiples of the stride, from output
// gradients of extents out.
func (g *Conv) phase(r, out [3]int) gathering {
	s := gathering{
		in: out, cin: g.Cout, cout: g.Cin, stride: [3]int{1, 1, 1},
		inStride: strides(out, g.Cout), inImage: volume(out) * g.Cout,
		outStride: strides(g.In, g.Cin), outImage: g.InLen(),
	}
	for i, step := range g.Stride {
		first := (r[i] + g.Pad[i]) % step
		s.kernel[i] = max(0, (g.Kernel[i]-first+step-1)/step)
		s.pad[i] = s.kernel[i] - 1 - (r[i]+g.Pad[i])/step
		s.out[i] = max(0, (g.In[i]-r[i]+step-1)/step)
		s.outStride[i] *= step
	}
	return s
}

// skips tells whether some inputs lie under no tap of the kernel.
func (g *Conv) skips() bool {
	return g.Stride[0] > g.Kernel[0] || g.Stride[1] > g.Kernel[1] || g.Stride[2] > g.Kernel[2]
}

// scatter computes the input gradients dx of n images from output gradients dy of extents out.
func (c *Context) scatter(g *Conv, out [3]int, n int, dx, dy, flipped []float32) {
	stride := strides(g.In, g.Cin)
	if g.skips() {
		clear(dx)
	}
	eachPhase(g, func(r [3]int) {
		s := g.phase(r, out)
		s.twins = c.precision == Float32 && g.twinPhase()
		if p := g.phasePairing(&s); p > 1 && !s.twins {
			s.pair(p)
		}
		k := c.rightRows(&s)
		if k == 0 {
			return
		}
		b := right{address(flipped, 0), 4 * panel, 4 * panel * k}
		if s.twins {
			b.rowK = 8 * maxTwin
		} else {
			flipped = flipped[panels(k, g.Cin):]
		}
		start := r[0]*stride[0] + r[1]*stride[1] + r[2]*stride[2]
		if start < len(dx) {
			c.gather(&s, n, dx[start:], dy, b, nil, false)
		}
	})
}
