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
	first := c.Link(1, 7, 1, 1)
	for other := range 20 {
		c.Link(1, other, 1, 1)
	}
	if again := c.Link(1, 7, 1, 1); again != first {
		t.Errorf("client 7's link was %v and is %v", first, again)
	}
	if c.Link(2, 7, 1, 1) == first || c.Link(1, 8, 1, 1) == first {
		t.Error("another seed's or another client's link is the same")
	}
}

func TestQuantitiesAreIndependent(t *testing.T) {
	c := typical()
	before := c.Link(1, 7, 1, 1)
	c.Uplink = dist.Constant(1)
	if after := c.Link(1, 7, 1, 1); after.Down != before.Down || after.Latency != before.Latency {
		t.Errorf("another uplink changed the link from %v to %v", before, after)
	}
	c.Downlink = dist.Lognormal(4, 0.8)
	c.Uplink = c.Downlink
	if l := c.Link(1, 7, 1, 1); l.Up == l.Down {
		t.Error("both directions have the same draw")
	}
}

func TestLinkDraws(t *testing.T) {
	c := typical()
	var ups []float64
	for client := range 4001 {
		l := c.Link(3, client, 1, 1)
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
	if got, want := c.Link(1, 1, 1, 1), (Link{Up: slowest, Down: fastest}); got != want {
		t.Errorf("link is %v, want %v", got, want)
	}
	c.Downlink = dist.Constant(math.Inf(1))
	if got := c.Link(1, 1, 1, 1).Down; got != Infinity {
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
		{"a rate below 1 bit/s", func(c *Config) { c.Uplink = dist.Constant(9e-7) }, "1 bit/s"},
		{"a rate that may be below 1 bit/s", func(c *Config) { c.Downlink = dist.Halves(9e-7, 1, 2) }, "downlink_mbps"},
		{"1 bit/s", func(c *Config) { c.Uplink = dist.Constant(1e-6) }, ""},
		{"a slow lognormal rate", func(c *Config) { c.Uplink = dist.Lognormal(1e-6, 3) }, ""},
		{"no limit", func(c *Config) { c.Uplink = dist.Constant(math.Inf(1)) }, ""},
		{"not a number", func(c *Config) { c.Uplink = dist.Constant(math.NaN()) }, "uplink_mbps"},
		{"two uplinks", func(c *Config) { c.UpSeconds = dist.Constant(3) }, "uplink_seconds"},
		{"a downlink by time", func(c *Config) { c.Downlink, c.DownSeconds = dist.Dist{}, dist.Constant(3) }, ""},
		{"a time that may be zero", func(c *Config) { c.Uplink, c.UpSeconds = dist.Dist{}, dist.Uniform(0, 1) }, "uplink_seconds"},
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
	(Config{}).Link(1, 1, 1, 1)
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

// timed gives a link by how long the model takes.
func timed() Config {
	return Config{UpSeconds: dist.Halves(20, 150, 431), UpRSD: dist.Uniform(0.05, 0.4), DownSeconds: dist.Constant(100), Floor: 1}
}

// A round's upload of the bare float32 model takes what was drawn for it, and a message of half the size half of that.
func TestTimedLinkTakesItsTime(t *testing.T) {
	const elements = 1000
	c := timed()
	for client := range 5 {
		for round := 1; round < 5; round++ {
			link := c.Link(3, client, round, elements)
			want := dist.Redrawn{Mean: c.UpSeconds, RSD: c.UpRSD, Floor: 1}.Draw(3, "upload seconds", client, round)
			for share := range 2 {
				n := New(func(client, round int) Link { return c.Link(3, client, round, elements) }, fast())
				n.Start(0, Transfer{ID: 1, Client: client, Round: round, Dir: Up, Bytes: 4 * elements / int64(share+1)})
				n.Advance(0)
				if got := n.Next().Seconds(); math.Abs(got-want/float64(share+1)) > 1e-7*want {
					t.Errorf("client %d, round %d: takes %v s, want %v s over %d", client, round, got, want, share+1)
				}
			}
			if down := 32 * elements / float64(link.Down); math.Abs(down-100) > 1e-9 {
				t.Errorf("a download without spread takes %v s", down)
			}
		}
	}
	if c.Link(3, 1, 1, elements).Up == c.Link(3, 1, 2, elements).Up {
		t.Error("two rounds have the same uplink")
	}
}

// Transfers of two rounds that one client has under way each get half of the link of their own round.
func TestTransfersOfTwoRoundsShareALink(t *testing.T) {
	n := New(func(_, round int) Link { return Link{Up: Mbps(8 * float64(round)), Down: 1} }, fast())
	n.Start(0, Transfer{ID: 1, Round: 1, Bytes: 1e6})
	n.Start(0, Transfer{ID: 2, Round: 2, Bytes: 1e6})
	n.Advance(0)
	// Round 2's message gets 8 of 16 Mbit/s and is done after 1 s; then the other, half done, has its 8 Mbit/s alone.
	for _, want := range []struct {
		id uint64
		at event.Time
	}{{2, 1000 * ms}, {1, 1500 * ms}} {
		at := n.Next()
		if done := n.Advance(at); len(done) != 1 || done[0].ID != want.id || at != want.at {
			t.Fatalf("%v at %v, want transfer %d at %v", done, at, want.id, want.at)
		}
	}
}
