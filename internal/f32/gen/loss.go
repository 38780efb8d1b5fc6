package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of the struct lossArgs, in order.
const (
	lossLogits = iota
	lossD
	lossLabel
	lossExps
	lossRows
	lossTable
	lossClasses
	lossGroups
	lossCorrect
	lossScale
	lossLimits
)

// lossRoutine is the state of the softmax cross-entropy routine while it is written. A lane is a row of logits.
type lossRoutine struct {
	*asm
	logits, d, table reg.Register
	exps             reg.Register
	row, row3        reg.Register // bytes from row to row, and three times as many
	label            reg.Register
	top, best        reg.Register
}

// softmaxLoss writes the routine.
func (a *asm) softmaxLoss() {
	name := "softmaxLoss" + a.name
	a.begin(name, "lossArgs", name+" computes losses and their gradients for groups of rows; see lossArgs.")
	a.flushOn()
	l := &lossRoutine{asm: a, logits: a.loadField(lossLogits), d: a.loadField(lossD), table: a.loadField(lossTable), exps: a.loadField(lossExps)}
	labels, out := a.loadField(lossLabel), a.loadField(lossRows)
	l.setRows()
	a.Label("group")
	l.label = l.half()
	a.VMOVUPS(operand.Mem{Base: labels}, l.label)
	own := l.greatest()
	wide, sum := a.vec(), a.vec()
	a.VCVTPS2PD(l.top, wide)
	l.exponentials(wide, sum)
	loss := l.log(sum)
	a.VSUBPD(wide, own, own)
	a.VSUBPD(own, loss, loss)
	a.VMOVUPD(loss, operand.Mem{Base: out})
	l.gradients(sum)
	a.ADDQ(l.groupBytes(), l.logits)
	a.ADDQ(operand.U32(2*a.lanes), labels)
	a.ADDQ(operand.U32(4*a.lanes), out)
	a.DECQ(a.field(lossGroups))
	a.JNZ(operand.LabelRef("group"))
	a.end()
}

func (l *lossRoutine) setRows() {
	row, row3 := l.loadField(lossClasses), l.GP64()
	l.SHLQ(operand.U8(2), row)
	l.LEAQ(operand.Mem{Base: row, Index: row, Scale: 2}, row3)
	l.row, l.row3 = row, row3
}

// groupBytes returns the size of a group's logits.
func (l *lossRoutine) groupBytes() reg.Register {
	n := l.loadField(lossClasses)
	l.IMUL3Q(operand.U32(2*l.lanes), n, n)
	return n
}

// half returns a fresh register for as many float32 values as a register holds float64.
func (l *lossRoutine) half() reg.VecVirtual {
	if l.lanes == 16 {
		return l.YMM()
	}
	return l.XMM()
}

// gather returns the rows' values at p. Processors' own instructions for it are slow where they are microcode.
func (l *lossRoutine) gather(p reg.Register) reg.Register {
	v := l.XMM()
	l.gather4(p, v)
	if l.lanes == 8 {
		return v
	}
	next, high, both := l.GP64(), l.XMM(), l.YMM()
	l.LEAQ(operand.Mem{Base: p, Index: l.row, Scale: 4}, next)
	l.gather4(next, high)
	l.VINSERTF128(operand.U8(1), high, v.AsY(), both)
	return both
}

func (l *lossRoutine) gather4(p reg.Register, v reg.VecVirtual) {
	l.VMOVSS(rowAddress(p, 0, l.row, l.row3, nil), v)
	for r := 1; r < 4; r++ {
		l.VINSERTPS(operand.U8(r<<4), rowAddress(p, r, l.row, l.row3, nil), v, v)
	}
}

// scatter writes one value per row at p.
func (l *lossRoutine) scatter(v reg.VecVirtual, p reg.Register) {
	l.scatter4(v.AsX(), p)
	if l.lanes == 8 {
		return
	}
	next, high := l.GP64(), l.XMM()
	l.LEAQ(operand.Mem{Base: p, Index: l.row, Scale: 4}, next)
	l.VEXTRACTF128(operand.U8(1), v, high)
	l.scatter4(high, next)
}

func (l *lossRoutine) scatter4(v, p reg.Register) {
	l.VMOVSS(v, rowAddress(p, 0, l.row, l.row3, nil))
	for r := 1; r < 4; r++ {
		l.VEXTRACTPS(operand.U8(r), v, rowAddress(p, r, l.row, l.row3, nil))
	}
}

// class returns a counter of classes and a pointer into the logits.
func (l *lossRoutine) class() (c, p reg.GPVirtual) {
	c, p = l.GP64(), l.GP64()
	l.MOVQ(l.logits, p)
	l.XORQ(c, c)
	return c, p
}

// lanesOf returns an integer in all 32-bit lanes.
func (l *lossRoutine) lanesOf(c reg.GPVirtual) reg.Register {
	x, v := l.XMM(), l.half()
	l.VMOVD(c.As32(), x)
	l.VPBROADCASTD(x, v)
	return v
}

