package f32

import "math"

// vecArgs are the arguments of an elementwise routine: n elements of up to four arrays, and scalars. The assembly
// knows this struct by its order.
type vecArgs struct {
	n          int
	x, y, z, w *float32
	s          [8]float32
}

// vecChunk is how many elements one assembly call treats, so that the scheduler never waits long.
const vecChunk = 1 << 13

// wide returns how many of n elements, a multiple of the register's, the assembly should treat.
func wide(n int) int {
	if kern.level == portable {
		return 0
	}
	return n &^ 15
}

// Axpy computes y += a*x with one rounding per element.
func Axpy(a float32, x, y []float32) {
	if len(x) != len(y) {
		panic("f32: Axpy: slices differ in length")
	}
	i, w := 0, wide(len(x))
	for ; i < w; i += vecChunk {
		v := vecArgs{n: min(vecChunk, w-i), x: &x[i], y: &y[i], s: [8]float32{a}}
		axpyAsm(&v)
	}
	for i = w; i < len(x); i++ {
		y[i] = fma(a, x[i], y[i])
	}
}

// Scale computes x *= a.
func Scale(a float32, x []float32) {
	i, w := 0, wide(len(x))
	for ; i < w; i += vecChunk {
		v := vecArgs{n: min(vecChunk, w-i), x: &x[i], s: [8]float32{a}}
		scaleAsm(&v)
	}
	for i = w; i < len(x); i++ {
		x[i] = mul(a, x[i])
	}
}

// Add computes dst = x + y. dst may be either.
func Add(dst, x, y []float32) {
	if len(dst) != len(x) || len(dst) != len(y) {
		panic("f32: Add: slices differ in length")
	}
	i, w := 0, wide(len(x))
	for ; i < w; i += vecChunk {
		v := vecArgs{n: min(vecChunk, w-i), x: &x[i], y: &y[i], z: &dst[i]}
		addAsm(&v)
	}
	for i = w; i < len(x); i++ {
		dst[i] = add(x[i], y[i])
	}
}

// Mul computes y *= x.
func Mul(x, y []float32) {
	if len(x) != len(y) {
		panic("f32: Mul: slices differ in length")
	}
	i, w := 0, wide(len(x))
	for ; i < w; i += vecChunk {
		v := vecArgs{n: min(vecChunk, w-i), x: &x[i], y: &y[i]}
		mulAsm(&v)
	}
	for i = w; i < len(x); i++ {
		y[i] = mul(x[i], y[i])
	}
}

// Pull computes g += a*(x - y): the gradient of a proximal term a/2 |x-y|^2, added to g.
func Pull(a float32, x, y, g []float32) {
	if len(x) != len(y) || len(x) != len(g) {
		panic("f32: Pull: slices differ in length")
	}
	i, w := 0, wide(len(x))
	for ; i < w; i += vecChunk {
		v := vecArgs{n: min(vecChunk, w-i), x: &x[i], y: &y[i], z: &g[i], s: [8]float32{a}}
		pullAsm(&v)
	}
	for i = w; i < len(x); i++ {
		g[i] = fma(a, add(x[i], -y[i]), g[i])
	}
}

// ReLU computes dst = max(x, 0). NaN stays NaN. dst may be x.
func ReLU(dst, x []float32) {
	if len(x) != len(dst) {
		panic("f32: ReLU: slices differ in length")
	}
	i, w := 0, wide(len(x))
	for ; i < w; i += vecChunk {
		v := vecArgs{n: min(vecChunk, w-i), x: &x[i], y: &dst[i]}
		reluAsm(&v)
	}
	for i = w; i < len(x); i++ {
		dst[i] = relu(x[i])
	}
}

// Tiny is the magnitude below which gradients that pass a ReLU, a pooling or a softmax become zero. It keeps products
// with them out of the denormal range, where some processors are slow and kernels without flushing would differ.
const Tiny = 1e-18

// ReLUBackward computes dx = dy where y > 0 and |dy| >= Tiny, else 0. y is what ReLU returned (or was given).
// dx may be dy.
func ReLUBackward(dx, dy, y []float32) {
	if len(dx) != len(dy) || len(dx) != len(y) {
		panic("f32: ReLUBackward: slices differ in length")
	}
	i, w := 0, wide(len(y))
	for ; i < w; i += vecChunk {
		v := vecArgs{n: min(vecChunk, w-i), x: &y[i], y: &dy[i], z: &dx[i], s: [8]float32{0, Tiny, float32(math.Copysign(0, -1))}}
		reluBackAsm(&v)
	}
	for i = w; i < len(y); i++ {
		dx[i] = reluBack(dy[i], y[i])
	}
}

func reluBack(dy, y float32) float32 {
	if flush(y) <= 0 {
		return 0
	}
	return dropTiny(dy)
}

// dropTiny returns x, or zero if |x| < Tiny.
func dropTiny(x float32) float32 {
	if x > -Tiny && x < Tiny {
		return 0
	}
	return x
}
