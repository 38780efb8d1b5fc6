package strategy

import (
	"slices"
	"testing"
)

func clients(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = 2 * i // names are not positions
	}
	return all
}

func TestSyncSamplesWithoutReplacement(t *testing.T) {
	all := clients(20)
	s := Sync{PerRound: 7, Seed: 1}
	count := map[int]int{}
	const rounds = 4000
	for round := 1; round <= rounds; round++ {
		got := s.Begin(round, all)
		if len(got) != 7 || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != 7 {
			t.Fatalf("round %d starts %v", round, got)
		}
		if !slices.Equal(got, s.Begin(round, all)) {
			t.Fatalf("round %d starts others when asked again", round)
		}
		for _, c := range got {
			count[c]++
		}
	}
	for _, c := range all {
		// Binomial(4000, 7/20): mean 1400, standard deviation 30.2.
		if n := count[c]; n < 1400-5*31 || n > 1400+5*31 {
			t.Errorf("client %d took part in %d of %d rounds, expected about 1400", c, n, rounds)
		}
	}
	if !slices.Equal(all, clients(20)) {
		t.Error("the list of eligible clients was changed")
	}
}

func TestSyncTakesAllWhereFewAreEligible(t *testing.T) {
	if got := (Sync{PerRound: 7}).Begin(1, clients(3)); !slices.Equal(got, []int{0, 2, 4}) {
		t.Errorf("starts %v", got)
	}
	if got := (Sync{PerRound: 7}).Begin(1, nil); len(got) != 0 {
		t.Errorf("starts %v of nobody", got)
	}
}

func TestSyncWaitsForEverybody(t *testing.T) {
	s := Sync{PerRound: 2}
	if s.Aggregate(1, 1) || !s.Aggregate(2, 0) {
		t.Error("aggregates before all have arrived, or not then")
	}
	if s.Weight(30) != 3*s.Weight(10) {
		t.Error("weights are not the numbers of examples")
	}
}
