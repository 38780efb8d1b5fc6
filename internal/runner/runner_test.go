package runner_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"flsim/configs"
	"flsim/internal/f32"
	"flsim/internal/runner"
	"flsim/sim"
	"flsim/sim/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const experiment = `
schema = 1
name = "small"
rounds = 6
[data]
set = "synthetic-images"
shape = "28x28x1"
train = 60
test = 20
[model]
name = "logistic"
[clients]
count = 4
per_round = 3
gflops = 1.0
[network]
uplink_mbps = 1.0
downlink_mbps = 10.0
[uplink]
chain = ["topk"]
error_feedback = true
[eval]
every = 2
`

func load(t *testing.T, sets ...string) configs.Run {
	t.Helper()
	file, err := configs.Parse("small.toml", experiment, sets)
	if err != nil {
		t.Fatal(err)
	}
	return file.Runs()[0]
}

func digest(t *testing.T, dir string) string {
	t.Helper()
	result, err := record.ReadResult(dir)
	if err != nil {
		t.Fatal(err)
	}
	return result.Digest
}

// stopAfter plays the run and stops it when the given round has ended.
func stopAfter(t *testing.T, r runner.Runner, round int) string {
	t.Helper()
	return stop(t, r, load(t), round)
}

func stop(t *testing.T, r runner.Runner, run configs.Run, round int) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.Watch = func(e runner.Event) {
		if e.Kind == runner.Progress && e.Line.Round == round {
			cancel()
		}
	}
	dir, err := r.Play(ctx, run)
	if !errors.Is(err, sim.ErrStopped) {
		t.Fatalf("stopping gives %v", err)
	}
	return dir
}

// without removes a file of a run's directory.
func without(t *testing.T, dir, file string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, file)); err != nil {
		t.Fatal(err)
	}
}

// play plays the run to its end and returns its directory and what happened.
func play(t *testing.T, r runner.Runner) (dir string, kinds []runner.Kind, from int) {
	t.Helper()
	r.Watch = func(e runner.Event) {
		kinds = append(kinds, e.Kind)
		if e.Kind == runner.Started {
			from = e.From
		}
	}
	dir, err := r.Play(t.Context(), load(t))
	if err != nil {
		t.Fatal(err)
	}
	return dir, kinds, from
}

// A run that is played in pieces ends like one that is played at once, whichever round it was stopped after.
func TestStoppedRunsEndTheSame(t *testing.T) {
	dir, kinds, _ := play(t, runner.Runner{Dir: t.TempDir()})
	want := digest(t, dir)
	if progress := len(kinds) - 2; kinds[0] != runner.Started || kinds[len(kinds)-1] != runner.Finished || progress < 6 {
		t.Errorf("a run of 6 rounds tells %v", kinds)
	}
	for stop := 1; stop < 6; stop++ {
		r := runner.Runner{Dir: t.TempDir()}
		stopped := stopAfter(t, r, stop)
		if _, err := record.ReadResult(stopped); err == nil {
			t.Errorf("stopped after round %d, a run has a result", stop)
		}
		dir, _, from := play(t, r)
		if from == 0 || from > stop {
			t.Errorf("stopped after round %d, a run continues after round %d", stop, from)
		}
		if got := digest(t, dir); dir != stopped || got != want {
			t.Errorf("stopped after round %d, a run ends with %s in %s, not %s in %s", stop, got, dir, want, stopped)
		}
	}
}

// A finished run is not repeated unless that is forced, and then ends the same.
func TestFinishedRunsAreReused(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	dir, _, _ := play(t, r)
	want := digest(t, dir)
	if _, kinds, _ := play(t, r); !slices.Equal(kinds, []runner.Kind{runner.Reused}) {
		t.Errorf("playing a finished run tells %v", kinds)
	}
	r.Force = true
	if _, kinds, _ := play(t, r); len(kinds) < 2 || digest(t, dir) != want {
		t.Errorf("a forced run tells %v and ends with %s, not %s", kinds, digest(t, dir), want)
	}
}

// A run whose result was deleted ends once more with the same result, and without training anew.
func TestDeletedResultsComeBack(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	dir, _, _ := play(t, r)
	want := digest(t, dir)
	without(t, dir, record.ResultFile)
	_, kinds, from := play(t, r)
	if got := digest(t, dir); got != want || from != 6 || slices.Contains(kinds, runner.Progress) {
		t.Errorf("the run tells %v from round %d and ends with %s, not %s", kinds, from, got, want)
	}
}

// Lines that are lost cannot be made up for: the run starts anew and says so.
func TestLostLinesStartAnew(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	dir := stopAfter(t, r, 4)
	without(t, dir, record.RoundsFile)
	_, kinds, from := play(t, r)
	whole, _, _ := play(t, runner.Runner{Dir: t.TempDir()})
	if kinds[0] != runner.Restarted || from != 0 || digest(t, dir) != digest(t, whole) {
		t.Errorf("the run tells %v from round %d and ends with %s", kinds, from, digest(t, dir))
	}
}

// A finished run whose lines were changed is not taken for what its result says.
func TestChangedLinesStartAnew(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	dir, _, _ := play(t, r)
	want := digest(t, dir)
	file := filepath.Join(dir, record.RoundsFile)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(data, []byte(`"clients":3`), []byte(`"clients":2`), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	_, kinds, from := play(t, r)
	if got := digest(t, dir); kinds[0] != runner.Restarted || from != 0 || got != want {
		t.Errorf("the run tells %v from round %d and ends with %s, not %s", kinds, from, got, want)
	}
}

// Transfers that were not asked for before are recorded from the start; the result is the same.
func TestTransfersAreRecordedWhenAsked(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	dir, _, _ := play(t, r)
	want := digest(t, dir)
	if _, err := r.Play(t.Context(), load(t, "output.transfers=true")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, record.TransfersFile))
	if lines := bytes.Count(data, []byte{'\n'}); err != nil || lines != 6*3*2 || digest(t, dir) != want {
		t.Errorf("%d transfers, %v, digest %s, not %s", lines, err, digest(t, dir), want)
	}
}

// Transfers that were switched off for a while are not recorded with a gap.
func TestTransfersHaveNoGap(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	with, without := load(t, "output.transfers=true"), load(t)
	dir := stop(t, r, with, 2)
	stop(t, r, without, 4)
	if _, err := r.Play(t.Context(), with); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, record.TransfersFile))
	if lines := bytes.Count(data, []byte{'\n'}); err != nil || lines != 6*3*2 {
		t.Errorf("%d transfers of %d, %v", lines, 6*3*2, err)
	}
}

// What a crash or an accident makes of a run's files costs time at most: the run ends as if nothing had been.
func TestDamageOfAnyFile(t *testing.T) {
	whole, _, _ := play(t, runner.Runner{Dir: t.TempDir()})
	want := digest(t, whole)
	for _, c := range []struct {
		file    string
		stopped bool
		damage  func(data []byte) []byte // nil: the file is gone
	}{
		{record.RoundsFile, false, nil},
		{record.RoundsFile, false, func(d []byte) []byte { return append([]byte("#\n"), d...) }},
		{record.RoundsFile, true, func(d []byte) []byte { return append(d, 0, 0, 0, 0, '\n') }},
		{record.ResultFile, false, func([]byte) []byte { return nil }},
		{record.ManifestFile, false, func([]byte) []byte { return nil }},
		{record.ManifestFile, true, func([]byte) []byte { return nil }},
		{record.ManifestFile, true, nil},
		{record.CheckpointFile, false, nil},
		{record.CheckpointFile, true, func(d []byte) []byte { return d[:len(d)/2] }},
	} {
		r := runner.Runner{Dir: t.TempDir()}
		var dir string
		if c.stopped {
			dir = stopAfter(t, r, 4)
		} else {
			dir, _, _ = play(t, r)
		}
		if c.damage == nil {
			without(t, dir, c.file)
		} else {
			data, err := os.ReadFile(filepath.Join(dir, c.file))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, c.file), c.damage(data), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		play(t, r)
		if got := digest(t, dir); got != want {
			t.Errorf("%s damaged, stopped %v: the run ends with %s, not %s", c.file, c.stopped, got, want)
		}
	}
}

// Every key that says how clients train, or what is scored, arrives where it matters.
func TestKeysMatter(t *testing.T) {
	base := []string{"clients.momentum=0.5", "clients.per_round=4", "model.name=mlp"}
	outcome := func(sets ...string) (digest string, last record.Row) {
		r := runner.Runner{Dir: t.TempDir()}
		dir, err := r.Play(t.Context(), load(t, append(base, sets...)...))
		if err != nil {
			t.Fatal(err)
		}
		run, err := record.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return run.Result.Digest, run.Rounds[len(run.Rounds)-1]
	}
	plain, _ := outcome()
	keys := []string{"data.augment_crop=2", "data.augment_flip=true", "data.augment_jitter=0.4", "data.examples=40", "data.partition=stratified", "clients.keep_optimizer=true"}
	if f32.BF16() != "" {
		keys = append(keys, "clients.precision=bf16")
	}
	for _, key := range keys {
		if got, _ := outcome(key); got == plain {
			t.Errorf("%s changes nothing", key)
		}
	}
	_, last := outcome("eval.top5=true", "eval.per_client=true", "data.test=200", "data.partition=dirichlet", "data.alpha=0.3")
	top5, mean, worst := last["top5_accuracy"], last["client_accuracy"], last["worst_client_accuracy"]
	if !(top5 > last["accuracy"] && top5 < 1) || !(mean > worst) || mean == last["accuracy"] {
		t.Errorf("accuracy %v, top-5 %v, clients %v, worst %v", last["accuracy"], top5, mean, worst)
	}
}

// Reusing a run brings labels and targets up to date and leaves alone who computed it.
func TestReuseKeepsProvenance(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir(), Host: "first", Version: "1"}
	dir, _, _ := play(t, r)
	r.Host, r.Version = "second", "2"
	if _, err := r.Play(t.Context(), load(t, "eval.targets=[0.05]")); err != nil {
		t.Fatal(err)
	}
	run, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m := run.Manifest; m.Host != "first" || m.Version != "1" || !slices.Equal(m.Targets, []float64{0.05}) {
		t.Errorf("manifest %+v", m)
	}
	if targets := run.Result.Targets; len(targets) != 1 || !targets[0].Reached || run.Result.Digest == "" {
		t.Errorf("result %+v", run.Result)
	}
}

// What another process holds is not brought up to date under its hands; what is up to date needs no lock.
func TestReuseIsLocked(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	dir, _, _ := play(t, r)
	release, err := record.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := func() (all []byte) {
		for _, name := range []string{record.ManifestFile, record.ResultFile} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, data...)
		}
		return all
	}
	before := files()
	var held *record.HeldError
	if _, err := r.Play(t.Context(), load(t, "eval.targets=[0.05]")); !errors.As(err, &held) || !bytes.Equal(files(), before) {
		t.Errorf("of a run that is held, other targets give %v", err)
	}
	if _, kinds, _ := play(t, r); !slices.Equal(kinds, []runner.Kind{runner.Reused}) {
		t.Errorf("playing a finished run that is held tells %v", kinds)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Play(t.Context(), load(t, "eval.targets=[0.05]")); err != nil || bytes.Equal(files(), before) {
		t.Errorf("once it is free: %v", err)
	}
}

// Two processes do not write the same files.
func TestRunsAreLocked(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	dir := stopAfter(t, r, 2)
	release, err := record.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := r.Play(t.Context(), load(t)); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a locked run is played: %v", err)
	}
}

// A damaged checkpoint costs time but nothing else.
func TestDamagedCheckpointsStartAnew(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	dir := stopAfter(t, r, 4)
	file := filepath.Join(dir, record.CheckpointFile)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	dir, _, from := play(t, r)
	whole, _, _ := play(t, runner.Runner{Dir: t.TempDir()})
	if from != 0 || digest(t, dir) != digest(t, whole) {
		t.Errorf("a run with a damaged checkpoint continues after round %d and ends with %s", from, digest(t, dir))
	}
}
