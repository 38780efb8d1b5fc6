package f32

import (
	"fmt"
	"unsafe"
)

// Matrix is a view of a Rows x Cols matrix: element (i, j) is Data[i*RowStride + j*ColStride]. Rows may overlap.
type Matrix struct {
	Data                 []float32
	Rows, Cols           int
	RowStride, ColStride int
}

// RowMajor returns the view of data as rows x cols values, row after row.
func RowMajor(data []float32, rows, cols int) Matrix {
	return Matrix{data, rows, cols, cols, 1}
}

// T returns the transpose of m, over the same data.
func (m Matrix) T() Matrix { return Matrix{m.Data, m.Cols, m.Rows, m.ColStride, m.RowStride} }

// check panics unless the view lies within its data.
func (m Matrix) check(name string) {
	if m.Rows < 0 || m.Cols < 0 || m.RowStride < 0 || m.ColStride < 0 {
		panic(fmt.Sprintf("f32: matrix %s has a negative size or stride", name))
	}
	if m.Rows > 0 && m.Cols > 0 && (m.Rows-1)*m.RowStride+(m.Cols-1)*m.ColStride >= len(m.Data) {
		panic(fmt.Sprintf("f32: matrix %s of %dx%d exceeds its %d values", name, m.Rows, m.Cols, len(m.Data)))
	}
}

// Epilogue says where a product's sums start and what happens to them in the end.
type Epilogue struct {
	Bias       []float32 // one per column: sums start there instead of at 0
	Accumulate bool      // sums start at the old results; excludes Bias
	ReLU       bool      // negative results become 0
}

// blockK is how much of k is done at once, so that 32 columns of B stay in the first-level cache. Sums continue from
// block to block, so it doesn't show in the results.
const blockK = 256

// smallB is the number of values up to which B stays in the second-level cache as it is.
const smallB = 1 << 16

// packFrom is the number of rows of A from which even a small B is packed rather than read in place.
const packFrom = 128

// MatMul computes dst = a*b. Every result is one chain of fused multiply-adds in ascending k, starting as e says.
// dst must have ColStride 1, and b one stride of 1; a may have any strides.
func (c *Context) MatMul(dst, a, b Matrix, e Epilogue) {
	checkProduct(dst, a, b, e)
	if dst.Rows == 0 || dst.Cols == 0 {
		return
	}
	if a.Cols == 0 {
		emptyProduct(dst, e)
		return
	}
	if c.mustPair() {
		c.pairedProduct(dst, a, b, e)
		return
	}
	a = c.spread(a)
	size := b.Rows * b.Cols
	small := size <= smallB
	switch {
	case b.ColStride != 1:
		c.turnedProduct(dst, a, b, e)
	case b.Cols <= panel || small && a.Rows < packFrom || a.Rows <= 16 && size <= 4*smallB:
		c.directProduct(dst, a, b, e)
	case small:
		c.rowwiseProduct(dst, a, b, e)
	default:
		c.packedProduct(dst, a, b, e)
	}
}

func checkProduct(dst, a, b Matrix, e Epilogue) {
	dst.check("dst")
	a.check("a")
	b.check("b")
	if a.Rows != dst.Rows || b.Cols != dst.Cols || a.Cols != b.Rows {
		panic(fmt.Sprintf("f32: MatMul of %dx%d and %dx%d into %dx%d", a.Rows, a.Cols, b.Rows, b.Cols, dst.Rows, dst.Cols))
	}
	if dst.ColStride != 1 || b.ColStride != 1 && b.RowStride != 1 {
		panic("f32: MatMul needs unit stride along the rows of dst and along the rows or columns of b")
	}
	if e.Bias != nil && (e.Accumulate || len(e.Bias) != dst.Cols) {
		panic("f32: MatMul: the bias needs one value per column and excludes accumulation")
	}
}

// emptyProduct stores what sums of nothing are.
func emptyProduct(dst Matrix, e Epilogue) {
	for i := 0; i < dst.Rows; i++ {
		row := dst.Data[i*dst.RowStride:][:dst.Cols]
		switch {
		case e.Bias != nil:
			copy(row, e.Bias)
		case !e.Accumulate:
			clear(row)
		}
		for j, x := range row {
			row[j] = flush(x)
			if e.ReLU {
				row[j] = relu(x)
			}
		}
	}
}

// spread copies a if its rows lie so that they would compete for the same few sets of the first-level cache.
func (c *Context) spread(a Matrix) Matrix {
	if a.ColStride != 1 || a.RowStride%128 != 0 || a.Rows <= 4 {
		return a
	}
	stride := a.Cols + 16 - a.Cols%16 + 16*(a.Cols/16%2)
	out := c.take(scratchRows, a.Rows*stride)
	for i := 0; i < a.Rows; i++ {
		copy(out[i*stride:], a.Data[i*a.RowStride:][:a.Cols])
	}
	return Matrix{out, a.Rows, a.Cols, stride, 1}
}

