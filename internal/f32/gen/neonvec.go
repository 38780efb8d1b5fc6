package main

import "fmt"

// Vector registers of the elementwise routines: arrays are in x to x+3, scalars in s to s+7; vecTemp is free.
const (
	vecArrays  = 0
	vecScratch = 8
	vecTemp    = 4
)

// each writes a routine over n elements, a multiple of the lanes: body gets the registers of the arrays, already
// loaded, and of the scalars, and returns what to store in which array.
func (n *neon) each(name, doc string, arrays, scalars int, body func(x, s []int) map[int]int) {
	const count, first = 1, 2
	name += "Neon"
	n.begin(name, "vecArgs", name+" computes "+doc+" for n elements, a multiple of the register's.")
	n.exactSetup()
	n.loadField(vecN, count)
	var x, s []int
	for i := range arrays {
		n.loadField(vecX+i, first+i)
		x = append(x, vecArrays+i)
	}
	for i := range scalars {
		n.broadcast(8*vecScalars+4*i, vecScratch+i)
		s = append(s, vecScratch+i)
	}
	n.label("loop")
	for i := range x {
		n.op("VLD1 (R%d), %s", first+i, vregs(x[i], 1))
	}
	out := body(x, s)
	for i := range x {
		if r, ok := out[i]; ok {
			n.op("VST1 %s, (R%d)", vregs(r, 1), first+i)
		}
		n.op("ADD $%d, R%d", 4*neonLanes, first+i)
	}
	n.op("SUBS $%d, R%d", neonLanes, count)
	n.op("BNE loop")
	n.end()
}

func (n *neon) elementwise() {
	n.each("axpy", "y = s0*x + y", 2, 1, func(x, s []int) map[int]int {
		n.fma(x[0], s[0], x[1])
		return map[int]int{1: x[1]}
	})
	n.each("scale", "x = s0*x", 1, 1, func(x, s []int) map[int]int {
		n.mul(x[0], s[0], x[0])
		return map[int]int{0: x[0]}
	})
	n.each("pull", "z = s0*(x - y) + z", 3, 1, func(x, s []int) map[int]int {
		n.three("FSUB", x[1], x[0], x[0])
		n.fma(x[0], s[0], x[2])
		return map[int]int{2: x[2]}
	})
	n.each("add", "z = x + y", 3, 0, func(x, s []int) map[int]int {
		n.three("FADD", x[1], x[0], x[2])
		return map[int]int{2: x[2]}
	})
	n.each("mul", "y = x*y", 2, 0, func(x, s []int) map[int]int {
		n.mul(x[0], x[1], x[1])
		return map[int]int{1: x[1]}
	})
	n.each("relu", "y = max(x, 0)", 2, 1, func(x, s []int) map[int]int {
		n.three("FSUB", s[0], x[0], x[0]) // s0 is zero: this flushes and changes nothing else
		n.clip(x[0], vecTemp)
		return map[int]int{1: x[0]}
	})
	n.each("reluBack", "z = y where x > 0 and |y| >= s1, else 0", 3, 2, func(x, s []int) map[int]int {
		n.dropTiny(x[1], s[1], vecTemp)
		n.keepPositive(x[1], x[0], vecTemp)
		return map[int]int{2: x[1]}
	})
	n.optimizers()
	n.peak()
}

// optimizers writes the update rules. Array 0 holds the weights, 1 the gradient.
func (n *neon) optimizers() {
	n.each("sgd", "x = x + s0*(y + s1*x)", 2, 2, func(x, s []int) map[int]int {
		n.fma(x[0], s[1], x[1])
		n.fma(x[1], s[0], x[0])
		return map[int]int{0: x[0]}
	})
	n.each("momentum", "z = s2*z + y + s1*x, x = x + s0*z", 3, 3, func(x, s []int) map[int]int {
		n.fma(x[0], s[1], x[1])
		n.fma(x[2], s[2], x[1])
		n.fma(x[1], s[0], x[0])
		return map[int]int{0: x[0], 2: x[1]}
	})
	n.each("nesterov", "d = y + s1*x, z = s2*z + d, x = x + s0*(d + s2*z)", 3, 3, func(x, s []int) map[int]int {
		n.fma(x[0], s[1], x[1])
		n.copy(x[1], vecTemp)
		n.fma(x[2], s[2], vecTemp)
		n.fma(vecTemp, s[2], x[1])
		n.fma(x[1], s[0], x[0])
		return map[int]int{0: x[0], 2: vecTemp}
	})
	n.each("adam", "d = y + s1*x, z = s2*z + s3*d, w = s4*w + s5*d*d, x = x + s0*z/(sqrt(w)*s6 + s7)", 4, 8, n.adam)
	n.each("rmsprop", "d = y + s1*x, z = s2*z + s3*d*d, x = x + s0*d/(sqrt(z) + s4)", 3, 5, func(x, s []int) map[int]int {
		n.ratio(x, s)
		n.fma(vecTemp, s[0], x[0])
		return map[int]int{0: x[0], 2: x[2]}
	})
	n.each("rmspropMomentum", "d and z as rmsprop, w = s5*w + d/(sqrt(z) + s4), x = x + s0*w", 4, 6, func(x, s []int) map[int]int {
		n.ratio(x, s)
		n.fma(x[3], s[5], vecTemp)
		n.fma(vecTemp, s[0], x[0])
		return map[int]int{0: x[0], 2: x[2], 3: vecTemp}
	})
}

func (n *neon) copy(v, d int) { n.op("VORR V%d.B16, V%d.B16, V%d.B16", v, v, d) }

// ratio updates RMSprop's mean of squares and sets vecTemp to the gradient over its root.
func (n *neon) ratio(x, s []int) {
	w, d, sq := x[0], x[1], x[2]
	n.fma(w, s[1], d)
	n.mul(sq, s[2], sq)
	n.mul(d, d, vecTemp)
	n.fma(vecTemp, s[3], sq)
	n.two("FSQRT", sq, vecTemp)
	n.three("FADD", s[4], vecTemp, vecTemp)
	n.three("FDIV", vecTemp, d, vecTemp)
}

func (n *neon) adam(x, s []int) map[int]int {
	w, d, m, sq := x[0], x[1], x[2], x[3]
	n.fma(w, s[1], d)
	n.mul(m, s[2], m)
	n.fma(d, s[3], m)
	n.mul(sq, s[4], sq)
	n.mul(d, d, d)
	n.fma(d, s[5], sq)
	n.two("FSQRT", sq, d)
	n.copy(s[7], vecTemp)
	n.fma(d, s[6], vecTemp)
	n.three("FDIV", vecTemp, m, d)
	n.fma(d, s[0], w)
	return map[int]int{0: w, 2: m, 3: sq}
}

// peak writes the loop that measures the processor's fused multiply-add rate.
func (n *neon) peak() {
	const chains = 12
	n.begin("peakNeon", "vecArgs", fmt.Sprintf("peakNeon runs n turns of %d independent multiply-adds per turn.", chains))
	n.loadField(vecN, 1)
	for v := range chains + 1 {
		n.clear(v)
	}
	n.label("loop")
	for v := range chains {
		n.op("VFMLA V%d.S4, V%d.S4, V%d.S4", chains, chains, v)
	}
	n.op("SUBS $1, R1")
	n.op("BNE loop")
	n.end()
}
