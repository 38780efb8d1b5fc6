package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Positions in the table of constants.
const (
	log2E = iota
	oneHalf
	ln2High
	ln2Low
	leastExp
	exponentMagic
	mantissaMask
	oneBits
	integerMagic
	integerBias
	sqrt2
	expSeries
	logSeries = expSeries + expTerms
	expTerms  = 14
	logTerms  = 11
)

// greater is a comparison predicate that is quiet and false for NaN.
const greater = operand.U8(0x1e) // GT_OQ

// constant returns number i of the table in all lanes.
func (l *lossRoutine) constant(i int) reg.Register {
	v := l.vec()
	l.VBROADCASTSD(operand.Mem{Base: l.table, Disp: 8 * i}, v)
	return v
}

// exp returns e to the power x for x that isn't positive: what the Go function of this name computes.
func (l *lossRoutine) exp(x reg.Register) reg.Register {
	n, r, t, s := l.vec(), l.vec(), l.vec(), l.vec()
	l.VMULPD(l.constant(log2E), x, n)
	l.VADDPD(l.constant(oneHalf), n, n)
	if l.lanes == 16 {
		l.VRNDSCALEPD(operand.U8(9), n, n) // down
	} else {
		l.VROUNDPD(operand.U8(9), n, n)
	}
	l.VMULPD(l.constant(ln2High), n, t)
	l.VSUBPD(t, x, r)
	l.VMULPD(l.constant(ln2Low), n, t)
	l.VSUBPD(t, r, r)
	l.poly(r, s, expSeries, expTerms)
	l.VADDPD(l.constant(exponentMagic), n, n)
	l.VPSLLQ(operand.U8(52), n, n)
	l.VMULPD(n, s, s)
	least := l.constant(leastExp)
	if l.lanes == 16 {
		k := l.K()
		l.VCMPPD(notLess, least, x, k)
		l.VMOVUPD_Z(s, k, s)
	} else {
		l.VCMPPD(notLess, least, x, t)
		l.VANDPD(t, s, s)
	}
	return s
}

// poly sets s to the polynomial in x with n coefficients from number first of the table on.
func (l *lossRoutine) poly(x, s reg.Register, first, n int) {
	l.VBROADCASTSD(operand.Mem{Base: l.table, Disp: 8 * (first + n - 1)}, s)
	for i := n - 2; i >= 0; i-- {
		l.VMULPD(x, s, s)
		l.VADDPD(l.constant(first+i), s, s)
	}
}

// log returns the logarithm of x: what the Go function of this name computes.
func (l *lossRoutine) log(x reg.Register) reg.Register {
	m, e, t, q := l.vec(), l.vec(), l.vec(), l.vec()
	l.VANDPD(l.constant(mantissaMask), x, m)
	l.VORPD(l.constant(oneBits), m, m)
	l.VPSRLQ(operand.U8(52), x, e)
	l.VORPD(l.constant(integerMagic), e, e)
	l.VSUBPD(l.constant(integerBias), e, e)
	l.halve(m, e)
	one := l.constant(oneBits)
	l.VSUBPD(one, m, t)
	l.VADDPD(one, m, m)
	l.VDIVPD(m, t, t)
	l.VMULPD(t, t, m)
	l.poly(m, q, logSeries, logTerms)
	l.VMULPD(t, q, q)
	l.VMULPD(l.constant(ln2Low), e, t)
	l.VADDPD(q, t, t)
	l.VMULPD(l.constant(ln2High), e, e)
	l.VADDPD(t, e, e)
	l.VSUBPD(x, x, t) // not a number if x isn't, else zero
	l.VADDPD(t, e, e)
	return e
}

// halve makes mantissas above the root of 2 smaller by half and adds 1 to their exponents.
func (l *lossRoutine) halve(m, e reg.Register) {
	limit, half, one := l.constant(sqrt2), l.constant(oneHalf), l.constant(oneBits)
	if l.lanes == 16 {
		k := l.K()
		l.VCMPPD(greater, limit, m, k)
		l.VMULPD(half, m, k, m)
		l.VADDPD(one, e, k, e)
		return
	}
	above, small := l.vec(), l.vec()
	l.VCMPPD(greater, limit, m, above)
	l.VMULPD(half, m, small)
	l.VBLENDVPD(above, small, m, m)
	l.VANDPD(one, above, above)
	l.VADDPD(above, e, e)
}
