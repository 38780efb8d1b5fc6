package volumes

import (
	"math"
	"slices"
	"strconv"

	"flsim/internal/rng"
)

// choose returns limit random numbers below n in ascending order, or all if limit is 0 or at least n.
func choose(n, limit int, seed uint64) []int {
	chosen := rng.New(seed, "cases").Perm(n)
	if limit > 0 && limit < n {
		chosen = chosen[:limit]
	}
	slices.Sort(chosen)
	return chosen
}

// holdOut draws which cases are kept for testing: share of them all, but at least one and not all, and of each site as
// near to that share as whole cases allow. A site loses its last case only if there is no other way. sites holds each
// case's site, from -1.
func holdOut(sites []int, share float64, seed uint64) (test []bool) {
	n := len(sites)
	members := make([][]int, slices.Max(sites)+2)
	for _, i := range rng.New(seed, "test cases").Perm(n) {
		members[sites[i]+1] = append(members[sites[i]+1], i)
	}
	sizes := make([]int, len(members))
	for site, m := range members {
		sizes[site] = len(m)
	}
	test = make([]bool, n)
	for site, quota := range quotas(sizes, min(max(1, int(math.Round(share*float64(n)))), n-1)) {
		for _, i := range members[site][:quota] {
			test[i] = true
		}
	}
	return test
}

// firsts returns for each case the first one of the same patient. A case of nobody that is known is the first of its own.
func firsts(patients []string) []int {
	first := make([]int, len(patients))
	of := make(map[string]int)
	for k, name := range patients {
		at, seen := of[name]
		if first[k] = at; !seen || name == "" {
			of[name], first[k] = k, k
		}
	}
	return first
}

// holdOutPatients draws which cases are kept for testing as holdOut does, but so that those of one patient stay together:
// share is one of patients then. first is what firsts returns.
func holdOutPatients(sites, first []int, share float64, seed uint64) (test []bool) {
	var siteOf []int // of each patient
	patient := make([]int, len(first))
	for k, at := range first {
		if patient[k] = patient[at]; at == k {
			patient[k] = len(siteOf)
			siteOf = append(siteOf, sites[k])
		}
	}
	held := holdOut(siteOf, share, seed)
	test = make([]bool, len(first))
	for k := range test {
		test[k] = held[patient[k]]
	}
	return test
}

// quotas divides wanted among sites of the given sizes: case after case is taken from the site with the least
// (quota+1/2)/size, which is the rule of Sainte-Laguë, and among equals from the first. Sites that would lose their last
// case wait for all others.
func quotas(sizes []int, wanted int) []int {
	quota := make([]int, len(sizes))
	before := func(a, b int) bool {
		if lastA, lastB := sizes[a]-quota[a] == 1, sizes[b]-quota[b] == 1; lastA != lastB {
			return lastB
		}
		return (2*quota[a]+1)*sizes[b] < (2*quota[b]+1)*sizes[a]
	}
	for range wanted {
		best := -1
		for site := range sizes {
			if quota[site] < sizes[site] && (best < 0 || before(site, best)) {
				best = site
			}
		}
		quota[best]++
	}
	return quota
}

// strata is the number of classes into which cases are divided by the size of their tumours.
const strata = 4

// stratify returns the class of each size, of which each holds about as many as any other, and the least size of each
// class. Equal sizes are in one class, so that some may be empty.
func stratify(sizes []int) (class, least []int) {
	sorted := slices.Sorted(slices.Values(sizes))
	for k := range min(strata, len(sizes)) {
		least = append(least, sorted[k*len(sorted)/min(strata, len(sizes))])
	}
	least[0] = 0
	for _, size := range sizes {
		k := len(least) - 1
		for size < least[k] {
			k--
		}
		class = append(class, k)
	}
	return class, least
}

// classNames says what the classes of stratify hold: the size of the tumour, short enough for an axis.
func classNames(least []int) []string {
	var names []string
	for k, low := range least {
		switch {
		case k == len(least)-1:
			names = append(names, "≥ "+rounded(low)+" voxels")
		case k == 0:
			names = append(names, "< "+rounded(least[1])+" voxels")
		default:
			names = append(names, rounded(low)+" to "+rounded(least[k+1])+" voxels")
		}
	}
	return names
}

// rounded writes a number of voxels with about three digits, as in 840, 8.4k and 149k.
func rounded(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	if n < 99_950 {
		return strconv.FormatFloat(math.Round(float64(n)/100)/10, 'f', -1, 64) + "k"
	}
	return strconv.Itoa((n+500)/1000) + "k"
}
