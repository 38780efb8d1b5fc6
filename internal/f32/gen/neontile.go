package main

import "fmt"

// General registers of the micro-kernels, beside those of all routines.
const (
	rA, rB, rC, rInit    = 1, 2, 3, 4
	rAK, rBK             = 5, 6
	rAG, rBG, rKG        = 7, 8, 9
	rAO, rBO, rKO        = 10, 11, 12
	rCount, rPtr         = 22, 23
	halfOfMask           = 8*tileMask + 4
	underflowBit         = 3 // of FPSR: a result was flushed to zero
	neonRows, neonRows16 = 8, 6
)

// rowPointers are the registers that point at the rows of A.
var rowPointers = []int{13, 14, 15, 16, 17, 19, 20, 21}

// neonTile is a micro-kernel while it is written: accumulators are registers 0 to rows*vecs-1, a row of B and elements of
// A lie behind them.
type neonTile struct {
	*neon
	rows, vecs int
	masked     bool
}

// tiles writes the micro-kernels.
func (n *neon) tiles() {
	n.tileFamily("tilesNeonx16", neonRows16, 4, false)
	for vecs := 4; vecs > 0; vecs-- {
		rows := neonRows
		if vecs == 4 {
			rows = neonRows16
		}
		n.tileFamily(fmt.Sprintf("tilesNeonx%dm", neonLanes*vecs), rows, vecs, true)
	}
	n.exactTile()
}

func (n *neon) tileFamily(table string, rows, vecs int, masked bool) {
	text := fmt.Sprintf("// %s holds the routines by height.\nvar %s = [...]func(*tileArgs){\n\tnil,\n", table, table)
	for m := 1; m <= rows; m++ {
		text += "\t" + n.tile(m, vecs, masked) + ",\n"
	}
	n.tables = append(n.tables, text+"}\n")
}

// tile writes one micro-kernel and returns its name. The lower half of the mask field counts the tiles that are left, the
// upper half holds the bytes in use of a row's last register. A tile in which a result was flushed to zero ends the
// call, without being stored: exactTile has to compute it.
func (n *neon) tile(rows, vecs int, masked bool) string {
	name, columns := fmt.Sprintf("tileNeonx%dr%d", neonLanes*vecs, rows), fmt.Sprint(neonLanes*vecs)
	if masked {
		name, columns = fmt.Sprintf("tileNeonx%dmr%d", neonLanes*vecs, rows), "up to "+columns
	}
	n.begin(name, "tileArgs", fmt.Sprintf("%s computes tiles of %d rows and %s columns; see tileArgs.", name, rows, columns))
	t := &neonTile{n, rows, vecs, masked}
	t.operands()
	if masked {
		t.op("MOVWU %d(R0), %s", halfOfMask, tailReg)
	}
	t.label("tile")
	t.op("MSR ZR, FPSR")
	t.initial()
	t.products(t.inner)
	t.finish()
	t.next()
	t.label("done")
	t.end()
	return name
}

func (n *neon) operands() {
	n.loadField(tileA, rA)
	n.loadField(tileB, rB)
	n.loadField(tileC, rC)
	n.loadField(tileInit, rInit)
	n.loadField(tileAK, rAK)
	n.loadField(tileBK, rBK)
}

// load reads the row of registers from first on at pointer register p.
func (t *neonTile) load(p, first int) { t.move(p, first, "VLD1 (R%[1]d), %[2]s", "LOAD_TAIL") }

// store writes the row of registers from first on.
func (t *neonTile) store(p, first int) { t.move(p, first, "VST1 %[2]s, (R%[1]d)", "STORE_TAIL") }

func (t *neonTile) move(p, first int, whole, tail string) {
	full := t.vecs
	if t.masked {
		full--
	}
	if full > 0 {
		t.op(whole, p, vregs(first, full))
	}
	if t.masked {
		t.op("ADD $%d, R%d, %s", 16*full, p, tempReg)
		t.op("%s(V%d, F%d)", tail, first+full, first+full)
	}
}

