package sim

import "flsim/sim/event"

// Stop says what ends a run before its last round. What is 0 ends nothing.
type Stop struct {
	SimTime event.Time // what has not ended by then does not count
	Uplink  int64      // bits on the wire, all clients; the round that uses them up counts
	Total   int64      // the same of both directions
	Target  float64    // of the test metric; the first evaluation at or above it is the last
}

// Stopped returns why the run is over: "rounds", or the key of [stop] that ended it. It is empty as long as the run is
// not over.
func (s *Simulation) Stopped() string { return s.stopped }

// spent returns which limit the last line has reached, but for the target.
func (s *Simulation) spent() string {
	stop, line := &s.cfg.Stop, &s.line
	switch {
	case line.Round == s.cfg.Rounds:
		return "rounds"
	case stop.SimTime > 0 && s.now >= stop.SimTime:
		return "sim_time"
	case stop.Uplink > 0 && line.UplinkSum.Wire >= stop.Uplink:
		return "uplink_mbit"
	case stop.Total > 0 && line.UplinkSum.Wire+line.DownlinkSum.Wire >= stop.Total:
		return "total_mbit"
	}
	return ""
}

// late reports whether nothing is left to happen within the budget of time.
func (s *Simulation) late() bool {
	return s.cfg.Stop.SimTime > 0 && len(s.eligible) > 0 && s.queue.Peek() > s.cfg.Stop.SimTime
}

// cut ends the run at its budget of time. Of the round under way, the messages that have arrived count as sent; nothing
// is aggregated, and the model stays as it was.
func (s *Simulation) cut() error {
	s.now = s.cfg.Stop.SimTime
	for _, t := range s.round.tasks {
		t.arrived = false
	}
	s.round.arrived = 0
	s.takeDown(nil)
	return s.endRound("sim_time")
}
