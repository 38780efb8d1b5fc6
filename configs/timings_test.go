package configs

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flsim/internal/dist"
)

// hospitals is an experiment whose times come from a preset.
const hospitals = `
schema = 1
name = "hospitals"
rounds = 2
preset = "fets"
[data]
set = "synthetic-images"
train = 60
test = 10
[model]
name = "logistic"
[clients]
count = 10
`

func experiment(t testing.TB, text string, sets ...string) *Experiment {
	t.Helper()
	f, err := Parse("test.toml", text, sets)
	if err != nil {
		t.Fatal(err)
	}
	return f.Runs()[0].Experiment
}

func TestPresetStandsInForKeys(t *testing.T) {
	e := experiment(t, hospitals)
	if e.Network.UpSeconds != dist.Halves(20, 151, 431) || e.Clients.ValidationShare != 0.25 || e.Stop.SimTime != 7*86400 || e.Preset != "" {
		t.Errorf("the preset gives %+v, %+v, %+v", e.Clients, e.Network, e.Stop)
	}
	for _, c := range []struct {
		sets []string
		want func(e *Experiment) bool
	}{
		{[]string{"network.uplink_seconds=30"}, func(e *Experiment) bool {
			return e.Network.UpSeconds == dist.Constant(30) && e.Network.UpRSD == dist.Halves(0.001, 0.12, 0.41)
		}},
		{[]string{"network.uplink_mbps=30"}, func(e *Experiment) bool {
			return e.Network.Uplink == dist.Constant(30) && e.Network.UpSeconds == dist.Dist{} && e.Network.UpRSD == dist.Dist{} && e.Network.DownSeconds != dist.Dist{}
		}},
		{[]string{"clients.gflops=30"}, func(e *Experiment) bool {
			return e.Clients.GFlops == dist.Constant(30) && e.Clients.PerCase == dist.Dist{} && e.Clients.ValidationRSD == dist.Dist{} && e.Network.UpSeconds != dist.Dist{}
		}},
		{[]string{"stop.sim_time=inf"}, func(e *Experiment) bool { return e.Stop.SimTime == 0 }},
		{[]string{"stop.sim_time='36h'", "stop.target=0.5"}, func(e *Experiment) bool { return e.Stop == Stop{SimTime: 36 * 3600, Target: 0.5} }},
	} {
		if e := experiment(t, hospitals, c.sets...); !c.want(e) {
			t.Errorf("%v gives %+v, %+v, %+v", c.sets, e.Clients, e.Network, e.Stop)
		}
		checkRoundTrip(t, Run{Variant: "hospitals", Label: "hospitals", Seed: 1, Experiment: experiment(t, hospitals, c.sets...)})
	}
}

// A link below 1 bit/s is refused where that is known, and not raised.
func TestSlowLinksAreRefused(t *testing.T) {
	for _, c := range []struct {
		set  string
		want string // part of the message, empty for none
	}{
		{"network.uplink_mbps=9e-7", "network.uplink_mbps is too slow: no link has less than 1 bit/s, got 9e-07"},
		{`network.downlink_mbps={dist="uniform",from=1e-9,to=1.0}`, "network.downlink_mbps is too slow"},
		{"network.uplink_mbps=0.0", "network.uplink_mbps must be above 0"},
		{"network.uplink_mbps=1e-6", ""},
		{`network.uplink_mbps={dist="lognormal",median=1e-6,sigma=2.0}`, ""},
	} {
		_, err := Parse("small.toml", small, []string{c.set})
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("--set %s gives %v, want %q", c.set, err, c.want)
		}
		var list Errors
		if errors.As(err, &list) && len(list) != 1 {
			t.Errorf("--set %s is told %d times", c.set, len(list))
		}
	}
}

// A preset says nothing that the file could not say itself.
func TestPresetIsWrittenOut(t *testing.T) {
	text, err := presets.ReadFile("presets/fets.toml")
	if err != nil {
		t.Fatal(err)
	}
	long := strings.ReplaceAll(hospitals, `preset = "fets"`, "")
	long = strings.Replace(string(text), "[clients]", long, 1)
	if got, want := experiment(t, long), experiment(t, hospitals); !reflect.DeepEqual(got, want) {
		t.Errorf("written out it is\n%+v\nthe preset gives\n%+v", got, want)
	}
}

