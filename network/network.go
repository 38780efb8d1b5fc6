// Package network models the links between clients and server and how transfers share them.
//
// A Network is a state machine in simulated time: it is told of transfers that start, and says when the next one
// changes or ends. Rates follow max-min fairness (Bertsekas and Gallager, Data Networks, 1992, section 6.5.2) and are
// shared anew whenever a transfer starts or ends.
package network

import (
	"cmp"
	"fmt"
	"slices"

	"flsim/sim/event"
)

// Direction says which way a transfer goes.
type Direction uint8

// The two directions.
const (
	Up   Direction = iota // client to server
	Down                  // server to client
)

// String returns "uplink" or "downlink".
func (d Direction) String() string {
	if d == Up {
		return "uplink"
	}
	return "downlink"
}

// Link is one client's access link, or the server's. Its directions do not disturb each other.
type Link struct {
	Up, Down Rate       // seen from the client: Up carries uploads
	Latency  event.Time // added once per transfer, before its first bit is sent
}

// toward returns the link's rate in direction d.
func (l Link) toward(d Direction) Rate {
	if d == Up {
		return l.Up
	}
	return l.Down
}

// Transfer is one message on its way.
type Transfer struct {
	ID     uint64 // the caller's name for it, unique among the transfers under way
	Client int
	Round  int // in which it starts: a client's link may differ from round to round
	Dir    Direction
	Bytes  int64
}

// Done is a transfer that has ended.
type Done struct {
	Transfer
	Start, End event.Time // Start is when it was asked for, End when its last bit arrived
}

// Network holds the transfers under way between one server and its clients.
//
// A transfer first waits for the latencies of both links, in which it holds no bandwidth, and then sends at its
// max-min fair rate: bounded by its client's link, which it shares with that client's other transfers of the same
// direction, and by the server's link, which it shares with all others. The loop that owns the clock asks Next when
// something happens and calls Advance at that time. It may start transfers before it has done so, and cancel them.
type Network struct {
	links   func(client, round int) Link
	latency event.Time // of the server's link
	lanes   [2]lane    // by Direction
	now     event.Time
	started uint64
	flights map[uint64]*flow // under way or ended without having been reported, by ID
	waiting []*flow          // for their latency, in order of (begin, order)
	ended   []*flow          // not yet reported
}

// New returns an idle network. Links tells each client's link in a round, the same at every call; it is asked once per
// transfer, so that clients which send nothing cost nothing. A transfer keeps the rate of the round in which it starts;
// where a client has transfers of several rounds under way, each gets an equal share of its own. The server's link is shared by all; where it is no limit its rates
// are Infinity. New panics if a rate of the server's is not valid.
func New(links func(client, round int) Link, server Link) *Network {
	n := &Network{links: links, latency: server.Latency, flights: map[uint64]*flow{}}
	for d := range n.lanes {
		rate := server.toward(Direction(d))
		if err := rate.check(); err != nil {
			panic(fmt.Sprintf("network: the server's %v: %v", Direction(d), err))
		}
		n.lanes[d] = newLane(rate.speed())
	}
	return n
}

// Start sets a transfer on its way at now, which must not be earlier than that of any call before. It panics if the
// ID is under way already, if Bytes is negative or if the client's link has no valid rate in that direction.
func (n *Network) Start(now event.Time, t Transfer) {
	n.mustNotGoBack(now)
	link := n.links(t.Client, t.Round)
	rate := link.toward(t.Dir)
	if err := rate.check(); err != nil {
		panic(fmt.Sprintf("network: client %d's %v: %v", t.Client, t.Dir, err))
	}
	if _, taken := n.flights[t.ID]; taken || t.Bytes < 0 {
		panic(fmt.Sprintf("network: transfer %d of %d bytes cannot start; its ID is taken or its size negative", t.ID, t.Bytes))
	}
	f := &flow{
		Transfer: t,
		start:    now,
		begin:    now.Add(link.Latency).Add(n.latency),
		order:    n.started,
		rate:     rate.speed(),
		left:     workOf(t.Bytes),
	}
	n.now = now
	n.started++
	n.flights[t.ID] = f
	n.waiting = insert(n.waiting, f, byBegin)
}

// Next returns the time at which Advance has something to do: a transfer ends, or its latency is over and rates
// change. It is event.Never if nothing will happen until another transfer starts.
func (n *Network) Next() event.Time {
	if len(n.ended) > 0 {
		return n.now
	}
	return n.nextStep()
}

// Advance carries the transfers forward to now and returns those that have ended at or before it and have not been
// reported, in order of (End, order of Start).
func (n *Network) Advance(now event.Time) []Done {
	n.runTo(now)
	slices.SortFunc(n.ended, func(a, b *flow) int {
		return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.order, b.order))
	})
	var done []Done
	for _, f := range n.ended {
		done = append(done, Done{f.Transfer, f.start, f.end})
		delete(n.flights, f.ID)
	}
	n.ended = nil
	return done
}

// Cancel takes a transfer off at now and returns how many of its bytes had left the sender: whole bytes, rounded down.
// A transfer that has ended, at now or earlier, but has not been reported has sent all of them and will not be reported.
// Cancel panics if no transfer of that ID is under way.
func (n *Network) Cancel(now event.Time, id uint64) (sent int64) {
	n.runTo(now)
	f, ok := n.flights[id]
	if !ok {
		panic(fmt.Sprintf("network: transfer %d cannot be cancelled, it is not under way", id))
	}
	delete(n.flights, id)
	if i := slices.Index(n.ended, f); i >= 0 {
		n.ended = slices.Delete(n.ended, i, i+1)
		return f.Bytes
	}
	if f.begin > now {
		n.waiting = remove(n.waiting, f, byBegin)
		return 0
	}
	n.lanes[f.Dir].remove(now, f)
	return workOf(f.Bytes).minus(f.left).bytes()
}

// InFlight returns the number of transfers that have been started and neither reported by Advance nor cancelled.
func (n *Network) InFlight() int { return len(n.flights) }

func (n *Network) mustNotGoBack(now event.Time) {
	if now < n.now {
		panic(fmt.Sprintf("network: time goes back from %v to %v", n.now, now))
	}
}

// runTo plays all that happens up to and at now, instant by instant.
func (n *Network) runTo(now event.Time) {
	n.mustNotGoBack(now)
	for t := n.nextStep(); t <= now && t != event.Never; t = n.nextStep() {
		n.step(t)
	}
	n.now = now
}

// nextStep returns the next instant at which a transfer ends or begins to send.
func (n *Network) nextStep() event.Time {
	t := min(n.lanes[Up].next(), n.lanes[Down].next())
	if len(n.waiting) > 0 {
		t = min(t, n.waiting[0].begin)
	}
	return t
}

// step plays the one instant t: what ends frees its bandwidth, then what has waited begins.
func (n *Network) step(t event.Time) {
	for d := range n.lanes {
		n.ended = append(n.ended, n.lanes[d].finish(t)...)
	}
	for len(n.waiting) > 0 && n.waiting[0].begin <= t {
		f := n.waiting[0]
		n.waiting[0], n.waiting = nil, n.waiting[1:]
		if f.Bytes == 0 {
			f.end = t
			n.ended = append(n.ended, f)
			continue
		}
		n.lanes[f.Dir].add(t, f)
	}
}
