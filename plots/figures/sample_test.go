package figures

import (
	"fmt"
	"math"
	"math/rand/v2"

	"flsim/sim/record"
)

// variant is a made-up scheme: how many bits it takes per round and client, and how fast and far it learns.
type variant struct {
	label     string
	bits      float64
	rate, top float64
}

var variants = []variant{
	{"FedAvg (float32)", 3.9e6, 0.060, 0.705},
	{"QSGD 4 bit", 4.6e5, 0.058, 0.695},
	{"CosSGD 2 bit", 1.6e5, 0.055, 0.690},
	{"top-k 1 % + error feedback", 5.5e4, 0.035, 0.640},
}

// sampleRuns returns runs of the variants with the given number of seeds, made of smooth curves with noise.
func sampleRuns(vs []variant, seeds, rounds, every int) []*record.Run {
	var runs []*record.Run
	for order, v := range vs {
		for seed := 1; seed <= seeds; seed++ {
			r := &record.Run{
				Dir:    fmt.Sprintf("runs/sample/%d-s%d", order, seed),
				Result: &record.Result{},
				Manifest: record.Manifest{
					Experiment: "sample", Variant: fmt.Sprint("v", order), Label: v.label, Order: order, Seed: uint64(seed),
					ID: fmt.Sprint(order, "-", seed), Metric: "accuracy", Data: "synthetic-images", Synthetic: true, Model: "tf-cnn", Clients: 100,
				},
			}
			r.Rounds = sampleRounds(v, rand.New(rand.NewPCG(uint64(order), uint64(seed))), rounds, every)
			runs = append(runs, r)
		}
	}
	return runs
}

func sampleRounds(v variant, g *rand.Rand, rounds, every int) []record.Row {
	var rows []record.Row
	up, down, seconds := 0.0, 0.0, 0.0
	for n := 0; n <= rounds; n++ {
		if n > 0 {
			up += 10 * math.Round(v.bits*(1+0.05*g.NormFloat64()))
			down += 10 * 3.9e6
			seconds += 40 + v.bits/1e5 + 5*g.Float64()
		}
		row := record.Row{"round": float64(n), "sim_time_s": seconds, "uplink_wire_bits_cum": up,
			"downlink_wire_bits_cum": down, "total_wire_bits_cum": up + down}
		if n%every == 0 {
			gain := 1 - math.Exp(-v.rate*float64(n))
			row["accuracy"] = 0.1 + (v.top-0.1)*gain + 0.012*g.NormFloat64()*gain
			row["train_accuracy"] = 0.1 + (v.top+0.06-0.1)*gain + 0.006*g.NormFloat64()*gain
			row["loss"] = 2.3 - (2.3-1.4*(1-v.top)/0.45)*gain + 0.02*g.NormFloat64()*gain
			row["train_loss"] = 2.3 - (2.3-1.1*(1-v.top)/0.45)*gain + 0.01*g.NormFloat64()*gain
			row["nmse_uplink"] = 0.3 * v.rate * (1 + 0.1*g.Float64())
		}
		rows = append(rows, row)
	}
	return rows
}

// manyVariants returns n variants whose bits and speeds fan out.
func manyVariants(n int) []variant {
	vs := make([]variant, n)
	for i := range vs {
		share := float64(i) / float64(n)
		vs[i] = variant{fmt.Sprintf("QSGD %d bit, Huffman", i+1), 3e5 * float64(i+1), 0.03 + 0.03*share, 0.5 + 0.2*share}
	}
	return vs
}

// sweptRuns returns runs of a baseline and of two variants whose bits are swept, one of them with what it keeps.
func sweptRuns() []*record.Run {
	var list []variant
	var axes []record.Axes
	add := func(v variant, a record.Axes) { list, axes = append(list, v), append(axes, a) }
	add(variant{"FedAvg (float32)", 3.9e6, 0.06, 0.70}, nil)
	for _, bits := range []float64{2, 4, 8} {
		add(variant{fmt.Sprintf("QSGD, bits = %v", bits), 1.2e5 * bits, 0.055, 0.66 + 0.004*bits}, record.Axes{"codec.q.bits": bits})
	}
	for _, keep := range []float64{0.01, 0.1} {
		for _, bits := range []float64{2, 4, 8} {
			add(variant{fmt.Sprintf("Top-k × QSGD, bits = %v, keep = %v", bits, keep), 3e5 * keep * bits, 0.02 + 0.2*keep, 0.5 + keep + 0.01*bits},
				record.Axes{"codec.q.bits": bits, "codec.top.keep": keep})
		}
	}
	runs := sampleRuns(list, 3, 60, 5)
	for _, r := range runs {
		m := &r.Manifest
		m.Axes, m.Elements = axes[m.Order], 121_875
		m.Variant = []string{"fedavg", "qsgd", "grid"}[min(len(m.Axes), 2)]
		for i, row := range r.Rounds {
			if i > 0 {
				row["clients"] = 10
				row["uplink_wire_bits"] = row["uplink_wire_bits_cum"] - r.Rounds[i-1]["uplink_wire_bits_cum"]
			}
		}
	}
	return runs
}