// Keys that are not given leave the ids of runs as they were before there were such keys.
func TestAbsentTimesAndStopsAreNotCanonical(t *testing.T) {
	form := canonical(t, small)
	for _, word := range []string{"seconds", "stop", "validation_share", "preset"} {
		if strings.Contains(form, word) {
			t.Errorf("the canonical form mentions %s:\n%s", word, form)
		}
	}
	for _, set := range []string{"stop.sim_time='1h'", "stop.target=0.5", "stop.uplink_mbit=1", "stop.total_mbit=1"} {
		if canonical(t, small, set) == form {
			t.Errorf("--set %s does not change the canonical form", set)
		}
	}
	for _, set := range []string{"seconds_per_case=1.0", "seconds_per_case_rsd=0.5", "validation_seconds_per_case=3.0", "validation_share=0.5", "seconds_floor=0.5"} {
		if canonical(t, hospitals, "clients."+set) == canonical(t, hospitals) {
			t.Errorf("--set clients.%s does not change the canonical form", set)
		}
	}
}

// What a client takes in a round depends neither on who is sampled nor on how many clients there are.
func TestTimesAreAClientsOwn(t *testing.T) {
	build := func(sets ...string) *Built {
		b, err := (&Builder{Workers: 1}).Build(Run{Variant: "x", Experiment: experiment(t, hospitals, sets...)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	few, many := build(), build("clients.count=40", "clients.per_round=40")
	rapid.Check(t, func(t *rapid.T) {
		client, round := rapid.IntRange(0, 9).Draw(t, "client"), rapid.IntRange(1, 500).Draw(t, "round")
		many.Sim.Links(rapid.IntRange(0, 39).Draw(t, "other"), round)
		if a, b := few.Sim.Links(client, round), many.Sim.Links(client, round); a != b {
			t.Fatalf("client %d's link in round %d is %v among 10 and %v among 40", client, round, a, b)
		}
		device := few.Sim.Devices(client, round)
		if device != many.Sim.Devices(client, round) || device == few.Sim.Devices(client, round+1) {
			t.Fatalf("client %d's device in round %d: %+v", client, round, device)
		}
		if device.Train < 1 || device.Validate < 1 || device.GFlops != 0 {
			t.Fatalf("client %d's device in round %d: %+v", client, round, device)
		}
	})
}

// The hospitals' means over many rounds keep to the published ranges, and half of them lie below the medians.
func TestPresetHasThePublishedRanges(t *testing.T) {
	const hospitalCount, rounds, elements = 400, 40, 1000
	e := experiment(t, hospitals)
	draw := func(d dist.Dist, rsd dist.Dist, quantity string, low, median, high float64) {
		below := 0
		for client := range hospitalCount {
			sum := 0.0
			for round := range rounds {
				sum += dist.Redrawn{Mean: d, RSD: rsd, Floor: 1}.Draw(1, quantity, client, round+1)
			}
			mean := sum / rounds
			if mean < 0.6*low || mean > 1.3*high {
				t.Errorf("%s of hospital %d takes %v s", quantity, client, mean)
			}
			if mean < median {
				below++
			}
		}
		if share := float64(below) / hospitalCount; math.Abs(share-0.5) > 0.1 {
			t.Errorf("%s: %v of the hospitals take less than %v s", quantity, share, median)
		}
	}
	draw(e.Network.UpSeconds, e.Network.UpRSD, "upload seconds", 20, 151, 431)
	draw(e.Network.DownSeconds, e.Network.DownRSD, "download seconds", 13, 99, 217)
	draw(e.Clients.PerCase, e.Clients.PerCaseRSD, "training seconds", 1.8, 5.8, 20.7)
	draw(e.Clients.Validation, e.Clients.ValidationRSD, "validation seconds", 9.7, 15.3, 40.2)
}

func TestSpans(t *testing.T) {
	for text, want := range map[string]float64{"7d": 604800, "1.5h": 5400, "90 s": 90, "2m": 120, "0.25s": 0.25} {
		var s Span
		if err := s.UnmarshalTOML(text); err != nil || float64(s) != want {
			t.Errorf("%q is read as %v (%v)", text, float64(s), err)
		}
	}
	for _, wrong := range []any{"7", "d", "-1d", "nan s", "1e308d", "inf", "0s", int64(7), 7.0, true, "7 days"} {
		var s Span
		if err := s.UnmarshalTOML(wrong); err == nil {
			t.Errorf("%v is read as %v", wrong, s)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		want := Span(rapid.Float64Range(1e-9, 1e12).Draw(t, "seconds"))
		if rapid.Bool().Draw(t, "whole") {
			want = Span(math.Ceil(float64(want)))
		}
		var got Span
		if err := got.UnmarshalTOML(strings.Trim(want.String(), `"`)); err != nil || got != want {
			t.Errorf("%v s is written %s and read as %v (%v)", float64(want), want, float64(got), err)
		}
	})
}
