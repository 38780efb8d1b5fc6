package f32

import "unsafe"

// moveArgs describes a transposition to the assembly: 8 rows of 8n values at src become 8n rows of 8 values at dst.
// Strides are in bytes. The assembly knows this struct by its order.
type moveArgs struct {
	src, dst       *float32
	srcRow, dstRow int
	n              int
}

// panel is the number of columns of a packed panel.
const panel = 32

// transpose copies the rows x cols matrix src with the given row stride to dst as cols x rows.
func transpose(dst []float32, dstRow int, src []float32, srcRow, rows, cols int) {
	r8, c8 := 0, 0
	if kern.level > portable && rows >= 8 && cols >= 8 {
		r8, c8 = rows&^7, cols&^7
	}
	for r := 0; r < r8; r += 8 {
		transposeAsm(&moveArgs{&src[r*srcRow], &dst[r], 4 * srcRow, 4 * dstRow, c8 / 8})
	}
	for r := 0; r < rows; r++ {
		first := 0
		if r < r8 {
			first = c8
		}
		for j := first; j < cols; j++ {
			dst[j*dstRow+r] = src[r*srcRow+j]
		}
	}
}

// packRows copies the k x n matrix src with the given row stride to panels: [ceil(n/32)][k][32], filled up with zeros.
func packRows(dst, src []float32, stride, k, n int) {
	for i := range k {
		row, out := src[i*stride:][:n], dst[i*panel:]
		for len(row) >= panel {
			*(*[panel]float32)(out) = *(*[panel]float32)(row)
			if row = row[panel:]; len(row) > 0 {
				out = out[k*panel:]
			}
		}
		if len(row) > 0 {
			clear(out[copy(out[:panel], row):panel])
		}
	}
}

// packColumns copies the transpose of the n x k matrix src with the given row stride to panels: [ceil(n/32)][k][32].
func packColumns(dst, src []float32, stride, k, n int) {
	for j := 0; j < n; j += panel {
		w := min(panel, n-j)
		if w < panel {
			clear(dst[:k*panel])
		}
		transpose(dst, panel, src[j*stride:], stride, w, k)
		dst = dst[k*panel:]
	}
}

// panels returns how many floats the packed form of k x n values takes.
func panels(k, n int) int { return (n + panel - 1) / panel * panel * k }

// right is a right-hand side as the micro-kernels read it: values of one row lie together within a panel.
type right struct {
	p            unsafe.Pointer
	rowK, column int // bytes from k to k+1, and from one panel to the next
}

func (b right) at(k, j int) unsafe.Pointer {
	return unsafe.Add(b.p, k*b.rowK+j/panel*b.column+4*(j%panel))
}
