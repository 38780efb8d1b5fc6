package runner_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/internal/weights"
	"flsim/sim/record"
)

// Weights that are exported and started from score in round 0 what the run scored that they are from; buffers go along.
// The form of the file makes no difference to the run's id, the weights do.
func TestStartFromWeights(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	base := []string{"model.name=cnn4", "rounds=2", "clients.lr=0.05", "data.train=200", "eval.every=1"}
	open := func(sets ...string) *record.Run {
		t.Helper()
		dir, err := r.Play(t.Context(), load(t, append(base, sets...)...))
		if err != nil {
			t.Fatal(err)
		}
		run, err := record.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	first := open()
	l, w, err := configs.FinalWeights(first.Dir)
	if err != nil || len(w) != first.Manifest.Elements || !strings.HasSuffix(l[3].Name, "running_mean") {
		t.Fatal(len(w), l, err)
	}
	npz, safe := filepath.Join(t.TempDir(), "w.npz"), filepath.Join(t.TempDir(), "w.safetensors")
	create(t, npz, func(f io.Writer) error { return weights.WriteNPZ(f, l, w) })
	create(t, safe, func(f io.Writer) error { return weights.WriteSafetensors(f, l, w, nil) })
	ids := []string{first.Manifest.ID}
	for _, from := range []string{npz, safe, first.Dir} {
		next := open("model.weights=" + from)
		if got, want := next.Rounds[0]["accuracy"], first.Result.Final; got != want {
			t.Errorf("%s: accuracy %v in round 0, want %v", from, got, want)
		}
		if got, want := next.Rounds[0]["loss"], first.Result.Loss; got != want || got == first.Rounds[0]["loss"] {
			t.Errorf("%s: loss %v in round 0, want %v", from, got, want)
		}
		if next.Manifest.Weights != weights.Digest(w) {
			t.Errorf("%s: manifest %+v", from, next.Manifest)
		}
		ids = append(ids, next.Manifest.ID)
	}
	if ids = slices.Compact(ids); len(ids) != 2 {
		t.Errorf("ids %v", ids)
	}
	w[0]++
	create(t, npz, func(f io.Writer) error { return weights.WriteNPZ(f, l, w) })
	if got := open("model.weights=" + npz).Manifest.ID; slices.Contains(ids, got) {
		t.Errorf("other weights have id %s too", got)
	}
}

func create(t *testing.T, path string, write func(io.Writer) error) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestWrongWeights(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	stopped := stopAfter(t, r, 2)
	done, _, _ := play(t, runner.Runner{Dir: t.TempDir()})
	local, err := r.Play(t.Context(), load(t, "clients.mode=local", "uplink.chain=[]", "uplink.error_feedback=false"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, model, want string }{
		{local, "logistic", "every client has a model of its own, and there is no global one"},
		{"nowhere.npz", "logistic", "model.weights: there is no file or folder nowhere.npz"},
		{stopped, "logistic", "is not the folder of a finished run"},
		{done, "mlp", `lacks the tensor "fc1.weight" of shape [784 200]; it has fc.weight, fc.bias`},
		{filepath.Join(done, record.ResultFile), "logistic", "neither an .npz archive nor a safetensors file"},
	} {
		_, err := r.Play(t.Context(), load(t, "model.name="+c.model, "model.weights="+c.from))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.from, err, c.want)
		}
	}
}
