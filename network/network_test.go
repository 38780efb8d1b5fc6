package network

import (
	"fmt"
	"slices"
	"testing"

	"flsim/sim/event"

	"github.com/google/go-cmp/cmp"
)

const (
	ms     = event.Time(1e6)
	second = event.Time(1e9)
)

// same returns a function that gives every client the same link.
func same(l Link) func(int, int) Link { return func(int, int) Link { return l } }

func fast() Link { return Link{Up: Infinity, Down: Infinity} }

// drain plays the network to its end.
func drain(n *Network) (done []Done) {
	for t := n.Next(); t != event.Never; t = n.Next() {
		done = append(done, n.Advance(t)...)
	}
	return done
}

func TestOneServerLink(t *testing.T) {
	n := New(same(Link{Up: Mbps(10), Down: Mbps(10)}), Link{Up: Mbps(10), Down: Mbps(10)})
	for c := range 10 {
		size := int64(1e6)
		if c == 3 {
			size = 10e6
		}
		n.Start(0, Transfer{ID: uint64(c), Client: c, Bytes: size})
	}
	done := drain(n)
	for _, d := range done[:9] {
		if d.End != 8*second {
			t.Errorf("transfer %d of 1 MB ended at %v, want 8s", d.ID, d.End)
		}
	}
	// A share frozen at the start, a tenth of the link, would end it at 80 s.
	if last := done[9]; last.ID != 3 || last.End != 15200*ms {
		t.Errorf("the last end is %d's at %v, want 3's at 15.2s", last.ID, last.End)
	}
	if n.InFlight() != 0 {
		t.Errorf("%d transfers are left", n.InFlight())
	}
}

