package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of the struct columnArgs, in order.
const (
	colX = iota
	colD
	colA
	colB
	colSum
	colProduct
	colRows
	colStride
	colUnits
	colMask
	colLimits
)

// columnRoutine is the state of a routine that sums columns while it is written. A unit is the columns that one
// register of float64 holds.
type columnRoutine struct {
	*asm
	unit         int // columns
	x, d, coef   reg.Register
	toB          reg.Register // distance from the coefficients a to b
	mask         reg.Register // of the last unit
	sum, product []reg.Register
	zero, tiny   reg.Register
	sign         reg.Register
}

// columns writes the sums over rows. They differ in what they add for every value.
func (a *asm) columns() {
	a.columnSums("moments", "x and x*x", func(c *columnRoutine, u int, last bool) (v, w reg.Register) {
		v = c.widen(c.load(c.x, u, last))
		return v, v
	})
	a.columnSums("products", "d and d*x", func(c *columnRoutine, u int, last bool) (v, w reg.Register) {
		return c.widen(c.load(c.d, u, last)), c.widen(c.load(c.x, u, last))
	})
	a.columnSums("reluProducts", "d and d*x where a*x + b > 0 and |d| >= tiny", func(c *columnRoutine, u int, last bool) (v, w reg.Register) {
		x, d := c.load(c.x, u, last), c.load(c.d, u, last)
		return c.widen(c.passing(x, d, u, last)), c.widen(x)
	})
}

// columnSums writes a routine for every number of units that the registers hold, and the choice between them.
func (a *asm) columnSums(name, what string, values func(c *columnRoutine, u int, last bool) (v, w reg.Register)) {
	name += a.name
	a.begin(name, "columnArgs", fmt.Sprintf("%s adds %s of rows to the sums of columns; see columnArgs.", name, what))
	a.flushOn()
	units := a.loadField(colUnits)
	for n := 1; n <= a.lanes/2; n++ {
		other := fmt.Sprintf("not%d", n)
		a.CMPQ(units, operand.U8(n))
		a.JNE(operand.LabelRef(other))
		c := a.columnSetup(n)
		rows, stride, skip := a.loadField(colRows), a.loadField(colStride), fmt.Sprintf("rows%d", n)
		a.Label(skip)
		for u := 0; u < n; u++ {
			v, w := values(c, u, u == n-1)
			a.VADDPD(v, c.sum[u], c.sum[u])
			a.VFMADD231PD(v, w, c.product[u])
		}
		a.ADDQ(stride, c.x)
		a.ADDQ(stride, c.d)
		a.DECQ(rows)
		a.JNZ(operand.LabelRef(skip))
		c.finish()
		a.Label(other)
	}
	a.end()
}

// columnSetup loads the sums of n units and the constants.
func (a *asm) columnSetup(n int) *columnRoutine {
	c := &columnRoutine{asm: a, unit: a.lanes / 2, x: a.loadField(colX), d: a.loadField(colD), coef: a.loadField(colA), toB: a.loadField(colB)}
	a.SUBQ(c.coef, c.toB)
	s, p := a.loadField(colSum), a.loadField(colProduct)
	for u := 0; u < n; u++ {
		c.sum, c.product = append(c.sum, a.vec()), append(c.product, a.vec())
		a.VMOVUPD(operand.Mem{Base: s, Disp: 8 * c.unit * u}, c.sum[u])
		a.VMOVUPD(operand.Mem{Base: p, Disp: 8 * c.unit * u}, c.product[u])
	}
	m := a.loadField(colMask)
	if a.lanes == 16 {
		c.mask = a.K()
		a.KMOVW(m.As32(), c.mask)
	} else {
		c.mask = a.XMM()
		a.VMOVUPS(operand.Mem{Base: m}, c.mask)
	}
	c.zero, c.tiny, c.sign = c.half(), c.half(), c.half()
	a.VXORPS(c.zero, c.zero, c.zero)
	a.VBROADCASTSS(a.field(colLimits), c.tiny)
	a.VBROADCASTSS(a.field(colLimits).Offset(4), c.sign)
	return c
}

// half returns a fresh register for one unit's float32 values.
func (c *columnRoutine) half() reg.Register {
	if c.lanes == 16 {
		return c.YMM()
	}
	return c.XMM()
}

// load returns the values of unit u at p.
func (c *columnRoutine) load(p reg.Register, u int, last bool) reg.Register {
	return c.loadMem(operand.Mem{Base: p, Disp: 4 * c.unit * u}, last)
}

func (c *columnRoutine) loadMem(m operand.Mem, last bool) reg.Register {
	v := c.half()
	switch {
	case !last:
		c.VMOVUPS(m, v)
	case c.lanes == 16:
		c.VMOVUPS_Z(m, c.mask, v)
	default:
		c.VMASKMOVPS(m, c.mask, v)
	}
	return v
}

// widen returns the values as float64.
func (c *columnRoutine) widen(x reg.Register) reg.Register {
	v := c.vec()
	c.VCVTPS2PD(x, v)
	return v
}

// passing returns d where a*x + b > 0 and d isn't tiny, and zero elsewhere.
func (c *columnRoutine) passing(x, d reg.Register, u int, last bool) reg.Register {
	at := operand.Mem{Base: c.coef, Disp: 4 * c.unit * u}
	y := c.loadMem(at, last)
	at.Index, at.Scale = c.toB, 1
	b := c.loadMem(at, last)
	c.VFMADD213PS(b, x, y)
	size := c.half()
	c.VANDNPS(d, c.sign, size)
	if c.lanes == 16 {
		positive, large, out := c.K(), c.K(), c.half()
		c.VCMPPS(notLessOrEqual, c.zero, y, positive)
		c.VCMPPS(notLess, c.tiny, size, positive, large)
		c.VMOVUPS_Z(d, large, out)
		return out
	}
	c.VCMPPS(notLessOrEqual, c.zero, y, y)
	c.VCMPPS(notLess, c.tiny, size, size)
	c.VANDPS(size, y, y)
	c.VANDPS(d, y, y)
	return y
}

// finish stores the sums.
func (c *columnRoutine) finish() {
	s, p := c.loadField(colSum), c.loadField(colProduct)
	for u := range c.sum {
		c.VMOVUPD(c.sum[u], operand.Mem{Base: s, Disp: 8 * c.unit * u})
		c.VMOVUPD(c.product[u], operand.Mem{Base: p, Disp: 8 * c.unit * u})
	}
}
