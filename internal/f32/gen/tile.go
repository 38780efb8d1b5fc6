package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of the struct tileArgs, in order.
const (
	tileA = iota
	tileB
	tileC
	tileInit
	tileARow
	tileAK
	tileAO
	tileAG
	tileAT
	tileBK
	tileBO
	tileBG
	tileBT
	tileCRow
	tileCT
	tileIRow
	tileIT
	tileKI
	tileKO
	tileKG
	tileT
	tileMask
	tileFlags
	tileTwin
)

const (
	flagAdd   = 1
	flagReLU  = 2
	flagAhead = 4
)

// rowsPerBase is how many rows one pointer reaches with the multiples 0 to 6 of the row stride.
const rowsPerBase = 7

// tiles writes the micro-kernels of all heights.
func (a *asm) tiles() {
	if a.lanes == 16 {
		a.family(14, 2, "", true)
		a.family(28, 1, "", true)
		if !a.pairs { // twins are left to float32
			a.family(16, 1, twin, true)
		}
		return
	}
	a.family(6, 2, "", false)
	a.family(5, 2, "m", true)
	a.family(12, 1, "m", true)
}

// twin marks micro-kernels whose even and odd lanes belong to two sets of rows.
const twin = "twin"

// family writes the micro-kernels of 1 to rows rows and a table of them.
func (a *asm) family(rows, vecs int, suffix string, masked bool) {
	table := fmt.Sprintf("tiles%sx%d%s", a.name, vecs*a.lanes, suffix)
	text := fmt.Sprintf("// %s holds the routines by height.\nvar %s = [...]func(*tileArgs){\n\tnil,\n", table, table)
	for m := 1; m <= rows; m++ {
		text += "\t" + a.tile(m, vecs, masked, suffix) + ",\n"
	}
	a.tables = append(a.tables, text+"}\n")
}

// tileRoutine is the state of one micro-kernel while it is written.
type tileRoutine struct {
	*asm
	rows, vecs int
	masked     bool
	twin       bool
	mask       []reg.Register   // per vector of the row
	acc        [][]reg.Register // [row][vector]
	at, bt     operand.Mem      // pointers that survive the inner loops
	ct, it     operand.Mem
	t          operand.Mem
}

// tile writes the micro-kernel of rows x vecs*lanes results and returns its name.
func (a *asm) tile(rows, vecs int, masked bool, suffix string) string {
	name := fmt.Sprintf("tile%sx%d%sr%d", a.name, vecs*a.lanes, suffix, rows)
	columns := fmt.Sprint(vecs * a.lanes)
	if masked {
		columns = "up to " + columns
	}
	a.begin(name, "tileArgs", fmt.Sprintf("%s computes tiles of %d rows and %s columns; see tileArgs.", name, rows, columns))
	a.flushOn()
	t := &tileRoutine{asm: a, rows: rows, vecs: vecs, masked: masked, twin: suffix == twin}
	t.setup()
	a.Label("tile")
	t.initial()
	t.products()
	t.finish()
	t.next()
	a.end()
	return name
}

func (t *tileRoutine) setup() {
	for _, s := range []struct {
		dst   *operand.Mem
		field int
	}{{&t.at, tileA}, {&t.bt, tileB}, {&t.ct, tileC}, {&t.it, tileInit}, {&t.t, tileT}} {
		*s.dst = t.AllocLocal(8)
		t.MOVQ(t.loadField(s.field), *s.dst)
	}
	if t.masked {
		t.loadMasks()
	}
	for r := 0; r < t.rows; r++ {
		var row []reg.Register
		for v := 0; v < t.vecs; v++ {
			row = append(row, t.vec())
		}
		t.acc = append(t.acc, row)
	}
}

