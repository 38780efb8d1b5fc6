package configs_test

import (
	"context"
	"fmt"

	"flsim/configs"
	"flsim/sim"
	"flsim/sim/record"
)

const twoVariants = `
schema = 1
name   = "small"
rounds = 3
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
[variant.plain]
[variant.signs]
uplink.chain = ["sign"]
`

// Variants of a configuration are played from Go, without a directory.
func Example() {
	file, err := configs.Parse("small.toml", twoVariants, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	builder := configs.Builder{Workers: 2}
	for _, run := range file.Runs() {
		built, err := builder.Build(run)
		if err != nil {
			fmt.Println(err)
			return
		}
		s, err := sim.New(built.Sim, sim.Discard{})
		if err != nil {
			fmt.Println(err)
			return
		}
		err = s.Run(context.Background(), func(r *record.Round) {
			fmt.Printf("%s, round %d: accuracy %.3f, %d uplink bits\n", run.Variant, r.Round, r.Eval.Test, r.UplinkSum.Wire)
		})
		s.Close()
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// plain, round 1: accuracy 0.205, 7898720 uplink bits
	// plain, round 2: accuracy 0.255, 15797440 uplink bits
	// plain, round 3: accuracy 0.430, 23696160 uplink bits
	// signs, round 1: accuracy 0.180, 248480 uplink bits
	// signs, round 2: accuracy 0.220, 496960 uplink bits
	// signs, round 3: accuracy 0.260, 745440 uplink bits
}
