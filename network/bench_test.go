package network

import (
	"fmt"
	"testing"

	"flsim/internal/dist"
	"flsim/internal/rng"
	"flsim/sim/event"
)

// BenchmarkEvents keeps a number of transfers under way, half of them held up by the server's link: whenever one
// ends, another client of a million starts one.
func BenchmarkEvents(b *testing.B) {
	for _, under := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("under-way=%d", under), func(b *testing.B) {
			config := Config{Uplink: dist.Lognormal(4, 0.8), Downlink: dist.Constant(20), Latency: dist.Constant(40)}
			config.ServerMbps = float64(under) * 2
			n := New(func(c, _ int) Link { return config.Link(1, c, 1, 1) }, config.Server())
			r := rng.New(1, "benchmark")
			started := uint64(0)
			start := func(now event.Time) {
				started++
				n.Start(now, Transfer{ID: started, Client: r.IntN(1e6), Bytes: 1e5 + int64(r.IntN(1e6))})
			}
			for range under {
				start(0)
			}
			events := 0
			for b.Loop() {
				for range 1000 {
					now := n.Next()
					for range n.Advance(now) {
						start(now)
					}
					events++
				}
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkRound starts a round's transfers at once and plays it to its end.
func BenchmarkRound(b *testing.B) {
	const clients = 10_000
	config := Config{Uplink: dist.Lognormal(4, 0.8), Downlink: dist.Constant(20), ServerMbps: 1000}
	links := make([]Link, clients)
	for c := range links {
		links[c] = config.Link(1, c, 1, 1)
	}
	for b.Loop() {
		n := New(func(c, _ int) Link { return links[c] }, config.Server())
		for c := range clients {
			n.Start(0, Transfer{ID: uint64(c), Client: c, Bytes: 500_000})
		}
		drain(n)
	}
	b.ReportMetric(float64(b.N)*2*clients/b.Elapsed().Seconds(), "events/s")
}
