package datasets

import (
	"fmt"
	"slices"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// Subset returns a view of the examples of source that index names, in that order. It keeps index, which must not
// be changed afterwards. It is Sited or Cased if source is. It panics if an index is out of range.
func Subset(source Source, index []int32) Source {
	for _, i := range index {
		if i < 0 || int(i) >= source.Len() {
			panic(fmt.Sprintf("datasets: a subset names example %d of %d", i, source.Len()))
		}
	}
	s := &subset{source, index}
	switch source := source.(type) {
	case Cased:
		return &casedSubset{sitedSubset{s, source}, source}
	case Sited:
		return &sitedSubset{s, source}
	}
	return s
}

type subset struct {
	source Source
	index  []int32
}

func (s *subset) Len() int            { return len(s.index) }
func (s *subset) Shape() tensor.Shape { return s.source.Shape() }
func (s *subset) Classes() int        { return s.source.Classes() }
func (s *subset) Label(i int) int     { return s.source.Label(int(s.index[i])) }

func (s *subset) Fill(x []float32, y []int32, index []int32) {
	inner := make([]int32, len(index))
	for k, i := range index {
		inner[k] = s.index[i]
	}
	s.source.Fill(x, y, inner)
}

// sitedSubset is a subset of a Sited source.
type sitedSubset struct {
	*subset
	sited Sited
}

func (s *sitedSubset) Site(i int) int { return s.sited.Site(int(s.index[i])) }

// casedSubset is a subset of a Cased source.
type casedSubset struct {
	sitedSubset
	cased Cased
}

func (s *casedSubset) Case(i int) int { return s.cased.Case(int(s.index[i])) }

// Sample returns n examples of source, drawn at random, in the order of source.
func Sample(source Source, n int, r *rng.Rand) Source {
	index := permutation(source.Len(), r)[:n]
	slices.Sort(index)
	return Subset(source, index)
}

// HoldOut divides source at random into a part to train on and a part that is kept back for validation: share
// (0 <= share < 1) of the examples of each class, rounded to whole examples; where source is Cased, of the cases of each
// class, rounded to whole cases. Both parts keep the order of source. A share out of range is an error.
func HoldOut(source Source, share float64, r *rng.Rand) (train, validation Source, err error) {
	if !(share >= 0 && share < 1) {
		return nil, nil, fmt.Errorf("the share held out for validation is %v; it must be at least 0 and below 1", share)
	}
	var kept, held []int32
	of, inExamples := indivisible(source)
	for _, members := range byClass(of, r) {
		n := int(share*float64(len(members)) + 0.5)
		held = append(held, members[:n]...)
		kept = append(kept, members[n:]...)
	}
	kept, held = inExamples(kept), inExamples(held)
	slices.Sort(kept)
	slices.Sort(held)
	return Subset(source, kept), Subset(source, held), nil
}

// byClass lists for each class its examples in random order.
func byClass(source Source, r *rng.Rand) [][]int32 {
	classes := make([][]int32, source.Classes())
	for i := range source.Len() {
		y := source.Label(i)
		classes[y] = append(classes[y], int32(i))
	}
	for _, members := range classes {
		rng.Shuffle(r, members)
	}
	return classes
}
