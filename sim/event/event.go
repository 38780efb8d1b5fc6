// Package event keeps simulated time and the queue of what is to happen when.
//
// Time is an integer of nanoseconds, events are data and never closures, and events of the same instant come out in
// the order in which they were scheduled: a run's order of events is a function of its inputs alone.
package event

import (
	"container/heap"
	"fmt"
	"math"
	"time"
)

// Time is a simulated instant, or a span, in nanoseconds since the simulation's start. It reaches 292 years.
type Time int64

// Never is later than every instant that a simulation can reach.
const Never Time = math.MaxInt64

// Seconds converts a span in seconds, rounded up to whole nanoseconds so that nothing that takes time takes none.
// A span beyond the range of Time is Never; a negative or not-a-number span panics, since no clock runs backwards.
func Seconds(s float64) Time {
	if s < 0 || math.IsNaN(s) {
		panic(fmt.Sprintf("event: a span of %v seconds", s))
	}
	ns := math.Ceil(s * 1e9)
	if ns >= math.MaxInt64 {
		return Never
	}
	return Time(ns)
}

// Seconds returns t in seconds.
func (t Time) Seconds() float64 { return float64(t) / 1e9 }

// Add returns t + d, or Never where that is beyond the range of Time.
func (t Time) Add(d Time) Time {
	if d > 0 && t > Never-d {
		return Never
	}
	return t + d
}

// String writes t as a duration, as in "1h2m3.5s".
func (t Time) String() string {
	if t == Never {
		return "never"
	}
	return time.Duration(t).String()
}

// Item is an event that has been scheduled: what is to happen, when, and after how many others it was scheduled.
type Item[E any] struct {
	At    Time
	Order uint64
	Event E
}

// Queue holds events of type E in order of time, and of scheduling within one instant. The zero value is an empty
// queue that is ready to use.
type Queue[E any] struct {
	items itemHeap[E]
	next  uint64
}

// Len returns the number of scheduled events.
func (q *Queue[E]) Len() int { return len(q.items) }

// Push schedules e at t.
func (q *Queue[E]) Push(t Time, e E) {
	heap.Push(&q.items, Item[E]{At: t, Order: q.next, Event: e})
	q.next++
}

// Pop takes out the earliest event. It panics if the queue is empty.
func (q *Queue[E]) Pop() Item[E] { return heap.Pop(&q.items).(Item[E]) }

// Peek returns the time of the earliest event, or Never if there is none.
func (q *Queue[E]) Peek() Time {
	if len(q.items) == 0 {
		return Never
	}
	return q.items[0].At
}

type itemHeap[E any] []Item[E]

func (h itemHeap[E]) Len() int { return len(h) }
func (h itemHeap[E]) Less(i, j int) bool {
	return h[i].At < h[j].At || h[i].At == h[j].At && h[i].Order < h[j].Order
}
func (h itemHeap[E]) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *itemHeap[E]) Push(x any)   { *h = append(*h, x.(Item[E])) }
func (h *itemHeap[E]) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = Item[E]{} // lets go of what the event points to
	*h = old[:len(old)-1]
	return last
}
