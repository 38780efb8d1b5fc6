package configs

import (
	"fmt"
	"testing"
)

func TestTmp(t *testing.T) {
	f, err := Load("testdata/design.toml", nil)
	fmt.Println(err)
	if err == nil {
		for _, r := range f.Runs() {
			fmt.Println(r.Variant, r.Label, r.Order, r.Seed)
		}
		fmt.Println(string(f.Runs()[4].TOML()))
		fmt.Println(string(f.Runs()[4].Experiment.Canonical()))
		fmt.Println(f.Warnings, f.Plots)
	}
	_, err = Load("testdata/five.toml", []string{"uplink.chain=[a]", "rounds=x", "model.name=tfcnn", "clients.lr=-1", "uplnk.chain=[]", "clients.gflops.medain=4", "variant.x.rounds=3", "clients.per_round = 4"})
	fmt.Println(err)
}
