package feddst

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/codecs"
	"flsim/codecs/codectest"
	"flsim/codecs/internal/pruning"
	"flsim/internal/rng"
)

func sparse(t testing.TB, s Settings) Sparse {
	t.Helper()
	stage, err := s.Stage()
	if err != nil {
		t.Fatal(err)
	}
	return stage.(Sparse)
}

func codec(t testing.TB) func() codecs.Codec {
	return func() codecs.Codec {
		c, err := codecs.New(nil, sparse(t, Settings{Sparsity: 0.8, Every: 2, Ratio: 0.5, Initial: "erk"}))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// TestMove is worked out by hand: the two smallest of four kept weights go, and of the four that are free then those
// with the largest gradients come, one of which had just gone.
func TestMove(t *testing.T) {
	kept := pruning.Mask{true, true, false, true, true, false}
	theta := []float32{0.5, -0.1, 0, 0.2, -0.9, 0}
	move(kept, theta, []float32{9, 1, 2, 3, 9, -4}, 2)
	if want := (pruning.Mask{true, false, false, true, true, true}); !slices.Equal(kept, want) {
		t.Errorf("the mask is %v, want %v", kept, want)
	}
	if want := []float32{0.5, 0, 0, 0, -0.9, 0}; !slices.Equal(theta, want) {
		t.Errorf("the weights are %v, want %v", theta, want)
	}
}

// TestSparsity: through all rounds each tensor of the global model keeps the share that it was drawn with, at the
// client's end too; masks move in the rounds that are due and in no others.
func TestSparsity(t *testing.T) {
	layout := codecs.Layout{}.Add("a", codecs.Weight, 40, 20).Add("b", codecs.Bias, 20).Add("c", codecs.Weight, 20, 10)
	rapid.Check(t, func(r *rapid.T) {
		s := Settings{Sparsity: 0.8, Every: rapid.IntRange(1, 4).Draw(r, "every"), Ratio: 0.5, Initial: "erk"}
		p, stream := sparse(t, s), rng.New(rapid.Uint64().Draw(r, "seed"), "training")
		w, g, theta, u := make([]float32, 1020), make([]float32, 1020), make([]float32, 1020), make([]float32, 1020)
		for i := range w {
			w[i] = float32(stream.NormFloat64())
		}
		var last pruning.Mask
		for round := 1; round <= 8; round++ {
			control, err := p.Control(nil, codecs.Feedback{Round: round, Rounds: 8, Layout: layout, Model: w})
			if err != nil {
				r.Fatal(err)
			}
			shared := &codecs.Shared{Layout: layout, Round: round, Rounds: 8, Reference: slices.Clone(w), Control: control}
			reparam := p.Reparam(shared, 0)
			reparam.Start(theta, w)
			for step := range 3 {
				for i := range g {
					g[i] = float32(0.1 * stream.NormFloat64())
				}
				reparam.Gradient(g, theta, step, 3)
				for i := range theta {
					theta[i] -= g[i]
				}
			}
			reparam.Update(u, theta)
			for i := range w {
				w[i] += u[i]
			}
			if err := p.AfterAggregate(w, shared); err != nil {
				r.Fatal(err)
			}
			mask := pruning.NonZero(w, layout)
			if round > 1 && slices.Equal(mask, last) == p.moves(round) {
				r.Fatalf("round %d: moves %v, same mask %v", round, p.moves(round), slices.Equal(mask, last))
			}
			if last = mask; mask.Kept() > 200 || mask.Kept() < 198 { // the numbers of two tensors are rounded down
				r.Fatalf("round %d keeps %d of 1000", round, mask.Kept())
			}
		}
	})
}

func TestConformance(t *testing.T) { codectest.Run(t, codec(t), codectest.Options{}) }

func FuzzDecode(f *testing.F) { codectest.Fuzz(f, codec(f)) }

func BenchmarkCodec(b *testing.B) { codectest.Bench(b, codec(b)) }
