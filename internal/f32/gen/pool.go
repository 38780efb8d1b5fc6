package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of the struct poolArgs, in order.
const (
	poolX = iota
	poolY
	poolIndex
	poolRows
	poolCols
	poolFull
	poolTail
	poolColSkip
	poolRowSkip
	poolFloor
	poolTiny
	poolOffsets
)

// poolRoutine is the state of a pooling routine while it is written.
type poolRoutine struct {
	*asm
	size    int // positions in a window
	x, y    reg.GPVirtual
	index   reg.GPVirtual
	offsets []reg.Register // of positions 1, 2, ... from the first
	consts  []reg.Register // the position number in every lane
	none    reg.Register
	tail    reg.Register // mask, AVX-512 only
	limit   reg.Register // floor forward, tiny backward
}

// noPosition marks an output that no position of its window gets a gradient for.
const noPosition = 255

// pooling writes the routines for windows of 2x2 and 2x2x2.
func (a *asm) pooling() {
	for _, size := range []int{4, 8} {
		a.poolForward(size)
		a.poolBackward(size)
	}
}

func (a *asm) poolBegin(name, doc string, size, limit int) *poolRoutine {
	name = fmt.Sprintf("%s%dx%s", name, size, a.name)
	a.begin(name, "poolArgs", name+" "+doc)
	a.flushOn()
	p := &poolRoutine{asm: a, size: size, x: a.loadField(poolX), y: a.loadField(poolY), index: a.loadField(poolIndex)}
	for i := 1; i < size; i++ {
		p.offsets = append(p.offsets, a.loadField(poolOffsets+i-1))
	}
	p.limit = a.vec()
	a.VBROADCASTSS(a.field(limit), p.limit)
	for i := 0; i < size; i++ {
		p.consts = append(p.consts, p.constant(i))
	}
	if a.lanes == 16 {
		m := a.loadField(poolTail)
		p.tail = a.K()
		a.KMOVW(m.As32(), p.tail)
	}
	return p
}

// constant returns a register with i in every 32-bit lane.
func (p *poolRoutine) constant(i int) reg.Register {
	v, r, x := p.vec(), p.GP32(), p.XMM()
	p.MOVL(operand.U32(i), r)
	p.VMOVD(r, x)
	p.VPBROADCASTD(x, v)
	return v
}

// windows writes the loops over rows, columns and channel groups around body.
func (p *poolRoutine) windows(body func(masked bool)) {
	rows, cols, full := p.AllocLocal(8), p.AllocLocal(8), p.GP64()
	p.MOVQ(p.loadField(poolRows), rows)
	p.Label("row")
	p.MOVQ(p.loadField(poolCols), cols)
	p.Label("column")
	p.MOVQ(p.field(poolFull), full)
	p.TESTQ(full, full)
	p.JZ(operand.LabelRef("tail"))
	p.Label("channels")
	body(false)
	p.advance(operand.U32(4*p.lanes), operand.U32(p.lanes))
	p.DECQ(full)
	p.JNZ(operand.LabelRef("channels"))
	p.Label("tail")
	if p.lanes == 16 {
		p.tailChannels(body)
	}
	p.ADDQ(p.field(poolColSkip), p.x)
	p.DECQ(cols)
	p.JNZ(operand.LabelRef("column"))
	p.ADDQ(p.field(poolRowSkip), p.x)
	p.DECQ(rows)
	p.JNZ(operand.LabelRef("row"))
	p.end()
}

// tailChannels treats the last channels, fewer than a register holds.
func (p *poolRoutine) tailChannels(body func(masked bool)) {
	n := p.GP64()
	p.POPCNTQ(p.field(poolTail), n)
	p.JZ(operand.LabelRef("whole"))
	body(true)
	bytes := p.GP64()
	p.MOVQ(n, bytes)
	p.SHLQ(operand.U8(2), bytes)
	p.advance(bytes, n)
	p.Label("whole")
}

func (p *poolRoutine) advance(bytes, count operand.Op) {
	p.ADDQ(bytes, p.x)
	p.ADDQ(bytes, p.y)
	p.ADDQ(count, p.index)
}

// at is the address of position i of the window.
func (p *poolRoutine) at(i int) operand.Mem {
	if i == 0 {
		return operand.Mem{Base: p.x}
	}
	return operand.Mem{Base: p.x, Index: p.offsets[i-1], Scale: 1}
}

func (p *poolRoutine) load(m operand.Mem, masked bool) reg.Register {
	v := p.vec()
	if masked {
		p.VMOVUPS_Z(m, p.tail, v)
	} else {
		p.VMOVUPS(m, v)
	}
	return v
}

