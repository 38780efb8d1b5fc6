package sim_test

import (
	"context"
	"fmt"
	"os"

	"flsim/configs"
	"flsim/sim"
	"flsim/sim/record"
)

const small = `
schema = 1
name   = "small"
rounds = 4
[data]
set   = "synthetic-images"
shape = "28x28x1"
train = 800
test  = 200
[model]
name = "lenet5"
[clients]
count        = 4
local_epochs = 2
batch_size   = 10
lr           = 0.02
momentum     = 0.9
gflops       = 1.0
[network]
uplink_mbps   = 1.0
downlink_mbps = 10.0
[uplink]
chain = ["qsgd", "fse"]
[eval]
every = 2
`

// A run is played into a directory, and its records are read back.
func Example() {
	dir, err := os.MkdirTemp("", "flsim")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := play(small, dir); err != nil {
		fmt.Println(err)
		return
	}

	run, err := record.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	bits, accuracy := run.Pairs("uplink_wire_bits_cum", "accuracy")
	for i := range bits {
		fmt.Printf("%.3f after %.0f bits\n", accuracy[i], bits[i])
	}
	fmt.Println(run.Manifest.Uplink, "took", run.Result.Uplink.Wire, "bits")
	// Output:
	// 0.100 after 0 bits
	// 0.245 after 113744 bits
	// 0.330 after 233256 bits
	// qsgd > fse took 233256 bits
}

// play plays the only run of a configuration.
func play(text, dir string) error {
	file, err := configs.Parse("small.toml", text, nil)
	if err != nil {
		return err
	}
	run := file.Runs()[0]
	builder := configs.Builder{Workers: 2}
	built, err := builder.Build(run)
	if err != nil {
		return err
	}
	store, err := record.Create(dir, &built.Manifest, run.TOML(), false)
	if err != nil {
		return err
	}
	defer store.Close()
	s, err := sim.New(built.Sim, store)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Run(context.Background(), nil); err != nil {
		return err
	}
	final, err := s.Final()
	if err != nil {
		return err
	}
	played, err := record.Open(dir)
	if err != nil {
		return err
	}
	return store.Finish(record.Summarise(played.Rounds, &built.Manifest), final)
}
