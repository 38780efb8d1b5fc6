// Package fedzip prunes a tensor, replaces its values by a few centroids, and codes which is where.
//
// It is FedZip: Malekijoo, Fadaeieslam, Malekijou, Homayounfar, Alizadeh-Shabdiz and Rawassizadeh, "FEDZIP: A Compression
// Framework for Communication-Efficient Federated Learning", arXiv 2102.01593. The quantizer fedzip does the first two
// steps, top-z sparsification and k-means; the entropy coder fedzip-labels has the three encodings of the third.
package fedzip

import (
	"fmt"
	"math"

	"flsim/codecs"
	"flsim/codecs/internal/magnitude"
	"flsim/internal/wire"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "fedzip",
		Slot:  codecs.SlotQuantize,
		Doc:   "Zeroes all but the largest magnitudes of each tensor, then replaces its elements by k centroids.",
		Paper: paper,
		New: func() codecs.Settings {
			return &Settings{Keep: 0.2, KeepBias: 1, K: 3, Iterations: 4, Zeros: "clustered"}
		},
	})
}

const paper = "Malekijoo et al. 2021, arXiv 2102.01593"

// Settings are the parameters of fedzip. The defaults are those of the authors' first release.
type Settings struct {
	Keep       float64 `toml:"keep" in:"(0,1]" doc:"Share of a weight tensor's elements that survive pruning; at least one does."`
	KeepBias   float64 `toml:"keep_bias" in:"(0,1]" doc:"The same of biases, and of the scales and shifts of norms."`
	K          int     `toml:"k" in:"[2,16]" doc:"Number of centroids."`
	Iterations int     `toml:"iterations" in:"[1,1000]" doc:"Iterations of Lloyd's algorithm."`
	Zeros      string  `toml:"zeros" one:"clustered|exact" doc:"Whether pruned elements are clustered with the others, as the authors do, or decode to zero."`
}

// Stage builds the quantizer.
func (s *Settings) Stage() (any, error) {
	return Quantizer{Keep: s.Keep, KeepBias: s.KeepBias, K: s.K, Iterations: s.Iterations, Exact: s.Zeros == "exact"}, nil
}

// Quantizer is top-z sparsification followed by k-means in one dimension, tensor by tensor. A tensor's side data are
// its K centroids, float32 each, in the order of their symbols: that of the largest cluster, then the others ascending.
//
// As the authors have it, pruned elements take part in the clustering, so that none of them decodes to zero: they get
// the mean of the cluster that zero falls into. With Exact only the survivors are clustered; symbol 0 stands for zero
// and symbols 1 to K for the centroids, ascending.
//
// Differences from the authors' code, which defines neither: a tensor keeps at least one element, and a centroid that
// would be the mean of nothing stays where it was.
type Quantizer struct {
	Keep       float64 // share of a weight tensor that survives, above 0 and at most 1
	KeepBias   float64 // the same of biases and norms
	K          int     // centroids, from 2
	Iterations int     // of Lloyd's algorithm, from 1
	Exact      bool    // zeros decode to zero
}

// Alphabet implements codecs.Quantizer.
func (q Quantizer) Alphabet(*codecs.Shared) (codecs.Alphabet, error) {
	if q.Exact {
		return codecs.Alphabet{Size: q.K + 1, Zero: 0}, nil
	}
	return codecs.Alphabet{Size: q.K, Zero: -1}, nil
}

// Encode implements codecs.Quantizer. It prunes among the elements that it is given: behind a sparsifier, which is
// another way to zeros that are exact, Keep should be 1.
func (q Quantizer) Encode(symbols []uint32, side []byte, _, kept []float32, t *codecs.Tensor) ([]byte, error) {
	least := threshold(kept, q.share(t.Kind))
	values := survivors(kept, least)
	zeros := len(kept) - len(values)
	if q.Exact {
		zeros = 0
	}
	c := fit(values, zeros, q.K, q.Iterations)
	symbol := c.symbols(q.Exact)
	zero := symbol[c.label(0)]
	if q.Exact {
		zero = 0
	}
	for i, x := range kept {
		if survives(x, least) {
			symbols[i] = symbol[c.label(float64(x))]
		} else {
			symbols[i] = zero
		}
	}
	return appendBook(side, c.centroids, symbol, q.Exact), nil
}

func (q Quantizer) share(kind codecs.Kind) float64 {
	if kind == codecs.Bias || kind == codecs.Norm {
		return q.KeepBias
	}
	return q.Keep
}

// threshold returns the key of the least magnitude that survives. n - round((1-share) n) elements do, at least one,
// rounded half to even as NumPy does, and all that tie with the last of them.
func threshold(v []float32, share float64) uint32 {
	pruned := int(math.RoundToEven((1 - share) * float64(len(v))))
	key, _ := magnitude.Largest(v, max(1, len(v)-pruned))
	return key
}

// survives reports whether x is neither pruned nor zero.
func survives(x float32, least uint32) bool { return x != 0 && magnitude.Key(x) >= least }

func survivors(v []float32, least uint32) []float64 {
	kept := make([]float64, 0, len(v)/4)
	for _, x := range v {
		if survives(x, least) {
			kept = append(kept, float64(x))
		}
	}
	return kept
}

// appendBook appends the centroids in the order of their symbols.
func appendBook(side []byte, centroids []float64, symbol []uint32, exact bool) []byte {
	first := uint32(0)
	if exact {
		first = 1
	}
	book := make([]float32, len(centroids))
	for label, c := range centroids {
		book[symbol[label]-first] = float32(c)
	}
	return wire.AppendFloat32s(side, book)
}

// Decode implements codecs.Quantizer.
func (q Quantizer) Decode(kept []float32, symbols []uint32, side []byte, _ *codecs.Tensor) ([]byte, error) {
	book := make([]float32, 0, q.K+1)
	if q.Exact {
		book = append(book, 0)
	}
	for range q.K {
		c, rest, err := wire.Float32(side)
		if err != nil {
			return nil, fmt.Errorf("centroid: %w", err)
		}
		if !(math.Abs(float64(c)) <= math.MaxFloat32) {
			return nil, fmt.Errorf("the centroid %v is not finite", c)
		}
		book, side = append(book, c), rest
	}
	for i, x := range symbols {
		kept[i] = book[x]
	}
	return side, nil
}
