// Package positions codes ascending positions in whichever of two ways is shorter.
package positions

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"flsim/internal/wire"
)

// How positions are coded, in the byte behind their number. From codeRice on, the byte less codeRice is the parameter
// of the Rice code.
const (
	codeBitmap = 0
	codeRice   = 1
	maxRice    = 31
)

var errGap = errors.New("positions: one is beyond the end of the vector")

// Append appends ascending positions below n in whichever code is shorter: one bit for every position of the
// vector, or the gaps between positions in the code of Golomb, IEEE Trans. Inf. Theory 12, 1966, with a power of two
// as its parameter, as Rice has it. If none or all are chosen their number says so.
func Append(dst []byte, kept []int32, n int) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(kept)))
	if len(kept) == 0 || len(kept) == n {
		return dst
	}
	r, size := bestRice(kept, n)
	if size < uint64(n) {
		return appendRice(append(dst, byte(codeRice+r)), kept, r)
	}
	return appendBitmap(append(dst, codeBitmap), kept, n)
}

// bestRice returns the parameter that codes the positions shortest, and the bits that they take. The best one is near
// the mean gap's logarithm.
func bestRice(kept []int32, n int) (r uint, size uint64) {
	first := uint(max(bits.Len(uint(n/len(kept)))-2, 0))
	for candidate := first; candidate <= first+2; candidate++ {
		var sum uint64
		next := int32(0)
		for _, at := range kept {
			sum += uint64(at-next) >> candidate
			next = at + 1
		}
		sum += uint64(len(kept)) * uint64(candidate+1)
		if candidate == first || sum < size {
			r, size = candidate, sum
		}
	}
	return r, size
}

func appendRice(dst []byte, kept []int32, r uint) []byte {
	w := wire.LSBWriter{Buf: dst}
	next := int32(0)
	for _, at := range kept {
		gap := uint64(at - next)
		w.Zeros(gap >> r)
		w.Write(1, 1)
		w.Write(gap&(1<<r-1), r)
		next = at + 1
	}
	return w.Flush()
}

func appendBitmap(dst []byte, kept []int32, n int) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, (n+7)/8)...)
	for _, at := range kept {
		dst[start+int(at)/8] |= 1 << (at % 8)
	}
	return dst
}

// Read reads what Append wrote and returns the bytes behind it.
func Read(msg []byte, n int) (kept []int32, rest []byte, err error) {
	count, msg, err := wire.Uvarint(msg, uint64(n))
	if err != nil {
		return nil, nil, fmt.Errorf("number of positions: %w", err)
	}
	switch count {
	case 0:
		return nil, msg, nil
	case uint64(n):
		return UpTo(n), msg, nil
	}
	if len(msg) == 0 {
		return nil, nil, fmt.Errorf("%w before the positions", wire.ErrTruncated)
	}
	switch code := msg[0]; {
	case code == codeBitmap:
		return readBitmap(msg[1:], int(count), n)
	case code <= codeRice+maxRice:
		return readRice(msg[1:], int(count), n, uint(code-codeRice))
	default:
		return nil, nil, fmt.Errorf("positions: code %d is unknown", code)
	}
}

// UpTo returns the positions 0 to n-1.
func UpTo(n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

func readRice(msg []byte, count, n int, r uint) ([]int32, []byte, error) {
	if count > 8*len(msg)/int(r+1) {
		return nil, nil, fmt.Errorf("%w: %d positions are claimed", wire.ErrTruncated, count)
	}
	kept := make([]int32, count)
	in := wire.NewLSBReader(msg)
	next := uint64(0)
	for i := range kept {
		high := in.Zeros()
		if high > uint64(n)>>r {
			return nil, nil, errGap
		}
		at := next + high<<r + in.Read(r)
		if at >= uint64(n) {
			return nil, nil, errGap
		}
		kept[i] = int32(at)
		next = at + 1
	}
	rest, err := in.Rest()
	if err != nil {
		return nil, nil, fmt.Errorf("positions: %w", err)
	}
	return kept, rest, nil
}

func readBitmap(msg []byte, count, n int) ([]int32, []byte, error) {
	size := (n + 7) / 8
	if len(msg) < size {
		return nil, nil, fmt.Errorf("%w: a bitmap of %d positions takes %d, there are %d", wire.ErrTruncated, n, size, len(msg))
	}
	kept := make([]int32, 0, count)
	for i, b := range msg[:size] {
		for ; b != 0; b &= b - 1 {
			at := 8*i + bits.TrailingZeros8(b)
			if len(kept) == count || at >= n {
				return nil, nil, fmt.Errorf("positions: the bitmap has more than its %d", count)
			}
			kept = append(kept, int32(at))
		}
	}
	if len(kept) != count {
		return nil, nil, fmt.Errorf("positions: the bitmap has %d and not %d", len(kept), count)
	}
	return kept, msg[size:], nil
}
