package configs

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// again reads an experiment back from its own TOML.
func again(r Run) (Run, error) {
	f, err := Parse("again.toml", string(r.TOML()), nil)
	if err != nil {
		return Run{}, fmt.Errorf("%w\nin\n%s", err, r.TOML())
	}
	if runs := f.Runs(); len(runs) == 1 && len(f.Warnings) == 0 {
		return runs[0], nil
	}
	return Run{}, fmt.Errorf("%d runs, warnings %v", len(f.Runs()), f.Warnings)
}

func checkRoundTrip(t interface{ Errorf(string, ...any) }, r Run) {
	got, err := again(r)
	r.Order, got.Order, r.Axes = 0, 0, nil // a resolved file holds one variant and no sweep
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("read back (%v) as\n%+v\nwant\n%+v", err, got.Experiment, r.Experiment)
	}
	if err == nil && !bytes.Equal(got.Experiment.Canonical(), r.Experiment.Canonical()) {
		t.Errorf("the canonical form changes on the way")
	}
}

func TestTOMLRoundTrip(t *testing.T) {
	for _, path := range []string{"testdata/good/design.toml", "testdata/good/variants.toml", "quickstart.toml", "cifar10.toml", "hundreds.toml", "testdata/good/sweep.toml", "sweep-bandwidth.toml", "papers/fedzip.toml", "papers/fedzip-short.toml"} {
		for _, r := range load(t, path) {
			checkRoundTrip(t, r)
		}
	}
}

// settings draws one valid option for each of several keys.
func settings(t *rapid.T) []string {
	number := func(key string, low, high float64) string {
		return fmt.Sprintf("%s=%v", key, rapid.Float64Range(low, high).Draw(t, key))
	}
	whole := func(key string, low, high int) string {
		return fmt.Sprintf("%s=%d", key, rapid.IntRange(low, high).Draw(t, key))
	}
	word := func(key string, words ...string) string {
		return key + "=" + rapid.SampledFrom(words).Draw(t, key)
	}
	all := []string{
		whole("rounds", 1, 1e6), whole("seed", 0, 1<<62), whole("seeds.model", 0, 9), number("data.alpha", 1e-9, 1e6),
		word("data.partition", "iid", "dirichlet", "shards", "labels", "quantity"), number("data.validation", 0, 0.5),
		whole("clients.count", 10, 1e5), whole("clients.local_steps", 1, 100), number("clients.lr", 1e-12, 10),
		word("clients.optimizer", "sgd", "adam", "rmsprop"), word("clients.nesterov", "true", "false"),
		word("clients.lr_per_round.kind", "step", "cosine"), number("clients.lr_per_step.gamma", 0.1, 1),
		fmt.Sprintf(`clients.gflops={dist="lognormal",median=%v,sigma=%v}`, rapid.Float64Range(1e-3, 1e6).Draw(t, "median"), rapid.Float64Range(0, 3).Draw(t, "sigma")),
		word("network.uplink_mbps", "inf", "3", "0.25", `{dist="constant",value=4}`), number("network.latency_ms", 0, 1e4),
		word("uplink.chain", `["q"]`, `["topk","q","fse"]`, `["hadamard","float16"]`, `["clipped"]`, `["none"]`, `["float32"]`),
		word("downlink.chain", `[]`, `["clipped","deflate"]`, `["q"]`), word("codec.q.bits", "2", "8"), number("codec.clipped.clip", 0, 0.9),
		word("eval.targets", "[]", "[0.1]", "[0.5,0.25]"), word("output.transfers", "true"), word("output.dir", `'a "b"\c'`, `"ü\n"`),
	}
	var chosen []string
	for i, s := range all {
		if rapid.Bool().Draw(t, fmt.Sprint(i)) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

const small = `
schema = 1
name = "small"
rounds = 2
[data]
set = "synthetic-images"
[model]
name = "lenet5"
[clients]
count = 12
gflops = 1
[network]
uplink_mbps = 1
downlink_mbps = 2
[codec.q]
type = "qsgd"
bits = 4
[codec.clipped]
type = "uniform"
range = "symmetric"
[variant.only]
label = "Only"
`

func TestTOMLRoundTripOfAnySettings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets := settings(t)
		f, err := Parse("small.toml", small, sets)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range f.Runs() {
			checkRoundTrip(t, r)
		}
	})
}

func canonical(t *testing.T, text string, sets ...string) string {
	t.Helper()
	f, err := Parse("small.toml", text, sets)
	if err != nil {
		t.Fatal(err)
	}
	return string(f.Runs()[0].Experiment.Canonical())
}

func TestCanonicalIgnoresWhatDoesNotMatter(t *testing.T) {
	want := canonical(t, small, `uplink.chain=["q"]`)
	renamed := strings.NewReplacer("[codec.q]", "[codec.other]", "Only", "label", "variant.only", "variant.x").Replace(small)
	for _, got := range []string{
		canonical(t, small, `uplink.chain=["q"]`, "name=other"),
		canonical(t, small, `uplink.chain=["q"]`, "output.dir=elsewhere", "output.transfers=true"),
		canonical(t, small, `uplink.chain=["q"]`, "clients.per_round=10", "clients.local_epochs=1"),
		canonical(t, small, `uplink.chain=["q"]`, "codec.unused={type='qsgd'}"),
		canonical(t, renamed, `uplink.chain=["other"]`, "plot.a.x=round"),
	} {
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestCanonicalHoldsWhatMatters(t *testing.T) {
	base := canonical(t, small, `uplink.chain=["q"]`, `downlink.chain=[]`)
	for _, set := range []string{
		"rounds=3", "seed=2", "seeds.model=2", "data.train=20", "data.validation=0.1", "model.name=mlp", "clients.count=13",
		"clients.per_round=3", "clients.local_steps=3", "clients.lr=0.2", "clients.jitter=0.1", "clients.gflops=2",
		"clients.lr_per_round.kind=cosine", "network.uplink_mbps=2", "network.latency_ms=2", "network.server_mbps=2", "server.lr=0.5",
		"codec.q.bits=5", `uplink.chain=["q", "fse"]`, `uplink.chain=["clipped"]`, `downlink.chain=["q"]`, "uplink.error_feedback=true",
		`uplink.skip=["bias"]`, "downlink.reference=last", "eval.every=2", "eval.train_examples=0",
	} {
		if canonical(t, small, `uplink.chain=["q"]`, set) == base {
			t.Errorf("--set %s does not change the canonical form", set)
		}
	}
}
