package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of the struct rowArgs, in order.
const (
	rowY = iota
	rowX
	rowD
	rowS
	rowCoef // five pointers
)

const (
	rowRows = rowCoef + 5 + iota
	rowFull
	rowTail
	rowMask
	rowLimits
)

// rowRoutine is the state of a routine that treats rows with coefficients per column while it is written.
type rowRoutine struct {
	*asm
	y, x, d, s reg.Register
	coef       [5]reg.Register
	at, column reg.Register // bytes from the start of the arrays, and of the row
	mask       reg.Register
	masked     bool
	zero       reg.Register
	tiny, sign reg.Register
}

// rows writes the routines that treat rows.
func (a *asm) rows() {
	a.eachRow("scaleShift", "y = p*x + q", 2, func(r *rowRoutine) reg.Register { return r.affine() })
	a.eachRow("scaleShiftReLU", "y = max(p*x + q, 0)", 2, func(r *rowRoutine) reg.Register {
		y := r.affine()
		r.VMAXPS(y, r.zero, y)
		return y
	})
	a.eachRow("scaleShiftAddReLU", "y = max(p*x + q + s, 0)", 2, func(r *rowRoutine) reg.Register {
		y := r.affine()
		r.VADDPS(r.load(r.s, r.at), y, y)
		r.VMAXPS(y, r.zero, y)
		return y
	})
	a.eachRow("combine", "y = p*d + q*x + r, or 0 where that is tiny", 3, func(r *rowRoutine) reg.Register {
		return r.combine(r.load(r.x, r.at), r.load(r.d, r.at))
	})
	a.eachRow("reluCombine", "y = p*d' + q*x + r, or 0 where that is tiny, where d' = d if a*x + b > 0 and |d| >= tiny, else 0", 5, func(r *rowRoutine) reg.Register {
		x, d := r.load(r.x, r.at), r.load(r.d, r.at)
		y := r.load(r.coef[3], r.column)
		r.VFMADD213PS(r.load(r.coef[4], r.column), x, y)
		d = r.keepWhere(notLess, r.abs(d, r.sign), r.tiny, d)
		return r.combine(x, r.keepWhere(notLessOrEqual, y, r.zero, d))
	})
}

// affine returns p*x + q.
func (r *rowRoutine) affine() reg.Register {
	y := r.load(r.x, r.at)
	r.VFMADD213PS(r.load(r.coef[1], r.column), r.load(r.coef[0], r.column), y)
	return y
}

// combine returns p*d + q*x + r.
func (r *rowRoutine) combine(x, d reg.Register) reg.Register {
	r.VFMADD213PS(r.load(r.coef[2], r.column), r.load(r.coef[1], r.column), x)
	r.VFMADD231PS(r.load(r.coef[0], r.column), d, x)
	return r.keepWhere(notLess, r.abs(x, r.sign), r.tiny, x)
}

// load returns the values at p plus off bytes.
func (r *rowRoutine) load(p, off reg.Register) reg.Register {
	v, m := r.vec(), operand.Mem{Base: p, Index: off, Scale: 1}
	switch {
	case !r.masked:
		r.VMOVUPS(m, v)
	case r.lanes == 16:
		r.VMOVUPS_Z(m, r.mask, v)
	default:
		r.VMASKMOVPS(m, r.mask, v)
	}
	return v
}

// eachRow writes a routine with the given number of coefficients per column: body returns what becomes of a register.
func (a *asm) eachRow(name, doc string, coefs int, body func(r *rowRoutine) reg.Register) {
	name += a.name
	a.begin(name, "rowArgs", name+" computes "+doc+" for rows; see rowArgs.")
	a.flushOn()
	r := a.rowSetup(coefs)
	rows, full := a.loadField(rowRows), a.GP64()
	a.Label("row")
	a.XORQ(r.column, r.column)
	a.MOVQ(a.field(rowFull), full)
	a.TESTQ(full, full)
	a.JZ(operand.LabelRef("tail"))
	a.Label("loop")
	a.VMOVUPS(body(r), operand.Mem{Base: r.y, Index: r.at, Scale: 1})
	a.ADDQ(operand.U32(4*a.lanes), r.at)
	a.ADDQ(operand.U32(4*a.lanes), r.column)
	a.DECQ(full)
	a.JNZ(operand.LabelRef("loop"))
	a.Label("tail")
	r.tail(body)
	a.DECQ(rows)
	a.JNZ(operand.LabelRef("row"))
	a.end()
}

func (a *asm) rowSetup(coefs int) *rowRoutine {
	r := &rowRoutine{asm: a, y: a.loadField(rowY), x: a.loadField(rowX), d: a.loadField(rowD), s: a.loadField(rowS)}
	for i := range r.coef[:coefs] {
		r.coef[i] = a.loadField(rowCoef + i)
	}
	r.at, r.column = a.GP64(), a.GP64()
	a.XORQ(r.at, r.at)
	m := a.loadField(rowMask)
	if a.lanes == 16 {
		r.mask = a.K()
		a.KMOVW(m.As32(), r.mask)
	} else {
		r.mask = a.YMM()
		a.VMOVUPS(operand.Mem{Base: m}, r.mask)
	}
	zero, tiny, sign := a.vec(), a.vec(), a.vec()
	a.zero(zero)
	a.VBROADCASTSS(a.field(rowLimits), tiny)
	a.VBROADCASTSS(a.field(rowLimits).Offset(4), sign)
	r.zero, r.tiny, r.sign = zero, tiny, sign
	return r
}

// tail treats what is left of a row, less than a register.
func (r *rowRoutine) tail(body func(r *rowRoutine) reg.Register) {
	bytes := r.loadField(rowTail)
	r.TESTQ(bytes, bytes)
	r.JZ(operand.LabelRef("next"))
	r.masked = true
	y, m := body(r), operand.Mem{Base: r.y, Index: r.at, Scale: 1}
	if r.lanes == 16 {
		r.VMOVUPS(y, r.mask, m)
	} else {
		r.VMASKMOVPS(y, r.mask, m)
	}
	r.ADDQ(bytes, r.at)
	r.Label("next")
}
