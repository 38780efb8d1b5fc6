package f32

// Op says which operands of Gemm are transposed.
type Op uint8

// The products that training needs.
const (
	NN Op = iota // C += A B,  A is m x k, B is k x n
	NT           // C += A Bt, A is m x k, B is n x k
	TN           // C += At B, A is k x m, B is k x n
)

// Gemm adds a matrix product to C, which is m x n. Terms of each element of C are added in ascending order of k,
// except under NT, where they are summed before they are added to C. Zeros in A contribute nothing, not even where B is infinite or not a number.
func (s *Scratch) Gemm(op Op, m, n, k int, a, b, c []float32) {
	switch op {
	case NN:
		gemmNN(m, n, k, a, b, c)
	case NT:
		s.gemmNT(m, n, k, a, b, c)
	case TN:
		gemmTN(m, n, k, a, b, c)
	}
}

// gemmNN reads each row of B once for all rows of C.
func gemmNN(m, n, k int, a, b, c []float32) {
	for l := range k {
		row := b[l*n : l*n+n]
		for i := range m {
			if x := a[i*k+l]; x != 0 {
				Axpy(x, row, c[i*n:i*n+n])
			}
		}
	}
}

// gemmTN finishes one row of C before the next.
func gemmTN(m, n, k int, a, b, c []float32) {
	for i := range m {
		row := c[i*n : i*n+n]
		for l := range k {
			if x := a[l*m+i]; x != 0 {
				Axpy(x, b[l*n:l*n+n], row)
			}
		}
	}
}

// gemmNT takes dot products of rows; those of A are copied to aligned memory.
func (s *Scratch) gemmNT(m, n, k int, a, b, c []float32) {
	stride := padded(k)
	rows := grow(&s.patches, m*stride)
	for i := range m {
		copy(rows[i*stride:], a[i*k:i*k+k])
	}
	for j := range n {
		row := b[j*k : j*k+k]
		for i := range m {
			c[i*n+j] += dot(row, rows[i*stride:i*stride+k])
		}
	}
}
