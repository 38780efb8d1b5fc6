package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of the struct moveArgs, in order.
const (
	moveSrc = iota
	moveDst
	moveSrcRow
	moveDstRow
	moveN
)

// transpose writes the routine that turns 8 rows of 8n values into 8n rows of 8 values.
func (a *asm) transpose() {
	a.begin("transpose256", "moveArgs", "transpose256 transposes 8 rows of 8n values; see moveArgs.")
	src, dst, n := a.loadField(moveSrc), a.loadField(moveDst), a.loadField(moveN)
	stride, out := a.loadField(moveSrcRow), a.loadField(moveDstRow)
	low := a.GP64()
	a.MOVQ(src, low)
	three, five := a.GP64(), a.GP64()
	a.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, three)
	a.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 4}, five)
	high := a.GP64()
	a.LEAQ(operand.Mem{Base: src, Index: stride, Scale: 4}, high)
	a.Label("block")
	for half := 0; half < 2; half++ {
		a.transposeHalf(low, high, stride, three, dst, out, 16*half)
	}
	a.ADDQ(operand.U32(32), low)
	a.ADDQ(operand.U32(32), high)
	a.DECQ(n)
	a.JNZ(operand.LabelRef("block"))
	a.VZEROUPPER()
	a.RET()
}

// transposeHalf writes four rows of the result from four columns of the source, at byte disp of its rows.
func (a *asm) transposeHalf(low, high, stride, three, dst, out reg.Register, disp int) {
	var row [4]reg.Register
	for r := range row {
		x := a.XMM()
		y := a.YMM()
		m, h := rowAddress(low, r, stride, three, nil), rowAddress(high, r, stride, three, nil)
		m.Disp, h.Disp = disp, disp
		a.VMOVUPS(m, x)
		a.VINSERTF128(operand.U8(1), h, x.AsY(), y)
		row[r] = y
	}
	ab, cd := a.YMM(), a.YMM()
	a.VUNPCKLPS(row[1], row[0], ab)
	a.VUNPCKLPS(row[3], row[2], cd)
	a.emitPair(ab, cd, dst, out)
	ab, cd = a.YMM(), a.YMM()
	a.VUNPCKHPS(row[1], row[0], ab)
	a.VUNPCKHPS(row[3], row[2], cd)
	a.emitPair(ab, cd, dst, out)
}

// emitPair stores two rows of the result and moves on.
func (a *asm) emitPair(ab, cd, dst, out reg.Register) {
	for _, pick := range []operand.U8{0x44, 0xEE} {
		y := a.YMM()
		a.VSHUFPS(pick, cd, ab, y)
		a.VMOVUPS(y, operand.Mem{Base: dst})
		a.ADDQ(out, dst)
	}
}
