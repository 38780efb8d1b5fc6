package app

import (
	"testing"

	"flsim/configs"
	"flsim/datasets"
	"flsim/sim"
	"flsim/sim/record"
)

// Partitions of different data are different figures, however alike their counts are.
func TestPartitionsOfEachData(t *testing.T) {
	built := func(data string) *configs.Built {
		return &configs.Built{Manifest: record.Manifest{Variant: data, Data: data}, Labels: &datasets.Statistics{Counts: [][]int{{1, 2}, {2, 1}}},
			Sim: sim.Config{Data: &datasets.Data{}}}
	}
	s := &sheet{}
	for i, data := range []string{"mnist", "fashion", "mnist"} {
		s.add(i, built(data))
	}
	if len(s.maps) != 2 || s.maps[0].name != "mnist-s0" || s.maps[1].name != "fashion-s0" {
		t.Errorf("the partitions are %+v", s.maps)
	}
}
