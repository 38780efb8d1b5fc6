package wire

import (
	"encoding/binary"
	"fmt"
)

// PackedSize returns the bytes that count symbols of width bits take: ceil(width count / 8).
func PackedSize(count int, width uint) int { return int((uint64(count)*uint64(width) + 7) / 8) }

// AppendPacked appends symbols at width bits each, at most 32, least significant bit first, the last byte filled with
// zeros.
func AppendPacked(dst []byte, symbols []uint32, width uint) []byte {
	dst = Grow(dst, PackedSize(len(symbols), width))
	switch width {
	case 8:
		for _, x := range symbols {
			dst = append(dst, byte(x))
		}
		return dst
	case 16:
		for _, x := range symbols {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(x))
		}
		return dst
	}
	w := LSBWriter{Buf: dst}
	for _, x := range symbols {
		w.Write(uint64(x), width)
	}
	return w.Flush()
}

// Unpack fills symbols from b, which has to be exactly what AppendPacked made of as many.
func Unpack(symbols []uint32, b []byte, width uint) error {
	if want := PackedSize(len(symbols), width); len(b) != want {
		return fmt.Errorf("%d symbols of %d bits take %d bytes, there are %d", len(symbols), width, want, len(b))
	}
	if width == 8 {
		for i, x := range b {
			symbols[i] = uint32(x)
		}
		return nil
	}
	r := NewLSBReader(b)
	for i := range symbols {
		symbols[i] = uint32(r.Read(width))
	}
	_, err := r.Rest()
	return err
}
