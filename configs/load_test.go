package configs

import (
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"flsim/internal/dist"
)

var update = flag.Bool("update", false, "rewrite golden files and docs/config.md")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run go test ./configs -update and look at the change. Got:\n%s", path, got)
	}
}

// options returns the --set options that a test file's first lines hold.
func options(text string) (sets []string) {
	for line := range strings.Lines(text) {
		if option, ok := strings.CutPrefix(line, "#set "); ok {
			sets = append(sets, strings.TrimSpace(option))
		}
	}
	return sets
}

func TestErrorReports(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no test files", err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parse(filepath.Base(path), string(text), options(string(text)))
		if _, ok := err.(Errors); !ok {
			t.Errorf("%s: got %T, want Errors", path, err)
			continue
		}
		golden(t, strings.TrimSuffix(path, ".toml")+".golden", err.Error()+"\n")
	}
}

func TestFiveErrorsEachWithPlaceAndRemedy(t *testing.T) {
	_, err := Load("testdata/errors/five.toml", nil)
	errs, _ := err.(Errors)
	want := []struct {
		line, col int
		key       string
		remedy    string
	}{
		{4, 1, "round", `did you mean "rounds"?`},
		{11, 9, "clients.count", "integer, 1 to"},
		{13, 1, "clients.momentun", `did you mean "clients.momentum"?`},
		{20, 8, "codec.q.bits", "2 to 16"},
		{22, 1, "uplink.chan", `did you mean "uplink.chain"?`},
	}
	if len(errs) != len(want) {
		t.Fatalf("got %d errors, want %d:\n%v", len(errs), len(want), err)
	}
	for i, w := range want {
		e := errs[i]
		if e.Line != w.line || e.Col != w.col || e.Key != w.key || !strings.Contains(e.Error(), w.remedy) {
			t.Errorf("error %d is %+v, want %+v", i, e, w)
		}
	}
}

func load(t *testing.T, path string, sets ...string) []Run {
	t.Helper()
	f, err := Load(path, sets)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) > 0 {
		t.Errorf("warnings:\n%v", f.Warnings)
	}
	return f.Runs()
}

func byVariant(runs []Run) map[string]*Experiment {
	m := make(map[string]*Experiment)
	for _, r := range runs {
		m[r.Variant] = r.Experiment
	}
	return m
}

func TestDesignExample(t *testing.T) {
	runs := load(t, "testdata/good/design.toml")
	type brief struct {
		variant, label string
		order          int
		seed           uint64
	}
	var got []brief
	for _, r := range runs {
		got = append(got, brief{r.Variant, r.Label, r.Order, r.Seed})
		want := Seeds{Data: r.Seed, Model: r.Seed, System: 7, Codec: r.Seed}
		if e := r.Experiment; e.Seed != r.Seed || e.Seeds != want {
			t.Errorf("run %v has seeds %v, want %v", got[len(got)-1], e.Seeds, want)
		}
	}
	const label = "FedAvg (float32)"
	want := []brief{{"fedavg", label, 0, 1}, {"fedavg", label, 0, 2}, {"fedavg", label, 0, 3},
		{"topk-qsgd", "topk-qsgd", 1, 1}, {"topk-qsgd", "topk-qsgd", 1, 2}, {"topk-qsgd", "topk-qsgd", 1, 3}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got runs %v, want %v", got, want)
	}
	e := runs[3].Experiment
	if e.Data.Alpha != 0.3 || e.Clients.LR != 0.1 || e.Clients.GFlops != dist.Lognormal(20, 0.5) || e.Network.Downlink != dist.Constant(20) {
		t.Errorf("values of the file did not arrive: %+v", e)
	}
	var names []string
	for _, s := range e.UplinkStages() {
		names = append(names, s.Name+":"+s.Type)
	}
	if got := strings.Join(names, " "); got != "top1:topk q:qsgd huffman:huffman" || !e.Uplink.ErrorFeedback {
		t.Errorf("uplink is %s, error feedback %v", got, e.Uplink.ErrorFeedback)
	}
	if len(runs[0].Experiment.Codec) != 0 {
		t.Error("a variant holds stages that it does not use")
	}
}

func TestVariantsOverride(t *testing.T) {
	runs := load(t, "testdata/good/variants.toml")
	var order []string
	for _, r := range runs {
		order = append(order, r.Variant)
	}
	if got := strings.Join(order, " "); got != "zero as-table inline codec bits kinds seed" {
		t.Errorf("variants come in the order %s", got)
	}
	v := byVariant(runs)
	base := v["zero"]
	if base.Clients.PerRound != 4 || base.Clients.LocalEpochs != 2 || base.Data.Shape != "32x32x3" {
		t.Errorf("the base is %+v", base)
	}
	c := v["as-table"].Clients
	if c.GFlops != dist.Uniform(1, 2) || c.LocalSteps != 7 || c.LocalEpochs != 0 || c.Count != 4 {
		t.Errorf("as-table has clients %+v", c)
	}
	if c := v["inline"].Clients; c.GFlops != dist.Lognormal(30, 0.5) || c.Count != 20 || c.PerRound != 10 || c.LocalEpochs != 2 {
		t.Errorf("inline has clients %+v", c)
	}
	if s := v["codec"].UplinkStages(); s[0].Type != "topk" {
		t.Errorf("a codec that names another type stays %+v", s[0])
	}
	if got := string(v["bits"].Canonical()); !strings.Contains(got, "uplink.chain.0.bits = 8\n") {
		t.Errorf("bits were not overridden:\n%s", got)
	}
	if u := v["kinds"].Uplink; len(u.Skip) != 2 || len(u.Chain) != 0 {
		t.Errorf("kinds has uplink %+v", u)
	}
	if s := v["seed"].Seeds; s != (Seeds{5, 9, 5, 5}) {
		t.Errorf("seed has seeds %+v", s)
	}
}

