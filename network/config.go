package network

import (
	"fmt"
	"math"

	"flsim/internal/dist"
	"flsim/internal/rng"
	"flsim/sim/event"
)

// Config is the network of an experiment.
type Config struct {
	Uplink     dist.Dist `toml:"uplink_mbps" in:"(0,inf]" unit:"Mbit/s" required:"true" doc:"Rate of a client's link towards the server."`
	Downlink   dist.Dist `toml:"downlink_mbps" in:"(0,inf]" unit:"Mbit/s" required:"true" doc:"Rate of a client's link from the server."`
	Latency    dist.Dist `toml:"latency_ms" in:"[0,1e9]" unit:"ms" doc:"Delay of each message before its first bit is sent."`
	ServerMbps float64   `toml:"server_mbps" in:"(0,inf]" unit:"Mbit/s" doc:"Rate of the server's link, which all clients share, in each direction; unlimited if not given."`
}

// Check returns an error if a client's rate is missing or a value is out of range.
func (c Config) Check() error {
	for _, v := range []struct {
		key      string
		low, min float64
		open     bool
	}{
		{"uplink_mbps", lowest(c.Uplink), 0, true},
		{"downlink_mbps", lowest(c.Downlink), 0, true},
		{"latency_ms", lowest(c.Latency), 0, false},
		{"server_mbps", c.ServerMbps, 0, false},
	} {
		if !(v.low > v.min || v.low == v.min && !v.open) {
			return fmt.Errorf("network: %s is %v or missing; give a number above 0, or a distribution of such numbers", v.key, v.low)
		}
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
