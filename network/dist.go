package network

import "flsim/internal/dist"

// Dist is what differs between clients: a constant or a distribution.
type Dist = dist.Dist

// Constant returns the distribution that always gives v.
func Constant(v float64) Dist { return dist.Constant(v) }

// Lognormal returns the distribution of median exp(sigma Z), where Z is standard normal. It panics unless
// median > 0 and 0 <= sigma <= 10.
func Lognormal(median, sigma float64) Dist { return dist.Lognormal(median, sigma) }

// Uniform returns the uniform distribution over [from, to). It panics unless from < to.
func Uniform(from, to float64) Dist { return dist.Uniform(from, to) }
