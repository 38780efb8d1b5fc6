package network

import (
	"cmp"
	"slices"

	"flsim/sim/event"
)

// flow is a transfer as the network keeps it.
type flow struct {
	Transfer
	start, begin event.Time // asked for; first bit sent
	order        uint64     // how many were started before it
	rate         speed      // of its client's link
	limit        speed      // its part of that link: rate / the client's transfers
	left         work       // what is to be sent, as of when the flow last changed sides

	end   event.Time // while its own link limits it, or once it has ended
	since event.Time // while its own link limits it: when left was true
	goal  work       // while the server limits it: the lane's served at which it ends
}

func byBegin(a, b *flow) int {
	return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.order, b.order))
}

func byLimit(a, b *flow) int {
	return cmp.Or(cmp.Compare(a.limit, b.limit), cmp.Compare(a.order, b.order))
}

// insert puts f into a sorted list.
func insert(list []*flow, f *flow, order func(a, b *flow) int) []*flow {
	i, _ := slices.BinarySearchFunc(list, f, order)
	return slices.Insert(list, i, f)
}

// remove takes f out of a sorted list.
func remove(list []*flow, f *flow, order func(a, b *flow) int) []*flow {
	i, _ := slices.BinarySearchFunc(list, f, order)
	return slices.Delete(list, i, i+1)
}

// A lane is one direction of the server's link and the transfers that are sending in it.
//
// With one shared link, max-min fairness is water filling: there is a level such that every flow gets its limit or
// the level, whichever is less. The flows are kept in order of limit, so that those which their own links limit are
// the first ones, and a change of the level moves the border between the two sides by a few places. All beyond the
// border send at the level. They share a meter, served, of what each of them would have got since the lane was new;
// a flow ends when the meter reaches its goal, and nothing need be written into the others when the level changes.
type lane struct {
	capacity speed
	flows    []*flow // in order of (limit, order)
	own      int     // flows[:own] are limited by their own links, the others get the level
	ownSum   speed   // sum of the limits of flows[:own]
	level    speed   // unlimited if no flow needs it
	served   work    // as of at
	at       event.Time
	clients  map[int][]*flow // the same flows by client, in order of their begin
	nextEnd  event.Time      // unless stale
	stale    bool
}

func newLane(capacity speed) lane {
	return lane{capacity: capacity, level: unlimited, clients: map[int][]*flow{}, nextEnd: event.Never}
}

// next returns the time of the lane's next end.
func (l *lane) next() event.Time {
	if l.stale {
		l.nextEnd, l.stale = l.firstEnd(), false
	}
	return l.nextEnd
}

func (l *lane) firstEnd() event.Time {
	first := event.Never
	for _, f := range l.flows[:l.own] {
		first = min(first, f.end)
	}
	if l.own == len(l.flows) {
		return first
	}
	goal := l.flows[l.own].goal
	for _, f := range l.flows[l.own+1:] {
		if f.goal.less(goal) {
			goal = f.goal
		}
	}
	return min(first, l.at.Add(goal.minus(l.served).at(l.level)))
}

// finish removes and returns the flows that end at now, in order of limit.
func (l *lane) finish(now event.Time) []*flow {
	if l.next() > now {
		return nil
	}
	l.tick(now)
	var ended []*flow
	for i, f := range l.flows {
		if i < l.own && f.end <= now || i >= l.own && !l.served.less(f.goal) {
			ended = append(ended, f)
		}
	}
	for _, f := range ended {
		l.remove(now, f)
		f.end = now
	}
	return ended
}

// add lets f begin to send.
func (l *lane) add(now event.Time, f *flow) {
	peers := l.clients[f.Client]
	l.takeOut(now, peers)
	peers = append(peers, f)
	l.clients[f.Client] = peers
	l.putIn(now, peers)
}

// remove ends f's sending and brings f.left up to date.
func (l *lane) remove(now event.Time, f *flow) {
	peers := l.clients[f.Client]
	l.takeOut(now, peers)
	i := slices.Index(peers, f)
	peers = slices.Delete(peers, i, i+1)
	l.clients[f.Client] = peers
	if len(peers) == 0 {
		delete(l.clients, f.Client)
	}
	l.putIn(now, peers)
}

// takeOut takes all of a client's flows out of the order and brings their left up to date.
func (l *lane) takeOut(now event.Time, peers []*flow) {
	l.tick(now)
	for _, f := range peers {
		i, _ := slices.BinarySearchFunc(l.flows, f, byLimit)
		if i < l.own {
			l.own--
			l.ownSum -= f.limit
			f.leaveOwn(now)
		} else {
			f.left = f.goal.minus(l.served)
		}
		l.flows = slices.Delete(l.flows, i, i+1)
	}
}

// putIn divides a client's link among its flows, puts them into the order and finds the new level.
func (l *lane) putIn(now event.Time, peers []*flow) {
	for _, f := range peers {
		f.limit = f.rate.over(len(peers))
		i, _ := slices.BinarySearchFunc(l.flows, f, byLimit)
		if i < l.own {
			l.own++
			l.ownSum += f.limit
			f.enterOwn(now)
		} else {
			f.goal = l.served.plus(f.left)
		}
		l.flows = slices.Insert(l.flows, i, f)
		l.balance(now)
	}
	l.balance(now)
	l.stale = true
}

// balance moves the border until every flow of the own side has a limit of at most the level, and every other one of
// more. Any border gives a level that is at most the final one: so no flow leaves the own side twice.
func (l *lane) balance(now event.Time) {
	for {
		l.level = l.fairLevel()
		switch {
		case l.own < len(l.flows) && l.flows[l.own].limit <= l.level:
			f := l.flows[l.own]
			l.own++
			l.ownSum += f.limit
			f.left = f.goal.minus(l.served)
			f.enterOwn(now)
		case l.own > 0 && l.flows[l.own-1].limit > l.level:
			l.own--
			f := l.flows[l.own]
			l.ownSum -= f.limit
			f.leaveOwn(now)
			f.goal = l.served.plus(f.left)
		default:
			return
		}
	}
}

// fairLevel divides what the own side leaves of the capacity among the others. It is 0 if nothing is left.
func (l *lane) fairLevel() speed {
	others := len(l.flows) - l.own
	switch {
	case l.capacity == unlimited:
		return unlimited // and ownSum, which may wrap around, is not read
	case l.ownSum > l.capacity:
		return 0
	case others == 0:
		return unlimited
	}
	return (l.capacity - l.ownSum).over(others)
}

// tick brings served up to date.
func (l *lane) tick(now event.Time) {
	if l.own < len(l.flows) {
		l.served = l.served.plus(l.level.done(now - l.at))
	}
	l.at = now
}

func (f *flow) enterOwn(now event.Time) {
	f.since = now
	f.end = now.Add(f.left.at(f.limit))
}

// leaveOwn brings left up to date. A flow of unlimited speed stays for an instant only, in which it sends nothing.
func (f *flow) leaveOwn(now event.Time) { f.left = f.left.minus(f.limit.done(now - f.since)) }
