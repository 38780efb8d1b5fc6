package entropy

import (
	"encoding/binary"
	"errors"
	"fmt"

	"flsim/codecs"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "elias",
		Slot:  codecs.SlotEntropy,
		Doc:   "Elias's omega code of levels, and in its sparse form of the gaps between those that are not zero, as QSGD has it.",
		Paper: "Alistarh, Grubic, Li, Tomioka, Vojnovic 2017, arXiv 1610.02132; Elias 1975",
		New:   func() codecs.Settings { return &EliasSettings{Form: "shorter"} },
	})
}

// EliasSettings are the parameters of elias.
type EliasSettings struct {
	Form string `toml:"form" one:"shorter|sparse|dense" doc:"Sparse codes the gaps between symbols other than zero, dense every symbol."`
}

// Stage builds the entropy coder.
func (s *EliasSettings) Stage() (any, error) {
	return Elias{Sparse: s.Form != "dense", Dense: s.Form != "sparse"}, nil
}

// Elias codes signed levels with the recursive code of Elias, IEEE Trans. Inf. Theory 21, 1975, as Alistarh et al.,
// "QSGD", NIPS 2017, arXiv 1610.02132, section 3.1 and appendix, do. The sparse form is, for every level that is not
// zero, the omega code of its distance from the one before, a sign bit, 1 for negative, and the omega code of its
// magnitude. Such a stream does not end itself: the number of zeros behind the last level stands before it. The dense
// form is, for every level, the omega code of its magnitude plus 1 and, unless it is zero, the sign bit.
//
// Levels are counted from the alphabet's zero: of symbols that start with it they are 0, +1, -1, +2, -2, ...; of others,
// such as codes of a range, the distance from the zero or, where there is none, from the middle.
type Elias struct {
	Sparse, Dense bool // the forms to choose from
}

// The forms, in a message's first byte.
const (
	formSparse = 0
	formDense  = 1
)

// levels maps the symbols of an alphabet to integers from 0: twice a level's magnitude, less 1 if it is positive.
type levels struct {
	size, zero uint32
}

func levelsOf(a codecs.Alphabet) levels {
	if a.Zero < 0 {
		a.Zero = a.Size / 2
	}
	return levels{uint32(a.Size), uint32(a.Zero)}
}

func (l levels) folded(x uint32) uint32 {
	switch {
	case l.zero == 0:
		return x
	case x > l.zero:
		return 2*(x-l.zero) - 1
	}
	return 2 * (l.zero - x)
}

// symbol is the inverse of folded. ok tells whether the alphabet has the symbol.
func (l levels) symbol(folded uint64) (x uint32, ok bool) {
	at := int64(folded)
	if l.zero > 0 {
		at = int64(folded+1) / 2
		if folded&1 == 0 {
			at = -at
		}
		at += int64(l.zero)
	}
	return uint32(at), at >= 0 && at < int64(l.size)
}

// Encode implements codecs.EntropyCoder.
func (e Elias) Encode(dst []byte, symbols []uint32, a codecs.Alphabet) ([]byte, error) {
	if len(symbols) == 0 {
		return dst, nil
	}
	l := levelsOf(a)
	if e.Sparse && (!e.Dense || l.sparseBits(symbols) <= l.denseBits(symbols)) {
		return l.appendSparse(append(dst, formSparse), symbols), nil
	}
	return l.appendDense(append(dst, formDense), symbols), nil
}

func (l levels) appendSparse(dst []byte, symbols []uint32) []byte {
	end := len(symbols)
	for end > 0 && symbols[end-1] == l.zero {
		end--
	}
	w := wire.MSBWriter{Buf: binary.AppendUvarint(dst, uint64(len(symbols)-end))}
	last := -1
	for i, x := range symbols {
		if x == l.zero {
			continue
		}
		folded := uint64(l.folded(x))
		w.Omega(uint64(i - last))
		w.Write(folded&1^1, 1)
		w.Omega((folded + 1) / 2)
		last = i
	}
	return w.Flush()
}

func (l levels) appendDense(dst []byte, symbols []uint32) []byte {
	w := wire.MSBWriter{Buf: dst}
	for _, x := range symbols {
		folded := uint64(l.folded(x))
		w.Omega((folded+1)/2 + 1)
		if folded > 0 {
			w.Write(folded&1^1, 1)
		}
	}
	return w.Flush()
}

// sparseBits returns the length of the sparse form without the number in front.
func (l levels) sparseBits(symbols []uint32) int {
	bits, last := 0, -1
	for i, x := range symbols {
		if x != l.zero {
			bits += wire.OmegaSize(uint64(i-last)) + 1 + wire.OmegaSize((uint64(l.folded(x))+1)/2)
			last = i
		}
	}
	return bits
}

// denseBits returns the length of the dense form.
func (l levels) denseBits(symbols []uint32) int {
	bits := 0
	for _, x := range symbols {
		bits += wire.OmegaSize((uint64(l.folded(x))+1)/2 + 1)
		if x != l.zero {
			bits++
		}
	}
	return bits
}

// Decode implements codecs.EntropyCoder. It takes either form.
func (e Elias) Decode(symbols []uint32, msg []byte, a codecs.Alphabet) error {
	if len(symbols) == 0 {
		return onlyEmpty(msg)
	}
	if len(msg) == 0 {
		return fmt.Errorf("%w before the symbols", wire.ErrTruncated)
	}
	l := levelsOf(a)
	switch msg[0] {
	case formSparse:
		return l.decodeSparse(symbols, msg[1:])
	case formDense:
		return l.decodeDense(symbols, msg[1:])
	}
	return errMode(msg[0])
}

var errLevel = errors.New("a level is not in the alphabet")

func (l levels) decodeSparse(symbols []uint32, msg []byte) error {
	zeros, msg, err := wire.Uvarint(msg, uint64(len(symbols)))
	if err != nil {
		return fmt.Errorf("number of zeros at the end: %w", err)
	}
	for i := range symbols {
		symbols[i] = l.zero
	}
	in, last, end := wire.NewMSBReader(msg), -1, len(symbols)-1-int(zeros)
	for last < end {
		gap := in.Omega()
		if gap == 0 || gap > uint64(end-last) {
			return errors.New("a gap between levels is missing or reaches beyond the last one")
		}
		last += int(gap)
		negative := in.Read(1)
		if symbols[last], err = l.read(&in, in.Omega(), negative); err != nil {
			return err
		}
	}
	return ended(&in)
}

func (l levels) decodeDense(symbols []uint32, msg []byte) error {
	in := wire.NewMSBReader(msg)
	for i := range symbols {
		magnitude := in.Omega()
		switch {
		case magnitude == 0:
			return fmt.Errorf("%w inside the levels", wire.ErrTruncated)
		case magnitude == 1:
			symbols[i] = l.zero
			continue
		}
		var err error
		if symbols[i], err = l.read(&in, magnitude-1, in.Read(1)); err != nil {
			return err
		}
	}
	return ended(&in)
}

// read returns the symbol of a level.
func (l levels) read(in *wire.MSBReader, magnitude, negative uint64) (uint32, error) {
	if magnitude == 0 || in.Short() {
		return 0, fmt.Errorf("%w inside the levels", wire.ErrTruncated)
	}
	x, ok := l.symbol(2*magnitude - 1 + negative)
	if !ok {
		return 0, errLevel
	}
	return x, nil
}

func ended(in *wire.MSBReader) error {
	rest, err := in.Rest()
	if err == nil && len(rest) > 0 {
		err = wire.ErrPadding
	}
	return err
}
