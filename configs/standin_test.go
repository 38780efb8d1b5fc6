package configs

import (
	"errors"

	"flsim/codecs"
	"flsim/datasets"
)

type sparsifierSettings struct {
	Keep float64 `toml:"keep" in:"(0,1]" doc:"Share of the elements that is sent."`
}

func (*sparsifierSettings) Stage() (any, error) { return nil, nil }

type quantizerSettings struct {
	Bits   int `toml:"bits" in:"[1,16]" unit:"bit" doc:"Width of a code, sign included."`
	Levels int `toml:"levels" in:"[1,32767]" doc:"Number of levels above zero."`
}

func (q *quantizerSettings) Stage() (any, error) {
	if (q.Bits == 0) == (q.Levels == 0) {
		return nil, errors.New("give bits or levels, one of the two")
	}
	return nil, nil
}

type coderSettings struct{}

func (*coderSettings) Stage() (any, error) { return nil, nil }

func init() {
	for _, e := range []codecs.Entry{
		{Type: "topk", Slot: codecs.SlotSparsify, New: func() codecs.Settings { return &sparsifierSettings{Keep: 0.01} }},
		{Type: "qsgd", Slot: codecs.SlotQuantize, New: func() codecs.Settings { return &quantizerSettings{} }},
		{Type: "huffman", Slot: codecs.SlotEntropy, New: func() codecs.Settings { return &coderSettings{} }},
	} {
		if _, known := codecs.Lookup(e.Type); !known {
			codecs.Register(e)
		}
	}
	for _, n := range []string{"cifar10", "mnist", "synthetic-images"} {
		datasets.Register(n, nil)
	}
}
