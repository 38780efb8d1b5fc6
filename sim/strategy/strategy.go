// Package strategy decides whom the server starts and when it aggregates. Strategies take facts and return decisions;
// they own no clock, no model and no message.
package strategy

import (
	"slices"

	"flsim/internal/rng"
)

// Strategy steers the rounds of a simulation. A round ends with an aggregation; rounds count from 1.
type Strategy interface {
	// Begin returns the clients, out of the eligible ones, that are given a task at the start of a round.
	Begin(round int, eligible []int) []int
	// Aggregate says, each time a message has arrived, whether the server aggregates now what has arrived since the
	// last aggregation. underWay is how many tasks have neither arrived nor been given up.
	Aggregate(arrived, underWay int) bool
	// Weight is the share of the message of a client that holds that many examples, up to a factor common to all.
	Weight(examples int) float64
}

// Sync is synchronous federated averaging (McMahan et al., "Communication-Efficient Learning of Deep Networks from
// Decentralized Data", AISTATS 2017, arXiv 1602.05629, algorithm 1): each round waits for all that it sampled.
type Sync struct {
	PerRound int    // clients sampled without replacement; all, if fewer are eligible
	Seed     uint64 // of the sampling
}

// Begin samples uniformly and returns the clients in ascending order.
func (s Sync) Begin(round int, eligible []int) []int {
	n := min(s.PerRound, len(eligible))
	pool := slices.Clone(eligible)
	r := rng.New(s.Seed, "sampling", uint64(round))
	for i := range n {
		j := i + r.IntN(len(pool)-i)
		pool[i], pool[j] = pool[j], pool[i]
	}
	slices.Sort(pool[:n])
	return pool[:n]
}

// Aggregate waits for everybody.
func (s Sync) Aggregate(_, underWay int) bool { return underWay == 0 }

// Weight is the number of examples.
func (s Sync) Weight(examples int) float64 { return float64(examples) }