// greatest finds the rows' greatest elements, or those that are not numbers, counts right answers and returns the
// values at the labels.
func (l *lossRoutine) greatest() (own reg.Register) {
	c, p := l.class()
	at := l.half()
	l.top, l.best = l.half(), l.half()
	l.VMOVUPS(l.gather(p), l.top)
	l.VMOVUPS(l.top, at)
	l.VPXOR(l.best, l.best, l.best)
	l.JMP(operand.LabelRef("nextGreatest"))
	l.Label("greatest")
	v, number := l.gather(p), l.lanesOf(c)
	if l.lanes == 16 {
		isNumber, above := l.K(), l.K()
		l.VCMPPS(ordered, l.top, l.top, isNumber)
		l.VCMPPS(notLessOrEqual, l.top, v, isNumber, above)
		l.VMOVUPS(v, above, l.top)
		l.VMOVDQA32(number, above, l.best)
		l.VPCMPEQD(number, l.label, isNumber)
		l.VMOVUPS(v, isNumber, at)
	} else {
		isNumber, above := l.half(), l.half()
		l.VCMPPS(ordered, l.top, l.top, isNumber)
		l.VCMPPS(notLessOrEqual, l.top, v, above)
		l.VANDPS(isNumber, above, above)
		l.VBLENDVPS(above, v, l.top, l.top)
		l.VBLENDVPS(above, number, l.best, l.best)
		l.VPCMPEQD(number, l.label, above)
		l.VBLENDVPS(above, v, at, at)
	}
	l.Label("nextGreatest")
	l.ADDQ(operand.U32(4), p)
	l.INCQ(c)
	l.CMPQ(c, l.field(lossClasses))
	l.JLT(operand.LabelRef("greatest"))
	l.count()
	wide := l.vec()
	l.VCVTPS2PD(at, wide)
	return wide
}

// count adds the number of rows whose greatest element is at their label.
func (l *lossRoutine) count() {
	bits := l.GP64()
	if l.lanes == 16 {
		k := l.K()
		l.VPCMPEQD(l.best, l.label, k)
		l.KMOVB(k, bits.As32())
	} else {
		m := l.half()
		l.VPCMPEQD(l.best, l.label, m)
		l.VMOVMSKPS(m, bits.As32())
	}
	l.POPCNTQ(bits, bits)
	l.ADDQ(bits, l.field(lossCorrect))
}

// exponentials stores those of the distances to top and sums them.
func (l *lossRoutine) exponentials(top, sum reg.Register) {
	c, p := l.class()
	at := l.GP64()
	l.MOVQ(l.exps, at)
	l.zero(sum)
	l.Label("exp")
	x := l.vec()
	l.VCVTPS2PD(l.gather(p), x)
	l.VSUBPD(top, x, x)
	e := l.exp(x)
	l.VMOVUPD(e, operand.Mem{Base: at})
	l.VADDPD(e, sum, sum)
	l.ADDQ(operand.U32(4*l.lanes), at)
	l.ADDQ(operand.U32(4), p)
	l.INCQ(c)
	l.CMPQ(c, l.field(lossClasses))
	l.JLT(operand.LabelRef("exp"))
}

// gradients stores scale*(exp/sum - 1 at the label), unless none are wanted.
func (l *lossRoutine) gradients(sum reg.Register) {
	l.TESTQ(l.d, l.d)
	l.JZ(operand.LabelRef("done"))
	c, p := l.class()
	l.MOVQ(l.d, p)
	at, scale, tiny, sign := l.GP64(), l.vec(), l.half(), l.half()
	l.MOVQ(l.exps, at)
	l.VBROADCASTSD(l.field(lossScale), scale)
	l.VBROADCASTSS(l.field(lossLimits), tiny)
	l.VBROADCASTSS(l.field(lossLimits).Offset(4), sign)
	l.Label("gradient")
	g := l.vec()
	l.VMOVUPD(operand.Mem{Base: at}, g)
	l.VDIVPD(sum, g, g)
	l.subtractAtLabel(l.lanesOf(c), g)
	l.VMULPD(scale, g, g)
	l.scatter(l.narrow(g, tiny, sign), p)
	l.ADDQ(operand.U32(4*l.lanes), at)
	l.ADDQ(operand.U32(4), p)
	l.INCQ(c)
	l.CMPQ(c, l.field(lossClasses))
	l.JLT(operand.LabelRef("gradient"))
	l.ADDQ(l.groupBytes(), l.d)
	l.Label("done")
}

func (l *lossRoutine) subtractAtLabel(number, g reg.Register) {
	one := l.constant(oneBits)
	if l.lanes == 16 {
		k := l.K()
		l.VPCMPEQD(number, l.label, k)
		l.VSUBPD(one, g, k, g)
		return
	}
	own, wide := l.half(), l.vec()
	l.VPCMPEQD(number, l.label, own)
	l.VPMOVSXDQ(own, wide)
	l.VANDPD(one, wide, wide)
	l.VSUBPD(wide, g, g)
}

// narrow rounds to float32 and drops what is tiny.
func (l *lossRoutine) narrow(g, tiny, sign reg.Register) reg.VecVirtual {
	out, size := l.half(), l.half()
	if l.lanes == 16 {
		k := l.K()
		l.VCVTPD2PS(g, out)
		l.VANDNPS(out, sign, size)
		l.VCMPPS(notLess, tiny, size, k)
		l.VMOVUPS_Z(out, k, out)
		return out
	}
	l.VCVTPD2PSY(g, out)
	l.VANDNPS(out, sign, size)
	l.VCMPPS(notLess, tiny, size, size)
	l.VANDPS(size, out, out)
	return out
}
