package moons

import (
	"testing"

	"flsim/datasets"
)

func TestOpen(t *testing.T) {
	first, err := datasets.Open("moons", datasets.OpenOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	again, _ := datasets.Open("moons", datasets.OpenOptions{Seed: 1})
	other, _ := datasets.Open("moons", datasets.OpenOptions{Seed: 2})
	if first.Digest != again.Digest || first.Digest == other.Digest {
		t.Error("equal seeds have to give equal points, and others others")
	}
	x, y := make([]float32, 4), make([]int32, 2)
	first.Train.Fill(x, y, []int32{7, 0})
	if y[0] != int32(first.Train.Label(7)) || y[1] != int32(first.Train.Label(0)) || x[0] == x[2] {
		t.Errorf("points %v with labels %v", x, y)
	}
	above := 0 // most points of the upper moon lie above all of the lower one's centres
	for i := range first.Test.Len() {
		first.Test.Fill(x[:2], y[:1], []int32{int32(i)})
		if (x[1] > 0) == (y[0] == 0) {
			above++
		}
	}
	if above < 700 {
		t.Errorf("%d of %d points lie on the side of their moon", above, first.Test.Len())
	}
}
