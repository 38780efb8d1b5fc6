package datasets

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"flsim/internal/rng"
)

// Partition says how the examples of a training set are divided among clients. Every kind ends after a bounded
// amount of work: none draws again until a condition holds.
type Partition struct {
	Kind            string  `toml:"partition" one:"iid|stratified|dirichlet|shards|labels|quantity|natural" doc:"How the training examples are divided among the clients. Sets of volumes are divided by whole cases, whose labels are quarters of the tumour sizes; natural gives each site clients of its own."`
	Alpha           float64 `toml:"alpha" in:"(0,inf)" doc:"Concentration of the Dirichlet distribution of the kinds dirichlet and quantity; the smaller, the more the clients differ."`
	ShardsPerClient int     `toml:"shards_per_client" in:"[1,65536]" doc:"Kind shards: number of label-sorted shards that each client gets."`
	LabelsPerClient int     `toml:"labels_per_client" in:"[1,256]" doc:"Kind labels: number of different labels that each client holds."`
	MinSamples      int     `toml:"min_samples" in:"[0,inf)" doc:"Fewest examples, or cases, that a client may hold."`
}

// DefaultPartition returns the settings that hold where a configuration is silent.
func DefaultPartition() Partition {
	return Partition{Kind: "iid", Alpha: 0.5, ShardsPerClient: 2, LabelsPerClient: 2}
}

// Split divides the examples of source among clients. Each example goes to exactly one client, and each client's
// examples are in ascending order. A client may be left without any unless MinSamples forbids it. Settings out of
// range and a MinSamples that cannot be met are errors. The cases of a Cased source are divided as if each were one
// example, because patients are not shared out among hospitals.
//
//   - iid: a random permutation cut into parts that differ by at most one example.
//   - stratified: each class in random order is dealt out in turn, one class after the other, so that both the clients'
//     sizes and their counts of a class differ by at most one example.
//   - dirichlet: for each class, the clients' shares are drawn from a symmetric Dirichlet distribution (Yurochkin et
//     al., Bayesian Nonparametric Federated Learning of Neural Networks, ICML 2019, arXiv:1905.12022). Sizes differ
//     too. Common code draws everything again until the smallest client is large enough; here MinSamples moves
//     random examples from whoever holds most at the time to whoever lacks some.
//   - shards: examples sorted by label and cut into equal shards, of which each client gets ShardsPerClient at random
//     (McMahan et al., Communication-Efficient Learning of Deep Networks from Decentralized Data, AISTATS 2017,
//     arXiv:1602.05629, section 3).
//   - labels: each client holds LabelsPerClient labels, taken at random from those that the fewest clients hold so
//     far, and each label's examples are shared out evenly among its holders.
//   - quantity: every client's labels are those of the whole, but sizes follow a symmetric Dirichlet distribution
//     (Li et al., Federated Learning on Non-IID Data Silos, ICDE 2022, arXiv:2102.02079, section IV-C). MinSamples
//     is handed out before the rest is divided.
//   - natural: every client belongs to one site of a Sited source. Sites have clients in proportion to their examples,
//     at least one, among which these are divided evenly. Fewer clients than sites are an error.
func (p Partition) Split(source Source, clients int, r *rng.Rand) ([][]int32, error) {
	of, inExamples := indivisible(source)
	shards, err := p.split(of, clients, r)
	if err != nil {
		return nil, err
	}
	for k := range shards {
		shards[k] = inExamples(shards[k])
	}
	return shards, nil
}

func (p Partition) split(source Source, clients int, r *rng.Rand) ([][]int32, error) {
	if err := p.check(source, clients); err != nil {
		return nil, err
	}
	shards, err := p.divide(source, clients, r)
	if err != nil {
		return nil, err
	}
	for k := range shards {
		slices.Sort(shards[k])
		if n := len(shards[k]); n < p.MinSamples {
			return nil, fmt.Errorf("partition %q gives client %d %d examples, fewer than min_samples = %d; take fewer clients, lower min_samples, or use the kind dirichlet",
				p.Kind, k, n, p.MinSamples)
		}
	}
	return shards, nil
}

func (p Partition) check(source Source, clients int) error {
	n := source.Len()
	switch {
	case clients < 1:
		return fmt.Errorf("examples cannot be divided among %d clients; there must be at least one", clients)
	case n > math.MaxInt32:
		return fmt.Errorf("%d examples are more than can be divided (%d)", n, math.MaxInt32)
	case p.MinSamples < 0:
		return fmt.Errorf("min_samples is %d; it must not be negative", p.MinSamples)
	case p.MinSamples > n/clients:
		return fmt.Errorf("min_samples = %d for %d clients cannot be met: with %d examples it is at most %d",
			p.MinSamples, clients, n, n/clients)
	}
	return nil
}

func (p Partition) divide(source Source, clients int, r *rng.Rand) ([][]int32, error) {
	switch p.Kind {
	case "iid":
		return evenly(permutation(source.Len(), r), clients), nil
	case "stratified":
		return inTurn(slices.Concat(byClass(source, r)...), clients), nil
	case "dirichlet":
		return p.dirichlet(source, clients, r)
	case "shards":
		return p.shards(source, clients, r)
	case "labels":
		return p.labels(source, clients, r)
	case "quantity":
		return p.quantity(source, clients, r)
	case "natural":
		return p.natural(source, clients, r)
	}
	return nil, fmt.Errorf("no partition is called %q; there are iid, stratified, dirichlet, shards, labels, quantity and natural", p.Kind)
}

