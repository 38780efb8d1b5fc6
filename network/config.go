package network

import (
	"fmt"
	"math"

	"flsim/internal/dist"
	"flsim/internal/rng"
	"flsim/sim/event"
)

// Dist is what differs between clients: a constant or a distribution.
type Dist = dist.Dist

// Constant returns the distribution that always gives v.
func Constant(v float64) Dist { return dist.Constant(v) }

// Lognormal returns the distribution of median exp(sigma Z), where Z is standard normal. It panics unless
// median > 0 and 0 <= sigma <= 10.
func Lognormal(median, sigma float64) Dist { return dist.Lognormal(median, sigma) }

// Uniform returns the uniform distribution over [from, to). It panics unless from < to.
func Uniform(from, to float64) Dist { return dist.Uniform(from, to) }

// Config is the network of an experiment.
type Config struct {
	Uplink     dist.Dist `toml:"uplink_mbps" in:"(0,inf]" unit:"Mbit/s" required:"true" doc:"Rate of a client's link towards the server."`
	Downlink   dist.Dist `toml:"downlink_mbps" in:"(0,inf]" unit:"Mbit/s" required:"true" doc:"Rate of a client's link from the server."`
	Latency    dist.Dist `toml:"latency_ms" in:"[0,1e9]" unit:"ms" doc:"Delay of each message before its first bit is sent."`
	ServerMbps float64   `toml:"server_mbps" in:"[1e-6,1e6]" unit:"Mbit/s" doc:"Rate of the server's link, which all clients share, in each direction; unlimited if not given."`
}

// Check returns an error if a client's rate is missing or a value is out of range.
func (c Config) Check() error {
	switch {
	case !(lowest(c.Uplink) > 0):
		return fmt.Errorf("network: uplink_mbps is %v; give a rate above 0 Mbit/s or a distribution of such rates", c.Uplink)
	case !(lowest(c.Downlink) > 0):
		return fmt.Errorf("network: downlink_mbps is %v; give a rate above 0 Mbit/s or a distribution of such rates", c.Downlink)
	case !(lowest(c.Latency) >= 0):
		return fmt.Errorf("network: latency_ms is %v; give 0 ms or more, or a distribution of such delays", c.Latency)
	}
	if err := c.Server().Up.check(); err != nil {
		return fmt.Errorf("network: server_mbps is %v: %w; leave it out for a server without limit", c.ServerMbps, err)
	}
	return nil
}

func lowest(d dist.Dist) float64 {
	low, _ := d.Bounds()
	return low
}

// Link draws a client's link from streams of seed that are its own: it is the same whenever it is asked for, and how
// one of its quantities is distributed does not change the others. A finite rate that is drawn outside 1 bit/s to
// 1 Tbit/s counts as the nearer of these bounds. Link panics if Check returns an error about the rates.
func (c Config) Link(seed uint64, client int) Link {
	id := uint64(client)
	return Link{
		Up:      drawRate(c.Uplink, rng.New(seed, "uplink rate", id)),
		Down:    drawRate(c.Downlink, rng.New(seed, "downlink rate", id)),
		Latency: event.Seconds(c.Latency.Draw(rng.New(seed, "link latency", id)) / 1e3),
	}
}

func drawRate(d dist.Dist, r *rng.Rand) Rate {
	v := Mbps(d.Draw(r))
	if !(v > 0) {
		panic(fmt.Sprintf("network: a client's link has a rate of %v bit/s; the configuration lacks it", float64(v)))
	}
	if math.IsInf(float64(v), 1) {
		return Infinity
	}
	return min(max(v, slowest), fastest)
}

// Server returns the server's link.
func (c Config) Server() Link {
	rate := Mbps(c.ServerMbps)
	if rate == 0 {
		rate = Infinity
	}
	return Link{Up: rate, Down: rate}
}
