// Package entropy holds the stock entropy coders: none, deflate, huffman, fse and elias.
//
// All of them code the symbols of a message as one stream, and no symbols as no bytes.
package entropy

import (
	"errors"
	"fmt"

	"flsim/codecs"
	"flsim/internal/wire"
)

// How a stretch of symbols is coded, in its first byte, by coders that have a choice.
const (
	modePacked = 0 // fixed width, least significant bit first
	modeRun    = 1 // one symbol, repeated
	modeCoded  = 2 // the coder's own code
)

var errEmpty = errors.New("there are bytes, but no symbols were sent")

func errMode(mode byte) error { return fmt.Errorf("mode %d is unknown", mode) }

func init() {
	codecs.Register(codecs.Entry{
		Type: "none",
		Slot: codecs.SlotEntropy,
		Doc:  "Packs symbols at fixed width, least significant bit first; the same as a chain without an entropy coder.",
		New:  func() codecs.Settings { return &FixedSettings{} },
	})
}

// FixedSettings has no parameters.
type FixedSettings struct{}

// Stage builds the entropy coder.
func (*FixedSettings) Stage() (any, error) { return Fixed{}, nil }

// Fixed gives every symbol ceil(log2 of the alphabet's size) bits.
type Fixed struct{}

// Encode implements codecs.EntropyCoder.
func (Fixed) Encode(dst []byte, symbols []uint32, a codecs.Alphabet) ([]byte, error) {
	return wire.AppendPacked(dst, symbols, uint(a.Bits())), nil
}

// Decode implements codecs.EntropyCoder.
func (Fixed) Decode(symbols []uint32, msg []byte, a codecs.Alphabet) error {
	return wire.Unpack(symbols, msg, uint(a.Bits()))
}
