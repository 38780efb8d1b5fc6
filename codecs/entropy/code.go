package entropy

import (
	"errors"
	"slices"

	"flsim/codecs"
	"flsim/internal/wire"
)

// maxLength bounds the code words, in bits. A code of 2^16 symbols needs 16; what a bound of 20 costs is far below a
// thousandth.
const maxLength = 20

// codeLengths fills lengths with those of a Huffman code for symbols that occur counts times, 0 where they do not.
// At least two symbols have to occur. If the code is too deep, counts are halved and it is built anew.
func codeLengths(lengths []uint8, counts []uint32) {
	clear(lengths)
	var leaves []uint64 // count, symbol
	for symbol, c := range counts {
		if c > 0 {
			leaves = append(leaves, uint64(c)<<32|uint64(symbol))
		}
	}
	slices.Sort(leaves)
	depth := make([]uint8, 2*len(leaves)-1)
	for huffmanDepths(depth, leaves) > maxLength {
		for i, leaf := range leaves {
			leaves[i] = (leaf>>32+1)/2<<32 | leaf&0xffffffff
		}
	}
	for i, leaf := range leaves {
		lengths[uint32(leaf)] = depth[i]
	}
}

// huffmanDepths builds a Huffman tree over leaves, which ascend by count (the upper 32 bits), with the two-queue
// method of van Leeuwen (ICALP 1976). It fills depth, leaves first, inner nodes behind, and returns the greatest depth.
func huffmanDepths(depth []uint8, leaves []uint64) uint8 {
	n := len(leaves)
	weight := make([]uint64, len(depth))
	parent := make([]int32, len(depth))
	for i, leaf := range leaves {
		weight[i] = leaf >> 32
	}
	leaf, inner := 0, n
	for node := n; node < len(weight); node++ {
		for range 2 {
			least := inner
			if inner == node || leaf < n && weight[leaf] <= weight[inner] {
				least = leaf
				leaf++
			} else {
				inner++
			}
			weight[node] += weight[least]
			parent[least] = int32(node)
		}
	}
	deepest := uint8(0)
	depth[len(depth)-1] = 0
	for i := len(depth) - 2; i >= 0; i-- {
		depth[i] = min(depth[parent[i]]+1, 255)
		deepest = max(deepest, depth[i])
	}
	return deepest
}

// canonical fills codes with the canonical code of lengths: words ascend by length, then by symbol.
func canonical(codes []uint32, lengths []uint8) {
	next := firstCodes(lengths)
	for symbol, n := range lengths {
		if n > 0 {
			codes[symbol] = next[n]
			next[n]++
		}
	}
}

// firstCodes returns the first code word of every length.
func firstCodes(lengths []uint8) (first [maxLength + 2]uint32) {
	var count [maxLength + 1]uint32
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	for n := 1; n <= maxLength; n++ {
		first[n+1] = (first[n] + count[n]) << 1
	}
	return first
}

// tableWriter writes code lengths: runs of symbols that do not occur and runs of symbols that do in turn, all in
// Elias's gamma code. A run of the latter is followed by its lengths, each as its difference from the length before.
// With measure it only counts bits.
type tableWriter struct {
	out     wire.MSBWriter
	measure bool
	bits    int
}

func (w *tableWriter) gamma(x uint64) {
	w.bits += wire.GammaSize(x)
	if !w.measure {
		w.out.Gamma(x)
	}
}

func (w *tableWriter) write(lengths []uint8) {
	last := firstLength(len(lengths))
	for at := 0; at < len(lengths); {
		absent, present := runs(lengths[at:])
		if at == 0 {
			absent++ // the first run may be empty
			at--
		}
		w.gamma(uint64(absent))
		if at += absent; at == len(lengths) {
			return
		}
		w.gamma(uint64(present))
		for _, n := range lengths[at : at+present] {
			w.gamma(1 + zigzag(int(n)-last))
			last = int(n)
		}
		at += present
	}
}

// firstLength is the length that a table's first one is compared with.
func firstLength(size int) int { return min(codecs.Alphabet{Size: size}.Bits(), maxLength) }

// runs returns how many of the first lengths are zero, and how many behind them are not.
func runs(lengths []uint8) (absent, present int) {
	for absent < len(lengths) && lengths[absent] == 0 {
		absent++
	}
	for absent+present < len(lengths) && lengths[absent+present] != 0 {
		present++
	}
	return absent, present
}

func zigzag(x int) uint64 { return uint64(x<<1 ^ x>>63) }

func unzigzag(x uint64) int { return int(x>>1) ^ -int(x&1) }

var errTable = errors.New("the table of code lengths is damaged")

// readTable fills lengths with what tableWriter wrote and makes sure that they are a complete prefix code.
func readTable(in *wire.MSBReader, lengths []uint8) error {
	last := firstLength(len(lengths))
	clear(lengths)
	for at := 0; at < len(lengths); {
		absent := int(in.Gamma())
		if at == 0 {
			absent--
		}
		if absent < 0 || absent > len(lengths)-at || in.Short() {
			return errTable
		}
		if at += absent; at == len(lengths) {
			break
		}
		present := int(in.Gamma())
		if present < 1 || present > len(lengths)-at {
			return errTable
		}
		for i := at; i < at+present; i++ {
			last += unzigzag(in.Gamma() - 1)
			if last < 1 || last > maxLength {
				return errTable
			}
			lengths[i] = uint8(last)
		}
		at += present
	}
	return checkKraft(lengths)
}

// checkKraft makes sure that the code words of lengths fill the code space exactly (Kraft 1949).
func checkKraft(lengths []uint8) error {
	sum := 0
	for _, n := range lengths {
		if n > 0 {
			sum += 1 << (maxLength - n)
		}
	}
	if sum != 1<<maxLength {
		return errTable
	}
	return nil
}
