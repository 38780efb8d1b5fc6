package main

import "fmt"

// neonUnits is how many units of two columns one call sums at most.
const neonUnits = 8

// norms writes the loops of normalisation layers.
func (n *neon) norms() {
	n.columnSums("moments", "x and x*x", func(u int, last bool) (v, w int) {
		n.loadUnit(colX, u, last, 16)
		n.two("FCVTL", 16, 16)
		return 16, 16
	})
	n.columnSums("products", "d and d*x", func(u int, last bool) (v, w int) {
		n.loadUnit(colD, u, last, 16)
		n.loadUnit(colX, u, last, 17)
		n.two("FCVTL", 16, 16)
		n.two("FCVTL", 17, 17)
		return 16, 17
	})
	n.columnSums("reluProducts", "d and d*x where a*x + b > 0 and |d| >= tiny", func(u int, last bool) (v, w int) {
		n.loadUnit(colD, u, last, 16)
		n.loadUnit(colX, u, last, 17)
		n.loadUnit(colA, u, last, 18)
		n.loadUnit(colB, u, last, 19)
		n.fma(17, 18, 19)
		n.dropTiny(16, columnTiny, 20)
		n.keepPositive(16, 19, 20)
		n.two("FCVTL", 16, 16)
		n.two("FCVTL", 17, 17)
		return 16, 17
	})
	n.rows()
}

// columnTiny holds the limit below which gradients vanish; fields 0 to 7 of columnArgs lie in R1 to R8.
const columnTiny = 24

func columnField(i int) int { return i + 1 }

// loadUnit reads the two values of unit u of an array to v, or the one that is left if it is the last.
func (n *neon) loadUnit(field, u int, last bool, v int) {
	p, off := columnField(field), 8*u
	if last {
		n.op("TBNZ $3, %s, 3(PC)", tailReg)
		n.op("FMOVS %d(R%d), F%d", off, p, v)
		n.op("B 2(PC)")
	}
	n.op("FMOVD %d(R%d), F%d", off, p, v)
}

// columnSums writes a routine for every number of units and the choice between them.
func (n *neon) columnSums(name, what string, values func(u int, last bool) (v, w int)) {
	name += "Neon"
	n.begin(name, "columnArgs", fmt.Sprintf("%s adds %s of rows to the sums of columns; see columnArgs.", name, what))
	n.exactSetup()
	n.broadcast(8*colLimits, columnTiny)
	for i := colX; i <= colStride; i++ {
		n.loadField(i, columnField(i))
	}
	n.op("MOVD %d(R0), R9", 8*colUnits)
	n.op("MOVD %d(R0), %s", 8*colMask, tailReg)
	for units := 1; units <= neonUnits; units++ {
		n.op("CMP $%d, R9", units)
		n.op("BNE not%d", units)
		n.sumUnits(units, values)
		n.op("B done")
		n.label(fmt.Sprintf("not%d", units))
	}
	n.label("done")
	n.end()
}

func (n *neon) sumUnits(units int, values func(u int, last bool) (v, w int)) {
	const sum, product = 0, neonUnits
	each := func(format string) {
		for u := range units {
			n.op(format, 16*u, columnField(colSum), sum+u)
			n.op(format, 16*u, columnField(colProduct), product+u)
		}
	}
	each("FMOVQ %d(R%d), F%d")
	n.label(fmt.Sprintf("rows%d", units))
	for u := range units {
		v, w := values(u, u == units-1)
		n.three("FADD.D2", v, sum+u, sum+u)
		n.op("VFMLA V%d.D2, V%d.D2, V%d.D2", v, w, product+u)
	}
	n.op("ADD R%d, R%d", columnField(colStride), columnField(colX))
	n.op("ADD R%d, R%d", columnField(colStride), columnField(colD))
	n.op("SUBS $1, R%d", columnField(colRows))
	n.op("BNE rows%d", units)
	each("FMOVQ F%[3]d, %[1]d(R%[2]d)")
}

// General registers of the routines on rows, beside fields 0 to 8 in R1 to R9.
const (
	rowAt, rowColumn, rowCount, rowGroups = 10, 11, 12, 13
	rowTiny                               = 24
)