func TestSetHasTheLastWord(t *testing.T) {
	const path = "testdata/good/variants.toml"
	for _, test := range []struct {
		set  string
		read func(map[string]*Experiment) any
		want any
	}{
		{"clients.count=7", func(v map[string]*Experiment) any { return v["inline"].Clients.Count }, 7},
		{"variant.inline.clients.count=7", func(v map[string]*Experiment) any { return v["inline"].Clients.Count }, 7},
		{"variant.inline.clients.count=7", func(v map[string]*Experiment) any { return v["zero"].Clients.Count }, 4},
		{"data.partition=shards", func(v map[string]*Experiment) any { return v["zero"].Data.Kind }, "shards"},
		{`data.partition="shards"`, func(v map[string]*Experiment) any { return v["zero"].Data.Kind }, "shards"},
		{"variant.zero.clients.gflops.median=3", func(v map[string]*Experiment) any { return v["zero"].Clients.GFlops }, dist.Lognormal(3, 0.5)},
		{"clients.gflops=3", func(v map[string]*Experiment) any { return v["as-table"].Clients.GFlops }, dist.Constant(3)},
		{"codec.q.bits=2", func(v map[string]*Experiment) any {
			return strings.Contains(string(v["bits"].Canonical()), "bits = 2\n")
		}, true},
		{" eval.targets = [0.1, 0.2]", func(v map[string]*Experiment) any { return v["zero"].Eval.Targets }, []float64{0.1, 0.2}},
		{"seed=8", func(v map[string]*Experiment) any { return v["seed"].Seeds }, Seeds{8, 9, 8, 8}},
	} {
		sets := []string{test.set}
		if test.set == "codec.q.bits=2" {
			sets = append(sets, `variant.codec.uplink.chain=[]`, `variant.codec.codec.q={type="qsgd"}`)
		}
		f, err := Load(path, sets)
		if err != nil {
			t.Errorf("--set %s: %v", test.set, err)
			continue
		}
		if got := test.read(byVariant(f.Runs())); !reflect.DeepEqual(got, test.want) {
			t.Errorf("--set %s gives %v, want %v", test.set, got, test.want)
		}
	}
}

func TestSetSeedReplacesASweep(t *testing.T) {
	const path = "testdata/good/design.toml"
	if runs := load(t, path, "seed=9"); len(runs) != 2 || runs[0].Seed != 9 {
		t.Errorf("--set seed=9 gives %d runs, the first with seed %d", len(runs), runs[0].Seed)
	}
	if runs := load(t, path, "sweep.seed=[4, 6]"); len(runs) != 4 || runs[3].Seed != 6 {
		t.Errorf("--set sweep.seed=[4, 6] gives %d runs, the last with seed %d", len(runs), runs[len(runs)-1].Seed)
	}
}

func TestUnusedCodecIsAWarning(t *testing.T) {
	f, err := Load("testdata/good/design.toml", []string{`variant.topk-qsgd.uplink.chain=["q"]`})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) != 1 || f.Warnings[0].Key != "codec.top1" || f.Warnings[0].Line != 26 {
		t.Errorf("warnings are %v", f.Warnings)
	}
}

func TestShippedConfigurationsLoad(t *testing.T) {
	count := 0
	err := fs.WalkDir(Shipped, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		count++
		text, err := Shipped.ReadFile(name)
		if err != nil {
			return err
		}
		f, err := Parse(name, string(text), nil)
		if err != nil {
			t.Errorf("%v", err)
			return nil
		}
		if len(f.Warnings) > 0 {
			t.Errorf("%v", f.Warnings)
		}
		if f.Name+".toml" != path.Base(name) {
			t.Errorf("%s calls itself %s", name, f.Name)
		}
		return nil
	})
	if err != nil || count < 3 {
		t.Fatal(count, err)
	}
}

func TestControllersAreForTheUplink(t *testing.T) {
	_, err := Load("testdata/good/design.toml", []string{`downlink.chain=["adaquantfl"]`})
	if err == nil || !strings.Contains(err.Error(), "uplink only") {
		t.Errorf("a downlink that needs settings is refused with %v", err)
	}
}

func TestPlotsOfWhatNobodyReports(t *testing.T) {
	for _, y := range []string{"levels", "reported_loss", "reported_range"} {
		set := []string{`plot.bits.y="` + y + `"`}
		if _, err := Load("testdata/good/design.toml", set); err == nil || !strings.Contains(err.Error(), "not recorded") {
			t.Errorf("a plot of %s is refused with %v", y, err)
		}
		rule := "loss"
		if y == "reported_range" {
			rule = "range"
		}
		set = append(set, `codec.a.type="adaquantfl"`, `codec.a.rule="`+rule+`"`, `uplink.chain=["a"]`)
		if _, err := Load("testdata/good/design.toml", set); err != nil {
			t.Errorf("a plot of %s: %v", y, err)
		}
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := Load("testdata/nowhere.toml", nil); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}
