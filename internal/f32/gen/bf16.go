package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of the struct pairArgs, in order.
const (
	pairX = iota
	pairY
	pairDst
	pairChunks
	pairTail
	pairYStep
	pairDstStep
	pairRows
	pairXRow
	pairYRow
	pairDstRow
)

// Fields of the struct runArgs, in order.
const (
	runSrc = iota
	runDst
	runN
	runSrcStep
	runDstStep
	runChunks
	runMask
)

// wordsPerChunk is how many pairs one turn of the packing routines makes: a row of a panel.
const wordsPerChunk = 32

// multiplyAdd adds the product of the row b and the element a, in all lanes of a register or in memory, to acc.
func (t *tileRoutine) multiplyAdd(a operand.Op, b, acc reg.Register) {
	switch {
	case t.pairs:
		t.dot(a, b, acc)
	case operand.IsMem(a):
		t.VFMADD231PS_BCST(a, b, acc)
	default:
		t.VFMADD231PS(b, a, acc)
	}
}

// bf16 writes all routines for bfloat16.
func (a *asm) bf16() {
	a.pairs = true
	a.tiles()
	a.packing()
	a.runs()
	a.pairPeak()
}

// pairPeak writes the loop that measures the processor's rate of pair products.
func (a *asm) pairPeak() {
	const chains = 24
	a.begin("peak"+a.name, "vecArgs", fmt.Sprintf("peak%s runs n turns of %d independent products of pairs per turn.", a.name, chains))
	n := a.loadField(vecN)
	var acc []reg.Register
	for range chains + 1 {
		v := a.vec()
		a.zero(v)
		acc = append(acc, v)
	}
	a.Label("loop")
	for _, v := range acc[1:] {
		a.dot(acc[0], acc[0], v)
	}
	a.DECQ(n)
	a.JNZ(operand.LabelRef("loop"))
	a.VZEROUPPER()
	a.RET()
}

// packing writes the routines that round float32 to pairs of bfloat16.
func (a *asm) packing() {
	a.pack("weave", "dst[i] = (x[i], y[i]), y moving by yStep from chunk to chunk", 2, func(x, y reg.Register, src []reg.Register) reg.Register {
		out := a.vec()
		a.narrowTwo(x, y, out)
		a.VPERMW(out, src[0], out)
		return out
	})
	a.pack("couple", "dst[i] = (x[2i], x[2i+1])", 1, func(x, y reg.Register, _ []reg.Register) reg.Register {
		out := a.vec()
		a.narrowTwo(x, y, out)
		return out
	})
}

// runs writes the routine that copies overlapping runs of float32, rounded, to lie one after the other.
func (a *asm) runs() {
	name := "runs" + a.name
	a.begin(name, "runArgs", name+" rounds the values of n runs to bfloat16; see runArgs.")
	src, dst, n := a.loadField(runSrc), a.loadField(runDst), a.loadField(runN)
	srcStep, dstStep := a.loadField(runSrcStep), a.loadField(runDstStep)
	chunks, last := a.loadField(runChunks), a.K()
	a.KMOVW(a.loadField(runMask).As32(), last)
	a.Label("run")
	from, to, left := a.GP64(), a.GP64(), a.GP64()
	a.MOVQ(src, from)
	a.MOVQ(dst, to)
	a.MOVQ(chunks, left)
	x := a.vec()
	a.DECQ(left)
	a.JZ(operand.LabelRef("last"))
	a.Label("chunk")
	a.VMOVUPS(operand.Mem{Base: from}, x)
	a.narrowTwo(x, x, x)
	a.VMOVUPS(x.AsY(), operand.Mem{Base: to})
	a.ADDQ(operand.U32(64), from)
	a.ADDQ(operand.U32(32), to)
	a.DECQ(left)
	a.JNZ(operand.LabelRef("chunk"))
	a.Label("last")
	a.VMOVUPS_Z(operand.Mem{Base: from}, last, x)
	a.narrowTwo(x, x, x)
	a.VMOVUPS(x.AsY(), operand.Mem{Base: to})
	a.ADDQ(srcStep, src)
	a.ADDQ(dstStep, dst)
	a.DECQ(n)
	a.JNZ(operand.LabelRef("run"))
	a.VZEROUPPER()
	a.RET()
}

