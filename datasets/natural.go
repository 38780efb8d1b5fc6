package datasets

import (
	"fmt"

	"flsim/internal/rng"
)

// natural gives each site clients of its own, one or more in proportion to what it holds, among which its examples are
// divided evenly at random. Clients are numbered in the order of sites.
func (p Partition) natural(source Source, clients int, r *rng.Rand) ([][]int32, error) {
	sites, err := bySite(source, r)
	if err != nil {
		return nil, err
	}
	if len(sites) == 0 {
		return make([][]int32, clients), nil
	}
	if clients < len(sites) {
		return nil, fmt.Errorf("partition \"natural\" gives each site at least one client of its own, but there are %d sites and %d clients; take %d clients or more",
			len(sites), clients, len(sites))
	}
	var shards [][]int32
	for k, n := range clientsOfSites(sites, clients) {
		shards = append(shards, evenly(sites[k], n)...)
	}
	return shards, nil
}

// bySite lists for each site that occurs its examples in random order.
func bySite(source Source, r *rng.Rand) (sites [][]int32, err error) {
	sited, ok := source.(Sited)
	last := -1
	for i := range source.Len() {
		if !ok || sited.Site(i) < 0 {
			return nil, fmt.Errorf("partition \"natural\" divides examples by the site that they come from, which this data set does not tell")
		}
		last = max(last, sited.Site(i))
	}
	all := make([][]int32, last+1)
	for i := range source.Len() {
		all[sited.Site(i)] = append(all[sited.Site(i)], int32(i))
	}
	for _, members := range all {
		if len(members) > 0 {
			rng.Shuffle(r, members)
			sites = append(sites, members)
		}
	}
	return sites, nil
}

// clientsOfSites returns how many clients each site gets: one, and of those that are left over one at a time to the
// site that has most examples for each of its clients, the first among equals.
func clientsOfSites(sites [][]int32, clients int) []int {
	count := make([]int, len(sites))
	for k := range count {
		count[k] = 1
	}
	for range clients - len(sites) {
		most := 0
		for k := range sites {
			if len(sites[k])*count[most] > len(sites[most])*count[k] {
				most = k
			}
		}
		count[most]++
	}
	return count
}
