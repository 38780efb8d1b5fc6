package entropy

import (
	"encoding/binary"
	"fmt"
	"sync"

	"flsim/codecs"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "huffman",
		Slot:  codecs.SlotEntropy,
		Doc:   "Canonical Huffman code over the symbols, its table in the message; fixed width where that is shorter.",
		Paper: "Huffman 1952",
		New:   func() codecs.Settings { return &HuffmanSettings{} },
	})
}

// HuffmanSettings has no parameters.
type HuffmanSettings struct{}

// Stage builds the entropy coder.
func (*HuffmanSettings) Stage() (any, error) { return Huffman{}, nil }

// Huffman codes the symbols of a message with the code of Huffman, "A Method for the Construction of
// Minimum-Redundancy Codes", Proc. IRE 40, 1952, canonical, most significant bit first and of at most 20 bits. A
// message of one repeated symbol holds that, and where fixed width is shorter it is chosen.
type Huffman struct{}

type huffman struct {
	counts  []uint32
	lengths []uint8
	codes   []uint32
	sorted  []uint32 // the symbols in the order of their code words
	table   [1 << fastBits]uint32
}

var huffmans = sync.Pool{New: func() any { return new(huffman) }}

// Encode implements codecs.EntropyCoder.
func (Huffman) Encode(dst []byte, symbols []uint32, a codecs.Alphabet) ([]byte, error) {
	if len(symbols) == 0 {
		return dst, nil
	}
	h := huffmans.Get().(*huffman)
	defer huffmans.Put(h)
	h.count(symbols, a.Size)
	if int(h.counts[symbols[0]]) == len(symbols) {
		return binary.AppendUvarint(append(dst, modeRun), uint64(symbols[0])), nil
	}
	codeLengths(h.lengths, h.counts)
	table := tableWriter{measure: true}
	table.write(h.lengths)
	if (table.bits+h.bits()+7)/8 >= wire.PackedSize(len(symbols), uint(a.Bits())) {
		return wire.AppendPacked(append(dst, modePacked), symbols, uint(a.Bits())), nil
	}
	return h.append(append(dst, modeCoded), symbols), nil
}

// count fills counts and makes room for the code.
func (h *huffman) count(symbols []uint32, size int) {
	h.size(size)
	clear(h.counts)
	for _, x := range symbols {
		h.counts[x]++
	}
}

func (h *huffman) size(n int) {
	if cap(h.counts) < n {
		h.counts, h.lengths, h.codes, h.sorted = make([]uint32, n), make([]uint8, n), make([]uint32, n), make([]uint32, n)
	}
	h.counts, h.lengths, h.codes, h.sorted = h.counts[:n], h.lengths[:n], h.codes[:n], h.sorted[:n]
}

// bits returns the size of the symbols' code words.
func (h *huffman) bits() int {
	sum := 0
	for x, c := range h.counts {
		sum += int(c) * int(h.lengths[x])
	}
	return sum
}

func (h *huffman) append(dst []byte, symbols []uint32) []byte {
	table := tableWriter{out: wire.MSBWriter{Buf: dst}}
	table.write(h.lengths)
	canonical(h.codes, h.lengths)
	w := table.out
	for _, x := range symbols {
		w.Write(uint64(h.codes[x]), uint(h.lengths[x]))
	}
	return w.Flush()
}

// Decode implements codecs.EntropyCoder.
func (Huffman) Decode(symbols []uint32, msg []byte, a codecs.Alphabet) error {
	if len(symbols) == 0 {
		return onlyEmpty(msg)
	}
	if len(msg) == 0 {
		return fmt.Errorf("%w before the symbols", wire.ErrTruncated)
	}
	switch msg[0] {
	case modePacked:
		return wire.Unpack(symbols, msg[1:], uint(a.Bits()))
	case modeRun:
		return decodeRun(symbols, msg[1:], a)
	case modeCoded:
		h := huffmans.Get().(*huffman)
		defer huffmans.Put(h)
		h.size(a.Size)
		return h.decode(symbols, msg[1:])
	}
	return errMode(msg[0])
}

func decodeRun(symbols []uint32, msg []byte, a codecs.Alphabet) error {
	x, rest, err := wire.Uvarint(msg, uint64(a.Size-1))
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return wire.ErrPadding
	}
	for i := range symbols {
		symbols[i] = uint32(x)
	}
	return nil
}

// fastBits is the longest code word that one look into a table decodes.
const fastBits = 11

func (h *huffman) decode(symbols []uint32, msg []byte) error {
	in := wire.NewMSBReader(msg)
	if err := readTable(&in, h.lengths); err != nil {
		return err
	}
	first, end := h.index()
	for i := range symbols {
		if entry := h.table[in.Peek(fastBits)]; entry != 0 {
			in.Skip(uint(entry & 31))
			symbols[i] = entry >> 5
			continue
		}
		n := uint(fastBits + 1)
		code := uint32(in.Peek(n))
		for code >= first[n]+uint32(end[n]-end[n-1]) {
			n++
			code = uint32(in.Peek(n))
		}
		in.Skip(n)
		symbols[i] = h.sorted[end[n-1]+int(code-first[n])]
	}
	rest, err := in.Rest()
	if err == nil && len(rest) > 0 {
		err = wire.ErrPadding
	}
	return err
}

// index prepares decoding: sorted and, for code words up to fastBits, table (symbol<<5 | length, 0 for longer ones).
// It returns the first code word of every length and where in sorted the symbols of every length end.
func (h *huffman) index() (first [maxLength + 2]uint32, end [maxLength + 1]int) {
	canonical(h.codes, h.lengths)
	for _, n := range h.lengths {
		end[n]++
	}
	end[0] = 0
	for n := 1; n <= maxLength; n++ {
		end[n] += end[n-1]
	}
	first = firstCodes(h.lengths)
	clear(h.table[:])
	for x, n := range h.lengths {
		if n == 0 {
			continue
		}
		h.sorted[end[n-1]+int(h.codes[x]-first[n])] = uint32(x)
		if n <= fastBits {
			low := h.codes[x] << (fastBits - n)
			for i := range uint32(1) << (fastBits - n) {
				h.table[low+i] = uint32(x)<<5 | uint32(n)
			}
		}
	}
	return first, end
}
