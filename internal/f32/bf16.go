package f32

// Precision says how exactly a Context takes the operands of matrix products and convolutions. Sums are float32 either
// way, and so is everything else: results, parameters, bias, pooling, losses and updates.
type Precision int

const (
	// Float32 takes operands as they are.
	Float32 Precision = iota

	// BFloat16 rounds operands to bfloat16, the upper half of a float32, to the nearest and ties to even. A sum takes two
	// products at a time, of neighbours in k: first the second one, then the first one, each by a fused multiply-add
	// rounded to float32 that takes denormal numbers as zero. That is what Intel's manual says of the instruction VDPBF16PS
	// of AVX512-BF16 (Software Developer's Manual, volume 2); an AMD Zen 5 agrees with it bit for bit.
	//
	// Pairs follow each other in Float32's order of k. A convolution's outputs and input gradients pair channels or, if these
	// are odd, the whole row of the kernel times the channels, of as many outputs as are treated as one. A weight gradient
	// pairs images or, of a single one, rows. What lacks a partner is paired with zero.
	BFloat16
)

// String returns float32 or bf16.
func (p Precision) String() string {
	if p == BFloat16 {
		return "bf16"
	}
	return "float32"
}

// SetPrecision chooses the precision of the products and convolutions to come. BFloat16 has the same bits with every
// kernel, but is fast only where BF16 names an instruction set; elsewhere it is emulated, for tests.
func (c *Context) SetPrecision(p Precision) { c.precision = p }

// mustPair tells whether operands have to be rounded and joined in pairs.
func (c *Context) mustPair() bool { return c.precision == BFloat16 && c.operands == 0 }

// BF16 returns the name of the instruction set that computes BFloat16 products with the kernel in use, avx512bf16, or ""
// if there is none.
func BF16() string {
	if hasBF16() {
		return "avx512bf16"
	}
	return ""
}

// tilePairsPortable computes tiles of pairs of any height, a few rows at a time.
func tilePairsPortable(p *tileArgs, m, n int) {
	for u := range p.t {
		for r := 0; r < m; r += 8 {
			portablePairs(p, min(8, m-r), n, u, r)
		}
	}
}

// portablePairs computes m rows of tile u from row first on.
func portablePairs(p *tileArgs, m, n, u, first int) {
	var acc [8][panel]term
	if p.init != nil {
		for r := range acc[:m] {
			loadTerms(acc[r][:n], p.init, u*p.iT+(first+r)*p.iRow)
		}
	}
	var low, high [panel]term
	for g := range p.kG {
		for o := range p.kO {
			a, b := u*p.aT+g*p.aG+o*p.aO+first*p.aRow, u*p.bT+g*p.bG+o*p.bO
			for i := range p.kI {
				for j := range n {
					x, y := halves(*at(p.b, b+i*p.bK+4*j))
					low[j], high[j] = widen(x), widen(y)
				}
				for r := range acc[:m] {
					x, y := halves(*at(p.a, a+i*p.aK+r*p.aRow))
					fmaRow(acc[r][:n], high[:n], widen(y))
					fmaRow(acc[r][:n], low[:n], widen(x))
				}
			}
		}
	}
	for r := range acc[:m] {
		finishRow(p, acc[r][:n], u*p.cT+(first+r)*p.cRow)
	}
}
