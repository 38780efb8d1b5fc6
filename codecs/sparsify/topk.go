// Package sparsify holds the stock sparsifiers: topk and randommask.
package sparsify

import (
	"flsim/codecs"
	"flsim/codecs/internal/magnitude"
	"flsim/codecs/internal/positions"
)

func init() {
	codecs.Register(codecs.Entry{
		Type:  "topk",
		Slot:  codecs.SlotSparsify,
		Doc:   "Sends the elements of largest magnitude and their positions.",
		Paper: "Aji, Heafield 2017, arXiv 1704.05021",
		New:   func() codecs.Settings { return &TopKSettings{Keep: 0.01, Scope: "model"} },
	})
}

// TopKSettings are the parameters of topk.
type TopKSettings struct {
	Keep  float64 `toml:"keep" in:"(0,1]" doc:"Share of the elements that are sent; at least one is."`
	Scope string  `toml:"scope" one:"model|tensor" doc:"Whether the largest are chosen from the whole model or tensor by tensor."`
}

// Stage builds the sparsifier.
func (s *TopKSettings) Stage() (any, error) {
	return TopK{Keep: s.Keep, PerTensor: s.Scope == "tensor"}, nil
}

// TopK keeps the k = max(1, floor(Keep n)) elements of largest magnitude of n, from the model or from every tensor.
// Of elements that tie for the last place the first ones are kept.
type TopK struct {
	Keep      float64 // share, above 0 and at most 1
	PerTensor bool
}

// Select implements codecs.Sparsifier.
func (s TopK) Select(msg []byte, v []float32, layout codecs.Layout, _ *codecs.Shared, _ uint64) ([]byte, []int32, error) {
	kept := make([]int32, 0, s.count(len(v))+len(layout))
	if s.PerTensor {
		for _, seg := range layout {
			kept = s.largest(kept, seg.Of(v), seg.Off)
		}
	} else {
		kept = s.largest(kept, v, 0)
	}
	return positions.Append(msg, kept, len(v)), kept, nil
}

// count returns how many of n elements are kept.
func (s TopK) count(n int) int { return max(1, min(n, int(s.Keep*float64(n)))) }

// largest appends the positions of the k largest in v, off higher.
func (s TopK) largest(kept []int32, v []float32, off int) []int32 {
	if len(v) == 0 {
		return kept
	}
	k := s.count(len(v))
	last, larger := magnitude.Largest(v, k)
	ties := k - larger
	for i, x := range v {
		key := magnitude.Key(x)
		if key < last {
			continue
		}
		if key == last {
			if ties == 0 {
				continue
			}
			ties--
		}
		kept = append(kept, int32(off+i))
	}
	return kept
}

// Positions implements codecs.Sparsifier.
func (s TopK) Positions(msg []byte, layout codecs.Layout, _ *codecs.Shared, _ uint64) ([]int32, []byte, error) {
	return positions.Read(msg, layout.Len())
}

// Gain implements codecs.Sparsifier: values are sent as they are.
func (s TopK) Gain() float32 { return 1 }

// PaperPositions implements codecs.PaperPositions: a 32-bit index for each, as the literature usually counts.
func (s TopK) PaperPositions(_, kept int) float64 { return 32 * float64(kept) }
