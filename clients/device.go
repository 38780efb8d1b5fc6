package clients

import (
	"flsim/clients/nn"
	"flsim/internal/dist"
	"flsim/internal/rng"
	"flsim/sim/event"
)

// Device says how long a client computes in a round: by its speed, or by how long a case takes it.
type Device struct {
	GFlops   float64 // GFLOP/s; 0 where times are given
	Train    float64 // seconds for one case, once
	Validate float64 // seconds for the loss or the metric of one case
}

// Speed returns the computing speed of a client's device in a round, in GFLOP/s. The device is drawn from d once for
// the whole run; with jitter above 0 each round's time is longer by a lognormal factor of median 1 and that sigma.
func Speed(d dist.Dist, jitter float64, seed uint64, client, round int) float64 {
	speed := d.Draw(rng.New(seed, "device", uint64(client)))
	if jitter > 0 {
		speed /= dist.Lognormal(1, jitter).Draw(rng.New(seed, "device jitter", uint64(client), uint64(round)))
	}
	return speed
}

// Load is the shard that a device works on.
type Load struct {
	Examples int
	Cases    int // such as patients, of which the examples are parts; the same as Examples where they are not
}

// Duration returns how long a device trains for a task. By its speed: floating-point operations of the real model over
// operations per second, where a training step is counted as three forward passes. By its times: each case as often as
// its examples are used.
func (t *Training) Duration(model *nn.Model, l Load, d Device) event.Time {
	examples := t.ExamplesOf(l.Examples)
	if d.GFlops > 0 {
		return event.Seconds(3 * model.ForwardFLOPs() * float64(examples) / (d.GFlops * 1e9))
	}
	return event.Seconds(d.Train * float64(l.Cases) * float64(examples) / float64(l.Examples))
}

// Measuring returns how long such a device takes to find the loss of a model on a share of a load: a forward pass of
// each example, or its time for each case.
func (t *Training) Measuring(model *nn.Model, l Load, share float64, d Device) event.Time {
	if d.GFlops > 0 {
		return event.Seconds(model.ForwardFLOPs() * (float64(l.Examples) * share) / (d.GFlops * 1e9))
	}
	return event.Seconds(d.Validate * (float64(l.Cases) * share))
}
