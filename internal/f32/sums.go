package f32

import "unsafe"

// one is the left-hand side that makes products into sums.
var one float32 = 1

// SumRows computes dst[j] = sum over i of src[i*len(dst)+j]: the bias gradient of a dense layer. See addRows for the order.
func (c *Context) SumRows(dst, src []float32) {
	if len(dst) == 0 {
		return
	}
	n := len(src) / len(dst)
	want("rows", len(src), n*len(dst))
	c.addRows(dst, src, n, false)
}

// addRows sums n rows, or adds them to dst with more. Where rows are short, a power of two of them that divides n is
// treated as one long row; every column is summed by a chain of additions, cut after maxChain; and the columns that
// belong together are added in order.
func (c *Context) addRows(dst, src []float32, n int, more bool) {
	if !more {
		clear(dst)
	}
	if n == 0 {
		return
	}
	cols, fold := len(dst), 1
	for 2*fold*cols <= panel && n%(2*fold) == 0 {
		fold *= 2
	}
	if fold == 1 {
		c.addColumns(dst, src, n)
		return
	}
	long := c.take(scratchRows, panel)[:fold*cols]
	clear(long)
	c.addColumns(long, src, n/fold)
	for i, x := range long {
		dst[i%cols] = add(dst[i%cols], x)
	}
}

// addColumns adds the columns of n rows to dst.
func (c *Context) addColumns(dst, src []float32, n int) {
	cols := len(dst)
	for i := 0; i < n; i += maxChain {
		c.columns(&tileArgs{
			a: unsafe.Pointer(&one), b: address(src, i*cols), c: address(dst, 0),
			bK: 4 * cols, kI: min(maxChain, n-i), kO: 1, kG: 1, flags: addOld,
		}, 1, cols)
	}
}
