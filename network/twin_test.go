package network

import (
	"math"
	"slices"

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

func (s scenario) link(c, _ int) Link { return s.clients[c] }

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
