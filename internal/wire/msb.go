package wire

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// MSBWriter appends bits to Buf, the first bit into a byte's most significant place.
type MSBWriter struct {
	Buf []byte
	acc uint64 // its n lowest bits wait to be written
	n   uint   // below 32
}

// Write appends the low width bits of x, the highest first. width is at most 32 and x has no bits above it.
func (w *MSBWriter) Write(x uint64, width uint) {
	w.acc = w.acc<<width | x
	w.n += width
	if w.n >= 32 {
		w.n -= 32
		w.Buf = binary.BigEndian.AppendUint32(w.Buf, uint32(w.acc>>w.n))
	}
}

// Gamma appends x, at least 1 and below 1<<32, in Elias's gamma code: as many zeros as x has bits below its highest,
// then x (Elias, IEEE Trans. Inf. Theory 21, 1975).
func (w *MSBWriter) Gamma(x uint64) {
	width := uint(bits.Len64(x))
	w.Write(0, width-1)
	w.Write(x, width)
}

// GammaSize returns the length in bits of x in the gamma code.
func GammaSize(x uint64) int { return 2*bits.Len64(x) - 1 }

// Flush fills the last byte with zero bits and returns Buf.
func (w *MSBWriter) Flush() []byte {
	for w.n > 0 {
		take := min(w.n, 8)
		w.Buf = append(w.Buf, byte(w.acc<<(64-w.n)>>56))
		w.n -= take
	}
	return w.Buf
}

// MSBReader reads what an MSBWriter wrote. Beyond the end it reads zeros and remembers having done so.
type MSBReader struct {
	in    []byte
	pos   int    // of the first byte that is not counted in n
	acc   uint64 // below its n highest bits may stand bits of the bytes at pos, in their right places
	n     uint
	short bool
}

// NewMSBReader returns a reader of b.
func NewMSBReader(b []byte) MSBReader { return MSBReader{in: b} }

func (r *MSBReader) fill() {
	if r.pos+8 <= len(r.in) {
		r.acc |= binary.BigEndian.Uint64(r.in[r.pos:]) >> r.n
		take := (63 - r.n) >> 3
		r.pos += int(take)
		r.n += take << 3
		return
	}
	for r.n <= 56 && r.pos < len(r.in) {
		r.acc |= uint64(r.in[r.pos]) << (56 - r.n)
		r.pos++
		r.n += 8
	}
}

// Peek returns the next width bits, 1 to 32, without reading them. Behind the end stand zeros.
func (r *MSBReader) Peek(width uint) uint64 {
	if r.n < width {
		r.fill()
	}
	return r.acc >> (64 - width)
}

// Skip reads width bits, at most as many as were peeked at.
func (r *MSBReader) Skip(width uint) {
	if r.n < width {
		r.short, r.acc, r.n = true, 0, 0
		return
	}
	r.acc <<= width
	r.n -= width
}

// Read returns the next width bits, 1 to 32.
func (r *MSBReader) Read(width uint) uint64 {
	x := r.Peek(width)
	r.Skip(width)
	return x
}

// Gamma reads an integer in Elias's gamma code, 0 if there is none below 1<<32.
func (r *MSBReader) Gamma() uint64 {
	zeros := uint(bits.LeadingZeros32(uint32(r.Peek(32))))
	if zeros == 32 {
		r.short = true
		return 0
	}
	r.Skip(zeros)
	return r.Read(zeros + 1)
}

// Short reports whether more was read than there is.
func (r *MSBReader) Short() bool { return r.short }

// Rest ends the reading inside the present byte, whose unread bits have to be zero, and returns the bytes behind it.
func (r *MSBReader) Rest() ([]byte, error) {
	if r.short {
		return nil, fmt.Errorf("%w inside a string of bits", ErrTruncated)
	}
	if pad := r.n % 8; pad > 0 && r.acc>>(64-pad) != 0 {
		return nil, ErrPadding
	}
	return r.in[r.pos-int(r.n/8):], nil
}
