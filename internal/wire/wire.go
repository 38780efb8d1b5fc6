// Package wire reads and writes the bytes of messages: bits, variable-length integers, floats and the frame.
//
// Readers take slices that may hold anything. They never panic, and what they return is never longer than what they
// were given allows.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrTruncated is wrapped by errors about bytes that are missing.
var ErrTruncated = errors.New("the bytes end too early")

// AppendFloat32 appends x as IEEE 754 binary32, little-endian.
func AppendFloat32(dst []byte, x float32) []byte {
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
}

// Float32 reads what AppendFloat32 wrote and returns the bytes behind it.
func Float32(b []byte) (x float32, rest []byte, err error) {
	if len(b) < 4 {
		return 0, nil, fmt.Errorf("%w: a float32 takes 4, there are %d", ErrTruncated, len(b))
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b)), b[4:], nil
}

// AppendFloat32s appends the values of v, 4 bytes each.
func AppendFloat32s(dst []byte, v []float32) []byte {
	n := len(dst)
	dst = Grow(dst, 4*len(v))[:n+4*len(v)]
	out := dst[n:]
	for i, x := range v {
		binary.LittleEndian.PutUint32(out[4*i:4*i+4], math.Float32bits(x))
	}
	return dst
}

// ReadFloat32s fills v from the front of b and returns the bytes behind. It panics if b is shorter than 4 len(v).
func ReadFloat32s(v []float32, b []byte) (rest []byte) {
	in := b[:4*len(v)]
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(in[4*i : 4*i+4]))
	}
	return b[4*len(v):]
}

// Uvarint reads an unsigned LEB128 integer of at most max and returns the bytes behind it. Integers that are written
// longer than need be are refused, so that equal values have equal bytes.
func Uvarint(b []byte, max uint64) (x uint64, rest []byte, err error) {
	x, n := binary.Uvarint(b)
	switch {
	case n == 0:
		return 0, nil, fmt.Errorf("%w inside an integer", ErrTruncated)
	case n < 0:
		return 0, nil, errors.New("an integer is longer than 64 bits")
	case n > 1 && b[n-1] == 0:
		return 0, nil, errors.New("an integer is padded with zeros")
	case x > max:
		return 0, nil, fmt.Errorf("an integer is %d, above its bound of %d", x, max)
	}
	return x, b[n:], nil
}

// Grow returns dst with room for n more bytes. Its length stays.
func Grow(dst []byte, n int) []byte {
	if cap(dst)-len(dst) >= n {
		return dst
	}
	out := make([]byte, len(dst), len(dst)+n)
	copy(out, dst)
	return out
}
