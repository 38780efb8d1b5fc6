package f32

// pairCount returns how many pairs k values make.
func pairCount(k int) int { return (k + 1) / 2 }

// pairedProduct is MatMul in bfloat16.
func (c *Context) pairedProduct(dst, a, b Matrix, e Epilogue) {
	c.operands = pairs
	defer func() { c.operands = 0 }()
	left := c.pairLeft(a)
	if b.ColStride != 1 {
		c.pairedTurned(dst, left, b.T(), e)
		return
	}
	c.wovenProduct(dst, left, b, e)
}

// pairedTurned computes dst = a*t^T, rounding and transposing a panel of t at a time.
func (c *Context) pairedTurned(dst, a, t Matrix, e Epilogue) {
	pack := c.take(scratchPanels, blockK*panel)
	for j := 0; j < dst.Cols; j += panel {
		w := min(panel, dst.Cols-j)
		rows := t
		rows.Data, rows.Rows = t.Data[j*t.RowStride:], w
		words := c.pairRows(scratchRight, rows)
		for k := 0; k < a.Cols; k += blockK {
			n := min(blockK, a.Cols-k)
			packColumns(pack, words.Data[k:], words.RowStride, n, w)
			for i := 0; i < w; i += kern.width {
				c.prepare(dst, a, e, k, n, j+i)
				c.tile.b, c.tile.bK = address(pack, i), 4*panel
				c.rowTiles(dst.Rows, min(kern.width, w-i))
			}
		}
	}
}

// pairLeft returns a as words, pairs along its columns.
func (c *Context) pairLeft(a Matrix) Matrix {
	switch {
	case a.ColStride == 1:
		return c.pairRows(scratchLeft, a)
	case a.RowStride == 1:
		return c.pairColumns(a)
	}
	plain := c.take(scratchRows, a.Rows*a.Cols)
	for i := range plain {
		plain[i] = a.Data[i/a.Cols*a.RowStride+i%a.Cols*a.ColStride]
	}
	return c.pairRows(scratchLeft, RowMajor(plain, a.Rows, a.Cols))
}

// pairRows joins neighbours in the rows of m. Rows of the result lie so that they don't compete for the same few sets of
// the first-level cache.
func (c *Context) pairRows(use int, m Matrix) Matrix {
	words := pairCount(m.Cols)
	stride := words + 16 - words%16 + 16*(words/16%2)
	out := c.take(use, m.Rows*stride+panel)
	couple(out, stride, m.Data, m.RowStride, m.Rows, m.Cols)
	return Matrix{out, m.Rows, words, stride, 1}
}

// pairColumns joins neighbouring columns of m, which lie together.
func (c *Context) pairColumns(m Matrix) Matrix {
	words := pairCount(m.Cols)
	out := c.take(scratchLeft, words*m.Rows+panel)
	weave(out, m.Rows, panel, m.Data, m.ColStride, m.Cols, m.Rows)
	return Matrix{out, m.Rows, words, 1, m.Rows}
}

// wovenProduct joins rows of B two by two, in panels. A small B is packed as a whole and results are finished row by row;
// of a large one a few rows are packed at a time, all columns of them.
func (c *Context) wovenProduct(dst, a, b Matrix, e Epilogue) {
	if a.Cols*b.Cols <= smallB && dst.Rows >= packFrom {
		c.wovenRowwise(dst, a, b, e)
		return
	}
	step := min(blockK, max(32, smallB/b.Cols))
	pack := c.take(scratchPanels, panels(step+1, b.Cols))
	for k := 0; k < a.Cols; k += step {
		n := min(step, a.Cols-k)
		r := weaveRows(pack, b, k, n)
		for j := 0; j < dst.Cols; j += kern.width {
			c.prepare(dst, a, e, k, n, j)
			c.tile.b, c.tile.bK = r.at(0, j), r.rowK
			c.rowTiles(dst.Rows, min(kern.width, dst.Cols-j))
		}
	}
}

// weaveRows packs n pairs of rows of b, from pair k on, in panels. An odd number of rows between panels keeps them from
// competing for the same few sets of the first-level cache.
func weaveRows(pack []float32, b Matrix, k, n int) right {
	step := panel * (n | 1)
	weave(pack, panel, step, b.Data[2*k*b.RowStride:], b.RowStride, min(2*n, b.Rows-2*k), b.Cols)
	return right{address(pack, 0), 4 * panel, 4 * step}
}

func (c *Context) wovenRowwise(dst, a, b Matrix, e Epilogue) {
	k := a.Cols
	r := weaveRows(c.take(scratchPanels, panels(k+1, b.Cols)), b, 0, k)
	full := dst.Cols / panel * panel
	for i := 0; i < dst.Rows; {
		h := min(kern.height(panel), dst.Rows-i)
		sub, top := dst, a
		sub.Data, top.Data = dst.Data[i*dst.RowStride:], a.Data[i*a.RowStride:]
		for j := 0; j < dst.Cols; j += kern.width {
			c.prepare(sub, top, e, 0, k, j)
			p := &c.tile
			p.b, p.bK = r.at(0, j), r.rowK
			if kern.width == panel && j == 0 && full > 0 {
				p.flags |= c.operands
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
