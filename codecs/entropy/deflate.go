package entropy

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"sync"

	"flsim/codecs"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "deflate",
		Slot:  codecs.SlotEntropy,
		Doc:   "Deflate on the symbols packed at fixed width.",
		Paper: "Deutsch 1996, RFC 1951",
		New:   func() codecs.Settings { return &DeflateSettings{Level: 1} },
	})
}

// DeflateSettings are the parameters of deflate.
type DeflateSettings struct {
	Level int `toml:"level" in:"[-2,9]" doc:"Effort from 1 to 9; 0 stores, -1 is the library's choice, -2 codes without looking for repetitions."`
}

// Stage builds the entropy coder.
func (s *DeflateSettings) Stage() (any, error) { return NewDeflate(s.Level), nil }

// Deflate packs symbols at fixed width, least significant bit first, and compresses the bytes in the format of
// RFC 1951. Its output depends on the Go release, whose compressor it uses.
type Deflate struct{ level int }

// NewDeflate returns a coder of a level of compress/flate, -2 to 9. It panics if there is no such level.
func NewDeflate(level int) Deflate {
	if level < flate.HuffmanOnly || level > flate.BestCompression {
		panic(fmt.Sprintf("entropy: Deflate has no level %d", level))
	}
	return Deflate{level}
}

type deflater struct {
	flate  *flate.Writer
	packed []byte
}

// deflaters has a pool for every level.
var deflaters [flate.BestCompression - flate.HuffmanOnly + 1]sync.Pool

func (d Deflate) deflater() (*deflater, *sync.Pool) {
	pool := &deflaters[d.level-flate.HuffmanOnly]
	if w, ok := pool.Get().(*deflater); ok {
		return w, pool
	}
	w, err := flate.NewWriter(nil, d.level)
	if err != nil {
		panic(err) // NewDeflate has checked the level
	}
	return &deflater{flate: w}, pool
}

// Encode implements codecs.EntropyCoder.
func (d Deflate) Encode(dst []byte, symbols []uint32, a codecs.Alphabet) ([]byte, error) {
	if len(symbols) == 0 {
		return dst, nil
	}
	w, pool := d.deflater()
	defer pool.Put(w)
	w.packed = wire.AppendPacked(w.packed[:0], symbols, uint(a.Bits()))
	out := bytes.NewBuffer(dst)
	w.flate.Reset(out)
	if _, err := w.flate.Write(w.packed); err != nil {
		return nil, err
	}
	if err := w.flate.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

type inflater struct {
	in     bytes.Reader
	flate  io.ReadCloser
	packed []byte
}

var inflaters = sync.Pool{New: func() any {
	r := new(inflater)
	r.flate = flate.NewReader(&r.in)
	return r
}}

// Decode implements codecs.EntropyCoder. It inflates no more than the symbols take, whatever msg would expand to.
func (d Deflate) Decode(symbols []uint32, msg []byte, a codecs.Alphabet) error {
	if len(symbols) == 0 {
		return onlyEmpty(msg)
	}
	r := inflaters.Get().(*inflater)
	defer inflaters.Put(r)
	size := wire.PackedSize(len(symbols), uint(a.Bits()))
	if cap(r.packed) < size {
		r.packed = make([]byte, size)
	}
	if err := r.inflate(r.packed[:size], msg); err != nil {
		return err
	}
	return wire.Unpack(symbols, r.packed[:size], uint(a.Bits()))
}

// inflate fills dst and makes sure that msg holds no more.
func (r *inflater) inflate(dst, msg []byte) error {
	r.in.Reset(msg)
	if err := r.flate.(flate.Resetter).Reset(&r.in, nil); err != nil {
		return err
	}
	if n, err := io.ReadFull(r.flate, dst); err != nil {
		return fmt.Errorf("the inflated bytes end after %d of %d: %w", n, len(dst), err)
	}
	var beyond [1]byte
	switch n, err := io.ReadFull(r.flate, beyond[:]); {
	case n > 0:
		return errors.New("the inflated bytes are more than the symbols take")
	case err != io.EOF:
		return fmt.Errorf("behind the inflated bytes: %w", err)
	case r.in.Len() > 0:
		return fmt.Errorf("there are %d bytes behind the last block", r.in.Len())
	}
	return nil
}

func onlyEmpty(msg []byte) error {
	if len(msg) > 0 {
		return errEmpty
	}
	return nil
}