// loadMasks reads the lane masks: bits for AVX-512, sign words for AVX2.
func (t *tileRoutine) loadMasks() {
	m := t.loadField(tileMask)
	for v := 0; v < t.vecs; v++ {
		if t.lanes == 16 {
			k := t.K()
			t.KMOVW(m.As32(), k)
			t.mask = append(t.mask, k)
			if v+1 < t.vecs {
				t.SHRQ(operand.U8(16), m)
			}
			continue
		}
		y := t.YMM()
		t.VMOVDQU(operand.Mem{Base: m, Disp: 32 * v}, y)
		t.mask = append(t.mask, y)
	}
}

// load reads vector v of the row at base into dst.
func (t *tileRoutine) load(base reg.Register, v int, dst reg.Register) {
	m := operand.Mem{Base: base, Disp: 4 * t.lanes * v}
	switch {
	case !t.masked || t.twin:
		t.VMOVUPS(m, dst)
	case t.lanes == 16:
		t.VMOVUPS_Z(m, t.mask[v], dst)
	default:
		t.VMASKMOVPS(m, t.mask[v], dst)
	}
}

// store writes src to vector v of the row at base.
func (t *tileRoutine) store(src reg.Register, base reg.Register, v int) {
	m := operand.Mem{Base: base, Disp: 4 * t.lanes * v}
	switch {
	case !t.masked:
		t.VMOVUPS(src, m)
	case t.lanes == 16:
		t.VMOVUPS(src, t.mask[v], m)
	default:
		t.VMASKMOVPS(src, t.mask[v], m)
	}
}

// initial sets the accumulators from the initial rows, or to zero when there are none.
func (t *tileRoutine) initial() {
	ip, stride := t.GP64(), t.loadField(tileIRow)
	t.MOVQ(t.it, ip)
	t.TESTQ(ip, ip)
	t.JZ(operand.LabelRef("zero"))
	for r := range t.acc {
		for v, acc := range t.acc[r] {
			t.load(ip, v, acc)
		}
		if r+1 < t.rows {
			t.ADDQ(stride, ip)
		}
	}
	t.JMP(operand.LabelRef("sum"))
	t.Label("zero")
	for r := range t.acc {
		for _, acc := range t.acc[r] {
			t.zero(acc)
		}
	}
	t.Label("sum")
}

// products writes the three nested loops over k.
func (t *tileRoutine) products() {
	ag, bg, kg := t.AllocLocal(8), t.AllocLocal(8), t.AllocLocal(8)
	ao, bo, ko := t.AllocLocal(8), t.AllocLocal(8), t.AllocLocal(8)
	t.copyMem(t.at, ag)
	t.copyMem(t.bt, bg)
	t.MOVQ(t.loadField(tileKG), kg)
	t.Label("group")
	t.copyMem(ag, ao)
	t.copyMem(bg, bo)
	t.MOVQ(t.loadField(tileKO), ko)
	t.Label("outer")
	t.inner(ao, bo)
	t.step(ao, tileAO)
	t.step(bo, tileBO)
	t.DECQ(ko)
	t.JNZ(operand.LabelRef("outer"))
	t.step(ag, tileAG)
	t.step(bg, tileBG)
	t.DECQ(kg)
	t.JNZ(operand.LabelRef("group"))
}

func (t *tileRoutine) copyMem(src, dst operand.Mem) {
	r := t.GP64()
	t.MOVQ(src, r)
	t.MOVQ(r, dst)
}

// step adds a stride of the parameters to a pointer in memory.
func (t *tileRoutine) step(ptr operand.Mem, stride int) {
	t.ADDQ(t.loadField(stride), ptr)
}

