package dist

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"

	"flsim/internal/rng"
)

// Over many rounds a client's values have the mean and the deviation that were drawn for it.
func TestRedrawnHasItsMeanAndDeviation(t *testing.T) {
	const rounds = 4000
	d := Redrawn{Mean: Halves(50, 100, 200), RSD: Uniform(0.05, 0.2)}
	for client := range 20 {
		mean := d.Mean.Draw(rng.New(5, "upload", uint64(client)))
		rsd := d.RSD.Draw(rng.New(5, "upload, spread", uint64(client)))
		var values []float64
		for round := range rounds {
			values = append(values, d.Draw(5, "upload", client, round+1))
		}
		m, sd := stat.MeanStdDev(values, nil)
		if math.Abs(m-mean) > 4*mean*rsd/math.Sqrt(rounds) {
			t.Errorf("client %d: mean %v, drawn %v", client, m, mean)
		}
		if math.Abs(sd/(mean*rsd)-1) > 4/math.Sqrt(2*rounds) {
			t.Errorf("client %d: deviation %v, drawn %v", client, sd, mean*rsd)
		}
		if low, high := d.Mean.Bounds(); mean < low || mean > high {
			t.Errorf("client %d has the mean %v", client, mean)
		}
	}
}

func TestRedrawnKeepsItsFloor(t *testing.T) {
	for _, c := range []struct{ mean, floor, want float64 }{{0.5, 1, 1}, {2, 1, 1}, {2, 0, 0.2}, {50, 0, 1}, {2, 1.5, 1.5}} {
		d := Redrawn{Mean: Constant(c.mean), RSD: Constant(2), Floor: c.floor}
		least := math.Inf(1)
		for round := range 200 { // about three in ten draws are below 0
			least = min(least, d.Draw(1, "x", 3, round))
		}
		if least != c.want {
			t.Errorf("mean %v, floor %v: the least value is %v, want %v", c.mean, c.floor, least, c.want)
		}
	}
}

// A value depends on seed, quantity, client and round, and on nothing that was drawn before.
func TestRedrawnIsItsOwn(t *testing.T) {
	d := Redrawn{Mean: Lognormal(100, 0.3), RSD: Constant(0.2)}
	rapid.Check(t, func(t *rapid.T) {
		seed, client, round := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 1000).Draw(t, "client"), rapid.IntRange(1, 1000).Draw(t, "round")
		want := d.Draw(seed, "download", client, round)
		for other := range rapid.IntRange(0, 5).Draw(t, "others") {
			d.Draw(seed, "download", other, round)
		}
		if got := d.Draw(seed, "download", client, round); got != want {
			t.Fatalf("%v, then %v", want, got)
		}
		for _, other := range []float64{d.Draw(seed, "download", client, round+1), d.Draw(seed, "download", client+1, round),
			d.Draw(seed, "upload", client, round), d.Draw(seed+1, "download", client, round)} {
			if other == want {
				t.Fatalf("%v is drawn twice", want)
			}
		}
	})
}
