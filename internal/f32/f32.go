// Package f32 is the float32 arithmetic of training: every inner loop of clients/nn is a function of this package.
//
// Activations are NHWC (channels innermost), convolution weights HWIO ([row][column][in][out]), matrices row-major
// without gaps. Every sum has a fixed order that depends on shapes alone, never on addresses, workers or timing.
// Dot and Axpy come from gonum's BLAS, whose amd64 versions are SSE assembly; everything else is written as loops.
package f32

import (
	"unsafe"

	"gonum.org/v1/gonum/blas/gonum"
)

var blas gonum.Implementation

// lanes is the number of floats of one SSE register. Rows that Dot reads as its second operand start at multiples
// of it, in memory aligned to 16 bytes: gonum's dot product sums the elements before such an address separately, so
// that without alignment the order of summation would depend on where the allocator put the slice.
const lanes = 4

// padded rounds a row's length up to whole registers.
func padded(n int) int { return (n + lanes - 1) / lanes * lanes }

// Scratch is one worker's memory for intermediate results. Its buffers grow to the largest size asked for and are
// then reused. The zero value is ready to use; it is not safe for concurrent use.
type Scratch struct {
	weights, grads, patches, image []float32
}

// grow returns *buf with length n, aligned to 16 bytes, its contents undefined.
func grow(buf *[]float32, n int) []float32 {
	if cap(*buf) < n {
		b := make([]float32, n+lanes-1)
		skip := -(uintptr(unsafe.Pointer(&b[0])) / 4) % lanes
		*buf = b[skip : int(skip)+n : int(skip)+n]
	}
	return (*buf)[:n]
}

// dot returns the sum of x[i]*y[i]. y must be aligned to 16 bytes.
func dot(x, y []float32) float32 { return blas.Sdot(len(x), x, 1, y, 1) }

// Axpy adds a*x to y, element by element.
func Axpy(a float32, x, y []float32) { blas.Saxpy(len(x), a, x, 1, y, 1) }

// Scale multiplies x by a.
func Scale(a float32, x []float32) {
	for i := range x {
		x[i] *= a
	}
}

// Add sets y = a + b, element by element.
func Add(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] = a[i] + b[i]
	}
}

// Mul multiplies x by y, element by element.
func Mul(x, y []float32) {
	y = y[:len(x)]
	for i := range x {
		x[i] *= y[i]
	}
}

// FillRows copies row into every row of y. A nil row stands for zeros.
func FillRows(y, row []float32) {
	if row == nil {
		clear(y)
		return
	}
	for ; len(y) > 0; y = y[len(row):] {
		copy(y, row)
	}
}

// SumRows sets sum to the sum of the rows of x, first to last.
func SumRows(sum, x []float32) {
	clear(sum)
	for n := len(sum); len(x) > 0; x = x[n:] {
		row := x[:n]
		for i := range sum {
			sum[i] += row[i]
		}
	}
}

// tiny is the size below which gradients count as zero: products with such numbers reach the denormal range, where
// processors are slower by orders of magnitude.
const tiny = 1e-18

// flush returns x, or 0 if x is tiny.
func flush(x float32) float32 {
	if x < tiny && x > -tiny {
		return 0
	}
	return x
}