// eachRow walks over the rows of registers, with pointer register rPtr, from base on, by the stride in the given field.
func (t *neonTile) eachRow(base, stride int, body func(first int)) {
	t.op("MOVD R%d, R%d", base, rPtr)
	t.loadField(stride, rCount)
	for r := range t.rows {
		body(r * t.vecs)
		if r+1 < t.rows {
			t.op("ADD R%d, R%d", rCount, rPtr)
		}
	}
}

// initial sets the accumulators from the initial rows, or to zero when there are none.
func (t *neonTile) initial() {
	t.op("CBZ R%d, zero", rInit)
	t.eachRow(rInit, tileIRow, func(first int) { t.load(rPtr, first) })
	t.op("B sum")
	t.label("zero")
	for v := range t.rows * t.vecs {
		t.clear(v)
	}
	t.label("sum")
}

// products writes the outer loops over k around the innermost.
func (n *neon) products(inner func()) {
	n.op("MOVD R%d, R%d", rA, rAG)
	n.op("MOVD R%d, R%d", rB, rBG)
	n.loadField(tileKG, rKG)
	n.label("group")
	n.op("MOVD R%d, R%d", rAG, rAO)
	n.op("MOVD R%d, R%d", rBG, rBO)
	n.loadField(tileKO, rKO)
	n.label("outer")
	inner()
	n.step(rAO, tileAO)
	n.step(rBO, tileBO)
	n.op("SUBS $1, R%d", rKO)
	n.op("BNE outer")
	n.step(rAG, tileAG)
	n.step(rBG, tileBG)
	n.op("SUBS $1, R%d", rKG)
	n.op("BNE group")
}

// step adds a stride of the parameters to a pointer.
func (n *neon) step(ptr, stride int) {
	n.op("MOVD %d(R0), %s", 8*stride, tempReg)
	n.op("ADD %s, R%d", tempReg, ptr)
}

// inner writes the innermost loop: one row of B and one column of A per turn.
func (t *neonTile) inner() {
	t.loadField(tileARow, rCount)
	for r := range t.rows {
		if r == 0 {
			t.op("MOVD R%d, R%d", rAO, rowPointers[0])
		} else {
			t.op("ADD R%d, R%d, R%d", rCount, rowPointers[r-1], rowPointers[r])
		}
	}
	t.op("MOVD R%d, R%d", rBO, rPtr)
	t.loadField(tileKI, rCount)
	b := t.rows * t.vecs
	elems := min(4, 32-b-t.vecs)
	t.label("inner")
	t.load(rPtr, b)
	t.op("ADD R%d, R%d", rBK, rPtr)
	for r := range t.rows {
		a := b + t.vecs + r%elems
		t.op("VLD1R.P (R%d)(R%d), [V%d.S4]", rowPointers[r], rAK, a)
		for v := range t.vecs {
			t.op("VFMLA V%d.S4, V%d.S4, V%d.S4", a, b+v, r*t.vecs+v)
		}
	}
	t.op("SUBS $1, R%d", rCount)
	t.op("BNE inner")
}

// finish adds the old results and clips negative ones, as the flags say, and stores unless a result was flushed.
func (t *neonTile) finish() {
	scratch := t.rows * t.vecs
	t.op("MOVD %d(R0), %s", 8*tileFlags, tempReg)
	t.op("TBZ $0, %s, added", tempReg)
	t.eachRow(rC, tileCRow, func(first int) {
		t.load(rPtr, scratch)
		for v := range t.vecs {
			t.three("FADD", first+v, scratch+v, first+v)
		}
	})
	t.label("added")
	t.op("MOVD %d(R0), %s", 8*tileFlags, tempReg)
	t.op("TBZ $1, %s, clipped", tempReg)
	for v := range t.rows * t.vecs {
		t.clip(v, scratch)
	}
	t.label("clipped")
	t.op("MRS FPSR, %s", tempReg)
	t.op("TBNZ $%d, %s, done", underflowBit, tempReg)
	t.eachRow(rC, tileCRow, func(first int) { t.store(rPtr, first) })
}

