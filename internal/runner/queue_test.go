package runner_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/sim"
	"flsim/sim/record"
)

// loadAll reads the small experiment with variants behind it.
func loadAll(t *testing.T, variants string, sets ...string) []configs.Run {
	t.Helper()
	file, err := configs.Parse("small.toml", experiment+variants, sets)
	if err != nil {
		t.Fatal(err)
	}
	return file.Runs()
}

const keeps = `
[codec.top]
type = "topk"
keep = 0.1
[sweep]
seed = [1, 2]
[variant.top]
uplink.chain = ["top"]
sweep.codec.top.keep = [0.05, 0.1, 0.2]
`

// playAll plays runs and returns what happened to each, in order of the runs.
func playAll(t *testing.T, r runner.Runner, runs []configs.Run, cores int) ([]runner.Outcome, [][]runner.Kind) {
	t.Helper()
	manifests, err := r.Builder.Describe(runs)
	if err != nil {
		t.Fatal(err)
	}
	kinds := make([][]runner.Kind, len(runs))
	watch := r.Watch
	r.Watch = func(e runner.Event) {
		if e.Kind != runner.Progress {
			kinds[e.Index] = append(kinds[e.Index], e.Kind)
		}
		if watch != nil {
			watch(e)
		}
	}
	return r.PlayAll(t.Context(), runs, manifests, cores), kinds
}

// digests checks that all runs are finished and returns their digests.
func digests(t *testing.T, outcomes []runner.Outcome) (list []string) {
	t.Helper()
	for i, o := range outcomes {
		if o.Err != nil {
			t.Fatalf("run %d: %v", i, o.Err)
		}
		list = append(list, digest(t, o.Dir))
	}
	return list
}

// However many cores there are, a sweep comes to the same.
func TestCoresDoNotMatter(t *testing.T) {
	runs := loadAll(t, keeps)
	if len(runs) != 6 {
		t.Fatalf("%d runs", len(runs))
	}
	var want []string
	for _, cores := range []int{1, 2, 4, 13} {
		out, _ := playAll(t, runner.Runner{Dir: t.TempDir()}, runs, cores)
		got := digests(t, out)
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("on %d cores the digests are %v, not %v", cores, got, want)
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(want)))) != 6 {
		t.Errorf("runs with different settings have equal digests: %v", want)
	}
}

const twins = `
[variant.a]
[variant.b]
label = "the same"
[variant.c]
rounds = 3
`

// Runs of one id are computed once, whichever variant or experiment they belong to, and each has its own files.
func TestEqualRunsAreShared(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	out, kinds := playAll(t, r, loadAll(t, twins), 3)
	got := digests(t, out)
	if got[0] != got[1] || got[0] == got[2] || out[0].Dir == out[1].Dir {
		t.Errorf("the runs end with %v in %v", got, out)
	}
	if want := []runner.Kind{runner.Shared}; !slices.Equal(kinds[1], want) || len(kinds[0]) != 2 {
		t.Errorf("of equal runs it is told %v", kinds)
	}
	other := loadAll(t, "[variant.x]\nlabel = \"X\"\n", "name=other")
	out, kinds = playAll(t, r, other, 1)
	if d := digests(t, out); d[0] != got[0] || !slices.Equal(kinds[0], []runner.Kind{runner.Shared}) {
		t.Errorf("another experiment's run ends with %s, told %v", d[0], kinds)
	}
	run, err := record.Open(out[0].Dir)
	if err != nil || run.Verify() != nil || run.Manifest.Label != "X" || run.Manifest.Experiment != "other" {
		t.Errorf("%v, manifest %+v", err, run.Manifest)
	}
	if out, kinds := playAll(t, r, other, 1); out[0].Err != nil || !slices.Equal(kinds[0], []runner.Kind{runner.Reused}) {
		t.Errorf("a second time it is told %v, %v", kinds, out)
	}
	r.Force = true
	if out, kinds := playAll(t, r, other, 1); digest(t, out[0].Dir) != got[0] || !slices.Equal(kinds[0], []runner.Kind{runner.Started, runner.Finished}) {
		t.Errorf("by force it is told %v, %v", kinds, out)
	}
}

// By force equal runs are computed anew, but once.
func TestForceRepeatsEqualRunsOnce(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	runs := loadAll(t, twins)
	first, _ := playAll(t, r, runs, 1)
	want := digests(t, first)
	r.Force, r.Host = true, "again"
	for _, cores := range []int{1, 3} {
		out, kinds := playAll(t, r, runs, cores)
		if !slices.Equal(digests(t, out), want) {
			t.Errorf("by force the runs end with %v, not %v", digests(t, out), want)
		}
		repeated := []runner.Kind{runner.Started, runner.Finished}
		if !slices.Equal(kinds[0], repeated) || !slices.Equal(kinds[1], []runner.Kind{runner.Shared}) || !slices.Equal(kinds[2], repeated) {
			t.Errorf("by force on %d cores it is told %v", cores, kinds)
		}
		for _, o := range out {
			if run, err := record.Open(o.Dir); err != nil || run.Manifest.Host != "again" {
				t.Errorf("%v, manifest %+v", err, run.Manifest)
			}
		}
	}
}

