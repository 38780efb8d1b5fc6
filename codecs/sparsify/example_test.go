package sparsify_test

import (
	"fmt"

	"flsim/codecs"
	"flsim/codecs/sparsify"
)

// threshold is a sparsifier that keeps what is large enough.
type threshold float32

func (t threshold) Select(msg []byte, v []float32, _ codecs.Layout, _ *codecs.Shared, _ uint64) ([]byte, []int32, error) {
	var kept []int32
	for i, x := range v {
		if max(x, -x) >= float32(t) {
			kept = append(kept, int32(i))
		}
	}
	return sparsify.AppendPositions(msg, kept, len(v)), kept, nil
}

func (threshold) Positions(msg []byte, layout codecs.Layout, _ *codecs.Shared, _ uint64) ([]int32, []byte, error) {
	return sparsify.ReadPositions(msg, layout.Len())
}

func (threshold) Gain() float32 { return 1 }

// A sparsifier of one's own writes its positions as those of this package do.
func ExampleAppendPositions() {
	codec, err := codecs.New(nil, threshold(2))
	if err != nil {
		fmt.Println(err)
		return
	}
	shared := &codecs.Shared{Layout: codecs.Layout{}.Add("w", codecs.Weight, 8)}
	message, account, err := codec.Encode(nil, []float32{0.5, -3, 1, 0, 2, 1, 1, -1}, shared, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	decoded := make([]float32, 8)
	if err := codec.Decode(decoded, message, shared); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(decoded, "from", len(message), "bytes, of which say where:", account.Side)
	// Output:
	// [0 -3 0 0 2 0 0 0] from 11 bytes, of which say where: 3
}