// next moves to the following tile of the row of tiles.
func (t *neonTile) next() {
	t.step(rA, tileAT)
	t.step(rB, tileBT)
	t.step(rC, tileCT)
	t.op("CBZ R%d, count", rInit)
	t.step(rInit, tileIT)
	t.label("count")
	t.op("MOVWU %d(R0), %s", 8*tileMask, tempReg)
	t.op("SUBS $1, %s", tempReg)
	t.op("MOVW %s, %d(R0)", tempReg, 8*tileMask)
	t.op("BNE tile")
}

// exactTile writes the routine for one tile of any size, four columns at a time, with exact multiply-adds. The mask
// field holds the number of rows and, in its upper half, of columns.
func (n *neon) exactTile() {
	const rows, cols, b, c, initial, row, column = 16, 17, 19, 20, 21, 13, 14
	n.begin("tileNeonExact", "tileArgs", "tileNeonExact computes one tile of any size; see tileArgs.")
	n.exactSetup()
	n.operands()
	n.op("MOVWU %d(R0), R%d", 8*tileMask, rows)
	n.label("row")
	n.op("MOVWU %d(R0), R%d", halfOfMask, cols)
	n.loadField(tileB, rB)
	n.op("MOVD R%d, R%d", rC, c)
	n.op("MOVD R%d, R%d", rInit, initial)
	n.label("columns")
	n.op("LSL $2, R%d, %s", cols, tailReg)
	n.op("MOVD $16, %s", tempReg)
	n.op("CMP %s, %s", tempReg, tailReg)
	n.op("CSEL LT, %s, %s, %s", tailReg, tempReg, tailReg)
	n.clear(0)
	n.op("CBZ R%d, sum", initial)
	n.loadTail(initial, 0)
	n.label("sum")
	n.products(func() {
		n.op("MOVD R%d, R%d", rAO, row)
		n.op("MOVD R%d, R%d", rBO, column)
		n.loadField(tileKI, rCount)
		n.label("inner")
		n.op("VLD1R.P (R%d)(R%d), [V1.S4]", row, rAK)
		n.loadTail(column, 2)
		n.op("ADD R%d, R%d", rBK, column)
		n.fma(1, 2, 0)
		n.op("SUBS $1, R%d", rCount)
		n.op("BNE inner")
	})
	n.exactFinish(c)
	n.op("ADD $16, R%d", rB)
	n.op("ADD $16, R%d", c)
	n.op("CBZ R%d, nextColumns", initial)
	n.op("ADD $16, R%d", initial)
	n.label("nextColumns")
	n.op("SUBS $4, R%d", cols)
	n.op("BGT columns")
	n.step(rA, tileARow)
	n.step(rC, tileCRow)
	n.op("CBZ R%d, nextRow", rInit)
	n.step(rInit, tileIRow)
	n.label("nextRow")
	n.op("SUBS $1, R%d", rows)
	n.op("BNE row")
	n.end()
}

// loadTail reads the lanes in use at pointer register p to v.
func (n *neon) loadTail(p, v int) {
	n.op("MOVD R%d, %s", p, tempReg)
	n.op("LOAD_TAIL(V%d, F%d)", v, v)
}

func (n *neon) exactFinish(c int) {
	n.loadField(tileFlags, rCount)
	n.op("TBZ $0, R%d, added", rCount)
	n.loadTail(c, 1)
	n.three("FADD", 0, 1, 0)
	n.label("added")
	n.op("TBZ $1, R%d, clipped", rCount)
	n.clip(0, 1)
	n.label("clipped")
	n.op("MOVD R%d, %s", c, tempReg)
	n.op("STORE_TAIL(V0, F0)")
}
