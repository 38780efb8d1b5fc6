package network

import (
	"fmt"
	"math"

	"flsim/internal/dist"
	"flsim/internal/rng"
	"flsim/sim/event"
)

// Config is the network of an experiment. Each direction of the clients' links is given as a rate, constant over the
// run, or as a time, drawn anew for each round.
type Config struct {
	Uplink      dist.Dist `toml:"uplink_mbps" in:"(0,inf]" unit:"Mbit/s" required:"true" doc:"Rate of a client's link towards the server. Give this or uplink_seconds."`
	Downlink    dist.Dist `toml:"downlink_mbps" in:"(0,inf]" unit:"Mbit/s" required:"true" doc:"Rate of a client's link from the server. Give this or downlink_seconds."`
	UpSeconds   dist.Dist `toml:"uplink_seconds" in:"(0,]" unit:"s" doc:"In place of uplink_mbps: how long a client's link needs for the model as bare float32 on average, drawn once per client; shorter messages take less in proportion."`
	UpRSD       dist.Dist `toml:"uplink_seconds_rsd" in:"(0,2]" doc:"Standard deviation of uplink_seconds over the rounds as a share of the client's mean, drawn once per client; every round draws anew. None if not given."`
	DownSeconds dist.Dist `toml:"downlink_seconds" in:"(0,]" unit:"s" doc:"In place of downlink_mbps: the same from the server."`
	DownRSD     dist.Dist `toml:"downlink_seconds_rsd" in:"(0,2]" doc:"The same of downlink_seconds."`
	Floor       float64   `toml:"seconds_floor" in:"(0,1e9]" unit:"s" default:"1, or a tenth of the client's mean if that is less" doc:"Least value of a round's draw of uplink_seconds and downlink_seconds."`
	Latency     dist.Dist `toml:"latency_ms" in:"[0,1e9]" unit:"ms" doc:"Delay of each message before its first bit is sent."`
	ServerMbps  float64   `toml:"server_mbps" in:"[1e-6,1e6]" unit:"Mbit/s" doc:"Rate of the server's link, which all clients share, in each direction; unlimited if not given."`
}

// Check returns an error if a client's rate is missing or a value is out of range.
func (c Config) Check() error {
	for _, d := range []struct {
		name          string
		rate, seconds dist.Dist
	}{{"uplink", c.Uplink, c.UpSeconds}, {"downlink", c.Downlink, c.DownSeconds}} {
		if (d.rate == dist.Dist{}) == (d.seconds == dist.Dist{}) {
			return fmt.Errorf("network: %s_mbps is %v and %[1]s_seconds %v; give one of the two", d.name, d.rate, d.seconds)
		}
		if !(max(lowest(d.rate), lowest(d.seconds)) > 0) {
			return fmt.Errorf("network: %s_mbps is %v and %[1]s_seconds %v; give one of them, above 0, or a distribution of such values", d.name, d.rate, d.seconds)
		}
		if d.rate != (dist.Dist{}) && TooSlow(d.rate) {
			return fmt.Errorf("network: %s_mbps is %v; give 1e-6, which is 1 bit/s, or more", d.name, d.rate)
		}
	}
	if !(lowest(c.Latency) >= 0) {
		return fmt.Errorf("network: latency_ms is %v; give 0 ms or more, or a distribution of such delays", c.Latency)
	}
	if err := c.Server().Up.check(); err != nil {
		return fmt.Errorf("network: server_mbps is %v: %w; leave it out for a server without limit", c.ServerMbps, err)
	}
	return nil
}

// TooSlow reports whether a rate in Mbit/s is known to be, or to be drawn now and then, below the 1 bit/s that every link
// has. Of a lognormal distribution, which comes near 0 however fast it is, nothing is known: the few draws below count as
// 1 bit/s.
func TooSlow(mbps dist.Dist) bool {
	low, high := mbps.Bounds()
	return Mbps(low) < slowest && !math.IsInf(high, 1)
}

func lowest(d dist.Dist) float64 {
	low, _ := d.Bounds()
	return low
}

// Link draws a client's link in a round, for a model of so many elements, from streams of seed that are its own: it is
// the same whenever it is asked for, and how one of its quantities is distributed does not change the others. A finite
// rate that is drawn outside 1 bit/s to 1 Tbit/s counts as the nearer of these bounds. Link panics if Check returns an
// error about the rates.
func (c Config) Link(seed uint64, client, round, elements int) Link {
	id := uint64(client)
	link := Link{Latency: event.Seconds(c.Latency.Draw(rng.New(seed, "link latency", id)) / 1e3)}
	timed := func(quantity string, mean, rsd dist.Dist) Rate {
		took := dist.Redrawn{Mean: mean, RSD: rsd, Floor: c.Floor}.Draw(seed, quantity, client, round)
		return bounded(Rate(32 * float64(elements) / took))
	}
	if c.UpSeconds != (dist.Dist{}) {
		link.Up = timed("upload seconds", c.UpSeconds, c.UpRSD)
	} else {
		link.Up = bounded(Mbps(c.Uplink.Draw(rng.New(seed, "uplink rate", id))))
	}
	if c.DownSeconds != (dist.Dist{}) {
		link.Down = timed("download seconds", c.DownSeconds, c.DownRSD)
	} else {
		link.Down = bounded(Mbps(c.Downlink.Draw(rng.New(seed, "downlink rate", id))))
	}
	return link
}

// bounded panics where there is no rate at all.
func bounded(v Rate) Rate {
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
