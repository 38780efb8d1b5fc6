package f32

import "unsafe"

// tileArgs describes a row of t equal tiles of m x n results to a micro-kernel. Strides are in bytes. For tile number
// u, row r < m and column j < n it computes
//
//	s = init[u*iT + r*iRow + j], or 0 without init
//	for g < kG, o < kO, i < kI:
//		s = fma(a[u*aT + g*aG + o*aO + i*aK + r*aRow], b[u*bT + g*bG + o*bO + i*bK + j], s)
//	if flags has addOld: s += c[u*cT + r*cRow + j]
//	if flags has clip:   s = max(s, 0)
//	c[u*cT + r*cRow + j] = s
//
// Rows of A may overlap, which is what makes direct convolution possible. The assembly knows this struct by its order.
type tileArgs struct {
	a, b, c, init unsafe.Pointer

	aRow, aK, aO, aG, aT int
	bK, bO, bG, bT       int
	cRow, cT             int
	iRow, iT             int
	kI, kO, kG           int
	t                    int

	mask  uintptr // which lanes are columns, as the kernel wants it told; changed by NEON's
	flags int

	// With twin, even lanes of init and B belong to columns of a row of A and odd ones to the same columns of the row
	// whose values follow each one of its own, 4 bytes behind it; its results are stored twin bytes behind c's. Only
	// AVX-512 has such tiles; addOld is none of theirs.
	twin int
}

const (
	addOld = 1
	clip   = 2
	pairs  = 1 << 8 // a and b hold pairs of bfloat16, and fma takes both: see BFloat16
	ahead  = 4      // fetch operands ahead, for those that exceed the second-level cache; doesn't show in the results
)

// manyValues is from how many values on operands are fetched ahead.
const manyValues = 1 << 17

// maxCall bounds the multiply-adds of one assembly call, which the scheduler can't interrupt: tens of microseconds.
const maxCall = 1 << 21

// run computes t tiles of m x n results in calls of bounded length.
func (p *tileArgs) run(m, n, t int) {
	if m == 0 || t == 0 {
		return
	}
	p.merge()
	most := max(1, maxCall/(p.kI*p.kO*p.kG*m*32))
	for {
		p.t = min(t, most)
		kern.tile(p, m, n)
		if t -= p.t; t == 0 {
			return
		}
		p.skip(p.t)
	}
}

// skip moves p's pointers n tiles on.
func (p *tileArgs) skip(n int) {
	p.a, p.b, p.c = unsafe.Add(p.a, n*p.aT), unsafe.Add(p.b, n*p.bT), unsafe.Add(p.c, n*p.cT)
	if p.init != nil {
		p.init = unsafe.Add(p.init, n*p.iT)
	}
}

// merge joins loops over k that continue each other, since long inner loops are faster.
func (p *tileArgs) merge() {
	if p.kO > 1 && p.aO == p.kI*p.aK && p.bO == p.kI*p.bK {
		p.kI, p.kO = p.kI*p.kO, 1
	}
	if p.kO == 1 && p.kG > 1 {
		p.kO, p.aO, p.bO = p.kG, p.aG, p.bG
		p.kG = 1
		p.merge()
	}
}

// portableFamily is the kernel in plain Go.
var portableFamily = family{portable, 32, func(int) int { return 8 }, tilePortable}

func tilePortable(p *tileArgs, m, n int) {
	if p.flags&pairs != 0 {
		tilePairsPortable(p, m, n)
		return
	}
	for u := 0; u < p.t; u++ {
		portableTile(p, m, n, u)
	}
}

func portableTile(p *tileArgs, m, n, u int) {
	var acc [8][32]term
	if p.init != nil {
		for r := range acc[:m] {
			loadTerms(acc[r][:n], p.init, u*p.iT+r*p.iRow)
		}
	}
	var row [32]term
	for g := 0; g < p.kG; g++ {
		for o := 0; o < p.kO; o++ {
			a, b := u*p.aT+g*p.aG+o*p.aO, u*p.bT+g*p.bG+o*p.bO
			for i := 0; i < p.kI; i++ {
				loadTerms(row[:n], p.b, b+i*p.bK)
				for r := range acc[:m] {
					fmaRow(acc[r][:n], row[:n], widen(*at(p.a, a+i*p.aK+r*p.aRow)))
				}
			}
		}
	}
	for r := range acc[:m] {
		finishRow(p, acc[r][:n], u*p.cT+r*p.cRow)
	}
}

// finishRow does what the flags say with a row of sums and stores it at byte off of C.
func finishRow(p *tileArgs, acc []term, off int) {
	for j, s := range acc {
		x, dst := narrow(s), at(p.c, off+4*j)
		if p.flags&addOld != 0 {
			x = add(*dst, x)
		}
		if p.flags&clip != 0 {
			x = relu(x)
		}
		*dst = x
	}
}

func loadTerms(dst []term, p unsafe.Pointer, off int) {
	for j := range dst {
		dst[j] = widen(*at(p, off+4*j))
	}
}

// at returns the value at byte off of p.
func at(p unsafe.Pointer, off int) *float32 { return (*float32)(unsafe.Add(p, off)) }
