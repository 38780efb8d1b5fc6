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

// interleave writes the routine that stores the values of two arrays, 16n of each, in turn.
func (a *asm) interleave() {
	a.begin("interleave512", "moveArgs", "interleave512 stores 16n values at src in turn with those srcRow bytes further; see moveArgs.")
	src, dst, n, far := a.loadField(moveSrc), a.loadField(moveDst), a.loadField(moveN), a.loadField(moveSrcRow)
	low, high := a.interleaved(0), a.interleaved(8)
	next := a.GP64()
	a.LEAQ(operand.Mem{Base: src, Index: far, Scale: 1}, next)
	a.Label("block")
	x, y, z := a.ZMM(), a.ZMM(), a.ZMM()
	a.PREFETCHT0(operand.Mem{Base: src, Index: far, Scale: 2}) // the next row
	a.PREFETCHT0(operand.Mem{Base: next, Index: far, Scale: 2})
	a.VMOVUPS(operand.Mem{Base: src}, x)
	a.VMOVUPS(operand.Mem{Base: next}, y)
	a.VMOVUPS(x, z)
	a.VPERMT2PS(y, low, x)
	a.VPERMT2PS(y, high, z)
	a.VMOVUPS(x, operand.Mem{Base: dst})
	a.VMOVUPS(z, operand.Mem{Base: dst, Disp: 64})
	a.ADDQ(operand.U32(64), src)
	a.ADDQ(operand.U32(64), next)
	a.ADDQ(operand.U32(128), dst)
	a.DECQ(n)
	a.JNZ(operand.LabelRef("block"))
	a.VZEROUPPER()
	a.RET()
}

// interleaved returns the lane numbers first, 16+first, first+1, 17+first and so on.
func (a *asm) interleaved(first uint64) reg.Register {
	v, x, r := a.ZMM(), a.XMM(), a.GP64()
	const turns = 0x1303120211011000 // 0, 16, 1, 17, ... in bytes
	a.MOVQ(operand.U64(turns+first*0x0101010101010101), r)
	a.VMOVQ(r, x)
	a.MOVQ(operand.U64(turns+(first+4)*0x0101010101010101), r)
	a.VPINSRQ(operand.U8(1), r, x, x)
	a.VPMOVZXBD(x, v)
	return v
}
