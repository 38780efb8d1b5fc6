package datasets

import "flsim/internal/rng"

// SplitLike divides all examples of source among clients so that each holds of every class a share in proportion to
// its counts[client][class]: test examples that look like what the client trains on. Shares are rounded so that every
// example of a class that anybody holds goes to exactly one client. Cases are not divided. The result lists positions
// in source.
func SplitLike(source Source, counts [][]int, r *rng.Rand) [][]int32 {
	shards := make([][]int32, len(counts))
	of, inExamples := indivisible(source)
	for class, members := range byClass(of, r) {
		total := 0
		for _, c := range counts {
			total += c[class]
		}
		sum := 0
		for client, c := range counts {
			if c[class] == 0 {
				continue
			}
			from := len(members) * sum / total
			sum += c[class]
			shards[client] = append(shards[client], members[from:len(members)*sum/total]...)
		}
	}
	for client := range shards {
		shards[client] = inExamples(shards[client])
	}
	return shards
}
