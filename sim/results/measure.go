package results

import (
	"math"
	"slices"

	"flsim/sim/record"
)

// Cost is what it took a run to reach a value of its metric.
type Cost struct {
	Reached                 bool
	Uplink, Downlink, Total float64 // wire bits of all clients
	Round, SimTime          float64
}

// CostOf returns what it took a run to reach a metric value: up to its first evaluation at or above it.
func CostOf(r *record.Run, target float64) Cost {
	for _, row := range r.Rounds {
		if v, ok := row[r.Manifest.Metric]; ok && v >= target {
			return Cost{Reached: true, Uplink: row["uplink_wire_bits_cum"], Downlink: row["downlink_wire_bits_cum"],
				Total: row["total_wire_bits_cum"], Round: row["round"], SimTime: row["sim_time_s"]}
		}
	}
	return Cost{}
}

// Stat sums up a number over seeds.
type Stat struct {
	Mean, Std float64 // of a sample (divisor n-1); Std is 0 of a single value
	N         int     // values that there are
}

// StatOf sums up values; those that are not finite count as missing.
func StatOf(values []float64) Stat {
	s := Stat{Mean: math.NaN()}
	sum := 0.0
	for _, v := range values {
		if isFinite(v) {
			s.N++
			sum += v
		}
	}
	if s.N == 0 {
		return s
	}
	s.Mean = sum / float64(s.N)
	if s.N < 2 {
		return s
	}
	squares := 0.0
	for _, v := range values {
		if isFinite(v) {
			squares += float64((v - s.Mean) * (v - s.Mean))
		}
	}
	s.Std = math.Sqrt(squares / float64(s.N-1))
	return s
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Over sums up a number over the runs of a curve.
func (c *Curve) Over(f func(r *record.Run) float64) Stat {
	values := make([]float64, len(c.Runs))
	for i, r := range c.Runs {
		values[i] = f(r)
	}
	return StatOf(values)
}

// Last returns the last value of a column, NaN if there is none.
func Last(r *record.Run, column string) float64 {
	for i := len(r.Rounds) - 1; i >= 0; i-- {
		if v, ok := r.Rounds[i][column]; ok {
			return v
		}
	}
	return math.NaN()
}

// Best returns the largest value of a column, NaN if there is none.
func Best(r *record.Run, column string) float64 {
	best := math.NaN()
	for _, row := range r.Rounds {
		if v, ok := row[column]; ok && !(v <= best) {
			best = v
		}
	}
	return best
}

// Mean returns the mean of a column over the rounds that have it, NaN if there is none.
func Mean(r *record.Run, column string) float64 {
	_, values := r.Column(column)
	return StatOf(values).Mean
}

// Traffic is the bits of one direction, or of both, as they were sent and as bare float32 values would have been.
type Traffic struct{ Wire, Float float64 }

// Ratio returns how many times smaller than bare float32 values the messages are. NaN where nothing was sent.
func (t Traffic) Ratio() float64 {
	if t.Wire == 0 || t.Float == 0 {
		return math.NaN()
	}
	return t.Float / t.Wire
}

// Saved returns the share of float bits that wire bits save. What frames add to plain float32 counts as nothing. NaN
// where nothing was sent.
func (t Traffic) Saved() float64 {
	if t.Wire == 0 || t.Float == 0 {
		return math.NaN()
	}
	share := 1 - t.Wire/t.Float
	if share < 0 && share > -0.005 {
		return 0
	}
	return share
}

// Uplink returns a run's traffic to the server. Rounds without any update that arrived do not count.
func Uplink(r *record.Run) Traffic { return traffic(r, "uplink_wire_bits") }

// Downlink returns a run's traffic to the clients.
func Downlink(r *record.Run) Traffic { return traffic(r, "downlink_wire_bits") }

// Both returns a run's traffic in both directions.
func Both(r *record.Run) Traffic {
	up, down := Uplink(r), Downlink(r)
	return Traffic{up.Wire + down.Wire, up.Float + down.Float}
}

func traffic(r *record.Run, column string) Traffic {
	var t Traffic
	for _, row := range r.Rounds {
		if n := row["clients"]; n > 0 {
			t.Wire += row[column]
			t.Float += float64(n * 32 * float64(r.Manifest.Elements))
		}
	}
	return t
}

// Targets returns the metric values whose cost is of interest in any of the runs, in ascending order.
func Targets(runs []*record.Run) []float64 {
	var all []float64
	for _, r := range runs {
		all = append(all, r.Manifest.Targets...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Area returns the area under a run's metric against simulated time, divided by its budget of it, or by its length.
func Area(r *record.Run) float64 {
	span := r.Manifest.Budget
	if n := len(r.Rounds); span == 0 && n > 0 {
		span = r.Rounds[n-1]["sim_time_s"]
	}
	return record.Area(r.Rounds, r.Manifest.Metric, span)
}