// rows writes the routines that treat rows.
func (n *neon) rows() {
	affine := func(load func(field, v int)) {
		load(rowX, 0)
		load(rowCoef, 1)
		load(rowCoef+1, 2)
		n.fma(0, 1, 2)
	}
	n.eachRow("scaleShift", "y = p*x + q", 2, affine)
	n.eachRow("scaleShiftReLU", "y = max(p*x + q, 0)", 2, func(load func(field, v int)) {
		affine(load)
		n.clip(2, 3)
	})
	n.eachRow("scaleShiftAddReLU", "y = max(p*x + q + s, 0)", 2, func(load func(field, v int)) {
		affine(load)
		load(rowS, 3)
		n.three("FADD", 3, 2, 2)
		n.clip(2, 3)
	})
	combine := func(load func(field, v int)) {
		load(rowCoef, 3)
		load(rowCoef+1, 4)
		load(rowCoef+2, 2)
		n.fma(0, 4, 2)
		n.fma(1, 3, 2)
		n.dropTiny(2, rowTiny, 3)
	}
	n.eachRow("combine", "y = p*d + q*x + r, or 0 where that is tiny", 3, func(load func(field, v int)) {
		load(rowX, 0)
		load(rowD, 1)
		combine(load)
	})
	n.eachRow("reluCombine", "y = p*d' + q*x + r, or 0 where that is tiny, where d' = d if a*x + b > 0 and |d| >= tiny, else 0", 5, func(load func(field, v int)) {
		load(rowX, 0)
		load(rowD, 1)
		load(rowCoef+3, 2)
		load(rowCoef+4, 3)
		n.fma(0, 2, 3)
		n.dropTiny(1, rowTiny, 4)
		n.keepPositive(1, 3, 4)
		combine(load)
	})
}

// eachRow writes a routine with the given number of coefficients per column. body loads fields with the function that it
// gets and leaves the results in register 2.
func (n *neon) eachRow(name, doc string, coefs int, body func(load func(field, v int))) {
	name += "Neon"
	n.begin(name, "rowArgs", name+" computes "+doc+" for rows; see rowArgs.")
	n.exactSetup()
	n.broadcast(8*rowLimits, rowTiny)
	for i := rowY; i < rowCoef+coefs; i++ {
		n.loadField(i, i+1)
	}
	n.op("MOVD ZR, R%d", rowAt)
	n.loadField(rowRows, rowCount)
	n.op("MOVD %d(R0), %s", 8*rowTail, tailReg)
	n.label("row")
	n.op("MOVD ZR, R%d", rowColumn)
	n.loadField(rowFull, rowGroups)
	n.op("CBZ R%d, tail", rowGroups)
	n.label("loop")
	body(func(field, v int) {
		n.rowAddress(field)
		n.op("VLD1 (%s), %s", tempReg, vregs(v, 1))
	})
	n.rowAddress(rowY)
	n.op("VST1 %s, (%s)", vregs(2, 1), tempReg)
	n.op("ADD $%d, R%d", 4*neonLanes, rowAt)
	n.op("ADD $%d, R%d", 4*neonLanes, rowColumn)
	n.op("SUBS $1, R%d", rowGroups)
	n.op("BNE loop")
	n.label("tail")
	n.op("CBZ %s, next", tailReg)
	body(func(field, v int) {
		n.rowAddress(field)
		n.op("LOAD_TAIL(V%d, F%d)", v, v)
	})
	n.rowAddress(rowY)
	n.op("STORE_TAIL(V2, F2)")
	n.op("ADD %s, R%d", tailReg, rowAt)
	n.label("next")
	n.op("SUBS $1, R%d", rowCount)
	n.op("BNE row")
	n.end()
}

// rowAddress sets the scratch register to where the values in turn of a field lie.
func (n *neon) rowAddress(field int) {
	off := rowAt
	if field >= rowCoef {
		off = rowColumn
	}
	n.op("ADD R%d, R%d, %s", off, field+1, tempReg)
}
