package network

import (
	"math"
	"slices"
	"strings"
	"testing"

	"flsim/internal/dist"
	"flsim/internal/params"
	"flsim/sim/event"
)

func typical() Config {
	return Config{Uplink: dist.Lognormal(4, 0.8), Downlink: dist.Constant(20), Latency: dist.Uniform(10, 50)}
}

func TestLinkIsConstantOverARun(t *testing.T) {
	c := typical()
	first := c.Link(1, 7)
	for other := range 20 {
		c.Link(1, other)
	}
	if again := c.Link(1, 7); again != first {
		t.Errorf("client 7's link was %v and is %v", first, again)
	}
	if c.Link(2, 7) == first || c.Link(1, 8) == first {
		t.Error("another seed's or another client's link is the same")
	}
}

func TestQuantitiesAreIndependent(t *testing.T) {
	c := typical()
	before := c.Link(1, 7)
	c.Uplink = dist.Constant(1)
	if after := c.Link(1, 7); after.Down != before.Down || after.Latency != before.Latency {
		t.Errorf("another uplink changed the link from %v to %v", before, after)
	}
	c.Downlink = dist.Lognormal(4, 0.8)
	c.Uplink = c.Downlink
	if l := c.Link(1, 7); l.Up == l.Down {
		t.Error("both directions have the same draw")
	}
}

func TestLinkDraws(t *testing.T) {
	c := typical()
	var ups []float64
	for client := range 4001 {
		l := c.Link(3, client)
		ups = append(ups, float64(l.Up))
		if l.Down != 20e6 || l.Latency < 10*ms || l.Latency > 50*ms {
			t.Fatalf("client %d has the link %v", client, l)
		}
	}
	slices.Sort(ups)
	if median := ups[2000]; math.Abs(median-4e6) > 0.2e6 {
		t.Errorf("the median uplink is %v bit/s, want about 4e6", median)
	}
	if ratio := math.Log(ups[2000+1365] / ups[2000]); math.Abs(ratio-0.8) > 0.06 { // one sigma up is the 84.1st percentile
		t.Errorf("sigma is %v, want about 0.8", ratio)
	}
}

func TestExtremeDraws(t *testing.T) {
	c := Config{Uplink: dist.Constant(1e-9), Downlink: dist.Constant(1e9)}
	if got, want := c.Link(1, 1), (Link{Up: slowest, Down: fastest}); got != want {
		t.Errorf("link is %v, want %v", got, want)
	}
	c.Downlink = dist.Constant(math.Inf(1))
	if got := c.Link(1, 1).Down; got != Infinity {
		t.Errorf("downlink is %v, want Infinity", got)
	}
}

func TestServer(t *testing.T) {
	if got := (Config{}).Server(); got != fast() {
		t.Errorf("a server without rate is %v, want unlimited", got)
	}
	if got, want := (Config{ServerMbps: 5}).Server(), (Link{Up: 5e6, Down: 5e6}); got != want {
		t.Errorf("server is %v, want %v", got, want)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(c *Config)
		want string // part of the message, empty for none
	}{
		{"as it is", func(*Config) {}, ""},
		{"no uplink", func(c *Config) { c.Uplink = dist.Dist{} }, "uplink_mbps"},
		{"no downlink", func(c *Config) { c.Downlink = dist.Dist{} }, "downlink_mbps"},
		{"a rate that may be zero", func(c *Config) { c.Uplink = dist.Uniform(0, 1) }, "uplink_mbps"},
		{"not a number", func(c *Config) { c.Uplink = dist.Constant(math.NaN()) }, "uplink_mbps"},
		{"no latency", func(c *Config) { c.Latency = dist.Dist{} }, ""},
		{"a negative latency", func(c *Config) { c.Latency = dist.Constant(-1) }, "latency_ms"},
		{"a negative server", func(c *Config) { c.ServerMbps = -1 }, "server_mbps"},
		{"a server slower than 1 bit/s", func(c *Config) { c.ServerMbps = 1e-7 }, "server_mbps"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := typical()
			c.edit(&config)
			err := config.Check()
			if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("Check says %v, want an error about %q", err, c.want)
			}
		})
	}
}

func TestMissingRatePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a link was drawn from a configuration without rates")
		}
	}()
	(Config{}).Link(1, 1)
}

func TestParameters(t *testing.T) {
	c := typical()
	if bad := params.Check(&c); len(bad) > 0 {
		t.Error(bad)
	}
	c.ServerMbps = -1
	c.Latency = dist.Constant(-1)
	c.Uplink = dist.Uniform(0, 1)
	if bad := params.Check(&c); len(bad) != 3 {
		t.Errorf("three values are out of range, found %v", bad)
	}
}

func TestSpeedIsExact(t *testing.T) {
	for _, c := range []struct {
		rate Rate
		want speed
	}{
		{1, 1e6},
		{1 + 1./3, 1333333},
		{4.5e6, 4.5e12},
		{1e12, 1e18},
		{Infinity, unlimited},
		// Just below 1.048593, and yet its product with 1e6 rounds to that many millionths.
		{1.0485929999999999, 1048592},
	} {
		if got := c.rate.speed(); got != c.want {
			t.Errorf("%v bit/s is a speed of %d, want %d", float64(c.rate), got, c.want)
		}
	}
	for _, r := range []Rate{0, -1, 0.5, 2e12, Rate(math.NaN()), Rate(math.Inf(-1))} {
		if r.check() == nil {
			t.Errorf("%v is taken for a valid rate", float64(r))
		}
	}
	if Mbps(2.5) != 2.5e6 {
		t.Errorf("2.5 Mbit/s is %v", Mbps(2.5))
	}
}

func TestWork(t *testing.T) {
	for _, n := range []int64{0, 1, 12345, math.MaxInt64} {
		if got := workOf(n).bytes(); got != n {
			t.Errorf("the work of %d bytes is of %d", n, got)
		}
	}
	one := work{lo: 1}
	for _, c := range []struct {
		w    work
		s    speed
		want event.Time
	}{
		{work{}, 5, 0},
		{one, 5, 1},
		{work{lo: 10}, 5, 2},
		{work{lo: 11}, 5, 3},
		{workOf(1e6), unlimited, 0},
		{one, 0, event.Never},
		{work{hi: 5}, 5, event.Never},
		{work{hi: 4}, 5, event.Never},
		{work{hi: 1}, 4, 1 << 62},
	} {
		if got := c.w.at(c.s); got != c.want {
			t.Errorf("%v at speed %d takes %d, want %d", c.w, c.s, got, c.want)
		}
	}
	carry := work{lo: math.MaxUint64}.plus(one)
	if carry != (work{hi: 1}) || carry.minus(one) != (work{lo: math.MaxUint64}) || one.minus(carry) != (work{}) {
		t.Error("sums and differences do not carry")
	}
}
