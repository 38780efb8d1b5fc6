package sweep

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"flsim/internal/export"
	"flsim/sim/record"
)

// Table is what the finished runs of a sweep gave. Equal runs give equal bytes, wherever and however often they were
// computed.
type Table struct {
	entries []Entry
	axes    []string // swept keys, in the order in which runs have them first
	columns []string // of rounds
	targets []float64
}

// Gather returns the table of the runs that are done, and those that are not.
func Gather(entries []Entry) (t *Table, holes []Entry, err error) {
	t = &Table{}
	names := make(map[string]bool)
	for _, e := range entries {
		if e.State != Done {
			holes = append(holes, e)
			continue
		}
		t.entries = append(t.entries, e)
		for _, a := range e.Run.Axes {
			if !slices.Contains(t.axes, a.Key) {
				t.axes = append(t.axes, a.Key)
			}
		}
		t.targets = append(t.targets, e.Manifest.Targets...)
	}
	err = t.each(func(_ *Entry, run *record.Run) error {
		for _, row := range run.Rounds {
			for name := range row {
				names[name] = true
			}
		}
		return nil
	})
	slices.Sort(t.targets)
	t.targets = slices.Compact(t.targets)
	t.columns = export.Columns(names)
	return t, holes, err
}

// each reads the runs one after another.
func (t *Table) each(do func(e *Entry, run *record.Run) error) error {
	for i := range t.entries {
		run, err := record.Open(t.entries[i].Dir)
		if err != nil {
			return err
		}
		if !whole(run) {
			return fmt.Errorf("the files of the run in %s are not whole; flsim run plays it again", run.Dir)
		}
		if err := do(&t.entries[i], run); err != nil {
			return err
		}
	}
	return nil
}

// whole reports whether a run has the lines that its result tells of. It has not if it is being repeated or files were
// lost.
func whole(run *record.Run) bool {
	return run.Result != nil && len(run.Rounds) > 0 && record.Summarise(run.Rounds, &run.Manifest).Rounds == run.Result.Rounds
}

// Runs writes a CSV line for each run: what it is, the values of its axes, and what came out.
func (t *Table) Runs(w io.Writer) error {
	out := csv.NewWriter(w)
	head := slices.Concat(t.head(), t.without(facts), outcomes)
	for _, v := range t.targets {
		for _, what := range []string{"round", "sim_time_s", "uplink_wire_bits", "total_wire_bits"} {
			head = append(head, fmt.Sprintf("to_%s_%s", export.Cell(v), what))
		}
	}
	if err := out.Write(head); err != nil {
		return err
	}
	err := t.each(func(e *Entry, run *record.Run) error {
		res := record.Summarise(run.Rounds, &e.Manifest)
		res.Digest, res.Stopped = run.Result.Digest, run.Result.Stopped
		return out.Write(slices.Concat(t.headOf(e), t.without(factsOf(&e.Manifest)), outcomesOf(res), t.targetsOf(res)))
	})
	out.Flush()
	return cmp.Or(err, out.Error())
}

// Rounds writes a CSV line for each round of each run.
func (t *Table) Rounds(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(slices.Concat(t.head(), t.columns)); err != nil {
		return err
	}
	err := t.each(func(e *Entry, run *record.Run) error {
		head := t.headOf(e)
		for _, row := range run.Rounds {
			if err := out.Write(slices.Concat(head, export.Cells(row, t.columns))); err != nil {
				return err
			}
		}
		return nil
	})
	out.Flush()
	return cmp.Or(err, out.Error())
}

// head names the first columns of both tables.
func (t *Table) head() []string {
	return slices.Concat([]string{"index", "variant", "label", "seed"}, t.axes)
}

func (t *Table) headOf(e *Entry) []string {
	row := []string{strconv.Itoa(e.Index), e.Manifest.Variant, e.Manifest.Label, strconv.FormatUint(e.Manifest.Seed, 10)}
	for _, key := range t.axes {
		value, swept := e.Manifest.Axes[key]
		if i := slices.Index(facts, key); i >= 0 && !swept {
			value = factsOf(&e.Manifest)[i]
		}
		row = append(row, export.Cell(value))
	}
	return row
}

// without returns a row of facts but for those that stand among the axes.
func (t *Table) without(row []string) (rest []string) {
	for i, name := range facts {
		if !slices.Contains(t.axes, name) {
			rest = append(rest, row[i])
		}
	}
	return rest
}

// facts are the columns of the table of runs between the axes and the results.
var facts = []string{"id", "data", "model", "parameters", "clients", "rounds", "uplink", "downlink"}

func factsOf(m *record.Manifest) []string {
	return []string{m.ID, m.Data, m.Model, strconv.Itoa(m.Parameters), strconv.Itoa(m.Clients), strconv.Itoa(m.Rounds), m.Uplink, m.Downlink}
}

var outcomes = []string{"metric", "final", "best", "area", "loss", "train", "ended_by", "sim_time_s",
	"uplink_wire_bits", "uplink_payload_bits", "uplink_side_bits", "uplink_entropy_bits", "uplink_paper_bits",
	"downlink_wire_bits", "downlink_payload_bits", "downlink_side_bits", "downlink_entropy_bits", "downlink_paper_bits", "digest"}

func outcomesOf(r *record.Result) []string {
	train := ""
	if r.Train != nil {
		train = export.Cell(*r.Train)
	}
	row := []string{r.Metric, export.Cell(r.Final), export.Cell(r.Best), export.Cell(r.Area), export.Cell(r.Loss), train, r.Stopped, export.Cell(r.SimTime)}
	for _, b := range []record.Bits{r.Uplink, r.Down} {
		row = append(row, export.Cell(float64(b.Wire)), export.Cell(float64(b.Payload)), export.Cell(float64(b.Side)), export.Cell(b.Entropy), export.Cell(b.Paper))
	}
	return append(row, r.Digest)
}

// targetsOf tells what each target took; nothing where it was not reached.
func (t *Table) targetsOf(r *record.Result) (row []string) {
	for _, v := range t.targets {
		i := slices.IndexFunc(r.Targets, func(x record.Target) bool { return x.Value == v })
		if i < 0 || !r.Targets[i].Reached {
			row = append(row, "", "", "", "")
			continue
		}
		x := &r.Targets[i]
		row = append(row, strconv.Itoa(x.Round), export.Cell(x.SimTime), export.Cell(float64(x.Uplink)), export.Cell(float64(x.Total)))
	}
	return row
}