// pack writes a routine over rows of chunks of 32 pairs and a last, shorter one, which is filled up with zeros. With one
// source a pair comes from neighbours, with two from the same place of either.
func (a *asm) pack(name, doc string, sources int, join func(x, y reg.Register, order []reg.Register) reg.Register) {
	name += a.name
	a.begin(name, "pairArgs", fmt.Sprintf("%s computes the pairs %s; see pairArgs.", name, doc))
	p := &packRoutine{asm: a, join: join}
	steps := []operand.Op{operand.U32(2 * 4 * wordsPerChunk)}
	fields := []int{pairX, pairDst}
	if sources == 2 {
		fields = []int{pairX, pairY, pairDst}
		steps = []operand.Op{operand.U32(4 * wordsPerChunk), a.loadField(pairYStep)}
		p.order = append(p.order, a.weaveOrder())
	}
	steps = append(steps, a.loadField(pairDstStep))
	var rows []reg.Register
	for _, f := range fields {
		rows = append(rows, a.loadField(f))
		p.at = append(p.at, a.GP64())
	}
	for range 4 / sources {
		p.masks = append(p.masks, a.K())
	}
	tail := a.loadField(pairTail)
	for _, k := range p.masks {
		a.KMOVW(tail.As32(), k)
		a.SHRQ(operand.U8(16), tail)
	}
	n := a.loadField(pairRows)
	a.Label("row")
	for i, r := range rows {
		a.MOVQ(r, p.at[i])
		a.ADDQ(a.field(map[int]int{pairX: pairXRow, pairY: pairYRow, pairDst: pairDstRow}[fields[i]]), r)
	}
	chunks := a.loadField(pairChunks)
	a.TESTQ(chunks, chunks)
	a.JZ(operand.LabelRef("rest"))
	a.Label("loop")
	p.chunk(false)
	for i, s := range steps {
		a.ADDQ(s, p.at[i])
	}
	a.DECQ(chunks)
	a.JNZ(operand.LabelRef("loop"))
	a.Label("rest")
	a.CMPQ(a.field(pairTail), operand.U32(0))
	a.JE(operand.LabelRef("done"))
	p.chunk(true)
	a.Label("done")
	a.DECQ(n)
	a.JNZ(operand.LabelRef("row"))
	a.VZEROUPPER()
	a.RET()
}

// packRoutine is the state of a packing routine while it is written.
type packRoutine struct {
	*asm
	join  func(x, y reg.Register, order []reg.Register) reg.Register
	at    []reg.Register // the chunk in the sources, and in the destination
	order []reg.Register
	masks []reg.Register // of the last chunk's loads
}

// chunk writes the body for 32 pairs, or for those left.
func (p *packRoutine) chunk(tail bool) {
	sources := len(p.at) - 1
	for half := range 2 {
		var x [2]reg.Register
		for i := range x {
			x[i] = p.vec()
			from, vector := p.at[0], 2*half+i
			if sources == 2 {
				from, vector = p.at[i], half
			}
			m := operand.Mem{Base: from, Disp: 64 * vector}
			if tail {
				p.VMOVUPS_Z(m, p.masks[vector], x[i])
			} else {
				p.VMOVUPS(m, x[i])
			}
		}
		p.VMOVUPS(p.join(x[0], x[1], p.order), operand.Mem{Base: p.at[sources], Disp: 64 * half})
	}
}

// weaveOrder returns the order of 16-bit lanes that interleaves the halves of a register: 0, 16, 1, 17, ...
func (a *asm) weaveOrder() reg.Register {
	data := a.StaticGlobal("weaveOrder")
	a.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 32 {
		a.AppendDatum(operand.U16(i/2 + i%2*16))
	}
	z := a.vec()
	a.VMOVDQU16(data, z)
	return z
}
