// Package examples builds, tests and runs the modules in this folder, each of which adds to flsim from outside.
package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"flsim/sim/record"
)

// modules are the folders with what makes their experiments short, and the variants that these have to end with.
var modules = []struct {
	folder   string
	short    []string
	variants []string
}{
	{"own-codec", []string{"rounds=2", "data.train=200", "data.test=100"}, []string{"fedavg", "qsgd", "terngrad", "unclipped"}},
	{"own-model", []string{"rounds=2", "data.train=200", "data.test=100"}, []string{"preact8", "lenet5"}},
	{"own-data", []string{"rounds=2"}, []string{"mlp", "logistic"}},
}

// TestModules needs no network: what the modules require is what flsim requires.
func TestModules(t *testing.T) {
	if testing.Short() {
		t.Skip("builds three programs")
	}
	for _, m := range modules {
		t.Run(m.folder, func(t *testing.T) {
			dir := t.TempDir()
			program := filepath.Join(dir, "flsim.exe") // an ending that any system takes
			command(t, m.folder, "go", "test", "./...")
			command(t, m.folder, "go", "build", "-o", program, "./flsim")
			args := []string{"run", "experiment.toml", "-o", filepath.Join(dir, "runs")}
			for _, set := range m.short {
				args = append(args, "--set", set)
			}
			command(t, m.folder, program, args...)
			if got := variants(t, filepath.Join(dir, "runs")); !slices.Equal(got, m.variants) {
				t.Errorf("the experiment ends with variants %q, want %q", got, m.variants)
			}
		})
	}
}

// command runs a program in a folder, with modules as they are required there.
func command(t *testing.T, folder, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q in %s: %v\n%s", program, args, folder, err, out)
	}
}

// variants returns the variants whose runs are finished, in the order of their file.
func variants(t *testing.T, runs string) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(runs, "*", "*", record.ResultFile))
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(dirs))
	for _, path := range dirs {
		run, err := record.Open(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		if run.Manifest.Order >= len(names) || run.Result.Uplink.Wire == 0 {
			t.Fatalf("variant %s is number %d of %d, with %d bits", run.Manifest.Variant, run.Manifest.Order, len(names), run.Result.Uplink.Wire)
		}
		names[run.Manifest.Order] = run.Manifest.Variant
	}
	return names
}
