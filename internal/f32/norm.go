package f32

import (
	"math"
	"unsafe"
)

// Normalisation layers are built of the loops below, with coefficients per column (channel) that their callers work
// out. A ReLU that follows such a layer can be had in the same pass: forward it cuts off results, backward it lets
// gradients through where the result, computed again, is positive.

// ColumnMoments adds to sum and square, column by column, the values of the rows of x and their squares. See
// columnSums for the order.
func ColumnMoments(sum, square []float64, x []float32) {
	s := columnSums{kind: moments, x: x, d: x}
	s.add(sum, square)
}

// ColumnProducts adds to sum and product, column by column, the values of the rows of d and their products with x.
func ColumnProducts(sum, product []float64, d, x []float32) {
	s := columnSums{kind: products, x: x, d: d}
	s.add(sum, product)
}

// ColumnProductsReLU is ColumnProducts where d first becomes ReLUBackward's result for y = a*x + b.
func ColumnProductsReLU(sum, product []float64, d, x, a, b []float32) {
	s := columnSums{kind: reluProducts, x: x, d: d, a: a, b: b}
	s.add(sum, product)
}

// maxColumns is how many columns are summed at once. Like maxChain it is part of the results.
const maxColumns = 64

// columnKind says what is summed.
type columnKind int

const (
	moments columnKind = iota
	products
	reluProducts
)

// columnSums are sums over rows, in float64, where the products of float32 are exact. Where rows are short, as many of
// them as fit maxColumns, a power of two, are treated as one long row: row i belongs to sum i modulo that number. Every
// column of long rows is summed in ascending order, and the columns that belong together are added in order.
type columnSums struct {
	kind       columnKind
	x, d, a, b []float32
}

// columnArgs describes sums over rows to the assembly: of units registers of float64, of whose last mask tells the
// columns in use. The stride is in bytes. The assembly knows this struct by its order.
type columnArgs struct {
	x, d, a, b   unsafe.Pointer
	sum, product *float64
	rows, stride int
	units        int
	mask         uintptr
	tiny, sign   float32
}

// foldOf returns how many rows are treated as one.
func foldOf(columns int) int {
	fold := 1
	for 2*fold*columns <= maxColumns {
		fold *= 2
	}
	return fold
}

// add adds the sums to those that sum and product hold.
func (s *columnSums) add(sum, product []float64) {
	want("products", len(product), len(sum))
	if len(s.x) == 0 {
		return
	}
	cols := len(sum)
	rows := len(s.x) / cols
	want("rows", len(s.x), rows*cols)
	want("gradients", len(s.d), rows*cols)
	if s.kind == reluProducts {
		want("coefficients", len(s.a), cols)
		want("coefficients", len(s.b), cols)
	}
	if fold := foldOf(cols); fold > 1 {
		s.addFolded(sum, product, rows, fold)
		return
	}
	for j := 0; j < cols; j += maxColumns {
		var acc [2][maxColumns]float64
		n := min(maxColumns, cols-j)
		s.block(&acc, j, rows, cols, n)
		for i := range n {
			sum[j+i] += acc[0][i]
			product[j+i] += acc[1][i]
		}
	}
}

func (s *columnSums) addFolded(sum, product []float64, rows, fold int) {
	cols := len(sum)
	var a, b [maxColumns]float32
	rest := *s // a copy, lest a and b move to the heap
	if s.kind == reluProducts {
		rest.a, rest.b = repeat(a[:], s.a, fold), repeat(b[:], s.b, fold)
	}
	var acc [2][maxColumns]float64
	long := rows / fold
	rest.block(&acc, 0, long, fold*cols, fold*cols)
	rest.x, rest.d = s.x[long*fold*cols:], s.d[long*fold*cols:]
	rest.block(&acc, 0, min(1, len(rest.x)), 0, len(rest.x))
	for i := range fold * cols {
		sum[i%cols] += acc[0][i]
		product[i%cols] += acc[1][i]
	}
}

// repeat fills dst with n copies of src and returns them.
func repeat(dst, src []float32, n int) []float32 {
	dst = dst[:n*len(src)]
	for i := 0; i < len(dst); i += len(src) {
		copy(dst[i:], src)
	}
	return dst
}

// block adds to acc the sums of n columns, from number j on, of rows that lie stride apart.
func (s *columnSums) block(acc *[2][maxColumns]float64, j, rows, stride, n int) {
	if kern.level == portable {
		s.portableBlock(acc, j, rows, stride, n)
		return
	}
	unit := kern.lanes() / 2
	most := unit * kern.units()
	step := max(1, vecChunk/max(1, n))
	for i := 0; i < rows; i += step {
		for k := 0; k < n; k += most {
			at, cols := i*stride+j+k, min(most, n-k)
			p := columnArgs{
				x: address(s.x, at), d: address(s.d, at), sum: &acc[0][k], product: &acc[1][k],
				rows: min(step, rows-i), stride: 4 * stride, units: (cols + unit - 1) / unit,
				mask: laneMask((cols-1)%unit + 1), tiny: Tiny, sign: negativeZero,
			}
			if s.kind == reluProducts {
				p.a, p.b = address(s.a, j+k), address(s.b, j+k)
			}
			columnsAsm(s.kind, &p)
		}
	}
}

var negativeZero = float32(math.Copysign(0, -1))

func (s *columnSums) portableBlock(acc *[2][maxColumns]float64, j, rows, stride, n int) {
	for i := range rows {
		for k := range n {
			at := i*stride + j + k
			x, d := flush(s.x[at]), s.d[at]
			if s.kind == reluProducts {
				d = reluBack(d, relu(fma(s.a[j+k], x, s.b[j+k])))
			}
			d = flush(d)
			acc[0][k] += float64(d)
			acc[1][k] += float64(float64(d) * float64(x))
		}
	}
}

// ScaleShiftRows sets each row of y to a*x + b, with one rounding. y may be x.
func ScaleShiftRows(y, x, a, b []float32) {
	r := rows{kind: scaleShift, y: y, x: x, coef: [5][]float32{a, b}}
	r.run()
}

// ScaleShiftRowsReLU sets each row of y to max(a*x + b, 0). y may be x.
func ScaleShiftRowsReLU(y, x, a, b []float32) {
	r := rows{kind: scaleShiftReLU, y: y, x: x, coef: [5][]float32{a, b}}
	r.run()
}

// ScaleShiftRowsAddReLU sets each row of y to max((a*x + b) + s, 0). y may be x or s.
func ScaleShiftRowsAddReLU(y, x, a, b, s []float32) {
	want("summands", len(s), len(x))
	r := rows{kind: scaleShiftAddReLU, y: y, x: x, s: s, coef: [5][]float32{a, b}}
	r.run()
}

// CombineRows sets each row of y to p*d + (q*x + r), one rounding per multiply-add; values below Tiny become 0. y may be
// d or x.
func CombineRows(y, d, x, p, q, r []float32) {
	want("gradients", len(d), len(x))
	c := rows{kind: combine, y: y, x: x, d: d, coef: [5][]float32{p, q, r}}
	c.run()
}

// CombineRowsReLU is CombineRows where d first becomes ReLUBackward's result for y = a*x + b.
func CombineRowsReLU(y, d, x, p, q, r, a, b []float32) {
	want("gradients", len(d), len(x))
	c := rows{kind: reluCombine, y: y, x: x, d: d, coef: [5][]float32{p, q, r, a, b}}
	c.run()
}
