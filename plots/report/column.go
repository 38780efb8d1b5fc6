package report

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"flsim/sim/record"
	"flsim/sim/results"
)

// Run is one run's lines, as the page keeps them.
type Run struct {
	Key     string             `json:"key"` // names the run within the page
	Seed    uint64             `json:"seed"`
	State   string             `json:"state"`             // "done" or "under way"
	Round   int                `json:"round"`             // last recorded
	Rounds  int                `json:"of"`                // planned
	Budget  float64            `json:"budget,omitempty"`  // seconds of simulated time at which the run ends
	Outcome map[string]float64 `json:"outcome,omitempty"` // what the run came to: "final" and "best" value of its metric, and compression of the "uplink" and of "both" directions, as far as there is one
	Dir     string             `json:"-"`
	lines   []record.Row
}

// Len returns the number of lines.
func (r Run) Len() int { return len(r.lines) }

// newRun keeps at most so many lines of a run.
func newRun(r *record.Run, most int) Run {
	run := Run{Dir: r.Dir, Seed: r.Manifest.Seed, State: "under way", Rounds: r.Manifest.Rounds, Budget: r.Manifest.Budget, Outcome: outcome(r), lines: thinned(r.Rounds, r.Manifest.Metric, most)}
	if n := len(r.Rounds); n > 0 {
		run.Round = int(r.Rounds[n-1]["round"])
	}
	if r.Result != nil {
		run.State = "done"
	}
	return run
}

func outcome(r *record.Run) map[string]float64 {
	out := map[string]float64{"final": results.Last(r, r.Manifest.Metric), "best": results.Best(r, r.Manifest.Metric),
		"uplink": results.Uplink(r).Ratio(), "both": results.Both(r).Ratio()}
	for name, v := range out {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			delete(out, name)
			continue
		}
		out[name] = shorter(v)
	}
	return out
}

// thinned returns at most n >= 2 lines, first and last among them: evaluated ones, evenly spaced, if there are too
// many.
func thinned(rows []record.Row, metric string, n int) []record.Row {
	if len(rows) <= n {
		return rows
	}
	var kept []record.Row
	for i, row := range rows {
		if _, evaluated := row[metric]; evaluated || i == 0 || i+1 == len(rows) {
			kept = append(kept, row)
		}
	}
	if len(kept) <= n {
		return kept
	}
	out := make([]record.Row, n)
	for i := range out {
		out[i] = kept[i*(len(kept)-1)/(n-1)]
	}
	return out
}

// Lines are lines of a run as JSON, column by column: every block holds the columns that are there in the same lines.
type Lines struct {
	Key    string  `json:"key"`
	From   int     `json:"from"`  // index of the first line; what the page had from there on is replaced
	Count  int     `json:"count"` // of lines
	Blocks []Block `json:"blocks"`
}

// Block is the columns that exist in the same lines.
type Block struct {
	At      *Column           `json:"at,omitempty"` // indices of the lines; nil means all
	Count   int               `json:"n"`            // of lines that have them
	Columns map[string]Column `json:"cols"`
}

// Lines returns a run's lines from the given index on.
func (r Run) Lines(from int) Lines {
	rows := r.lines[from:]
	out := Lines{Key: r.Key, From: from, Count: len(rows), Blocks: []Block{}}
	names, at, values := columns(rows)
	names = slices.DeleteFunc(names, func(name string) bool { return r.steps(name, from) })
	place := map[string]int{}
	for _, name := range names {
		key := string(appendIndices(nil, at[name]))
		i, known := place[key]
		if !known {
			i = len(out.Blocks)
			place[key] = i
			b := Block{Count: len(at[name]), Columns: map[string]Column{}}
			if len(at[name]) < len(rows) {
				b.At = &Column{Values: at[name]}
			}
			out.Blocks = append(out.Blocks, b)
		}
		out.Blocks[i].Columns[name] = Column{Values: values[name], Whole: strings.Contains(name, "_bits")}
	}
	return out
}

