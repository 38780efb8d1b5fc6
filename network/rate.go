package network

import (
	"fmt"
	"math"
	"math/bits"

	"flsim/sim/event"
)

// Rate is a link's capacity in bit/s: at least 1 bit/s, and either at most 1 Tbit/s or Infinity.
type Rate float64

// Infinity is the rate of a link that never holds a transfer up.
var Infinity = Rate(math.Inf(1))

const (
	slowest Rate = 1
	fastest Rate = 1e12
)

// Mbps converts a rate given in Mbit/s (10^6 bit/s).
func Mbps(v float64) Rate { return Rate(v * 1e6) }

// check returns an error unless r is a valid rate. The zero Rate is not: a link whose rate nobody has given is a
// mistake, not a fast link.
func (r Rate) check() error {
	if r >= slowest && r <= fastest || r == Infinity {
		return nil
	}
	return fmt.Errorf("%v bit/s is not a rate; it lies between 1 bit/s and 1 Tbit/s or is Infinity", float64(r))
}

// A speed is a rate in whole µbit/s. Work is counted in what a speed of 1 sends in a nanosecond, so that work, speeds
// and times are integers and their products exact: no rounding error builds up over the thousands of changes of rate
// in a transfer's life, and no machine's floating point can change the order of two ends.
type speed uint64

// unlimited stands for an infinite speed. It is above every finite one.
const unlimited speed = math.MaxUint64

// speed converts r, rounded down, since a transfer may never end before size / rate.
func (r Rate) speed() speed {
	if r == Infinity {
		return unlimited
	}
	v := math.Floor(float64(r) * 1e6)
	s := speed(v)
	if math.FMA(float64(r), 1e6, -v) < 0 { // the product was rounded up
		s--
	}
	return s
}

// rate converts back.
func (s speed) rate() Rate {
	if s == unlimited {
		return Infinity
	}
	return Rate(s) / 1e6
}

// over returns s divided among n, rounded down.
func (s speed) over(n int) speed {
	if s == unlimited {
		return s
	}
	return s / speed(n)
}

// work is an amount of data in units of 10^-15 bit, as an unsigned number of 128 bits: enough for 9.2e18 bytes, and
// for 292 years at 1 Tbit/s.
type work struct{ hi, lo uint64 }

const workPerByte = 8e15

func workOf(bytes int64) work {
	hi, lo := bits.Mul64(uint64(bytes), workPerByte)
	return work{hi, lo}
}

// done returns the work that a finite speed does in a span.
func (s speed) done(span event.Time) work {
	hi, lo := bits.Mul64(uint64(s), uint64(span))
	return work{hi, lo}
}

// bytes returns w in whole bytes, rounded down.
func (w work) bytes() int64 {
	q, _ := bits.Div64(w.hi, w.lo, workPerByte)
	return int64(q)
}

func (w work) less(v work) bool { return w.hi < v.hi || w.hi == v.hi && w.lo < v.lo }

func (w work) plus(v work) work {
	lo, carry := bits.Add64(w.lo, v.lo, 0)
	hi, _ := bits.Add64(w.hi, v.hi, carry)
	return work{hi, lo}
}

// minus returns w - v, or nothing where v is more than w: the last nanosecond of a transfer may have room for more
// bits than it has left.
func (w work) minus(v work) work {
	if w.less(v) {
		return work{}
	}
	lo, borrow := bits.Sub64(w.lo, v.lo, 0)
	hi, _ := bits.Sub64(w.hi, v.hi, borrow)
	return work{hi, lo}
}

// at returns how long w takes at speed s, rounded up to whole nanoseconds.
func (w work) at(s speed) event.Time {
	switch {
	case s == unlimited || w == work{}:
		return 0
	case w.hi >= uint64(s): // the quotient has more than 64 bits
		return event.Never
	}
	q, rest := bits.Div64(w.hi, w.lo, uint64(s))
	if q >= uint64(event.Never) {
		return event.Never
	}
	if rest > 0 {
		q++
	}
	return event.Time(q)
}
