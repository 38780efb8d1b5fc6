// Package magnitude finds order statistics of absolute values in linear time.
package magnitude

import "math"

// Key returns the bits of |x|, which order finite values by magnitude.
func Key(x float32) uint32 { return math.Float32bits(x) &^ (1 << 31) }

// Largest returns the key of the k-th largest magnitude in v, k from 1 to len(v), and how many are larger than it.
// It is a radix selection: three passes over v, each of which settles 11, 10 and 10 of the key's 31 bits.
func Largest(v []float32, k int) (key uint32, larger int) {
	if k < 1 || k > len(v) {
		panic("magnitude: k is not a rank in v")
	}
	var counts [1 << 11]int32
	settled := uint32(0) // bits of the key that are known, below them zeros
	for _, digit := range [...]struct{ shift, width uint }{{20, 11}, {10, 10}, {0, 10}} {
		bins := counts[:1<<digit.width]
		clear(bins)
		mask := uint32(len(bins) - 1)
		for _, x := range v {
			if d := Key(x) ^ settled; d>>digit.shift <= mask {
				bins[d>>digit.shift&mask]++
			}
		}
		bin := len(bins) - 1
		for larger+int(bins[bin]) < k {
			larger += int(bins[bin])
			bin--
		}
		settled |= uint32(bin) << digit.shift
	}
	return settled, larger
}
