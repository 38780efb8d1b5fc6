package main

import (
	"github.com/mmcloughlin/avo/operand"
)

// finish adds the old results, clips negative ones and stores, as the flags say.
func (t *tileRoutine) finish() {
	flags, c, stride := t.loadField(tileFlags), t.GP64(), t.loadField(tileCRow)
	t.TESTQ(operand.U32(flagAdd), flags)
	t.JZ(operand.LabelRef("added"))
	t.MOVQ(t.ct, c)
	old := t.vec()
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
	for r := range t.acc {
		for v, acc := range t.acc[r] {
			t.store(acc, out, v)
		}
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
