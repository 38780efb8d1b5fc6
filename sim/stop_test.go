package sim

import (
	"math"
	"slices"
	"testing"

	"flsim/clients"
	"flsim/internal/dist"
	"flsim/network"
	"flsim/sim/event"
	"flsim/sim/record"
)

// timed is lossy on links and devices that every round draws anew.
func timed(t *testing.T) Config {
	cfg := lossy(t)
	cfg.EvalEvery = 1
	cfg.Training.Validation = 0.25
	links := network.Config{UpSeconds: dist.Halves(20, 151, 431), UpRSD: dist.Constant(0.2),
		DownSeconds: dist.Halves(13, 99, 217), DownRSD: dist.Constant(0.3)}
	elements := cfg.Model.Layout().Len()
	cfg.Links = func(client, round int) network.Link { return links.Link(7, client, round, elements) }
	cfg.Devices = func(client, round int) clients.Device {
		return clients.Device{Train: dist.Redrawn{Mean: dist.Constant(5), RSD: dist.Constant(0.1)}.Draw(7, "train", client, round), Validate: 15}
	}
	return cfg
}

// line writes a round without its evaluation.
func line(r record.Round) string {
	r.Eval = nil
	return string(r.AppendJSON(nil))
}

func TestTimeBudgetEndsTheRun(t *testing.T) {
	whole, _ := play(t, timed(t))
	at := func(round int) event.Time { return event.Time(math.Round(whole.rounds[round].SimTime * 1e9)) }
	for _, c := range []struct {
		name   string
		budget event.Time
		counts int // rounds that are aggregated
		lines  int // beside round 0's
	}{
		{"at the end of a round", at(3), 3, 3},
		{"just before it", at(3) - 1, 2, 3},
		{"just behind it", at(3) + 1, 3, 4},
		{"in the middle of a round", (at(3) + at(4)) / 2, 3, 4},
		{"before anything arrives", 1, 0, 1},
		{"in the middle of the last round", (at(5) + at(6)) / 2, 5, 6},
		{"behind the last round", at(6) + 1, 6, 6},
	} {
		for _, every := range []int{1, 5} {
			cfg := timed(t)
			cfg.Stop.SimTime, cfg.EvalEvery = c.budget, every
			p, s := play(t, cfg)
			if len(p.rounds) != c.lines+1 {
				t.Fatalf("%s: %d lines, want %d", c.name, len(p.rounds)-1, c.lines)
			}
			for r := range c.counts + 1 {
				if line(p.rounds[r]) != line(whole.rounds[r]) {
					t.Errorf("%s: round %d differs from that of a run without budget", c.name, r)
				}
			}
			last := p.rounds[c.lines]
			if last.Eval == nil || last.Eval.Test != whole.rounds[c.counts].Eval.Test {
				t.Errorf("%s: the last line is not evaluated, or of another model than round %d", c.name, c.counts)
			}
			if want := map[bool]string{true: "rounds", false: "sim_time"}[c.counts == 6]; s.Stopped() != want {
				t.Errorf("%s: stopped by %q", c.name, s.Stopped())
			}
			if c.lines > c.counts && (last.Clients != 0 || last.SimTime != c.budget.Seconds() || last.Examples != 0) {
				t.Errorf("%s: the round that was cut off is %+v", c.name, last)
			}
			if c.lines > c.counts {
				checkCut(t, c.name, p, whole, c.budget.Seconds())
			}
		}
	}
}

// checkCut holds the bits of a cut round against the transfers of the whole run that ended in time.
func checkCut(t *testing.T, name string, p, whole *tape, budget float64) {
	t.Helper()
	last := p.rounds[len(p.rounds)-1]
	var up, down int64
	for _, x := range whole.transfers {
		if x.Round == last.Round && x.End <= budget {
			if x.Direction == "uplink" {
				up += 8 * x.Wire
			} else {
				down += 8 * x.Wire
			}
		}
	}
	if last.Uplink.Wire != up || last.Downlink.Wire != down {
		t.Errorf("%s: the cut round has %d and %d bits, %d and %d were through", name, last.Uplink.Wire, last.Downlink.Wire, up, down)
	}
}

// A link that would outlast the clock is no error where a budget ends before.
func TestTimeBudgetOfEndlessLinks(t *testing.T) {
	cfg := small(t)
	cfg.Links = func(int, int) network.Link { return network.Link{Up: 1, Down: 1, Latency: event.Never} }
	cfg.Stop.SimTime = event.Seconds(100)
	p, s := play(t, cfg)
	if len(p.rounds) != 2 || s.Stopped() != "sim_time" || p.rounds[1].SimTime != 100 {
		t.Errorf("%d lines, stopped by %q", len(p.rounds), s.Stopped())
	}
}

