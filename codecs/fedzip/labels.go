package fedzip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"flsim/codecs"
	"flsim/codecs/entropy"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "fedzip-labels",
		Slot:  codecs.SlotEntropy,
		Doc:   "Codes symbols by Huffman, or where all but the most frequent one stand: as addresses or as the gaps between them.",
		Paper: paper,
		New:   func() codecs.Settings { return &LabelSettings{Encoding: "huffman"} },
	})
}

// LabelSettings are the parameters of fedzip-labels.
type LabelSettings struct {
	Encoding string `toml:"encoding" one:"huffman|position|difference" doc:"Code words, addresses of fixed width, or differences of addresses in Elias's gamma code."`
}

// Stage builds the entropy coder.
func (s *LabelSettings) Stage() (any, error) {
	return Labels{Encoding: map[string]Encoding{"huffman": Huffman, "position": Position, "difference": Difference}[s.Encoding]}, nil
}

// Encoding is one of the paper's ways to write labels.
type Encoding uint8

// The encodings.
const (
	Huffman    Encoding = iota // a code word for every element
	Position                   // the addresses of all elements but the most frequent symbol's
	Difference                 // the differences of these addresses
)

// Labels writes the symbols of a message as one stream of n. Huffman is the stock coder of package entropy. Position
// sends every address in ceil(log2 n) bits; Difference sends the gap from one address to the next of the same symbol,
// at least 1, in Elias's gamma code, the first gap counted from -1. Both send the number of each symbol, so that a
// decoder knows where its addresses end; the authors' counts, which are PaperSymbols, leave out what tells that.
//
// Both are meant for few symbols, of which one is far more frequent than the others.
type Labels struct{ Encoding Encoding }

// Encode implements codecs.EntropyCoder.
func (l Labels) Encode(dst []byte, symbols []uint32, a codecs.Alphabet) ([]byte, error) {
	switch {
	case l.Encoding == Huffman:
		return entropy.Huffman{}.Encode(dst, symbols, a)
	case len(symbols) == 0:
		return dst, nil
	}
	t := tables(symbols, a.Size)
	dst = binary.AppendUvarint(dst, uint64(t.implied))
	for x := range a.Size {
		if x != t.implied {
			dst = binary.AppendUvarint(dst, uint64(len(t.of(x))))
		}
	}
	if l.Encoding == Position {
		return wire.AppendPacked(dst, t.addresses, width(len(symbols))), nil
	}
	w := wire.MSBWriter{Buf: dst}
	for x := range a.Size {
		next := uint32(0) // the address that a gap of 1 leads to
		for _, at := range t.of(x) {
			w.Gamma(uint64(at-next) + 1)
			next = at + 1
		}
	}
	return w.Flush(), nil
}

// width returns the bits of an address below n.
func width(n int) uint { return uint(bits.Len(uint(n - 1))) }

// addressTables holds the addresses of all symbols but the most frequent one, in order of symbol, then of address.
type addressTables struct {
	implied   int // the most frequent symbol, the first of equals, whose addresses need not be sent
	ends      []int
	addresses []uint32
}

func tables(symbols []uint32, size int) *addressTables {
	t := &addressTables{ends: make([]int, size)}
	for _, x := range symbols {
		t.ends[x]++
	}
	for x, n := range t.ends {
		if n > t.ends[t.implied] {
			t.implied = x
		}
	}
	t.ends[t.implied] = 0
	sum := 0
	for x, n := range t.ends {
		t.ends[x] = sum
		sum += n
	}
	t.addresses = make([]uint32, sum)
	for i, x := range symbols {
		if int(x) != t.implied {
			t.addresses[t.ends[x]] = uint32(i)
			t.ends[x]++ // from where the table starts to where it ends
		}
	}
	return t
}

// of returns the addresses of symbol x, ascending.
func (t *addressTables) of(x int) []uint32 {
	start := 0
	if x > 0 {
		start = t.ends[x-1]
	}
	return t.addresses[start:t.ends[x]]
}

var errAddress = errors.New("an address does not ascend, is taken already, or lies behind the last symbol")

