package wire

import "math/bits"

// omegaWords are the code words of the first integers, to be written in one piece: the word and its length.
var omegaWords = func() (words [256]struct {
	word uint32
	size uint8
}) {
	for x := 1; x < len(words); x++ {
		word, size := uint32(0), uint(1)
		for n := uint32(x); n > 1; n = uint32(bits.Len32(n) - 1) {
			word |= n << size
			size += uint(bits.Len32(n))
		}
		words[x].word, words[x].size = word, uint8(size)
	}
	return words
}()

// Omega appends x, at least 1 and below 1<<32, in Elias's recursive (omega) code: a zero, and before it x in binary,
// before that the number of x's bits less one in binary, and so on down to 1, which is not written (Elias, IEEE Trans.
// Inf. Theory 21, 1975). 1 is 0, 2 is 100, 3 is 110, 4 is 101000.
func (w *MSBWriter) Omega(x uint64) {
	if x < uint64(len(omegaWords)) {
		w.Write(uint64(omegaWords[x].word), uint(omegaWords[x].size))
		return
	}
	// From 256 on the words are those of the number of x's bits less one, without their final zero, and x.
	width := uint(bits.Len64(x))
	head := omegaWords[width-1]
	w.Write(uint64(head.word>>1), uint(head.size-1))
	w.Write(x, width)
	w.Write(0, 1)
}

// OmegaSize returns the length in bits of x in the omega code.
func OmegaSize(x uint64) int {
	if x < uint64(len(omegaWords)) {
		return int(omegaWords[x].size)
	}
	width := bits.Len64(x)
	return int(omegaWords[width-1].size) + width
}

// Omega reads an integer in Elias's omega code, 0 if there is none below 1<<32.
func (r *MSBReader) Omega() uint64 {
	x := uint64(1)
	for r.Peek(1) == 1 {
		if x >= 32 {
			r.short = true
			return 0
		}
		x = r.Read(uint(x) + 1)
	}
	r.Skip(1)
	if r.short {
		return 0
	}
	return x
}
