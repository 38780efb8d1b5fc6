// Package export writes the records of runs in the formats of other programs: long tables and TensorBoard's event files.
package export

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"flsim/sim/record"
)

// Table is one long table over runs: a line for each round of each run. Its first columns say which run it is, then come
// the swept keys, round and simulated time, and all other columns of the records in alphabetical order.
type Table struct {
	runs    []*record.Run
	axes    []string
	columns []string // of rounds
}

// identity are the columns that every table begins with.
var identity = []string{"run", "experiment", "variant", "label", "seed"}

// leading are the columns of rounds that come first.
var leading = []string{"round", "sim_time_s"}

// NewTable makes the table of runs in their order.
func NewTable(runs []*record.Run) *Table {
	axes, columns := make(map[string]bool), make(map[string]bool)
	for _, r := range runs {
		for key := range r.Manifest.Axes {
			axes[key] = true
		}
		for _, row := range r.Rounds {
			for name := range row {
				columns[name] = true
			}
		}
	}
	return &Table{runs: runs, axes: slices.Sorted(maps.Keys(axes)), columns: Columns(columns)}
}

// Columns returns the columns of rounds in the order of tables: round and simulated time, then all others that rows have
// by their names.
func Columns(names map[string]bool) []string {
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(name string) bool { return slices.Contains(leading, name) })
	return slices.Concat(leading, rest)
}

// CSV writes the table as comma-separated values with a header. What a line does not have is empty. Equal runs give equal
// bytes.
func (t *Table) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(slices.Concat(identity, t.axes, t.columns)); err != nil {
		return err
	}
	for _, r := range t.runs {
		head := t.head(r)
		for _, row := range r.Rounds {
			if err := out.Write(slices.Concat(head, Cells(row, t.columns))); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// Cells returns the cells of a row for CSV. A column that it does not have is empty.
func Cells(row record.Row, columns []string) []string {
	cells := make([]string, len(columns))
	for i, name := range columns {
		if v, ok := row[name]; ok {
			cells[i] = Cell(v)
		}
	}
	return cells
}

func (t *Table) head(r *record.Run) []string {
	m := &r.Manifest
	line := []string{filepath.Base(r.Dir), m.Experiment, m.Variant, m.Label, strconv.FormatUint(m.Seed, 10)}
	for _, key := range t.axes {
		line = append(line, Cell(m.Axes[key]))
	}
	return line
}

// Cell writes a number, a truth value or a text for CSV; anything else, such as what is not there, is empty.
func Cell(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return string(record.AppendNumber(nil, x))
	}
	return ""
}

// JSONL writes the table as JSON lines: an object for each round, whose keys are the columns in the table's order. What a
// line does not have is left out. Equal runs give equal bytes.
func (t *Table) JSONL(w io.Writer) error {
	for _, r := range t.runs {
		head, err := t.object(r)
		if err != nil {
			return err
		}
		for _, row := range r.Rounds {
			line := slices.Clone(head)
			for _, name := range t.columns {
				if v, ok := row[name]; ok {
					line = strconv.AppendQuote(append(line, ','), name)
					line = record.AppendNumber(append(line, ':'), v)
				}
			}
			if _, err := w.Write(append(line, '}', '\n')); err != nil {
				return err
			}
		}
	}
	return nil
}

// object begins the object of a run's lines.
func (t *Table) object(r *record.Run) ([]byte, error) {
	m := &r.Manifest
	keys, values := slices.Clone(identity), []any{filepath.Base(r.Dir), m.Experiment, m.Variant, m.Label, m.Seed}
	for _, key := range t.axes {
		if v, ok := m.Axes[key]; ok {
			keys, values = append(keys, key), append(values, v)
		}
	}
	line := []byte{'{'}
	for i, key := range keys {
		if i > 0 {
			line = append(line, ',')
		}
		for _, part := range []any{key, values[i]} {
			word, err := json.Marshal(part)
			if err != nil {
				return nil, err
			}
			line = append(append(line, word...), ':')
		}
		line = line[:len(line)-1]
	}
	return line, nil
}