func (p Partition) dirichlet(source Source, clients int, r *rng.Rand) ([][]int32, error) {
	if err := p.checkAlpha(); err != nil {
		return nil, err
	}
	shards := make([][]int32, clients)
	shares := make([]float64, clients)
	for _, members := range byClass(source, r) {
		dirichlet(shares, p.Alpha, r)
		for k, part := range proportionally(members, shares) {
			shards[k] = append(shards[k], part...)
		}
	}
	raise(shards, p.MinSamples, r)
	return shards, nil
}

func (p Partition) quantity(source Source, clients int, r *rng.Rand) ([][]int32, error) {
	if err := p.checkAlpha(); err != nil {
		return nil, err
	}
	shares := make([]float64, clients)
	dirichlet(shares, p.Alpha, r)
	all := permutation(source.Len(), r)
	base, rest := all[:clients*p.MinSamples], all[clients*p.MinSamples:]
	shards := evenly(base, clients)
	for k, part := range proportionally(rest, shares) {
		shards[k] = append(shards[k], part...)
	}
	return shards, nil
}

func (p Partition) checkAlpha() error {
	if !(p.Alpha > 0) || math.IsInf(p.Alpha, 1) {
		return fmt.Errorf("alpha is %v; it must be positive and finite", p.Alpha)
	}
	return nil
}

func (p Partition) shards(source Source, clients int, r *rng.Rand) ([][]int32, error) {
	if p.ShardsPerClient < 1 || p.ShardsPerClient > math.MaxInt32/clients {
		return nil, fmt.Errorf("shards_per_client is %d; it must be at least 1, and clients times it at most %d", p.ShardsPerClient, math.MaxInt32)
	}
	pieces := evenly(slices.Concat(byClass(source, r)...), clients*p.ShardsPerClient)
	rng.Shuffle(r, pieces)
	shards := make([][]int32, clients)
	for i, piece := range pieces {
		shards[i/p.ShardsPerClient] = append(shards[i/p.ShardsPerClient], piece...)
	}
	return shards, nil
}

func (p Partition) labels(source Source, clients int, r *rng.Rand) ([][]int32, error) {
	classes := slices.DeleteFunc(byClass(source, r), func(members []int32) bool { return len(members) == 0 })
	k := p.LabelsPerClient
	if k < 1 || k > len(classes) {
		return nil, fmt.Errorf("labels_per_client is %d; it must be at least 1 and at most %d, the number of labels that occur", k, len(classes))
	}
	if clients*k < len(classes) {
		return nil, fmt.Errorf("%d clients with labels_per_client = %d cannot hold all %d labels; take more clients or more labels per client",
			clients, k, len(classes))
	}
	shards := make([][]int32, clients)
	for c, holders := range assignLabels(len(classes), clients, k, r) {
		for i, part := range evenly(classes[c], len(holders)) {
			shards[holders[i]] = append(shards[holders[i]], part...)
		}
	}
	return shards, nil
}

// assignLabels gives each client k labels, each time the k that the fewest clients hold so far, ties broken at
// random, and returns for each label its holders. Their numbers differ by at most one.
func assignLabels(labels, clients, k int, r *rng.Rand) [][]int {
	holders := make([][]int, labels)
	for client := range clients {
		order := r.Perm(labels)
		sort.SliceStable(order, func(i, j int) bool { return len(holders[order[i]]) < len(holders[order[j]]) })
		for _, c := range order[:k] {
			holders[c] = append(holders[c], client)
		}
	}
	return holders
}

func permutation(n int, r *rng.Rand) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = int32(i)
	}
	rng.Shuffle(r, s)
	return s
}

// evenly cuts s into n consecutive parts whose lengths differ by at most one. Appending to a part copies it.
func evenly(s []int32, n int) [][]int32 {
	parts := make([][]int32, n)
	for i := range parts {
		lo, hi := i*len(s)/n, (i+1)*len(s)/n
		parts[i] = s[lo:hi:hi]
	}
	return parts
}

// inTurn deals s out among n.
func inTurn(s []int32, n int) [][]int32 {
	parts := make([][]int32, n)
	for i, x := range s {
		parts[i%n] = append(parts[i%n], x)
	}
	return parts
}

// proportionally cuts s into consecutive parts of the given shares, which sum to 1: part k ends at the sum of the
// first k+1 shares, rounded to a whole example. Appending to a part copies it.
func proportionally(s []int32, shares []float64) [][]int32 {
	parts := make([][]int32, len(shares))
	sum, lo := 0.0, 0
	for k, share := range shares {
		sum += share
		hi := min(max(lo, int(math.Round(sum*float64(len(s))))), len(s))
		if k == len(shares)-1 {
			hi = len(s)
		}
		parts[k] = s[lo:hi:hi]
		lo = hi
	}
	return parts
}
