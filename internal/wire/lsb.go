package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// ErrPadding is returned where the last byte's unused bits are not zero or whole bytes are left over.
var ErrPadding = errors.New("there is something behind the last value")

// LSBWriter appends bits to Buf, the first bit into a byte's least significant place.
type LSBWriter struct {
	Buf []byte
	acc uint64
	n   uint // bits in acc, below 32
}

// Write appends the low width bits of x, the lowest first. width is at most 32 and x has no bits above it.
func (w *LSBWriter) Write(x uint64, width uint) {
	w.acc |= x << w.n
	w.n += width
	if w.n >= 32 {
		w.Buf = binary.LittleEndian.AppendUint32(w.Buf, uint32(w.acc))
		w.acc >>= 32
		w.n -= 32
	}
}

// Zeros appends count zero bits.
func (w *LSBWriter) Zeros(count uint64) {
	for ; count > 32; count -= 32 {
		w.Write(0, 32)
	}
	w.Write(0, uint(count))
}

// Flush fills the last byte with zero bits and returns Buf.
func (w *LSBWriter) Flush() []byte {
	for ; w.n > 0; w.n -= min(w.n, 8) {
		w.Buf = append(w.Buf, byte(w.acc))
		w.acc >>= 8
	}
	return w.Buf
}

// LSBReader reads what an LSBWriter wrote. Beyond the end it reads zeros and remembers having done so.
type LSBReader struct {
	in    []byte
	pos   int    // of the first byte that is not counted in n
	acc   uint64 // above its n lowest bits may stand bits of the bytes at pos, in their right places
	n     uint
	short bool
}

// NewLSBReader returns a reader of b.
func NewLSBReader(b []byte) LSBReader { return LSBReader{in: b} }

func (r *LSBReader) fill() {
	if r.pos+8 <= len(r.in) {
		r.acc |= binary.LittleEndian.Uint64(r.in[r.pos:]) << r.n
		take := (63 - r.n) >> 3
		r.pos += int(take)
		r.n += take << 3
		return
	}
	for r.n <= 56 && r.pos < len(r.in) {
		r.acc |= uint64(r.in[r.pos]) << r.n
		r.pos++
		r.n += 8
	}
}

// Read returns the next width bits, at most 32.
func (r *LSBReader) Read(width uint) uint64 {
	if r.n < width {
		if r.fill(); r.n < width {
			r.short, r.n, r.acc = true, 0, 0
			return 0
		}
	}
	x := r.acc & (1<<width - 1)
	r.acc >>= width
	r.n -= width
	return x
}

// Zeros counts the zero bits before the next one bit and skips them with it.
func (r *LSBReader) Zeros() uint64 {
	var count uint64
	for {
		if r.fill(); r.n == 0 {
			r.short = true
			return 0
		}
		if z := uint(bits.TrailingZeros64(r.acc)); z < r.n {
			r.acc >>= z + 1
			r.n -= z + 1
			return count + uint64(z)
		}
		count += uint64(r.n)
		r.acc, r.n = 0, 0
	}
}

// Rest ends the reading inside the present byte, whose unread bits have to be zero, and returns the bytes behind it.
func (r *LSBReader) Rest() ([]byte, error) {
	if r.short {
		return nil, fmt.Errorf("%w inside a string of bits", ErrTruncated)
	}
	if pad := r.n % 8; r.acc&(1<<pad-1) != 0 {
		return nil, ErrPadding
	}
	return r.in[r.pos-int(r.n/8):], nil
}
