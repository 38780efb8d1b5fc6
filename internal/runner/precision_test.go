package runner_test

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"flsim/configs"
	"flsim/datasets"
	"flsim/internal/f32"
	"flsim/internal/runner"
	"flsim/sim/record"
)

var full = flag.Bool("full", false, "run what takes minutes and real data too")

// dataDir returns where real data may lie.
func dataDir() string {
	if dir := os.Getenv("FLSIM_DATA_DIR"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "..", "shared", "data")
}

// Training on CIFAR-10 in bfloat16 ends within a point of training in float32, in the mean over three seeds.
func TestBF16KeepsAccuracy(t *testing.T) {
	if !*full {
		t.Skip("takes -full")
	}
	if f32.BF16() == "" {
		t.Skip("this processor has no bfloat16 products")
	}
	var mean [2]float64
	for i, precision := range []string{"float32", "bf16"} {
		file, err := configs.Load(filepath.Join("..", "..", "configs", "cifar10.toml"), []string{
			"rounds=20", "eval.every=20", "eval.train_examples=0", "clients.precision=" + precision})
		if err != nil {
			t.Fatal(err)
		}
		r := runner.Runner{Builder: configs.Builder{DataDir: dataDir(), Workers: 2}, Dir: t.TempDir()}
		for _, run := range file.Runs() {
			if run.Variant != "fedavg" {
				continue
			}
			dir, err := r.Play(t.Context(), run)
			var missing *datasets.MissingError
			if errors.As(err, &missing) {
				t.Skip("no real CIFAR-10 to test with (FLSIM_DATA_DIR): ", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			res, err := record.ReadResult(dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(fmt.Sprintf("%s seed %d: %.2f %%", res.Precision, run.Seed, 100*res.Final))
			mean[i] += res.Final / 3
		}
	}
	if mean[0] < 0.3 || math.Abs(mean[0]-mean[1]) > 0.01 {
		t.Errorf("mean accuracy %.4f in float32, %.4f in bf16", mean[0], mean[1])
	}
}
