package sweep_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/internal/sweep"
	"flsim/sim"
	"flsim/sim/record"
)

const experiment = `
schema = 1
name = "small"
rounds = 6
[data]
set = "synthetic-images"
shape = "28x28x1"
train = 300
test = 20
partition = "dirichlet"
alpha = 1.0
[model]
name = "mlp"
[clients]
count = 6
per_round = 3
gflops = 1.0
[network]
uplink_mbps = 1.0
downlink_mbps = 10.0
[codec.q]
type = "qsgd"
bits = 4
[codec.top]
type = "topk"
keep = 0.1
[eval]
every = 2
targets = [0.12, 0.99]
[sweep]
seed = [1, 2]
[variant.fedavg]
[variant.qsgd]
uplink.chain = ["q"]
sweep.codec.q.bits = [2, 8]
[variant.topk]
uplink.chain = ["top"]
uplink.error_feedback = true
[variant.same]
label = "FedAvg, too"
`

func load(t *testing.T, sets ...string) []configs.Run {
	t.Helper()
	file, err := configs.Parse("small.toml", experiment, sets)
	if err != nil {
		t.Fatal(err)
	}
	return file.Runs()
}

func list(t *testing.T, r *runner.Runner, runs []configs.Run) []sweep.Entry {
	t.Helper()
	entries, err := sweep.List(r, runs)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func play(t *testing.T, r *runner.Runner, runs []configs.Run) {
	t.Helper()
	manifests, err := r.Builder.Describe(runs)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range r.PlayAll(t.Context(), runs, manifests, 2) {
		if o.Err != nil {
			t.Fatal(i, o.Err)
		}
	}
}

func states(entries []sweep.Entry) (words []string) {
	for _, e := range entries {
		words = append(words, e.State.String())
	}
	return words
}

// A list tells what is missing, stopped, under way and done, and what an equal run has done.
func TestStates(t *testing.T) {
	r := &runner.Runner{Dir: t.TempDir()}
	runs := load(t)
	entries := list(t, r, runs)
	if got := states(entries); len(got) != 10 || slices.ContainsFunc(got, func(s string) bool { return s != "missing" }) {
		t.Fatalf("before anything runs: %v", got)
	}
	if entries[8].Same != 0 || entries[9].Same != 1 || entries[7].Same != 7 {
		t.Errorf("equal runs are not seen: %+v", entries[8:])
	}
	play(t, r, runs[:2])
	stop(t, *r, runs[2], 3)
	release, err := record.Lock(entries[4].Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := record.WriteManifest(entries[4].Dir, &entries[4].Manifest); err != nil {
		t.Fatal(err)
	}
	entries = list(t, r, runs)
	want := strings.Fields("done done stopped missing running missing missing missing done done")
	if got := states(entries); !slices.Equal(got, want) || entries[2].Round != 3 || entries[8].Dir != entries[0].Dir {
		t.Errorf("states %v, want %v; %+v", got, want, entries[2])
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

// stop plays a run and stops it after a round.
func stop(t *testing.T, r runner.Runner, run configs.Run, round int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.Watch = func(e runner.Event) {
		if e.Line.Round == round {
			cancel()
		}
	}
	if _, err := r.Play(ctx, run); !errors.Is(err, sim.ErrStopped) {
		t.Fatal(err)
	}
}

// What is predicted is near what comes out: bits within a tenth, where codes have a fixed width.
func TestPredictionsHold(t *testing.T) {
	r := &runner.Runner{Dir: t.TempDir()}
	runs := load(t, "seed=1")
	entries := list(t, r, runs)
	p := &sweep.Predictor{Builder: &r.Builder}
	var costs []sweep.Cost
	for i := range entries {
		c, err := p.Cost(&entries[i], nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.Measured || !(c.CPU > 0) || !(c.Memory > 0) || c.Data != 320*784 {
			t.Errorf("run %d is predicted to take %+v", i, c)
		}
		costs = append(costs, c)
	}
	play(t, r, runs)
	for i, e := range list(t, r, runs) {
		res, err := record.ReadResult(e.Dir)
		if err != nil {
			t.Fatal(err)
		}
		near := func(got float64, want int64) bool { return math.Abs(got/float64(want)-1) < 0.1 }
		if c := costs[i]; !near(c.Uplink, res.Uplink.Wire) || !near(c.Downlink, res.Down.Wire) {
			t.Errorf("run %d: predicted %.0f and %.0f bits, took %d and %d", i, c.Uplink, c.Downlink, res.Uplink.Wire, res.Down.Wire)
		}
		c, err := p.Cost(&e, []*record.Result{res})
		if err != nil || !c.Measured || c.Uplink != float64(res.Uplink.Wire) {
			t.Errorf("run %d: measured %+v, %v", i, c, err)
		}
	}
	if residuals := costs[3].Memory - costs[0].Memory; residuals < 6*4*100000 {
		t.Errorf("six residuals are predicted to take %.0f bytes", residuals)
	}
}

const changing = `
[codec.prune]
type = "feddip"
every = 3
[codec.delta]
type = "topk"
keep = 0.02
[variant.delta]
downlink.chain = ["delta"]
downlink.reference = "last"
clients.per_round = 2
[variant.pruned]
uplink.chain = ["prune"]
downlink.chain = ["prune"]
[variant.everybody]
uplink.chain = ["prune"]
downlink.chain = ["prune"]
clients.per_round = 6
[variant.budget]
stop.uplink_mbit = 10.0
[variant.both]
uplink.chain = ["top"]
stop.total_mbit = 20.0
[variant.target]
stop.target = 0.99
`

// Where messages change by a schedule, clients are sent what they missed, or a budget ends a run, bits are predicted within a
// tenth.
func TestPredictionsOfChange(t *testing.T) {
	text := experiment[:strings.Index(experiment, "[variant.fedavg]")] + changing
	file, err := configs.Parse("changing.toml", text, []string{"seed=1", "rounds=60", "eval.every=60", "data.train=60", "model.name=logistic"})
	if err != nil {
		t.Fatal(err)
	}
	r := &runner.Runner{Dir: t.TempDir()}
	p := &sweep.Predictor{Builder: &r.Builder}
	entries := list(t, r, file.Runs())
	play(t, r, file.Runs())
	for i := range entries {
		e := &entries[i]
		c, err := p.Cost(e, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := record.ReadResult(e.Dir)
		if err != nil {
			t.Fatal(err)
		}
		up, down := c.Uplink/float64(res.Uplink.Wire), c.Downlink/float64(res.Down.Wire)
		t.Logf("%s: predicted/taken uplink %.3f, downlink %.3f", e.Manifest.Variant, up, down)
		if math.Abs(up-1) > 0.1 || math.Abs(down-1) > 0.1 {
			t.Errorf("%s: predicted %.0f and %.0f bits, took %d and %d", e.Manifest.Variant, c.Uplink, c.Downlink, res.Uplink.Wire, res.Down.Wire)
		}
		if want := e.Manifest.Variant == "target"; c.AtMost != want {
			t.Errorf("%s: that it may end earlier is %v", e.Manifest.Variant, c.AtMost)
		}
	}
}

// All clients of a local baseline train in every round, whatever clients.per_round says.
func TestPredictionsOfLocalTraining(t *testing.T) {
	var cpu []float64
	for _, n := range []string{"1", "6"} {
		r := &runner.Runner{Dir: t.TempDir()}
		entries := list(t, r, load(t, "variant.fedavg.clients.mode=local", "clients.per_round="+n, "data.train=3000")[:1])
		least := math.Inf(1)
		for range 3 { // on a busy machine what is measured varies
			p := &sweep.Predictor{Builder: &r.Builder}
			c, err := p.Cost(&entries[0], nil)
			if err != nil {
				t.Fatal(err)
			}
			least = min(least, c.CPU)
		}
		cpu = append(cpu, least)
	}
	if ratio := cpu[1] / cpu[0]; ratio > 2.5 {
		t.Errorf("the same work is predicted to take %.3g times as long", ratio)
	}
}

func tables(t *testing.T, entries []sweep.Entry) (runs, rounds string, holes []sweep.Entry) {
	t.Helper()
	table, holes, err := sweep.Gather(entries)
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if err := errors.Join(table.Runs(&a), table.Rounds(&b)); err != nil {
		t.Fatal(err)
	}
	return a.String(), b.String(), holes
}

// The tables hold what results and lines say, and nothing about where and when they were computed.
func TestGather(t *testing.T) {
	r := &runner.Runner{Dir: t.TempDir(), Host: "here"}
	runs := load(t)
	play(t, r, runs[:4])
	entries := list(t, r, runs)
	short, long, holes := tables(t, entries)
	if len(holes) != 4 || holes[0].Index != 4 {
		t.Errorf("holes %v", holes)
	}
	rows, err := csv.NewReader(strings.NewReader(short)).ReadAll()
	if err != nil || len(rows) != 1+6 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	cell := func(row int, column string) string { return rows[row][slices.Index(rows[0], column)] }
	res, err := record.ReadResult(entries[2].Dir)
	if err != nil {
		t.Fatal(err)
	}
	if cell(3, "index") != "2" || cell(3, "codec.q.bits") != "2" || cell(1, "codec.q.bits") != "" || cell(3, "digest") != res.Digest || cell(5, "label") != "FedAvg, too" {
		t.Errorf("rows are\n%s", short)
	}
	if cell(3, "to_0.12_round") == "" || cell(3, "to_0.99_round") != "" {
		t.Errorf("targets are\n%s", short)
	}
	if n := strings.Count(long, "\n"); n != 1+6*7 || !strings.HasPrefix(long, "index,variant,label,seed,codec.q.bits,round,sim_time_s,accuracy,") {
		t.Errorf("%d lines of rounds:\n%.400s", n, long)
	}
	elsewhere := &runner.Runner{Dir: t.TempDir(), Host: "there"}
	play(t, elsewhere, []configs.Run{runs[3], runs[9], runs[2], runs[8]})
	again, longer, _ := tables(t, list(t, elsewhere, runs))
	if again != short || longer != long {
		t.Errorf("computed elsewhere and in another order, the tables are\n%s", again)
	}
}

// A file of rounds that is damaged is told, not left out.
func TestGatherDamage(t *testing.T) {
	r := &runner.Runner{Dir: t.TempDir()}
	runs := load(t)[:1]
	play(t, r, runs)
	entries := list(t, r, runs)
	if err := os.WriteFile(filepath.Join(entries[0].Dir, record.RoundsFile), []byte("{\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := sweep.Gather(entries); !errors.Is(err, record.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

// Nor is one that is gone, or cut short.
func TestGatherLostLines(t *testing.T) {
	r := &runner.Runner{Dir: t.TempDir()}
	runs := load(t)[:1]
	play(t, r, runs)
	entries := list(t, r, runs)
	path := filepath.Join(entries[0].Dir, record.RoundsFile)
	lines, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{"", string(lines[:len(lines)/2])} {
		if err := os.WriteFile(path, []byte(left), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, _, err := sweep.Gather(entries); err == nil || !strings.Contains(err.Error(), "not whole") {
			t.Errorf("with %d bytes of lines: %v", len(left), err)
		}
	}
}

// A swept key stands in both tables, once, even where it is the name of a fact.
func TestGatherSweptFacts(t *testing.T) {
	r := &runner.Runner{Dir: t.TempDir()}
	runs := load(t, "sweep.seed=[1]", "variant.qsgd.sweep.rounds=[2, 4]")
	play(t, r, runs)
	short, long, _ := tables(t, list(t, r, runs))
	for _, text := range []string{short, long} {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		k := slices.Index(rows[0], "rounds")
		if k < 0 || slices.Contains(rows[0][k+1:], "rounds") {
			t.Fatalf("the columns are %v", rows[0])
		}
		var values []string
		for _, row := range rows[1:] {
			if !slices.Contains(values, row[k]) {
				values = append(values, row[k])
			}
		}
		if want := []string{"6", "2", "4"}; !slices.Equal(values, want) {
			t.Errorf("the runs have %v rounds, not %v", values, want)
		}
	}
}

func TestShards(t *testing.T) {
	var all []int
	for i := range 4 {
		all = append(all, sweep.Shard(10, i, 4)...)
	}
	if want := []int{0, 4, 8, 1, 5, 9, 2, 6, 3, 7}; !slices.Equal(all, want) {
		t.Errorf("shards are %v", all)
	}
	if i, n, err := sweep.ParseShard("3/12"); i != 3 || n != 12 || err != nil {
		t.Errorf("3/12 is %d of %d, %v", i, n, err)
	}
	for _, bad := range []string{"", "1", "/", "4/4", "-1/4", "0/0", "1/4/2", "1/4x", "a/b", "1 / 4"} {
		if _, _, err := sweep.ParseShard(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
