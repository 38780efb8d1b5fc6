package event

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"testing"

	"flsim/internal/rng"

	"pgregory.net/rapid"
)

// TestAgainstSortedList plays random pushes and pops against a list that is sorted anew before every pop. Times are
// few, so that many events share an instant.
func TestAgainstSortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Queue[int]
		var twin []Item[int]
		for i := range rapid.IntRange(0, 200).Draw(t, "operations") {
			if rapid.IntRange(0, 2).Draw(t, "pop") > 0 || len(twin) == 0 {
				at := Time(rapid.IntRange(-2, 8).Draw(t, "time"))
				q.Push(at, i)
				twin = append(twin, Item[int]{At: at, Event: i})
			} else {
				slices.SortStableFunc(twin, func(a, b Item[int]) int { return cmp.Compare(a.At, b.At) })
				if got := q.Pop(); got.At != twin[0].At || got.Event != twin[0].Event {
					t.Fatalf("popped event %d of %v, want %d of %v", got.Event, got.At, twin[0].Event, twin[0].At)
				}
				twin = twin[1:]
			}
			want := Never
			for _, item := range twin {
				want = min(want, item.At)
			}
			if q.Peek() != want || q.Len() != len(twin) {
				t.Fatalf("the queue holds %d events from %v, want %d from %v", q.Len(), q.Peek(), len(twin), want)
			}
		}
	})
}

func TestTiesAreFIFO(t *testing.T) {
	var q Queue[int]
	for i := range 1000 {
		q.Push(Time(i%2), i)
	}
	last := [2]int{-2, -1}
	for q.Len() > 0 {
		item := q.Pop()
		if item.Event != last[item.At]+2 {
			t.Fatalf("after event %d of %v came %d", last[item.At], item.At, item.Event)
		}
		if item.Order != uint64(item.Event) {
			t.Fatalf("event %d says that %d were scheduled before it", item.Event, item.Order)
		}
		last[item.At] = item.Event
	}
}

func TestNeverIsLast(t *testing.T) {
	var q Queue[string]
	q.Push(Never, "never")
	q.Push(Never-1, "late")
	if first := q.Pop(); first.Event != "late" {
		t.Errorf("the first event is %q", first.Event)
	}
}

func TestPopOfNothingPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an empty queue gave an event")
		}
	}()
	new(Queue[int]).Pop()
}

// TestPoppedEventsAreReleased sees that a queue does not keep what an event points to, such as a message.
func TestPoppedEventsAreReleased(t *testing.T) {
	var q Queue[*[1 << 10]byte]
	freed := make(chan struct{})
	func() {
		message := new([1 << 10]byte)
		runtime.AddCleanup(message, func(struct{}) { close(freed) }, struct{}{})
		q.Push(1, message)
		q.Push(2, nil)
		q.Pop()
	}()
	for range 100 {
		runtime.GC()
		select {
		case <-freed:
			runtime.KeepAlive(&q)
			return
		default:
			runtime.Gosched()
		}
	}
	t.Error("the queue still holds an event that was popped")
	runtime.KeepAlive(&q)
}

func TestSeconds(t *testing.T) {
	for _, c := range []struct {
		s    float64
		want Time
	}{
		{0, 0},
		{math.SmallestNonzeroFloat64, 1}, // what takes time never takes none
		{1e-10, 1},
		{1e-9, 1},
		{1.5e-9, 2},
		{0.3, 300_000_000},
		{1, 1_000_000_000},
		{3600.25, 3_600_250_000_000},
		{9.2e9, 9_200_000_000_000_000_000},
		{9.3e9, Never},
		{math.MaxFloat64, Never},
		{math.Inf(1), Never},
	} {
		if got := Seconds(c.s); got != c.want {
			t.Errorf("%v seconds are %d ns, want %d", c.s, got, c.want)
		}
	}
}

func TestSecondsPanics(t *testing.T) {
	for _, s := range []float64{-1e-12, math.Inf(-1), math.NaN()} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a span of %v seconds is accepted", s)
				}
			}()
			Seconds(s)
		}()
	}
}

func TestSecondsRoundsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Float64Range(0, 1e6).Draw(t, "a")
		b := rapid.Float64Range(0, 1e6).Draw(t, "b")
		if ta, tb := Seconds(a), Seconds(b); a < b && ta > tb {
			t.Fatalf("%v s are %d ns, more than the %d ns of %v s", a, ta, tb, b)
		}
		// At most a nanosecond too long and never too short.
		if over := float64(Seconds(a)) - a*1e9; over < 0 || over > 1 {
			t.Fatalf("%v s are %d ns", a, Seconds(a))
		}
	})
}

func TestWholeNanosecondsSurviveSeconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Time(rapid.Int64Range(0, 1<<50).Draw(t, "time"))
		if got := Seconds(want.Seconds()); got < want-1 || got > want+1 {
			t.Fatalf("%d ns become %d", want, got)
		}
	})
}

func TestAdd(t *testing.T) {
	for _, c := range []struct{ t, d, want Time }{
		{1, 2, 3},
		{5, -2, 3},
		{0, Never, Never},
		{1, Never, Never},
		{Never, 1, Never},
		{Never, Never, Never},
		{Never - 1, 1, Never},
		{Never - 2, 1, Never - 1},
	} {
		if got := c.t.Add(c.d); got != c.want {
			t.Errorf("%d + %d = %d, want %d", c.t, c.d, got, c.want)
		}
	}
}

func TestString(t *testing.T) {
	for want, v := range map[string]Time{"0s": 0, "1h2m3.5s": 3723_500_000_000, "7ns": 7, "never": Never} {
		if got := v.String(); got != want {
			t.Errorf("%d is written %q, want %q", v, got, want)
		}
	}
}

// BenchmarkQueue pops and pushes with a steady number of scheduled events.
func BenchmarkQueue(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"1k", 1 << 10}, {"1M", 1 << 20}} {
		b.Run(size.name, func(b *testing.B) {
			r := rng.New(1, "benchmark")
			var q Queue[uint64]
			for i := range size.n {
				q.Push(Time(r.Uint64()>>34), uint64(i))
			}
			b.ReportAllocs()
			for b.Loop() {
				item := q.Pop()
				q.Push(item.At+Time(r.Uint64()>>34), item.Event)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
