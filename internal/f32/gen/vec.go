package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of the struct vecArgs: the count, four pointers, then eight float32 scalars.
const (
	vecN = iota
	vecX
	vecY
	vecZ
	vecW
	vecScalars
)

// Comparison predicates, quiet. The last two let NaN through.
const (
	ordered        = operand.U8(7) // ORD_Q: neither is NaN
	notLess        = operand.U8(5) // NLT_UQ
	notLessOrEqual = operand.U8(6) // NLE_UQ
)

// vecRoutine is the state of an elementwise routine while it is written.
type vecRoutine struct {
	*asm
	ptrs    []reg.Register
	scalars []reg.Register
}

// each writes a routine over n elements, a multiple of the lanes: body gets one register per array, already loaded,
// and the scalars, and returns what to store in which array.
func (a *asm) each(name, doc string, arrays, scalars int, body func(v *vecRoutine, x, s []reg.Register) map[int]reg.Register) {
	name += a.name
	a.begin(name, "vecArgs", name+" computes "+doc+" for n elements, a multiple of the register's.")
	a.flushOn()
	v := &vecRoutine{asm: a}
	n := a.loadField(vecN)
	for i := 0; i < arrays; i++ {
		v.ptrs = append(v.ptrs, a.loadField(vecX+i))
	}
	for i := 0; i < scalars; i++ {
		s := a.vec()
		a.VBROADCASTSS(operand.Mem{Base: a.args, Disp: 8*vecScalars + 4*i}, s)
		v.scalars = append(v.scalars, s)
	}
	a.Label("loop")
	x := make([]reg.Register, arrays)
	for i := range x {
		x[i] = a.vec()
		a.VMOVUPS(operand.Mem{Base: v.ptrs[i]}, x[i])
	}
	out := body(v, x, v.scalars)
	for i := 0; i < arrays; i++ {
		if r, ok := out[i]; ok {
			a.VMOVUPS(r, operand.Mem{Base: v.ptrs[i]})
		}
		a.ADDQ(operand.U32(4*a.lanes), v.ptrs[i])
	}
	a.SUBQ(operand.U32(a.lanes), n)
	a.JNZ(operand.LabelRef("loop"))
	a.end()
}

// keepWhere returns x where the comparison of p with q holds, and zero elsewhere. Predicates read "p pred q".
func (a *asm) keepWhere(pred operand.U8, p, q, x reg.Register) reg.Register {
	out := a.vec()
	if a.lanes == 16 {
		k := a.K()
		a.VCMPPS(pred, q, p, k)
		a.VMOVUPS_Z(x, k, out)
		return out
	}
	a.VCMPPS(pred, q, p, out)
	a.VANDPS(x, out, out)
	return out
}

// abs returns |x|; signs holds the sign bit in every lane.
func (a *asm) abs(x, signs reg.Register) reg.Register {
	out := a.vec()
	if a.lanes == 16 {
		a.VPANDND(x, signs, out)
	} else {
		a.VANDNPS(x, signs, out)
	}
	return out
}

func (a *asm) elementwise() {
	type regs = []reg.Register
	a.each("axpy", "y = s0*x + y", 2, 1, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VFMADD231PS(x[0], s[0], x[1])
		return map[int]reg.Register{1: x[1]}
	})
	a.each("scale", "x = s0*x", 1, 1, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VMULPS(x[0], s[0], x[0])
		return map[int]reg.Register{0: x[0]}
	})
	a.each("pull", "z = s0*(x - y) + z", 3, 1, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VSUBPS(x[1], x[0], x[0])
		v.VFMADD231PS(x[0], s[0], x[2])
		return map[int]reg.Register{2: x[2]}
	})
	a.each("add", "z = x + y", 3, 0, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VADDPS(x[0], x[1], x[2])
		return map[int]reg.Register{2: x[2]}
	})
	a.each("mul", "y = x*y", 2, 0, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VMULPS(x[0], x[1], x[1])
		return map[int]reg.Register{1: x[1]}
	})
	a.each("relu", "y = max(x, 0)", 2, 1, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VMAXPS(x[0], s[0], x[0])
		return map[int]reg.Register{1: x[0]}
	})
	a.each("reluBack", "z = y where x > 0 and |y| >= s1, else 0; s2 is the sign bit", 3, 3, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		g := v.keepWhere(notLess, v.abs(x[1], s[2]), s[1], x[1])
		return map[int]reg.Register{2: v.keepWhere(notLessOrEqual, x[0], s[0], g)}
	})
	a.optimizers()
}

