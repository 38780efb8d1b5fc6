package f32

// pairing returns how many neighbouring outputs of a row should be treated as one with so many times the channels. A
// few channels leave most lanes of a register idle; several outputs fill them, at the price of a wider kernel that is
// zero where a tap isn't theirs. It depends on the geometry alone.
func (s *gathering) pairing() int {
	best, cost := 1, s.pairedCost(1)
	for p := 2; p*s.cout <= panel && s.out[2]%p == 0 && s.outStride[2] == s.cout; p *= 2 {
		if c := s.pairedCost(p); c < 0.9*cost {
			best, cost = p, c
		}
	}
	return best
}

// pairedCost is the number of vector multiply-adds per row of outputs and row of the kernel, up to a factor.
func (s *gathering) pairedCost(p int) float64 {
	vectors := (p*s.cout + 15) / 16
	return float64(s.out[2] / p * (s.kernel[2] + (p-1)*s.stride[2]) * vectors)
}

// pair treats p outputs as one.
func (s *gathering) pair(p int) {
	s.kernel[2] += (p - 1) * s.stride[2]
	s.stride[2] *= p
	s.out[2] /= p
	s.outStride[2] *= p
	s.cout *= p
}

// pairWeights copies the rows x cout weights src, rows being kernel positions and input channels, to panel rows for p
// outputs at once, as pair wants them. s isn't paired yet.
func (s *gathering) pairWeights(dst, src []float32, rowStride, p int) {
	wide := s.kernel[2] + (p-1)*s.stride[2]
	clear(dst[:s.kernel[0]*s.kernel[1]*wide*s.cin*panel])
	for row := range s.kernel[0] * s.kernel[1] {
		for i := range p {
			for kw := range s.kernel[2] {
				from := (row*s.kernel[2] + kw) * s.cin
				to := (row*wide + kw + i*s.stride[2]) * s.cin
				for ci := range s.cin {
					copy(dst[(to+ci)*panel+i*s.cout:], src[(from+ci)*rowStride:][:s.cout])
				}
			}
		}
	}
}

// packForward returns the weights as a right-hand side, and the bias that goes with it. It may pair outputs of s.
func (c *Context) packForward(s *gathering, w, bias []float32) (right, []float32) {
	if c.precision == Float32 && s.worthTwins() {
		return c.packTwinned(s, w, bias)
	}
	b, bias := c.packFloats(s, w, bias)
	return c.ready(s, b), bias
}

func (c *Context) packFloats(s *gathering, w, bias []float32) (right, []float32) {
	if p := s.pairing(); p > 1 {
		return c.packPaired(s, w, bias, p)
	}
	if s.cout <= panel {
		return right{address(w, 0), 4 * s.cout, 0}, bias
	}
	k := volume(s.kernel) * s.cin
	out := c.take(scratchPanels, panels(k, s.cout))
	packRows(out, w, s.cout, k, s.cout)
	return right{address(out, 0), 4 * panel, 4 * panel * k}, bias
}

func (c *Context) packPaired(s *gathering, w, bias []float32, p int) (right, []float32) {
	k := s.kernel[0] * s.kernel[1] * (s.kernel[2] + (p-1)*s.stride[2]) * s.cin
	out := c.take(scratchPanels, (k+1)*panel)
	s.pairWeights(out, w, s.cout, p)
	if bias != nil {
		several := out[k*panel:]
		for i := range p {
			copy(several[i*s.cout:], bias)
		}
		bias = several
	}
	s.pair(p)
	return right{address(out, 0), 4 * panel, 0}, bias
}

// flip returns the weights of the input gradient, packed in panels: for every phase of the stride its part of the kernel
// in reverse order, with input and output channels exchanged.
func (c *Context) flip(g *Conv, w []float32) []float32 {
	if c.precision == BFloat16 {
		return c.pairFlip(g, w)
	}
	return c.flipFloats(g, w)
}

func (c *Context) flipFloats(g *Conv, w []float32) []float32 {
	size := panels(volume(g.Kernel)*g.Cout, g.Cin)
	s := g.phase([3]int{}, g.Out())
	if c.precision == Float32 && g.twinPhase() {
		plain, k := c.take(scratchPanels, size), volume(s.kernel)*g.Cout
		g.flipPhase(plain, &s, [3]int{}, w)
		out := c.take(scratchFlip, k*2*maxTwin)
		packTwins(out, plain, k, g.Cin, panel)
		return out
	}
	if p := g.phasePairing(&s); p > 1 {
		plain := c.take(scratchPanels, size)
		g.flipPhase(plain, &s, [3]int{}, w)
		out := c.take(scratchFlip, size/s.kernel[2]*(s.kernel[2]+p-1))
		s.pairWeights(out, plain, panel, p)
		return out
	}
	out := c.take(scratchFlip, size)
	rest := out
	eachPhase(g, func(r [3]int) {
		s := g.phase(r, g.Out())
		g.flipPhase(rest, &s, r, w)
		rest = rest[panels(volume(s.kernel)*g.Cout, g.Cin):]
	})
	return out
}

// twinPhase tells whether the input gradient is computed as twins. Phases of a stride aren't.
func (g *Conv) twinPhase() bool {
	s := g.phase([3]int{}, g.Out())
	return g.Stride == [3]int{1, 1, 1} && s.worthTwins()
}

// phasePairing is the pairing of an input gradient's phase. Phases of a stride aren't paired.
func (g *Conv) phasePairing(s *gathering) int {
	if g.Stride != [3]int{1, 1, 1} {
		return 1
	}
	return s.pairing()
}

// flipPhase packs the weights of one phase.
func (g *Conv) flipPhase(dst []float32, s *gathering, r [3]int, w []float32) {
	k := volume(s.kernel) * g.Cout
	for j := 0; j < g.Cin; j += panel {
		wide := min(panel, g.Cin-j)
		if wide < panel {
			clear(dst[:k*panel])
		}
		for t := range volume(s.kernel) {
			tap := g.originalTap(s, r, t)
			src := w[(tap*g.Cin+j)*g.Cout:]
			transpose(dst[t*g.Cout*panel:], panel, src, g.Cout, wide, g.Cout)
		}
		dst = dst[k*panel:]
	}
}

// originalTap returns which tap of the kernel is tap number t of the phase r.
func (g *Conv) originalTap(s *gathering, r [3]int, t int) int {
	tap, scale := 0, 1
	for dim := 2; dim >= 0; dim-- {
		i := t % s.kernel[dim]
		t /= s.kernel[dim]
		tap += scale * ((r[dim]+g.Pad[dim])%g.Stride[dim] + g.Stride[dim]*(s.kernel[dim]-1-i))
		scale *= g.Kernel[dim]
	}
	return tap
}
