package network

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"flsim/sim/event"

	"pgregory.net/rapid"
)

// A twin is the textbook's fluid network in float64 seconds: at every event it fills all rates anew, in steps at which
// one more link is full, over a list of links that knows nothing of servers and clients.
type twin struct {
	capacity []float64 // by link
	flows    []twinFlow
}

type twinFlow struct {
	begin, left, end float64
	rate             float64
	links            []int
}

// fill is progressive filling: the rates of all flows that no full link holds rise together.
func (w *twin) fill(active []int) {
	for _, f := range active {
		w.flows[f].rate = math.Inf(1)
	}
	room := slices.Clone(w.capacity)
	for len(active) > 0 {
		tightest, share := -1, math.Inf(1)
		for link := range room {
			if n := w.using(active, link); n > 0 && room[link]/float64(n) < share {
				tightest, share = link, room[link]/float64(n)
			}
		}
		if tightest < 0 {
			return
		}
		var free []int
		for _, f := range active {
			if !slices.Contains(w.flows[f].links, tightest) {
				free = append(free, f)
				continue
			}
			w.flows[f].rate = share
			for _, link := range w.flows[f].links {
				room[link] -= share
			}
		}
		active = free
	}
}

func (w *twin) using(active []int, link int) (n int) {
	for _, f := range active {
		if slices.Contains(w.flows[f].links, link) {
			n++
		}
	}
	return n
}

// run sets the end of every flow.
func (w *twin) run() {
	now := 0.0
	for {
		var active []int
		next := math.Inf(1)
		for i, f := range w.flows {
			switch {
			case f.begin > now:
				next = min(next, f.begin)
			case f.left > 0:
				active = append(active, i)
			}
		}
		w.fill(active)
		for _, i := range active {
			next = min(next, now+w.flows[i].left/w.flows[i].rate)
		}
		if math.IsInf(next, 1) {
			return
		}
		for _, i := range active {
			f := &w.flows[i]
			if f.left -= f.rate * (next - now); f.left < 1e-6 || math.IsNaN(f.left) {
				f.left, f.end = 0, next
			}
		}
		now = next
	}
}

// A scenario is a batch of transfers over given links.
type scenario struct {
	clients []Link
	server  Link
	starts  []start
}

type start struct {
	at event.Time
	Transfer
}

var rates = rapid.OneOf(
	rapid.SampledFrom([]Rate{1e6, 2e6, 3e6, 10e6, 50e6, Infinity}),
	rapid.Custom(func(t *rapid.T) Rate { return Rate(rapid.Float64Range(1e5, 1e8).Draw(t, "rate")) }),
)

var scenarios = rapid.Custom(func(t *rapid.T) scenario {
	latency := rapid.SampledFrom([]event.Time{0, 0, 1, 20 * ms, second})
	link := rapid.Custom(func(t *rapid.T) Link {
		return Link{rates.Draw(t, "up"), rates.Draw(t, "down"), latency.Draw(t, "latency")}
	})
	s := scenario{clients: rapid.SliceOfN(link, 1, 6).Draw(t, "clients"), server: link.Draw(t, "server")}
	size := rapid.OneOf(rapid.SampledFrom([]int64{0, 1, 1000, 1e6}), rapid.Int64Range(0, 2e6))
	for i := range rapid.IntRange(1, 14).Draw(t, "transfers") {
		s.starts = append(s.starts, start{
			at: event.Time(rapid.IntRange(0, 8).Draw(t, "start")) * 100 * ms,
			Transfer: Transfer{
				ID:     uint64(i),
				Client: rapid.IntRange(0, len(s.clients)-1).Draw(t, "client"),
				Dir:    Direction(rapid.IntRange(0, 1).Draw(t, "direction")),
				Bytes:  size.Draw(t, "bytes"),
			},
		})
	}
	slices.SortStableFunc(s.starts, func(a, b start) int { return int(a.at - b.at) })
	return s
})

func (s scenario) link(c int) Link { return s.clients[c] }

// latency of a transfer over both links.
func (s scenario) latency(st start) event.Time {
	return s.clients[st.Client].Latency + s.server.Latency
}