// optimizers writes the update rules. Array 0 holds the weights, 1 the gradient.
func (a *asm) optimizers() {
	type regs = []reg.Register
	a.each("sgd", "x = x + s0*(y + s1*x)", 2, 2, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VFMADD231PS(x[0], s[1], x[1])
		v.VFMADD231PS(x[1], s[0], x[0])
		return map[int]reg.Register{0: x[0]}
	})
	a.each("momentum", "z = s2*z + y + s1*x, x = x + s0*z", 3, 3, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VFMADD231PS(x[0], s[1], x[1])
		v.VFMADD213PS(x[1], s[2], x[2])
		v.VFMADD231PS(x[2], s[0], x[0])
		return map[int]reg.Register{0: x[0], 2: x[2]}
	})
	a.each("nesterov", "d = y + s1*x, z = s2*z + d, x = x + s0*(d + s2*z)", 3, 3, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VFMADD231PS(x[0], s[1], x[1])
		v.VFMADD213PS(x[1], s[2], x[2])
		v.VFMADD231PS(x[2], s[2], x[1])
		v.VFMADD231PS(x[1], s[0], x[0])
		return map[int]reg.Register{0: x[0], 2: x[2]}
	})
	a.each("adam", "d = y + s1*x, z = s2*z + s3*d, w = s4*w + s5*d*d, x = x + s0*z/(sqrt(w)*s6 + s7)", 4, 8, a.adam)
	a.each("rmsprop", "d = y + s1*x, z = s2*z + s3*d*d, x = x + s0*d/(sqrt(z) + s4)", 3, 5, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VFMADD231PS(v.ratio(x, s), s[0], x[0])
		return map[int]reg.Register{0: x[0], 2: x[2]}
	})
	a.each("rmspropMomentum", "d and z as rmsprop, w = s5*w + d/(sqrt(z) + s4), x = x + s0*w", 4, 6, func(v *vecRoutine, x, s regs) map[int]reg.Register {
		v.VFMADD213PS(v.ratio(x, s), s[5], x[3])
		v.VFMADD231PS(x[3], s[0], x[0])
		return map[int]reg.Register{0: x[0], 2: x[2], 3: x[3]}
	})
}

// ratio updates RMSprop's mean of squares and returns the gradient over its root.
func (v *vecRoutine) ratio(x, s []reg.Register) reg.Register {
	w, d, sq, root := x[0], x[1], x[2], v.vec()
	v.VFMADD231PS(w, s[1], d)
	v.VMULPS(sq, s[2], sq)
	v.VMULPS(d, d, root)
	v.VFMADD231PS(root, s[3], sq)
	v.VSQRTPS(sq, root)
	v.VADDPS(s[4], root, root)
	v.VDIVPS(root, d, root)
	return root
}

func (a *asm) adam(v *vecRoutine, x, s []reg.Register) map[int]reg.Register {
	w, d, m, sq := x[0], x[1], x[2], x[3]
	v.VFMADD231PS(w, s[1], d)
	v.VMULPS(m, s[2], m)
	v.VFMADD231PS(d, s[3], m)
	v.VMULPS(sq, s[4], sq)
	v.VMULPS(d, d, d)
	v.VFMADD231PS(d, s[5], sq)
	v.VSQRTPS(sq, d)
	v.VFMADD213PS(s[7], s[6], d)
	v.VDIVPS(d, m, d)
	v.VFMADD231PS(d, s[0], w)
	return map[int]reg.Register{0: w, 2: m, 3: sq}
}

// peak writes the loop that measures the processor's fused multiply-add rate.
func (a *asm) peak() {
	const chains = 12
	a.begin("peak"+a.name, "vecArgs", "peak"+a.name+" runs n turns of 12 independent multiply-adds per turn.")
	a.flushOn()
	n := a.loadField(vecN)
	var acc []reg.Register
	for i := 0; i < chains+1; i++ {
		v := a.vec()
		a.zero(v)
		acc = append(acc, v)
	}
	a.Label("loop")
	for _, v := range acc[1:] {
		a.VFMADD231PS(acc[0], acc[0], v)
	}
	a.DECQ(n)
	a.JNZ(operand.LabelRef("loop"))
	a.end()
}