// Decode implements codecs.EntropyCoder.
func (l Labels) Decode(symbols []uint32, msg []byte, a codecs.Alphabet) error {
	if l.Encoding == Huffman {
		return entropy.Huffman{}.Decode(symbols, msg, a)
	}
	if len(symbols) == 0 {
		if len(msg) > 0 {
			return wire.ErrPadding
		}
		return nil
	}
	implied, msg, err := wire.Uvarint(msg, uint64(a.Size-1))
	if err != nil {
		return fmt.Errorf("the symbol that is implied: %w", err)
	}
	counts, msg, err := readCounts(msg, int(implied), len(symbols), a.Size)
	if err != nil {
		return err
	}
	for i := range symbols {
		symbols[i] = uint32(implied)
	}
	if l.Encoding == Position {
		return readAddresses(symbols, msg, counts, uint32(implied))
	}
	return readGaps(symbols, msg, counts, uint32(implied))
}

// readCounts reads how often each symbol occurs that is not implied; fewer than n times altogether.
func readCounts(msg []byte, implied, n, size int) ([]int, []byte, error) {
	counts, left := make([]int, size), uint64(n-1)
	for x := range counts {
		if x == implied {
			continue
		}
		count, rest, err := wire.Uvarint(msg, left)
		if err != nil {
			return nil, nil, fmt.Errorf("number of symbols %d: %w", x, err)
		}
		counts[x], left, msg = int(count), left-count, rest
	}
	return counts, msg, nil
}

func readAddresses(symbols []uint32, msg []byte, counts []int, implied uint32) error {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	bits := width(len(symbols))
	if have := len(msg); have != wire.PackedSize(sum, bits) {
		return fmt.Errorf("%w: %d addresses of %d bits take %d, there are %d", wire.ErrTruncated, sum, bits, wire.PackedSize(sum, bits), have)
	}
	in := wire.NewLSBReader(msg)
	for x, n := range counts {
		next := uint64(0)
		for range n {
			at := in.Read(bits)
			if at < next || at >= uint64(len(symbols)) || symbols[at] != implied {
				return errAddress
			}
			symbols[at] = uint32(x)
			next = at + 1
		}
	}
	return ended(in.Rest())
}

func readGaps(symbols []uint32, msg []byte, counts []int, implied uint32) error {
	in := wire.NewMSBReader(msg)
	for x, n := range counts {
		next := uint64(0)
		for range n {
			gap := in.Gamma()
			if in.Short() {
				return wire.ErrTruncated
			}
			at := next + gap - 1
			if at >= uint64(len(symbols)) || symbols[at] != implied {
				return errAddress
			}
			symbols[at] = uint32(x)
			next = at + 1
		}
	}
	return ended(in.Rest())
}

// ended refuses bytes that are left over.
func ended(rest []byte, err error) error {
	if err == nil && len(rest) > 0 {
		err = wire.ErrPadding
	}
	return err
}

// PaperSymbols implements codecs.PaperSymbols for the labels of three clusters: the sizes that the authors' code
// prints, without the code book, and without anything that says where an entry ends. Their Huffman code gives the two
// frequent labels one bit each, which is no prefix code; an address takes 27 bits; a difference, the first of which is
// the address itself, takes the digits of its binary form. The last two leave out the label that is most frequent.
func (l Labels) PaperSymbols(symbols []uint32, a codecs.Alphabet) (float64, bool) {
	if a.Size != 3 {
		return 0, false
	}
	if l.Encoding == Huffman {
		counts := make([]int, a.Size)
		for _, x := range symbols {
			counts[x]++
		}
		return float64(len(symbols) + slices.Min(counts)), true
	}
	t := tables(symbols, a.Size)
	if l.Encoding == Position {
		return float64(27 * len(t.addresses)), true
	}
	digits := 0
	for x := range a.Size {
		before := uint32(0)
		for _, at := range t.of(x) {
			digits += max(1, bits.Len32(at-before))
			before = at
		}
	}
	return float64(digits), true
}