// A twin that is damaged, or that lacks what is asked for, is not taken over.
func TestUselessTwinsAreNotTaken(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	const with = "output.transfers=true"
	first := func(kinds [][]runner.Kind) runner.Kind { return kinds[0][0] }
	playAll(t, r, loadAll(t, twins)[:1], 1)
	if _, kinds := playAll(t, r, loadAll(t, twins, with)[1:2], 1); first(kinds) != runner.Started {
		t.Errorf("beside a twin without transfers it is told %v", kinds)
	}
	shared, kinds := playAll(t, r, loadAll(t, "[variant.d]", with), 1)
	if run, err := record.Open(shared[0].Dir); err != nil || !run.HasTransfers() || first(kinds) != runner.Shared {
		t.Errorf("beside a twin with transfers it is told %v, %v", kinds, err)
	}
	r = runner.Runner{Dir: t.TempDir()}
	out, _ := playAll(t, r, loadAll(t, twins)[:1], 1)
	without(t, out[0].Dir, record.CheckpointFile)
	if _, kinds := playAll(t, r, loadAll(t, twins)[1:2], 1); first(kinds) != runner.Started {
		t.Errorf("beside a damaged twin it is told %v", kinds)
	}
}

// A run that another process plays comes last, is waited for, and is taken as it then is.
func TestHeldRunsAreWaitedFor(t *testing.T) {
	r := runner.Runner{Dir: t.TempDir()}
	runs := loadAll(t, keeps)
	manifests, err := r.Builder.Describe(runs)
	if err != nil {
		t.Fatal(err)
	}
	release, err := record.Lock(r.Where(&manifests[0]))
	if err != nil {
		t.Fatal(err)
	}
	var order []int
	r.Watch = func(e runner.Event) {
		if e.Kind == runner.Finished {
			order = append(order, e.Index)
		}
		if e.Kind == runner.Finished && e.Index == 5 {
			if err := release(); err != nil {
				t.Error(err)
			}
		}
	}
	out, kinds := playAll(t, r, runs, 1)
	digests(t, out)
	if !slices.Equal(order, []int{1, 2, 3, 4, 5, 0}) || !slices.Equal(kinds[0], []runner.Kind{runner.Waiting, runner.Started, runner.Finished}) {
		t.Errorf("runs end in the order %v; of the first is told %v", order, kinds[0])
	}
}

// A stop leaves what is under way resumable and begins nothing else.
func TestStoppedQueue(t *testing.T) {
	runs := loadAll(t, keeps)
	want, _ := playAll(t, runner.Runner{Dir: t.TempDir()}, runs, 2)
	ctx, cancel := context.WithCancel(t.Context())
	r := runner.Runner{Dir: t.TempDir()}
	manifests, err := r.Builder.Describe(runs)
	if err != nil {
		t.Fatal(err)
	}
	r.Watch = func(e runner.Event) {
		if e.Index == 2 && e.Line.Round == 2 {
			cancel()
		}
	}
	stopped := r.PlayAll(ctx, runs, manifests, 1)
	for i, o := range stopped {
		if done := i < 2; done != (o.Err == nil) || !done && !errors.Is(o.Err, sim.ErrStopped) || i > 2 && o.Dir != "" {
			t.Errorf("run %d: %+v", i, o)
		}
	}
	r.Watch = nil
	out, kinds := playAll(t, r, runs, 2)
	if !slices.Equal(digests(t, out), digests(t, want)) || kinds[1][0] != runner.Reused {
		t.Errorf("continued, it ends otherwise; told %v", kinds)
	}
}

// A run that fails does not keep the others from their turn.
func TestFailuresStayAlone(t *testing.T) {
	wild := "[variant.wild]\nclients.lr = 1e6\nclients.local_epochs = 50\nmodel.name = \"mlp\"\n[variant.calm]\n"
	out, kinds := playAll(t, runner.Runner{Dir: t.TempDir()}, loadAll(t, wild), 1)
	if out[0].Err == nil || !strings.Contains(out[0].Err.Error(), "diverged") || out[1].Err != nil {
		t.Errorf("the outcomes are %v", out)
	}
	if !slices.Equal(kinds[0], []runner.Kind{runner.Started, runner.Failed}) {
		t.Errorf("told %v", kinds[0])
	}
}

// The memory that a process holds does not grow with the runs that it has played.
func TestMemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("plays sixty runs")
	}
	runs := loadAll(t, "", "sweep.seed={from=1,to=60}", "rounds=1", "data.train=800", "clients.local_steps=1", "eval.train_examples=0")
	r := runner.Runner{Dir: t.TempDir(), Builder: configs.Builder{Keep: 2}}
	var heap []uint64
	r.Watch = func(e runner.Event) {
		if e.Kind == runner.Finished {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			heap = append(heap, m.HeapAlloc)
		}
	}
	out, _ := playAll(t, r, runs, 2)
	digests(t, out)
	early, late := slices.Max(heap[4:9]), slices.Min(heap[55:])
	t.Logf("heap after runs 5 to 9 at most %d bytes, after 56 to 60 at least %d", early, late)
	if late > early+early/10 || late > 20e6 { // the data sets of all runs take 38 MB
		t.Errorf("the heap grows from %d to %d bytes", early, late)
	}
}
