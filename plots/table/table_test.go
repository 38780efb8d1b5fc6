package table

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flsim/sim/record"
	"flsim/sim/results"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample returns two curves: one that reaches both targets with one of its two seeds, and one that does not.
func sample(t *testing.T) []results.Curve {
	t.Helper()
	var runs []*record.Run
	for order, label := range []string{"FedAvg_1 & 50 % | χ²", "Top-k × λ, #1"} {
		for seed := 1; seed <= 2; seed++ {
			m := record.Manifest{Experiment: "x", Variant: fmt.Sprint("v", order), Label: label, Order: order, Seed: uint64(seed), ID: fmt.Sprint(order, seed),
				Metric: "accuracy", Targets: []float64{0.5, 0.7}, Elements: 1000}
			if order == 1 {
				m.Axes = record.Axes{"codec.top.keep": 0.1}
			}
			r := &record.Run{Manifest: m, Result: &record.Result{Stopped: "rounds"}}
			bits := []float64{320_000, 32_000}[order]
			for n := range 4 {
				k := float64(n)
				row := record.Row{"round": k, "sim_time_s": 30 * k * float64(seed), "accuracy": 0.1 + 0.2*k + 0.05*float64(seed-1) - 0.3*float64(order), "loss": 2 - k/4}
				if n > 0 {
					row["clients"], row["uplink_wire_bits"], row["downlink_wire_bits"] = 10, bits, 320_000
					row["nmse_uplink"] = 0.5 * float64(order)
				}
				row["uplink_wire_bits_cum"], row["downlink_wire_bits_cum"], row["total_wire_bits_cum"] = k*bits, k*320_000, k*(bits+320_000)
				r.Rounds = append(r.Rounds, row)
			}
			runs = append(runs, r)
		}
	}
	curves, err := results.Group(runs)
	if err != nil {
		t.Fatal(err)
	}
	return curves
}

func written(t *testing.T, o Options, format string) string {
	t.Helper()
	table, err := New(sample(t), o)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := table.Write(&buf, format); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestGoldenTables(t *testing.T) {
	all := Options{Columns: Names()}
	for _, c := range []struct {
		name, format string
		o            Options
	}{
		{"text", "text", Options{}}, {"seeds", "text", Options{Seeds: true}},
		{"markdown", "markdown", Options{}}, {"latex", "latex", Options{}}, {"csv", "csv", all}, {"all", "text", all},
	} {
		got := written(t, c.o, c.format)
		path := filepath.Join("testdata", c.name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || got != string(want) {
			t.Errorf("%s: %v\n%s", c.name, err, got)
		}
	}
}

func TestCSVIsCSV(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(written(t, Options{Columns: Names()}, "csv"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][2] != "FedAvg_1 & 50 % | χ²" {
		t.Errorf("%q, %v", rows, err)
	}
}

func TestSort(t *testing.T) {
	for name, first := range map[string]string{"": "FedAvg", "final": "Top-k", "-final": "FedAvg", "uplink": "Top-k", "sim_time_to_0.7": "FedAvg", "-uplink_to_0.7": "FedAvg"} {
		table, err := New(sample(t), Options{Sort: name})
		if err != nil || !strings.HasPrefix(table.Rows[0][0], first) {
			t.Errorf("sorted by %q: %v, %v", name, table.Rows, err)
		}
	}
}

func TestThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.12345: "0.123", 27.54: "27.5", 999.4: "999", 999.6: "1000", 1463.7: "1464", 123456: "123456", 1e9: "1e+09"} {
		if got := three(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for o, want := range map[*Options]string{
		{Columns: []string{"finale"}}: "there are final, best",
		{Sort: "loss"}:                "it has final, best",
	} {
		if _, err := New(sample(t), *o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if err := new(Table).Write(nil, "html"); err == nil {
		t.Error("html is a format")
	}
}

// No letter of a label reaches LaTeX or Markdown as a command.
func TestEscapes(t *testing.T) {
	table := &Table{Heads: []string{"a", "b"}, Rows: [][]string{{"[\\ { } $ & # _ % ^ ~ < >", "| * ` \n[a](b)"}}}
	var tex, md bytes.Buffer
	if err := table.Write(&tex, "latex"); err != nil {
		t.Fatal(err)
	}
	if want := `{[}\textbackslash{} \{ \} \$ \& \# \_\,\% \textasciicircum{} \textasciitilde{} $<$ $>$ & `; !strings.Contains(tex.String(), want) {
		t.Errorf("%s", tex.String())
	}
	if err := table.Write(&md, "markdown"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(md.String(), "\\| \\* \\`  \\[a\\](b)") || strings.Count(md.String(), "\n") != 3 {
		t.Errorf("%s", md.String())
	}
}
