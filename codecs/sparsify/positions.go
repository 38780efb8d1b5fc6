package sparsify

import "flsim/codecs/internal/positions"

// AppendPositions appends the positions that were kept of n elements, which are given in ascending order, in whichever of
// two ways is shorter: one bit for each element, or the gaps in a Golomb-Rice code. It is what a Sparsifier's Select does
// in most cases.
func AppendPositions(dst []byte, kept []int32, n int) []byte { return positions.Append(dst, kept, n) }

// ReadPositions reads what AppendPositions wrote for n elements, and returns the bytes behind. It is what a Sparsifier's
// Positions does in most cases, and takes any bytes.
func ReadPositions(msg []byte, n int) (kept []int32, rest []byte, err error) {
	return positions.Read(msg, n)
}