// inner writes the innermost loop: one row of B and one column of A per turn.
func (t *tileRoutine) inner(ao, bo operand.Mem) {
	bases, s, s3, s5 := t.rowBases(ao)
	b, ki := t.GP64(), t.loadField(tileKI)
	t.MOVQ(bo, b)
	ak, bk := t.loadField(tileAK), t.loadField(tileBK)
	bv := make([]reg.Register, t.vecs)
	for v := range bv {
		bv[v] = t.vec()
	}
	tmp := []reg.Register{t.vec()}
	if t.lanes == 16 {
		tmp = append(tmp, t.vec())
	}
	step := func() {
		for v := range bv {
			t.load(b, v, bv[v])
		}
		for r := range t.acc {
			t.multiply(rowAddress(bases[r/rowsPerBase], r%rowsPerBase, s, s3, s5), tmp[r%len(tmp)], bv, t.acc[r])
		}
		t.ADDQ(bk, b)
		for _, base := range bases {
			t.ADDQ(ak, base)
		}
		t.DECQ(ki)
	}
	if t.vecs == 2 {
		t.TESTQ(operand.U32(flagAhead), t.loadField(tileFlags))
		t.JZ(operand.LabelRef("inner"))
		t.ahead(bases[0], b, ak, bk, step)
	}
	t.Label("inner")
	step()
	t.JNZ(operand.LabelRef("inner"))
	t.Label("summed")
}

// prefetchSteps is how many steps of k ahead operands are fetched into the first-level cache.
const prefetchSteps = 8

// ahead writes the innermost loop with operands being fetched ahead.
func (t *tileRoutine) ahead(a, b, ak, bk reg.Register, step func()) {
	farA, farB := t.GP64(), t.GP64()
	t.IMUL3Q(operand.U8(prefetchSteps), ak, farA)
	t.IMUL3Q(operand.U8(prefetchSteps), bk, farB)
	t.Label("ahead")
	t.PREFETCHT0(operand.Mem{Base: a, Index: farA, Scale: 1})
	for disp := 0; disp < 4*t.lanes*t.vecs; disp += 64 {
		t.PREFETCHT0(operand.Mem{Base: b, Index: farB, Scale: 1, Disp: disp})
	}
	step()
	t.JNZ(operand.LabelRef("ahead"))
	t.JMP(operand.LabelRef("summed"))
}

// multiply adds the product of one element of A and the row of B to a row of the tile.
func (t *tileRoutine) multiply(elem operand.Mem, tmp reg.Register, bv, acc []reg.Register) {
	if t.twin {
		t.VBROADCASTSD(elem, tmp)
		t.VFMADD231PS(bv[0], tmp, acc[0])
		return
	}
	if t.lanes == 16 && t.vecs == 1 {
		t.multiplyAdd(elem, bv[0], acc[0])
		return
	}
	t.VBROADCASTSS(elem, tmp)
	for v := range bv {
		t.multiplyAdd(tmp, bv[v], acc[v])
	}
}

// rowBases returns pointers to every seventh row of A and the multiples of the row stride that are not scales.
func (t *tileRoutine) rowBases(ao operand.Mem) (bases []reg.Register, s, s3, s5 reg.Register) {
	first, stride := t.GP64(), t.loadField(tileARow)
	t.MOVQ(ao, first)
	bases = append(bases, first)
	three, five := t.GP64(), t.GP64()
	if t.rows > 3 {
		t.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, three)
	}
	if t.rows > 5 {
		t.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 4}, five)
	}
	for r := rowsPerBase; r < t.rows; r += rowsPerBase {
		next := t.GP64()
		t.LEAQ(operand.Mem{Base: bases[len(bases)-1], Index: three, Scale: 2}, next)
		t.ADDQ(stride, next)
		bases = append(bases, next)
	}
	return bases, stride, three, five
}

// rowAddress is the address base + r*s for r below rowsPerBase.
func rowAddress(base reg.Register, r int, s, s3, s5 reg.Register) operand.Mem {
	m := operand.Mem{Base: base}
	switch r {
	case 1, 2, 4:
		m.Index, m.Scale = s, uint8(r)
	case 3:
		m.Index, m.Scale = s3, 1
	case 5:
		m.Index, m.Scale = s5, 1
	case 6:
		m.Index, m.Scale = s3, 2
	}
	return m
}
