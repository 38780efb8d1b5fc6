package report

import (
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"flsim/sim/record"
)

// sample writes runs of two variants, the first with two seeds, and reads them back.
func sample(t *testing.T, root string) []*record.Run {
	t.Helper()
	var runs []*record.Run
	for i, v := range []struct {
		variant, label, chain string
		seed                  uint64
	}{
		{"fedavg", "FedAvg", "chain = []", 1},
		{"fedavg", "FedAvg", "chain = []", 2},
		{"evil", `</script><script>alert(1)</script><!-- "α" & 'b'`, "chain = [\"k\", \"q\"]\n[codec.k]\ntype = \"top\"\nkeep = 0.01\n[codec.q]\ntype = \"grid\"\nbits = 4", 1},
	} {
		m := &record.Manifest{Schema: 1, Experiment: "sample", Variant: v.variant, Label: v.label, Order: i / 2, Seed: v.seed, ID: fmt.Sprintf("%064x", i+1), Metric: "accuracy",
			Targets: []float64{0.5}, Synthetic: true, Data: "synthetic-images", DataDigest: "00ff", DataNotes: []string{"generated"}, Model: "m", Elements: 1000, Clients: 10, Rounds: 4,
			Precision: "float32", Version: "0.0.0", Kernel: "portable", Host: "h"}
		if v.variant == "evil" {
			m.Axes = record.Axes{"codec.q.bits": 4.0}
		}
		config := fmt.Sprintf("schema = 1\nname = \"sample\"\nseed = %d\nrounds = 4\n[clients]\nlr = 0.1\n[uplink]\n%s\n", v.seed, v.chain)
		runs = append(runs, write(t, filepath.Join(root, fmt.Sprintf("%s-s%d", v.variant, v.seed)), m, config, i))
	}
	return runs
}

// write writes a run of five lines, of which those of even rounds are evaluated.
func write(t *testing.T, dir string, m *record.Manifest, config string, i int) *record.Run {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	s, err := record.Create(dir, m, []byte(config), false)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		bits := record.Bits{Wire: int64(32000 / (i + 1)), Payload: int64(31000 / (i + 1)), Entropy: 30000.25}
		sum := record.Bits{Wire: bits.Wire * int64(n), Payload: bits.Payload * int64(n), Entropy: bits.Entropy * float64(n)}
		r := &record.Round{Round: n, SimTime: 1.5 * float64(n), Clients: 1, Uplink: bits, UplinkSum: sum, Downlink: bits, DownlinkSum: sum}
		if n%2 == 0 {
			r.Eval = &record.Evaluation{Metric: "accuracy", Test: 0.1*float64(n+i) + 1.0/3, TestLoss: 2, Train: 0.5, TrainLoss: 1}
		}
		if err := s.Round(r); err != nil {
			t.Fatal(err)
		}
	}
	res := &record.Result{Metric: "accuracy", Final: 0.4}
	if err := s.Finish(res, &record.Checkpoint{Header: json.RawMessage("{}")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	run, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func writePNG(t *testing.T, path string, img image.Image) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, img); err != nil {
		t.Fatal(err)
	}
}
