package codecs_test

import (
	"fmt"

	"flsim/codecs"
	"flsim/codecs/entropy"
	"flsim/codecs/quantize"
	"flsim/codecs/sparsify"
)

// A chain encodes a vector; its message is decoded from what both ends share and nothing else.
func ExampleNew() {
	codec, err := codecs.New(nil, sparsify.TopK{Keep: 0.1}, quantize.QSGD{Levels: 7, Max: true}, entropy.FSE{})
	if err != nil {
		fmt.Println(err)
		return
	}
	shared := &codecs.Shared{Layout: codecs.Layout{}.Add("fc.weight", codecs.Weight, 100, 10).Add("fc.bias", codecs.Bias, 10)}
	update := make([]float32, shared.Layout.Len())
	r := codecs.NewRand(1, "an update")
	for i := range update {
		update[i] = float32(r.NormFloat64())
	}

	message, account, err := codec.Encode(nil, update, shared, 42)
	if err != nil {
		fmt.Println(err)
		return
	}
	decoded := make([]float32, len(update))
	if err := codec.Decode(decoded, message, shared); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d bits for %d values, where float32 takes %d\n", 8*len(message), len(update), 32*len(update))
	fmt.Printf("at least %.0f by the entropy of the symbols, %.0f by the authors' formula\n", account.Entropy, account.Paper)
	fmt.Printf("normalised squared error %.3f\n", codecs.NMSE(decoded, update))
	// Output:
	// 904 bits for 1010 values, where float32 takes 32320
	// at least 825 by the entropy of the symbols, 3700 by the authors' formula
	// normalised squared error 0.566
}

// A Sender adds what one message could not carry to the next.
func ExampleSender() {
	codec, err := codecs.New(nil, sparsify.TopK{Keep: 0.25})
	if err != nil {
		fmt.Println(err)
		return
	}
	sender := codecs.Sender{Codec: codec, Feedback: true}
	shared := &codecs.Shared{Layout: codecs.Layout{}.Add("w", codecs.Weight, 4)}
	var residual []float32
	for range 3 {
		sent, err := sender.Send(nil, codecs.UpdateFrame, []float32{4, 3, 2, 1}, residual, shared, 0)
		if err != nil {
			fmt.Println(err)
			return
		}
		residual = sent.Residual
		fmt.Println(sent.Decoded, "kept back", residual)
	}
	// Output:
	// [4 0 0 0] kept back [0 3 2 1]
	// [0 6 0 0] kept back [4 0 4 2]
	// [8 0 0 0] kept back [0 3 6 3]
}