// columns returns the names of the columns in order, and of each the indices of the lines that have it and the values
// there. Sums of both directions are left out: the page adds them up.
func columns(rows []record.Row) (names []string, at, values map[string][]float64) {
	at, values = map[string][]float64{}, map[string][]float64{}
	for i, row := range rows {
		for name, v := range row {
			if strings.HasPrefix(name, "total_") {
				continue
			}
			if at[name] == nil {
				names = append(names, name)
			}
			at[name] = append(at[name], float64(i))
			values[name] = append(values[name], v)
		}
	}
	slices.Sort(names)
	return names, at, values
}

// steps reports whether a column of bits per round is, from a line on, what the column of their sum grows by, up to the
// rounding of both: the page takes differences then. That is so unless lines are left out.
func (r Run) steps(name string, from int) bool {
	if !strings.HasSuffix(name, "_bits") {
		return false
	}
	for i := max(from, 1); i < len(r.lines); i++ {
		v, ok := r.lines[i][name]
		sum, summed := r.lines[i][name+"_cum"]
		before, begun := r.lines[i-1][name+"_cum"]
		if !ok || !summed || !begun || math.Abs(sum-before-v) > 1 {
			return false
		}
	}
	if from > 0 || len(r.lines) == 0 {
		return from > 0
	}
	sum, summed := r.lines[0][name+"_cum"]
	return summed && r.lines[0][name] == sum
}

func appendIndices(dst []byte, v []float64) []byte {
	for _, x := range v {
		dst = append(strconv.AppendInt(dst, int64(x), 10), ' ')
	}
	return dst
}

// Column is numbers that are written in the shortest of four ways:
//
//	7                    every value is 7
//	{"a": 5, "b": 2}     5, 7, 9, ...
//	{"d": [5, 2, 1]}     whole numbers by their differences: 5, 7, 8
//	[0.5, 0.25]          as they are
//
// Numbers that are not whole have 6 significant digits.
type Column struct {
	Values []float64
	Whole  bool // the column counts something: fractions are of no interest
}

// MarshalJSON implements json.Marshaler.
func (c Column) MarshalJSON() ([]byte, error) {
	v := make([]float64, len(c.Values))
	for i, x := range c.Values {
		if v[i] = shorter(x); c.Whole {
			v[i] = math.Round(x)
		}
	}
	if len(v) == 0 {
		return []byte("[]"), nil
	}
	if !slices.ContainsFunc(v, func(x float64) bool { return x != v[0] }) {
		return appendValue(nil, v[0]), nil
	}
	plain := appendList(nil, v)
	if slices.ContainsFunc(v, fractional) {
		return plain, nil
	}
	steps := slices.Clone(v)
	for i := len(v) - 1; i > 0; i-- {
		steps[i] -= v[i-1]
	}
	if !slices.ContainsFunc(steps[1:], func(x float64) bool { return x != steps[1] }) {
		return json.Marshal(map[string]json.RawMessage{"a": appendValue(nil, v[0]), "b": appendValue(nil, steps[1])})
	}
	if coded := append(appendList([]byte(`{"d":`), steps), '}'); len(coded) < len(plain) {
		return coded, nil
	}
	return plain, nil
}

// fractional also holds for whole numbers whose differences a float64 might not hold.
func fractional(v float64) bool { return v != math.Trunc(v) || math.Abs(v) >= 1<<52 }

// shorter rounds what is not whole to 6 significant digits.
func shorter(v float64) float64 {
	if !fractional(v) {
		return v
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return v // it was next to the largest number
	}
	return short
}

func appendList(dst []byte, v []float64) []byte {
	dst = append(dst, '[')
	for i, x := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendValue(dst, x)
	}
	return append(dst, ']')
}

func appendValue(dst []byte, v float64) []byte {
	if !fractional(v) {
		return strconv.AppendInt(dst, int64(v), 10)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}
