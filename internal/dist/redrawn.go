package dist

import "flsim/internal/rng"

// Redrawn is a quantity of which every client has a mean and a spread of its own, drawn once, and every round a value:
// normal about that mean, and no less than a floor.
type Redrawn struct {
	Mean  Dist
	RSD   Dist    // standard deviation over the rounds, as a share of the mean
	Floor float64 // 0 means 1, or a tenth of the client's mean if that is less
}

// Draw returns a client's value in a round, from streams of seed that are named by the quantity, the client and the
// round alone: it is the same whoever else is asked, and how often.
func (d Redrawn) Draw(seed uint64, quantity string, client, round int) float64 {
	mean := d.Mean.Draw(rng.New(seed, quantity, uint64(client)))
	rsd := d.RSD.Draw(rng.New(seed, quantity+", spread", uint64(client)))
	floor := d.Floor
	if floor == 0 {
		floor = min(1, mean/10)
	}
	if rsd == 0 {
		return max(floor, mean)
	}
	z := rng.New(seed, quantity+", round by round", uint64(client), uint64(round)).NormFloat64()
	return max(floor, mean+float64(float64(mean*rsd)*z))
}
