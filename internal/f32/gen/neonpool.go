package main

import "fmt"

// General registers of the pooling routines. The offsets of positions 1, 2, ... lie in registers 10 to 16.
const (
	poolRX, poolRY, poolRIndex            = 1, 2, 3
	poolRRows, poolRCols, poolRGroups     = 4, 5, 6
	poolRColSkip, poolRRowSkip, poolRFull = 7, 8, 9
	poolROffsets                          = 10
)

// Vector registers of the pooling routines; position numbers lie in poolNumbers to poolNumbers+7.
const poolNumbers, poolLimit = 16, 24

// poolsAndMoves writes the routines for windows of 2x2 and 2x2x2 and the transposition.
func (n *neon) poolsAndMoves() {
	for _, size := range []int{4, 8} {
		n.poolForward(size)
		n.poolBackward(size)
	}
	n.transpose()
}

// windows writes a pooling routine with the loops over rows, columns and groups of channels around body.
func (n *neon) windows(name, doc string, size, limit int, body func()) {
	name = fmt.Sprintf("%s%dNeon", name, size)
	n.begin(name, "poolArgs", name+" "+doc+"; channels are a multiple of the register's.")
	n.loadField(poolX, poolRX)
	n.loadField(poolY, poolRY)
	n.loadField(poolIndex, poolRIndex)
	n.loadField(poolRows, poolRRows)
	n.loadField(poolColSkip, poolRColSkip)
	n.loadField(poolRowSkip, poolRRowSkip)
	n.loadField(poolFull, poolRFull)
	n.broadcast(8*limit, poolLimit)
	n.clear(poolNumbers)
	for i := 1; i < size; i++ {
		n.loadField(poolOffsets+i-1, poolROffsets+i-1)
		n.constant(uint32(i), poolNumbers+i)
	}
	n.label("row")
	n.loadField(poolCols, poolRCols)
	n.label("column")
	n.op("MOVD R%d, R%d", poolRFull, poolRGroups)
	n.label("channels")
	body()
	n.op("ADD $16, R%d", poolRX)
	n.op("ADD $16, R%d", poolRY)
	n.op("ADD $4, R%d", poolRIndex)
	n.op("SUBS $1, R%d", poolRGroups)
	n.op("BNE channels")
	n.op("ADD R%d, R%d", poolRColSkip, poolRX)
	n.op("SUBS $1, R%d", poolRCols)
	n.op("BNE column")
	n.op("ADD R%d, R%d", poolRRowSkip, poolRX)
	n.op("SUBS $1, R%d", poolRRows)
	n.op("BNE row")
	n.end()
}

// position returns the register that holds the address of position i of the window.
func (n *neon) position(i int) string {
	if i == 0 {
		return fmt.Sprintf("R%d", poolRX)
	}
	n.op("ADD R%d, R%d, %s", poolROffsets+i-1, poolRX, tempReg)
	return tempReg
}

// poolForward writes the maximum over windows and the winners' positions.
func (n *neon) poolForward(size int) {
	const best, index, value, mask, t = 0, 1, 2, 3, 4
	n.windows("maxPool", "takes the maximum of each window and notes its position; see poolArgs", size, poolFloor, func() {
		n.op("VLD1 (%s), %s", n.position(0), vregs(best, 1))
		n.clear(index)
		for i := 1; i < size; i++ {
			n.op("VLD1 (%s), %s", n.position(i), vregs(value, 1))
			n.three("FCMEQ", best, best, mask) // what isn't a number stays best
			n.three("FCMGE", value, best, t)
			n.three("BIC", t, mask, mask)
			n.op("VBIT V%d.B16, V%d.B16, V%d.B16", mask, value, best)
			n.op("VBIT V%d.B16, V%d.B16, V%d.B16", mask, poolNumbers+i, index)
		}
		n.three("FCMGE", best, poolLimit, mask)
		n.three("BIC", mask, best, best)
		n.op("VORR V%d.B16, V%d.B16, V%d.B16", mask, index, index) // all bits: nobody's
		n.op("VST1 %s, (R%d)", vregs(best, 1), poolRY)
		n.op("VUZP1 V%d.B16, V%d.B16, V%d.B16", index, index, index)
		n.op("VUZP1 V%d.B16, V%d.B16, V%d.B16", index, index, index)
		n.op("FMOVS F%d, (R%d)", index, poolRIndex)
	})
}

// poolBackward writes gradients to the winners and zeros to all other positions.
func (n *neon) poolBackward(size int) {
	const g, index, out = 0, 1, 2
	n.windows("maxPoolBack", "sends each gradient to its window's winner and zeros elsewhere; see poolArgs", size, poolTiny, func() {
		n.op("VLD1 (R%d), %s", poolRY, vregs(g, 1))
		n.dropTiny(g, poolLimit, out)
		n.op("FMOVS (R%d), F%d", poolRIndex, index)
		n.op("VUXTL V%d.B8, V%d.H8", index, index)
		n.op("VUXTL V%d.H4, V%d.S4", index, index)
		for i := range size {
			n.op("VCMEQ V%d.S4, V%d.S4, V%d.S4", index, poolNumbers+i, out)
			n.op("VAND V%d.B16, V%d.B16, V%d.B16", g, out, out)
			n.op("VST1 %s, (%s)", vregs(out, 1), n.position(i))
		}
	})
}

// transpose writes the routine that turns 8 rows of 8n values into 8n rows of 8 values, by blocks of 4 columns.
func (n *neon) transpose() {
	const src, dst, stride, out, count, ptr = 1, 2, 3, 4, 5, 6
	n.begin("transposeNeon", "moveArgs", "transposeNeon transposes 8 rows of 8n values; see moveArgs.")
	n.loadField(moveSrc, src)
	n.loadField(moveDst, dst)
	n.loadField(moveSrcRow, stride)
	n.loadField(moveDstRow, out)
	n.loadField(moveN, count)
	n.op("LSL $1, R%d", count)
	n.label("block")
	n.op("MOVD R%d, R%d", src, ptr)
	for r := range 8 {
		n.op("VLD1.P (R%d)(R%d), %s", ptr, stride, vregs(r, 1))
	}
	for half := 0; half < 8; half += 4 {
		for i := range 2 {
			n.pairUp("S4", half+2*i, half+2*i+1, 8+half+2*i)
		}
		// Registers 8+half to 11+half: even and odd columns of two rows, then of the next two.
		n.pairUp("D2", 8+half, 10+half, 16+half)   // columns 0 and 2
		n.pairUp("D2", 9+half, 11+half, 16+half+2) // columns 1 and 3
	}
	for _, column := range []int{0, 2, 1, 3} {
		n.op("ADD $16, R%d, %s", dst, tempReg)
		n.op("VST1 %s, (R%d)", vregs(16+column, 1), dst)
		n.op("VST1 %s, (%s)", vregs(20+column, 1), tempReg)
		n.op("ADD R%d, R%d", out, dst)
	}
	n.op("ADD $16, R%d", src)
	n.op("SUBS $1, R%d", count)
	n.op("BNE block")
	n.end()
}

// pairUp sets d to the even elements of a and b, in turn, and d+1 to the odd ones.
func (n *neon) pairUp(lanes string, a, b, d int) {
	n.op("VTRN1 V%d.%s, V%d.%s, V%d.%s", b, lanes, a, lanes, d, lanes)
	n.op("VTRN2 V%d.%s, V%d.%s, V%d.%s", b, lanes, a, lanes, d+1, lanes)
}