// play runs the scenario, calls each (which may be nil) after every event, and returns the ends by ID.
func (s scenario) play(each func(n *Network)) map[uint64]event.Time {
	n := New(s.link, s.server)
	ends := map[uint64]event.Time{}
	advance := func(until event.Time) {
		for at := n.Next(); at <= until && at != event.Never; at = n.Next() {
			for _, d := range n.Advance(at) {
				ends[d.ID] = d.End
			}
			if each != nil {
				each(n)
			}
		}
	}
	for _, st := range s.starts {
		advance(st.at - 1)
		n.Start(st.at, st.Transfer)
	}
	advance(event.Never)
	return ends
}

// twin returns the same scenario for the textbook's network. Links 2c+2 and 2c+3 are client c's, 0 and 1 the server's.
func (s scenario) twin() *twin {
	w := &twin{capacity: []float64{float64(s.server.Up), float64(s.server.Down)}}
	for _, l := range s.clients {
		w.capacity = append(w.capacity, float64(l.Up), float64(l.Down))
	}
	for _, st := range s.starts {
		begin := (st.at + s.latency(st)).Seconds()
		w.flows = append(w.flows, twinFlow{
			begin: begin,
			end:   begin,
			left:  8 * float64(st.Bytes),
			links: []int{int(st.Dir), 2 + 2*st.Client + int(st.Dir)},
		})
	}
	return w
}

func TestAgreesWithTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios.Draw(t, "scenario")
		ends := s.play(nil)
		w := s.twin()
		w.run()
		for i, st := range s.starts {
			want := w.flows[i].end
			got := ends[st.ID].Seconds()
			// Every event before a transfer's end may shift it by the nanosecond that it is rounded up by, and by
			// more where a slow link makes up for what it missed on a fast one.
			if tolerance := 1e-6 + 1e-9*want; math.Abs(got-want) > tolerance {
				t.Fatalf("transfer %d ended at %.9f s, the twin's at %.9f s", st.ID, got, want)
			}
		}
	})
}

func TestNeverFasterThanItsLinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios.Draw(t, "scenario")
		ends := s.play(nil)
		for _, st := range s.starts {
			rate := min(s.clients[st.Client].toward(st.Dir), s.server.toward(st.Dir))
			took := ends[st.ID] - st.at - s.latency(st)
			if took < 0 {
				t.Fatalf("transfer %d ended %v before its first bit", st.ID, -took)
			}
			if rate == Infinity {
				continue
			}
			// Exactly: took ns * rate bit/s >= 8e9 bytes ns.
			sent := new(big.Rat).SetInt64(int64(took))
			sent.Mul(sent, new(big.Rat).SetFloat64(float64(rate)))
			if size := new(big.Rat).SetInt64(8e9 * st.Bytes); sent.Cmp(size) < 0 {
				t.Fatalf("transfer %d of %d bytes at %v bit/s took only %v", st.ID, st.Bytes, float64(rate), took)
			}
		}
	})
}

// current returns the present rate of f.
func (l *lane) current(f *flow) speed { return min(f.limit, l.level) }

func TestMaxMin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios.Draw(t, "scenario")
		s.play(func(n *Network) {
			for d := range n.lanes {
				if fault := unfair(&n.lanes[d]); fault != "" {
					t.Fatalf("%v at %v: %s", Direction(d), n.now, fault)
				}
			}
		})
	})
}

// unfair says in what the present rates are not max-min fair: no link may carry more than its capacity, and every flow
// needs a bottleneck, a full link on which no other flow is faster (Bertsekas and Gallager, section 6.5.2).
func unfair(l *lane) string {
	var total, fastest speed
	own := map[int]speed{}
	for _, f := range l.flows {
		r := l.current(f)
		if r == 0 {
			return "a flow stands still"
		}
		if r == unlimited {
			return "" // it ends in this instant
		}
		total += r
		own[f.Client] += r
		fastest = max(fastest, r)
	}
	if total > l.capacity {
		return "the server's link carries more than it can"
	}
	full := l.capacity-total <= speed(len(l.flows)) // rates are rounded down
	for _, f := range l.flows {
		if own[f.Client] > f.rate {
			return "a client's link carries more than it can"
		}
		k := speed(len(l.clients[f.Client]))
		atOwn := f.rate-own[f.Client] <= k // the client's flows all have the same rate
		if !atOwn && !(full && l.current(f) == fastest) {
			return "a flow has no bottleneck"
		}
	}
	return ""
}

