package configs

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"flsim/internal/params"
)

// validator is an independent reading of the schema.
func validator(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("flsim.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("flsim.json")
}

// asJSON turns what TOML decodes to into what JSON would.
func asJSON(v any) any {
	switch x := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for key, value := range x {
			m[key] = asJSON(value)
		}
		return m
	case []any:
		list := make([]any, len(x))
		for i, value := range x {
			list[i] = asJSON(value)
		}
		return list
	case []map[string]any:
		list := make([]any, len(x))
		for i, value := range x {
			list[i] = asJSON(value)
		}
		return list
	case float64:
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return nil
		}
	}
	return v
}

func holds(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var tree map[string]any
	if _, err := toml.Decode(text, &tree); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return s.Validate(asJSON(tree))
}

func TestSchemaTakesEveryFileThatLoads(t *testing.T) {
	s := validator(t)
	n := 0
	check := func(path, text string) {
		n++
		if err := holds(t, s, text); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		file, err := Parse(path, text, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range file.Runs() {
			if err := holds(t, s, string(r.TOML())); err != nil {
				t.Errorf("%s resolved, %s: %v", path, r.Variant, err)
			}
		}
	}
	err := fs.WalkDir(Shipped, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, _ := fs.ReadFile(Shipped, path)
			check(path, string(text))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("testdata/good/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		check(path, string(text))
	}
	if n < 10 {
		t.Errorf("only %d files were checked", n)
	}
}

const plain = `
schema = 1
name = "plain"
rounds = 3
[data]
set = "mnist"
[model]
name = "mlp"
[clients]
count = 3
gflops = { dist = "uniform", from = 1.0, to = 2.0 }
[network]
uplink_mbps = inf
downlink_mbps = 10
[codec.q]
type = "qsgd"
bits = 4
[uplink]
chain = ["q"]
`

func TestSchemaRefusesWhatIsWrong(t *testing.T) {
	s := validator(t)
	if err := holds(t, s, plain); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new string }{
		{"schema = 1", "schema = 2"},
		{"schema = 1", ""},
		{"rounds = 3", ""},
		{"rounds = 3", "round = 3"},
		{"rounds = 3", "rounds = 3.5"},
		{"rounds = 3", `rounds = "3"`},
		{"rounds = 3", "rounds = 0"},
		{"rounds = 3", "rounds = 3\nseed = -1"},
		{`set = "mnist"`, `set = "mnits"`},
		{`set = "mnist"`, `sets = "mnist"`},
		{"[data]\nset = \"mnist\"", ""},
		{`name = "mlp"`, `name = "mlp"` + "\ninit_std = 0"},
		{"gflops = {", "gflop = {"},
		{`"uniform"`, `"normal"`},
		{"to = 2.0", "upto = 2.0"},
		{"uplink_mbps = inf", "uplink_mbps = 0"},
		{"downlink_mbps = 10", ""},
		{"bits = 4", "bits = 17"},
		{"bits = 4", "keep = 0.1"},
		{`type = "qsgd"`, `type = "qsdg"`},
		{`chain = ["q"]`, `chain = "q"`},
		{`chain = ["q"]`, `chain = ["q"]` + "\n[plot.a]\nkind = \"curve\""},
		{`chain = ["q"]`, `chain = ["q"]` + "\n[variant.a]\nlable = \"A\""},
		{`chain = ["q"]`, `chain = ["q"]` + "\n[variant.a]\noutput.dir = \"x\""},
		{`chain = ["q"]`, `chain = ["q"]` + "\n[variant.a]\ncodec.q.bitss = 3"},
		{`chain = ["q"]`, `chain = ["q"]` + "\n[variant.\"a b\"]\nrounds = 3"},
	} {
		text := strings.Replace(plain, c.old, c.new, 1)
		if text == plain {
			t.Fatalf("%q is not in the file", c.old)
		}
		if err := holds(t, s, text); err == nil {
			t.Errorf("%q in place of %q passes", c.new, c.old)
		}
	}
}

// Every number outside its range is refused.
func TestSchemaHasTheRanges(t *testing.T) {
	s := validator(t)
	n := 0
	for _, table := range params.Fields(Default()) {
		if !table.IsTable() {
			continue
		}
		for _, f := range params.Fields(table.Value.Addr().Interface()) {
			r, ok := f.Range()
			if !ok || math.IsInf(r.Low, 0) {
				continue
			}
			n++
			value := params.Format(r.Low - 1)
			if strings.HasPrefix(f.Type, "list") {
				value = "[" + value + "]"
			}
			if f.Type == "integer" || f.Type == "list of integers" {
				value = strings.ReplaceAll(value, ".0", "")
			}
			text := "schema = 1\nname = \"a\"\n[variant.b]\n" + table.Name + "." + f.Name + " = " + value
			if err := holds(t, s, text); err == nil && !strings.HasPrefix(f.Type, "span") { // which is text
				t.Errorf("%s passes", text)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d ranges were tried", n)
	}
}