// directProduct reads B in place.
func (c *Context) directProduct(dst, a, b Matrix, e Epilogue) {
	r := right{address(b.Data, 0), 4 * b.RowStride, 4 * panel}
	for k := 0; k < a.Cols; k += blockK {
		n := min(blockK, a.Cols-k)
		for j := 0; j < dst.Cols; j += kern.width {
			c.prepare(dst, a, e, k, n, j)
			c.tile.b, c.tile.bK = r.at(k, j), r.rowK
			c.rowTiles(dst.Rows, min(kern.width, dst.Cols-j))
		}
	}
}

// packedProduct packs a few rows of B at a time, all columns of them, which reads memory in order.
func (c *Context) packedProduct(dst, a, b Matrix, e Epilogue) {
	step := min(blockK, max(32, smallB/b.Cols))
	pack := c.take(scratchPanels, panels(step, b.Cols))
	for k := 0; k < a.Cols; k += step {
		n := min(step, a.Cols-k)
		packRows(pack, b.Data[k*b.RowStride:], b.RowStride, n, b.Cols)
		r := right{address(pack, 0), 4 * panel, 4 * panel * n}
		for j := 0; j < dst.Cols; j += kern.width {
			c.prepare(dst, a, e, k, n, j)
			c.tile.b, c.tile.bK = r.at(0, j), r.rowK
			c.rowTiles(dst.Rows, min(kern.width, dst.Cols-j))
		}
	}
}

// turnedProduct transposes a panel of B at a time.
func (c *Context) turnedProduct(dst, a, b Matrix, e Epilogue) {
	pack := c.take(scratchPanels, blockK*panel)
	for j := 0; j < dst.Cols; j += panel {
		w := min(panel, dst.Cols-j)
		for k := 0; k < a.Cols; k += blockK {
			n := min(blockK, a.Cols-k)
			packColumns(pack, b.Data[k+j*b.ColStride:], b.ColStride, n, w)
			for i := 0; i < w; i += kern.width {
				c.prepare(dst, a, e, k, n, j+i)
				c.tile.b, c.tile.bK = address(pack, i), 4*panel
				c.rowTiles(dst.Rows, min(kern.width, w-i))
			}
		}
	}
}

// rowwiseProduct packs all of a small B and finishes the results row by row, which suits the many rows of a weight
// gradient.
func (c *Context) rowwiseProduct(dst, a, b Matrix, e Epilogue) {
	pack := c.take(scratchPanels, panels(b.Rows, b.Cols))
	packRows(pack, b.Data, b.RowStride, b.Rows, b.Cols)
	r := right{address(pack, 0), 4 * panel, 4 * panel * b.Rows}
	full := dst.Cols / panel * panel
	for i := 0; i < dst.Rows; {
		h := min(kern.height(panel), dst.Rows-i)
		sub, top := dst, a
		sub.Data, top.Data = dst.Data[i*dst.RowStride:], a.Data[i*a.RowStride:]
		for j := 0; j < dst.Cols; j += kern.width {
			c.prepare(sub, top, e, 0, b.Rows, j)
			p := &c.tile
			p.b, p.bK = r.at(0, j), r.rowK
			if kern.width == panel && j == 0 && full > 0 {
				p.aT, p.bT, p.cT, p.iT = 0, r.column, 4*panel, 4*panel
				p.run(h, panel, full/panel)
				j = full - panel
				continue
			}
			c.rowTiles(h, min(kern.width, dst.Cols-j))
		}
		i += h
	}
}

// prepare points the tile at n steps of k from k on, and at the columns of dst from j on.
func (c *Context) prepare(dst, a Matrix, e Epilogue, k, n, j int) {
	p := &c.tile
	*p = tileArgs{
		a: address(a.Data, k*a.ColStride), aRow: 4 * a.RowStride, aK: 4 * a.ColStride,
		c: address(dst.Data, j), cRow: 4 * dst.RowStride,
		kI: n, kO: 1, kG: 1,
	}
	switch {
	case k > 0 || e.Accumulate:
		p.init, p.iRow = p.c, p.cRow
	case e.Bias != nil:
		p.init = address(e.Bias, j)
	}
	if e.ReLU && k+n == a.Cols {
		p.flags = clip
	}
}

// rowTiles computes m rows by tiles of nearly equal height, one below the other.
func (c *Context) rowTiles(m, cols int) {
	c.tile.flags |= c.operands
	most := kern.height(cols)
	tiles := (m + most - 1) / most
	low, high := m/tiles, m%tiles
	p := c.tile
	if high > 0 {
		c.tile.down(low+1).run(low+1, cols, high)
	}
	if low > 0 && tiles > high {
		skip := high * (low + 1)
		c.tile = p
		q := &c.tile
		q.a, q.c = unsafe.Add(p.a, skip*p.aRow), unsafe.Add(p.c, skip*p.cRow)
		if p.init != nil {
			q.init = unsafe.Add(p.init, skip*p.iRow)
		}
		q.down(low).run(low, cols, tiles-high)
	}
}

// down makes each tile follow below the one before, h rows further.
func (p *tileArgs) down(h int) *tileArgs {
	p.aT, p.bT, p.cT, p.iT = h*p.aRow, 0, h*p.cRow, h*p.iRow
	return p
}
