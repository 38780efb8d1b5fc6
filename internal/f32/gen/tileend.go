package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// finish adds the old results, clips negative ones and stores, as the flags say.
func (t *tileRoutine) finish() {
	flags, stride := t.loadField(tileFlags), t.loadField(tileCRow)
	if !t.twin {
		t.addOld(flags, stride)
	}
	t.TESTQ(operand.U32(flagReLU), flags)
	t.JZ(operand.LabelRef("clipped"))
	zero := t.vec()
	t.zero(zero)
	for r := range t.acc {
		for _, acc := range t.acc[r] {
			t.VMAXPS(acc, zero, acc) // the second operand wins ties and NaN: acc itself
		}
	}
	t.Label("clipped")
	out := t.GP64()
	t.MOVQ(t.ct, out)
	if t.twin {
		t.storeTwins(out, stride)
		return
	}
	for r := range t.acc {
		for v, acc := range t.acc[r] {
			t.store(acc, out, v)
		}
		if r+1 < t.rows {
			t.ADDQ(stride, out)
		}
	}
}

// addOld adds the old results.
func (t *tileRoutine) addOld(flags, stride reg.Register) {
	t.TESTQ(operand.U32(flagAdd), flags)
	t.JZ(operand.LabelRef("added"))
	c, old := t.GP64(), t.vec()
	t.MOVQ(t.ct, c)
	for r := range t.acc {
		for v, acc := range t.acc[r] {
			t.load(c, v, old)
			t.VADDPS(acc, old, acc)
		}
		if r+1 < t.rows {
			t.ADDQ(stride, c)
		}
	}
	t.Label("added")
}

// storeTwins writes the even lanes to the rows at out and the odd ones to their twins.
func (t *tileRoutine) storeTwins(out, stride reg.Register) {
	half, order, pick := t.GP64(), t.XMM(), t.vec()
	t.MOVQ(operand.U64(0x0E0C0A0806040200), half)
	t.VMOVQ(half, order)
	t.MOVQ(operand.U64(0x0F0D0B0907050301), half)
	t.VPINSRQ(operand.U8(1), half, order, order)
	t.VPMOVZXBD(order, pick)
	distance := t.loadField(tileTwin)
	for r := range t.acc {
		both := t.acc[r][0].(reg.VecVirtual)
		t.VPERMPS(both, pick, both)
		t.VMOVUPS(both.AsY(), t.mask[0], operand.Mem{Base: out})
		t.VEXTRACTF32X8(operand.U8(1), both, both.AsY())
		t.VMOVUPS(both.AsY(), t.mask[0], operand.Mem{Base: out, Index: distance, Scale: 1})
		if r+1 < t.rows {
			t.ADDQ(stride, out)
		}
	}
}

// next moves to the following tile of the row of tiles.
func (t *tileRoutine) next() {
	t.step(t.at, tileAT)
	t.step(t.bt, tileBT)
	t.step(t.ct, tileCT)
	ip := t.GP64()
	t.MOVQ(t.it, ip)
	t.TESTQ(ip, ip)
	t.JZ(operand.LabelRef("count"))
	t.step(t.it, tileIT)
	t.Label("count")
	t.DECQ(t.t)
	t.JNZ(operand.LabelRef("tile"))
}
