package clients

import (
	"flsim/internal/dist"
	"flsim/internal/rng"
)

// Speed draws the computing speed of a client's device in GFLOP/s. It stays the same for the whole run.
func Speed(d dist.Dist, seed uint64, client int) float64 {
	return d.Draw(rng.New(seed, "device", uint64(client)))
}