func TestAlone(t *testing.T) {
	for _, c := range []struct {
		name   string
		link   Link
		server Link
		bytes  int64
		dir    Direction
		want   event.Time
	}{
		{"own uplink", Link{Up: Mbps(8), Down: Mbps(1)}, fast(), 1e6, Up, second},
		{"own downlink", Link{Up: Mbps(8), Down: Mbps(1)}, fast(), 1e6, Down, 8 * second},
		{"the server's uplink", fast(), Link{Up: Mbps(4), Down: Mbps(1)}, 1e6, Up, 2 * second},
		{"the server's downlink", fast(), Link{Up: Mbps(4), Down: Mbps(1)}, 1e6, Down, 8 * second},
		{"latency first", Link{Up: Mbps(8), Latency: 40 * ms}, fast(), 1e6, Up, 1040 * ms},
		{"both latencies", Link{Up: Mbps(8), Latency: 40 * ms}, Link{Infinity, Infinity, 5 * ms}, 1e6, Up, 1045 * ms},
		{"nothing to send", Link{Up: 1, Latency: 7}, fast(), 0, Up, 7},
		{"nothing and no latency", Link{Up: 1}, fast(), 0, Up, 0},
		{"no limit", Link{Up: Infinity, Latency: 3}, fast(), 1 << 40, Up, 3},
		{"rounded up", Link{Up: 3e9}, fast(), 1, Up, 3},
		{"a part of a nanosecond", Link{Up: 1e12}, fast(), 1, Up, 1},
		{"a third of a bit/s", Link{Up: 1 + 1./3}, fast(), 1, Up, 6000001501}, // 1.333333 bit/s
		{"beyond the clock", Link{Up: 1}, fast(), 2e9, Up, event.Never},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := New(same(c.link), c.server)
			n.Start(0, Transfer{ID: 1, Bytes: c.bytes, Dir: c.dir})
			var want []Done
			if c.want != event.Never {
				want = []Done{{Transfer{1, 0, 0, c.dir, c.bytes}, 0, c.want}}
			}
			if diff := cmp.Diff(want, drain(n)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDirectionsAreSeparate(t *testing.T) {
	link := Link{Up: Mbps(8), Down: Mbps(8)}
	n := New(same(link), link)
	n.Start(0, Transfer{ID: 1, Dir: Up, Bytes: 1e6})
	n.Start(0, Transfer{ID: 2, Dir: Down, Bytes: 1e6})
	for _, d := range drain(n) {
		if d.End != second {
			t.Errorf("the %v ended at %v, want 1s", d.Dir, d.End)
		}
	}
}

func TestLatencyHoldsNoBandwidth(t *testing.T) {
	links := []Link{{Up: Mbps(8)}, {Up: Mbps(8), Latency: second}}
	n := New(func(c, _ int) Link { return links[c] }, Link{Up: Mbps(8), Down: 1})
	n.Start(0, Transfer{ID: 0, Client: 0, Bytes: 1e6})
	n.Start(0, Transfer{ID: 1, Client: 1, Bytes: 1e6})
	got := drain(n)
	if got[0].End != second || got[1].End != 2*second {
		t.Errorf("ends at %v and %v, want 1s and 2s: the second may not take a share while it waits", got[0].End, got[1].End)
	}
}

func TestCancel(t *testing.T) {
	setup := func() *Network {
		n := New(same(Link{Up: Mbps(8), Down: 1, Latency: second}), Link{Up: Mbps(8), Down: 1})
		n.Start(0, Transfer{ID: 1, Client: 1, Bytes: 1e6})
		n.Start(0, Transfer{ID: 2, Client: 2, Bytes: 1e6})
		return n
	}
	for _, c := range []struct {
		name  string
		at    event.Time
		sent  int64
		other event.Time // when the other one ends
	}{
		{"before its first bit", 500 * ms, 0, 2 * second},
		{"at its first bit", second, 0, 2 * second},
		{"part of a byte", second + 1999, 0, 2*second + 1000}, // 999.5 ns of the link are lost: 7.996 bits at half of it
		{"one byte", second + 2000, 1, 2*second + 1000},
		{"half way", 2 * second, 5e5, 2500 * ms},
		{"when it ends", 3 * second, 1e6, 3 * second},
		{"ended, not reported", 4 * second, 1e6, 3 * second},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := setup()
			if sent := n.Cancel(c.at, 1); sent != c.sent {
				t.Errorf("%d bytes were sent, want %d", sent, c.sent)
			}
			if n.InFlight() != 1 {
				t.Errorf("%d transfers under way, want 1", n.InFlight())
			}
			want := []Done{{Transfer{2, 2, 0, Up, 1e6}, 0, c.other}}
			if diff := cmp.Diff(want, drain(n)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOneClientSharesItsLink(t *testing.T) {
	n := New(same(Link{Up: Mbps(8), Down: 1}), fast())
	n.Start(0, Transfer{ID: 1, Client: 1, Bytes: 1e6})
	n.Start(0, Transfer{ID: 2, Client: 1, Bytes: 2e6})
	n.Start(0, Transfer{ID: 3, Client: 2, Bytes: 1e6})
	want := map[uint64]event.Time{3: second, 1: 2 * second, 2: 3 * second}
	for _, d := range drain(n) {
		if d.End != want[d.ID] {
			t.Errorf("transfer %d ended at %v, want %v", d.ID, d.End, want[d.ID])
		}
	}
}

func TestAdvanceCatchesUp(t *testing.T) {
	run := func(advance bool) []Done {
		n := New(same(Link{Up: Mbps(8), Down: 1, Latency: ms}), Link{Up: Mbps(12), Down: 1})
		var done []Done
		for i := range 20 {
			if now := event.Time(i) * 300 * ms; advance {
				for n.Next() <= now {
					done = append(done, n.Advance(n.Next())...)
				}
			}
			n.Start(event.Time(i)*300*ms, Transfer{ID: uint64(i), Client: i, Bytes: int64(1+i%3) * 2e5})
		}
		return append(done, n.Advance(1000*second)...)
	}
	if diff := cmp.Diff(run(true), run(false)); diff != "" {
		t.Errorf("advancing at every event and once at the end differ:\n%s", diff)
	}
}

func TestDoneInOrderOfStart(t *testing.T) {
	links := []Link{ // all transfers end at 1 s, each in another way
		{Up: Mbps(8)},
		{Up: Infinity, Latency: second},
		{Up: 1, Latency: second},
		{Up: Mbps(16), Latency: 500 * ms},
	}
	sizes := []int64{1e6, 1e6, 0, 1e6}
	n := New(func(c, _ int) Link { return links[c%4] }, fast())
	for i := range 20 {
		n.Start(0, Transfer{ID: uint64(100 - i), Client: i, Bytes: sizes[i%4]})
	}
	var order []uint64
	for _, d := range n.Advance(second) {
		order = append(order, d.ID)
	}
	if len(order) != 20 || !slices.IsSortedFunc(order, func(a, b uint64) int { return int(b) - int(a) }) {
		t.Errorf("transfers started as 100, 99, ... are reported as %v", order)
	}
}

func TestIdleClientsCostNothing(t *testing.T) {
	asked := 0
	n := New(func(c, _ int) Link { asked++; return Link{Up: Mbps(1), Down: Mbps(1)} }, fast())
	n.Start(0, Transfer{ID: 1, Client: 999_999, Bytes: 10})
	drain(n)
	if asked != 1 || len(n.lanes[Up].clients) != 0 || len(n.flights) != 0 {
		t.Errorf("links was asked %d times; %d clients and %d transfers are remembered", asked, len(n.lanes[Up].clients), len(n.flights))
	}
}

func TestMisusePanics(t *testing.T) {
	for name, f := range map[string]func(n *Network){
		"a link without rate":    func(n *Network) { n.Start(0, Transfer{ID: 2, Client: 1}) },
		"an ID under way":        func(n *Network) { n.Start(0, Transfer{ID: 1}) },
		"a negative size":        func(n *Network) { n.Start(0, Transfer{ID: 2, Bytes: -1}) },
		"a start in the past":    func(n *Network) { n.Advance(10); n.Start(9, Transfer{ID: 2}) },
		"an advance to the past": func(n *Network) { n.Advance(10); n.Advance(9) },
		"cancelling a stranger":  func(n *Network) { n.Cancel(0, 2) },
		"cancelling twice":       func(n *Network) { n.Cancel(0, 1); n.Cancel(0, 1) },
		"a server without rate":  func(*Network) { New(same(fast()), Link{Up: Mbps(1)}) },
	} {
		t.Run(name, func(t *testing.T) {
			links := []Link{{Up: Mbps(1), Down: Mbps(1)}, {}}
			n := New(func(c, _ int) Link { return links[c] }, fast())
			n.Start(0, Transfer{ID: 1, Bytes: 1e6})
			defer func() {
				if recover() == nil {
					t.Error("nothing panicked")
				}
			}()
			f(n)
		})
	}
}

// TestFasterClientLink records what max-min fairness does not promise: a faster link of one client may delay the end of
// a batch, since the others get less while it sends and cannot use all that it leaves behind.
func TestFasterClientLink(t *testing.T) {
	last := func(uplink Rate) event.Time {
		links := []Link{{Up: uplink}, {Up: Mbps(8)}}
		n := New(func(c, _ int) Link { return links[c] }, Link{Up: Mbps(10), Down: 1})
		n.Start(0, Transfer{ID: 0, Client: 0, Bytes: 10e6 / 8})
		n.Start(0, Transfer{ID: 1, Client: 1, Bytes: 80e6 / 8})
		done := drain(n)
		return done[len(done)-1].End
	}
	if slow, fast := last(Mbps(2)), last(Mbps(10)); slow != 10*second || fast != 10750*ms {
		t.Errorf("the batch ends at %v with a slow client and at %v with a fast one, want 10s and 10.75s", slow, fast)
	}
}

func ExampleNetwork() {
	home := Link{Up: Mbps(4), Down: Mbps(20), Latency: 20 * 1e6}
	n := New(func(int, int) Link { return home }, Link{Up: Mbps(6), Down: Infinity})
	n.Start(0, Transfer{ID: 1, Client: 1, Dir: Up, Bytes: 300_000})
	n.Start(0, Transfer{ID: 2, Client: 2, Dir: Up, Bytes: 600_000})
	for n.InFlight() > 0 {
		for _, d := range n.Advance(n.Next()) {
			fmt.Printf("%v of %d bytes ended at %v\n", d.Dir, d.Bytes, d.End)
		}
	}
	// Output:
	// uplink of 300000 bytes ended at 820ms
	// uplink of 600000 bytes ended at 1.42s
}