func TestBitBudgetsEndTheRun(t *testing.T) {
	whole, _ := play(t, timed(t))
	for round := 1; round <= 6; round++ {
		up, down := whole.rounds[round].UplinkSum.Wire, whole.rounds[round].DownlinkSum.Wire
		for _, c := range []struct {
			stop Stop
			want string
		}{{Stop{Uplink: up}, "uplink_mbit"}, {Stop{Uplink: up - 1}, "uplink_mbit"}, {Stop{Total: up + down}, "total_mbit"}} {
			cfg := timed(t)
			cfg.Stop, cfg.EvalEvery = c.stop, 4
			p, s := play(t, cfg)
			if round == 6 {
				c.want = "rounds"
			}
			if last := p.rounds[len(p.rounds)-1]; last.Round != round || last.Eval == nil || s.Stopped() != c.want {
				t.Errorf("%+v ends the run after round %d (evaluated: %v) for %q, want %d", c.stop, last.Round, last.Eval != nil, s.Stopped(), round)
			}
		}
	}
}

func TestTargetEndsTheRun(t *testing.T) {
	whole, _ := play(t, small(t)) // evaluated every other round
	for _, target := range []float64{whole.rounds[0].Eval.Test, whole.rounds[2].Eval.Test, whole.rounds[4].Eval.Test, 0.9999} {
		first := slices.IndexFunc(whole.rounds, func(r record.Round) bool { return r.Eval != nil && r.Eval.Test >= target })
		want := "target"
		if first < 0 {
			first, want = 6, "rounds"
		}
		cfg := small(t)
		cfg.Stop.Target = target
		p, s := play(t, cfg)
		if len(p.rounds) != first+1 || s.Stopped() != want {
			t.Errorf("target %v: %d rounds, stopped by %q; want %d by %q", target, len(p.rounds)-1, s.Stopped(), first, want)
		}
	}
}

// Runs that end early, on links that change, continue from every checkpoint to the same end, with any number of workers.
func TestStopsSurviveWorkersAndResume(t *testing.T) {
	whole, _ := play(t, timed(t))
	after4 := whole.rounds[4]
	for name, stop := range map[string]Stop{
		"none": {}, "time": {SimTime: event.Seconds(after4.SimTime + 20)}, "bits": {Total: after4.UplinkSum.Wire + after4.DownlinkSum.Wire},
		"target": {Target: after4.Eval.Test},
	} {
		make := func(t *testing.T) Config {
			cfg := timed(t)
			cfg.Stop = stop
			return cfg
		}
		p, s := play(t, make(t))
		want := digest(p, s)
		cfg := make(t)
		cfg.Workers = 7
		if q, s := play(t, cfg); digest(q, s) != want {
			t.Errorf("%s: another digest with 7 workers", name)
		}
		if len(p.checkpoints) != len(p.rounds) {
			t.Errorf("%s: %d checkpoints of %d lines", name, len(p.checkpoints), len(p.rounds))
		}
		continues(t, make, want)
	}
}

// A round of one client takes what its link and device say: download, validation, training, validation, upload.
func TestTimesAddUp(t *testing.T) {
	cfg := small(t)
	cfg.Rounds, cfg.Shards, cfg.Training.Epochs, cfg.Training.Validation = 3, cfg.Shards[:1], 2, 0.25
	links := network.Config{UpSeconds: dist.Constant(100), UpRSD: dist.Constant(0.2), DownSeconds: dist.Constant(50), DownRSD: dist.Constant(0.2), Floor: 1}
	elements := cfg.Model.Layout().Len()
	cfg.Links = func(client, round int) network.Link { return links.Link(7, client, round, elements) }
	cfg.Devices = func(_, round int) clients.Device { return clients.Device{Train: 3 * float64(round), Validate: 10} }
	p, _ := play(t, cfg)
	want := 0.0
	for i, x := range p.transfers {
		frame := float64(x.Wire) / float64(4*elements)
		if x.Direction == "downlink" {
			want += frame * dist.Redrawn{Mean: links.DownSeconds, RSD: links.DownRSD}.Draw(7, "download seconds", 0, x.Round)
			want += 2*20*3*float64(x.Round) + 2*0.25*20*10 // 20 examples
		} else {
			want += frame * dist.Redrawn{Mean: links.UpSeconds, RSD: links.UpRSD}.Draw(7, "upload seconds", 0, x.Round)
			if got := p.rounds[x.Round].SimTime; math.Abs(got-want) > 1e-6*want {
				t.Errorf("transfer %d: round %d ends at %v s, want %v s", i, x.Round, got, want)
			}
		}
	}
}