func (p *poolRoutine) store(v reg.Register, m operand.Mem, masked bool) {
	if masked {
		p.VMOVUPS(v, p.tail, m)
	} else {
		p.VMOVUPS(v, m)
	}
}

// poolForward writes the maximum over windows and the winners' positions.
func (a *asm) poolForward(size int) {
	p := a.poolBegin("maxPool", "takes the maximum of each window and notes its position; see poolArgs.", size, poolFloor)
	p.none = p.constant(noPosition)
	p.windows(func(masked bool) {
		best := p.load(p.at(0), masked)
		index := p.vec()
		p.VMOVUPS(p.consts[0], index)
		for i := 1; i < size; i++ {
			v := p.load(p.at(i), masked)
			p.choose(v, best, p.consts[i], index)
		}
		p.clip(best, index)
		p.store(best, operand.Mem{Base: p.y}, masked)
		p.storeIndex(index, masked)
	})
}

// choose replaces best by value, and index by number, in the lanes where value is greater or not a number. What isn't
// a number stays best.
func (p *poolRoutine) choose(value, best, number, index reg.Register) {
	if p.lanes == 16 {
		isNumber, k := p.K(), p.K()
		p.VCMPPS(ordered, best, best, isNumber)
		p.VCMPPS(notLessOrEqual, best, value, isNumber, k)
		p.VMOVUPS(value, k, best)
		p.VMOVDQA32(number, k, index)
		return
	}
	m, isNumber := p.vec(), p.vec()
	p.VCMPPS(ordered, best, best, isNumber)
	p.VCMPPS(notLessOrEqual, best, value, m)
	p.VANDPS(isNumber, m, m)
	p.VBLENDVPS(m, value, best, best)
	p.VBLENDVPS(m, number, index, index)
}

// clip clears maxima that do not exceed the floor and marks them as nobody's.
func (p *poolRoutine) clip(best, index reg.Register) {
	if p.lanes == 16 {
		k := p.K()
		p.VCMPPS(notLessOrEqual, p.limit, best, k)
		p.VMOVUPS_Z(best, k, best)
		p.VPBLENDMD(index, p.none, k, index)
		return
	}
	m := p.vec()
	p.VCMPPS(notLessOrEqual, p.limit, best, m)
	p.VANDPS(m, best, best)
	p.VBLENDVPS(m, index, p.none, index)
}

// storeIndex writes the low bytes of the lanes.
func (p *poolRoutine) storeIndex(index reg.Register, masked bool) {
	out := operand.Mem{Base: p.index}
	switch {
	case masked:
		p.VPMOVDB(index, p.tail, out)
	case p.lanes == 16:
		p.VPMOVDB(index, out)
	default:
		y := index.(reg.VecVirtual)
		high := p.XMM()
		p.VEXTRACTI128(operand.U8(1), y.AsY(), high)
		p.VPACKUSDW(high, y.AsX(), high)
		p.VPACKUSWB(high, high, high)
		p.VMOVQ(high, out)
	}
}

// poolBackward writes gradients to the winners and zeros to all other positions.
func (a *asm) poolBackward(size int) {
	p := a.poolBegin("maxPoolBack", "sends each gradient to its window's winner and zeros elsewhere; see poolArgs.", size, poolTiny)
	signs := p.signBits()
	p.windows(func(masked bool) {
		g := p.load(operand.Mem{Base: p.y}, masked)
		g = p.keepWhere(notLess, p.abs(g, signs), p.limit, g)
		index := p.vec()
		if masked {
			p.VPMOVZXBD_Z(operand.Mem{Base: p.index}, p.tail, index)
		} else {
			p.VPMOVZXBD(operand.Mem{Base: p.index}, index)
		}
		for i := 0; i < size; i++ {
			p.store(p.whereEqual(index, p.consts[i], g), p.at(i), masked)
		}
	})
}

func (p *poolRoutine) signBits() reg.Register {
	v, r, x := p.vec(), p.GP32(), p.XMM()
	p.MOVL(operand.U32(1<<31), r)
	p.VMOVD(r, x)
	p.VPBROADCASTD(x, v)
	return v
}

// whereEqual returns g in the lanes where index equals number, zero elsewhere.
func (p *poolRoutine) whereEqual(index, number, g reg.Register) reg.Register {
	out := p.vec()
	if p.lanes == 16 {
		k := p.K()
		p.VPCMPEQD(index, number, k)
		p.VMOVUPS_Z(g, k, out)
		return out
	}
	p.VPCMPEQD(index, number, out)
	p.VANDPS(g, out, out)
	return out
}
