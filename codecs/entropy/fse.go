package entropy

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync"

	"github.com/klauspost/compress/fse"

	"flsim/codecs"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "fse",
		Slot:  codecs.SlotEntropy,
		Doc:   "Finite state entropy (tANS) in blocks, within a few thousandths of a bit of the symbols' entropy.",
		Paper: "Duda 2013, arXiv 1311.2540",
		New:   func() codecs.Settings { return &FSESettings{} },
	})
}

// FSESettings has no parameters.
type FSESettings struct{}

// Stage builds the entropy coder.
func (*FSESettings) Stage() (any, error) { return FSE{}, nil }

// FSE codes symbols with the table variant of asymmetric numeral systems: Duda, "Asymmetric numeral systems",
// arXiv 1311.2540, as in Collet's FSE. Symbols of more than 8 bits are split into planes of 8, the lowest bits first,
// and planes into blocks of 2^18; every block has a table of its own, is a single repeated byte, or has fixed width.
type FSE struct{}

const (
	fseBlock    = 1 << 18
	fseTableLog = 12 // the largest that the library builds
)

type fseScratch struct {
	enc, dec fse.Scratch
	plane    []byte
}

var fseScratches = sync.Pool{New: func() any { return new(fseScratch) }}

// Encode implements codecs.EntropyCoder.
func (FSE) Encode(dst []byte, symbols []uint32, a codecs.Alphabet) ([]byte, error) {
	f := fseScratches.Get().(*fseScratch)
	defer fseScratches.Put(f)
	f.reserve(len(symbols))
	width := a.Bits()
	for shift := 0; shift < max(width, 1); shift += 8 {
		for from := 0; from < len(symbols); from += fseBlock {
			block := f.plane[:min(fseBlock, len(symbols)-from)]
			for i := range block {
				block[i] = byte(symbols[from+i] >> shift)
			}
			dst = f.append(dst, block, uint(min(8, width-shift)))
		}
	}
	return dst, nil
}

func (f *fseScratch) reserve(n int) {
	if n = min(n, fseBlock); cap(f.plane) < n {
		f.plane = make([]byte, n)
	}
}

// append appends one block of bytes of which width bits are used.
func (f *fseScratch) append(dst, block []byte, width uint) []byte {
	f.enc.TableLog = fseTableLog
	coded, err := fse.Compress(block, &f.enc)
	packed := wire.PackedSize(len(block), width)
	switch {
	case err == fse.ErrUseRLE || len(block) == 1:
		return append(dst, modeRun, block[0])
	case err == nil && uvarintSize(len(coded))+len(coded) < packed:
		dst = binary.AppendUvarint(append(dst, modeCoded), uint64(len(coded)))
		return append(dst, coded...)
	}
	// Fixed width, also for whatever else the library declines.
	w := wire.LSBWriter{Buf: wire.Grow(append(dst, modePacked), packed)}
	for _, x := range block {
		w.Write(uint64(x), width)
	}
	return w.Flush()
}

func uvarintSize(n int) int { return max(1, (bits.Len(uint(n))+6)/7) }

// Decode implements codecs.EntropyCoder.
func (FSE) Decode(symbols []uint32, msg []byte, a codecs.Alphabet) error {
	f := fseScratches.Get().(*fseScratch)
	defer fseScratches.Put(f)
	f.reserve(len(symbols))
	clear(symbols)
	width := a.Bits()
	var err error
	for shift := 0; shift < max(width, 1); shift += 8 {
		for from := 0; from < len(symbols); from += fseBlock {
			block := f.plane[:min(fseBlock, len(symbols)-from)]
			if msg, err = f.block(block, msg, uint(min(8, width-shift))); err != nil {
				return err
			}
			for i, x := range block {
				symbols[from+i] |= uint32(x) << shift
			}
		}
	}
	if len(msg) > 0 {
		return wire.ErrPadding
	}
	return nil
}

// block fills one block from the front of msg and returns the bytes behind it.
func (f *fseScratch) block(block, msg []byte, width uint) ([]byte, error) {
	if len(msg) < 2 {
		return nil, fmt.Errorf("%w at a block of %d symbols", wire.ErrTruncated, len(block))
	}
	mode, msg := msg[0], msg[1:]
	switch mode {
	case modeRun:
		for i := range block {
			block[i] = msg[0]
		}
		return msg[1:], nil
	case modePacked:
		return unpackBytes(block, msg, width)
	case modeCoded:
		n, msg, err := wire.Uvarint(msg, uint64(len(msg)))
		if err != nil {
			return nil, err
		}
		if n > uint64(len(msg)) {
			return nil, fmt.Errorf("%w: a block claims %d, there are %d", wire.ErrTruncated, n, len(msg))
		}
		return msg[n:], f.decompress(block, msg[:n:n])
	}
	return nil, errMode(mode)
}

func unpackBytes(block, msg []byte, width uint) ([]byte, error) {
	r := wire.NewLSBReader(msg)
	for i := range block {
		block[i] = byte(r.Read(width))
	}
	return r.Rest()
}

func (f *fseScratch) decompress(block, coded []byte) error {
	f.dec.DecompressLimit = len(block) + 512 // the library may look at its limit before it is done
	out, err := fse.Decompress(coded, &f.dec)
	if err != nil {
		return fmt.Errorf("a block is damaged: %w", err)
	}
	if len(out) != len(block) {
		return fmt.Errorf("a block has %d symbols and not %d", len(out), len(block))
	}
	copy(block, out)
	return nil
}
