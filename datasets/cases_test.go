package datasets

import (
	"testing"

	"flsim/internal/tensor"
)

// slicesOf is a source of nine slices of three patients; sited ones know the hospital too.
type slicesOf struct{}

func (slicesOf) Len() int                         { return 9 }
func (slicesOf) Shape() tensor.Shape              { return tensor.Shape{H: 1, W: 1, C: 1} }
func (slicesOf) Classes() int                     { return 1 }
func (slicesOf) Label(int) int                    { return 0 }
func (slicesOf) Fill([]float32, []int32, []int32) {}

type partedSlices struct{ slicesOf }

func (partedSlices) CaseOf(i int) int { return i / 3 }

type sitedSlices struct{ slicesOf }

func (sitedSlices) Site(i int) int { return i / 6 }

type bothSlices struct {
	partedSlices
	sitedSlices
}

func (bothSlices) Len() int                         { return 9 }
func (bothSlices) Shape() tensor.Shape              { return slicesOf{}.Shape() }
func (bothSlices) Classes() int                     { return 1 }
func (bothSlices) Label(int) int                    { return 0 }
func (bothSlices) Fill([]float32, []int32, []int32) {}

func TestCountCases(t *testing.T) {
	for _, c := range []struct {
		source Source
		index  []int32
		want   int
	}{
		{partedSlices{}, []int32{0, 1, 8, 2}, 2}, {bothSlices{}, []int32{0, 3, 6}, 3}, {partedSlices{}, nil, 0},
		{slicesOf{}, []int32{0, 1, 8, 2}, 4}, {sitedSlices{}, []int32{0, 1}, 2},
		{Subset(Subset(bothSlices{}, []int32{8, 7, 5, 4}), []int32{0, 1, 3}), []int32{0, 1, 2}, 2},
	} {
		if got := CountCases(c.source, c.index); got != c.want {
			t.Errorf("%T: %v are parts of %d cases, want %d", c.source, c.index, got, c.want)
		}
	}
}

// A subset knows what its source knows of an example, and no more.
func TestSubsetsKnowCasesAndSites(t *testing.T) {
	for _, source := range []Source{slicesOf{}, partedSlices{}, sitedSlices{}, bothSlices{}} {
		sub := Subset(source, []int32{7, 2})
		_, wantSited := source.(Sited)
		_, wantParted := source.(Parted)
		sited, isSited := sub.(Sited)
		parted, isParted := sub.(Parted)
		if isSited != wantSited || isParted != wantParted || sub.Len() != 2 {
			t.Fatalf("a subset of %T: sited %v, parted %v", source, isSited, isParted)
		}
		if isSited && (sited.Site(0) != 1 || sited.Site(1) != 0) || isParted && (parted.CaseOf(0) != 2 || parted.CaseOf(1) != 0) {
			t.Errorf("a subset of %T mistakes its examples", source)
		}
	}
}