func TestConservation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios.Draw(t, "scenario")
		sent := map[uint64]work{}    // integral of the rates
		before := map[uint64]speed{} // rate since the event before
		spare := map[uint64]work{}   // what a rate can do in the last nanosecond
		last := event.Time(0)        // time of the event before
		ends := s.play(func(n *Network) {
			for id, r := range before {
				if r != unlimited {
					sent[id] = sent[id].plus(r.done(n.now - last))
					spare[id] = work{lo: uint64(r)}
				}
			}
			clear(before)
			last = n.now
			for d := range n.lanes {
				for _, f := range n.lanes[d].flows {
					before[f.ID] = n.lanes[d].current(f)
				}
			}
		})
		if len(ends) != len(s.starts) {
			t.Fatalf("%d of %d transfers ended", len(ends), len(s.starts))
		}
		for _, st := range s.starts {
			size := workOf(st.Bytes)
			if s.clients[st.Client].toward(st.Dir) == Infinity && s.server.toward(st.Dir) == Infinity {
				continue
			}
			if sent[st.ID].less(size) || size.plus(spare[st.ID]).less(sent[st.ID]) {
				t.Fatalf("transfer %d of %d bytes has sent %v units, want %v and less than %v more",
					st.ID, st.Bytes, sent[st.ID], size, spare[st.ID])
			}
		}
	})
}

// TestFasterServer checks that a faster server link delays no transfer: with more room at every moment each has sent
// as much by then or more, and so fewer are left to share with. Rounding ends up to whole nanoseconds may cost some.
func TestFasterServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios.Draw(t, "scenario")
		slow := s.play(nil)
		factor := Rate(rapid.Float64Range(1, 5).Draw(t, "factor"))
		s.server.Up *= factor
		s.server.Down *= factor
		for id, end := range s.play(nil) {
			if end > slow[id]+1000 {
				t.Fatalf("transfer %d ended at %v, at %v with a server %v times as fast", id, slow[id], end, factor)
			}
		}
	})
}

func TestWhenAdvancedDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios.Draw(t, "scenario")
		want := s.play(nil)
		n := New(s.link, s.server)
		got := map[uint64]event.Time{}
		report := func(now event.Time) {
			for _, d := range n.Advance(now) {
				got[d.ID] = d.End
			}
		}
		for _, st := range s.starts {
			if rapid.Bool().Draw(t, "advance") {
				report(st.at)
			}
			n.Start(st.at, st.Transfer)
		}
		report(1e6 * second)
		for id, end := range want {
			if got[id] != end {
				t.Fatalf("transfer %d ended at %v and, advanced at other times, at %v", id, end, got[id])
			}
		}
	})
}

// TestCancelSent compares the bytes that Cancel says were sent with the integral of the rates until then.
func TestCancelSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios.Draw(t, "scenario")
		n := New(s.link, s.server)
		for i := range s.starts {
			s.starts[i].at = 0
			n.Start(0, s.starts[i].Transfer)
		}
		victim := n.flights[rapid.Uint64Range(0, uint64(len(s.starts)-1)).Draw(t, "victim")]
		at := event.Time(rapid.Int64Range(0, int64(5*second)).Draw(t, "time"))
		var sent work
		for t := n.nextStep(); t <= at; t = n.nextStep() {
			sent = sent.plus(doneUntil(n, victim, t))
			n.runTo(t)
		}
		sent = sent.plus(doneUntil(n, victim, at))
		want := min(sent.bytes(), victim.Bytes)
		if slices.Contains(n.ended, victim) {
			want = victim.Bytes
		}
		if got := n.Cancel(at, victim.ID); got != want {
			t.Fatalf("%d bytes were sent, the integral of the rates is %d", got, want)
		}
	})
}

// doneUntil returns what f does until t at its present rate.
func doneUntil(n *Network, f *flow, t event.Time) work {
	l := &n.lanes[f.Dir]
	if !slices.Contains(l.flows, f) || l.current(f) == unlimited {
		return work{}
	}
	return l.current(f).done(t - n.now)
}
