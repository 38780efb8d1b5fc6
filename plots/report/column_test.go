package report

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/sim/record"
)

// decode is the dumb twin of numbers in data.js.
func decode(t interface{ Fatal(...any) }, data []byte, n int) []float64 {
	out := make([]float64, n)
	var one float64
	var list []float64
	var coded struct {
		A, B float64
		D    []float64
	}
	switch {
	case json.Unmarshal(data, &one) == nil:
		for i := range out {
			out[i] = one
		}
	case json.Unmarshal(data, &list) == nil:
		return list
	case json.Unmarshal(data, &coded) != nil:
		t.Fatal("cannot read", string(data))
	case coded.D != nil:
		sum := 0.0
		for i, d := range coded.D {
			sum += d
			out[i] = sum
		}
	default:
		for i := range out {
			out[i] = coded.A + coded.B*float64(i)
		}
	}
	return out
}

func TestColumnsReadBack(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   string
	}{
		{nil, "[]"},
		{[]float64{7, 7, 7}, "7"},
		{[]float64{5, 7, 9}, `{"a":5,"b":2}`},
		{[]float64{1000000, 1000001, 1000003, 1000004}, `{"d":[1000000,1,2,1]}`},
		{[]float64{0.5, 0.25}, "[0.5,0.25]"},
		{[]float64{1.0 / 3, 1}, "[0.333333,1]"},
		{[]float64{1e-9, 1e20}, "[1e-09,1e+20]"},
	} {
		got, err := json.Marshal(Column{Values: c.values})
		if err != nil || string(got) != c.want {
			t.Errorf("%v is %s, %v; want %s", c.values, got, err, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		any := rapid.OneOf(rapid.Float64Range(-1e300, 1e300), rapid.Map(rapid.Int64Range(-1e6, 1e15), func(v int64) float64 { return float64(v) }))
		values := rapid.SliceOfN(any, 0, 20).Draw(t, "values")
		data, err := json.Marshal(Column{Values: values})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range decode(t, data, len(values)) {
			if math.Abs(v-values[i]) > 1e-5*math.Abs(values[i]) {
				t.Fatalf("%v reads back as %v", values[i], v)
			}
		}
	})
}

// Every value of every line is found in the blocks again.
func TestLinesReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Map(rapid.IntRange(0, 1000), func(v int) float64 { return float64(v) / 8 })
		row := rapid.MapOf(rapid.SampledFrom([]string{"round", "accuracy", "loss", "uplink_wire_bits"}), value)
		var rows []record.Row
		for _, r := range rapid.SliceOfN(row, 0, 12).Draw(t, "rows") {
			rows = append(rows, r)
		}
		from := rapid.IntRange(0, len(rows)).Draw(t, "from")
		lines := Run{lines: rows}.Lines(from)
		back := make([]record.Row, len(rows))
		for i := range back {
			back[i] = record.Row{}
		}
		for _, b := range lines.Blocks {
			at := make([]float64, b.Count)
			for i := range at {
				at[i] = float64(i)
			}
			if b.At != nil {
				at = b.At.Values
			}
			for name, c := range b.Columns {
				for i, v := range c.Values {
					back[from+int(at[i])][name] = v
				}
			}
		}
		for i, r := range rows[from:] {
			if len(back[from+i]) != len(r) {
				t.Fatalf("line %d: %v, want %v", i, back[from+i], r)
			}
			for name, v := range r {
				if back[from+i][name] != v {
					t.Fatalf("line %d: %s is %v, want %v", i, name, back[from+i][name], v)
				}
			}
		}
	})
}

// Bits per round stand in the page only where they are not what their sum grows by.
func TestStepsAreLeftOut(t *testing.T) {
	whole := []record.Row{{"u_bits": 0, "u_bits_cum": 0}, {"u_bits": 5, "u_bits_cum": 5}, {"u_bits": 7.6, "u_bits_cum": 13}}
	for _, c := range []struct {
		rows []record.Row
		from int
		want int // columns
	}{{whole, 0, 1}, {whole, 2, 1}, {[]record.Row{whole[0], whole[2]}, 0, 2}, {whole[1:], 1, 1}, {[]record.Row{{"u_bits": 5}}, 0, 1}} {
		n := 0
		for _, b := range (Run{lines: c.rows}).Lines(c.from).Blocks {
			n += len(b.Columns)
		}
		if n != c.want {
			t.Errorf("%v from %d: %d columns, want %d", c.rows, c.from, n, c.want)
		}
	}
}

func TestThinning(t *testing.T) {
	var rows []record.Row
	for i := range 1001 {
		row := record.Row{"round": float64(i)}
		if i%10 == 0 {
			row["accuracy"] = 0.5
		}
		rows = append(rows, row)
	}
	for _, c := range []struct{ most, want int }{{2000, 1001}, {1001, 1001}, {200, 101}, {50, 50}, {2, 2}} {
		got := thinned(rows, "accuracy", c.most)
		if len(got) != c.want || got[0]["round"] != 0 || got[len(got)-1]["round"] != 1000 {
			t.Errorf("at most %d: %d lines, want %d, from %v to %v", c.most, len(got), c.want, got[0], got[len(got)-1])
		}
		if !slices.IsSortedFunc(got, func(a, b record.Row) int { return int(a["round"] - b["round"]) }) {
			t.Errorf("at most %d: not in order", c.most)
		}
	}
}

func BenchmarkLines(b *testing.B) {
	var rows []record.Row
	for i := range 500 {
		rows = append(rows, record.Row{"round": float64(i), "accuracy": 1 - 1/float64(i+2), "uplink_wire_bits_cum": float64(i * 12345), "local_loss": 1 / float64(i+3)})
	}
	data, err := json.Marshal(Run{lines: rows}.Lines(0))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := json.Marshal(Run{lines: rows}.Lines(0)); err != nil {
			b.Fatal(err)
		}
	}
}
