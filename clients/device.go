package clients

import (
	"flsim/internal/dist"
	"flsim/internal/rng"
)

// Speed returns the computing speed of a client's device in a round, in GFLOP/s. The device is drawn from d once for
// the whole run; with jitter above 0 each round's time is longer by a lognormal factor of median 1 and that sigma.
func Speed(d dist.Dist, jitter float64, seed uint64, client, round int) float64 {
	speed := d.Draw(rng.New(seed, "device", uint64(client)))
	if jitter > 0 {
		speed /= dist.Lognormal(1, jitter).Draw(rng.New(seed, "device jitter", uint64(client), uint64(round)))
	}
	return speed
}
