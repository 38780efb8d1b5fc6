package network

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"flsim/sim/event"

	"pgregory.net/rapid"
)

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
