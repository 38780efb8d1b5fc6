package app

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"flsim/internal/sweep"
	"flsim/internal/units"
	"flsim/sim/record"
)

func sweepStatusCommand() *cobra.Command {
	var o viewOptions
	cmd := &cobra.Command{
		Use:   "status CONFIG",
		Short: "Tell how far the runs of a file are",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			entries, _, err := o.list(args[0], cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return o.status(cmd.OutOrStdout(), entries)
		},
	}
	o.addFlags(cmd)
	return cmd
}

// runStatus is a run in the JSON of plan and status.
type runStatus struct {
	Index   int         `json:"index"`
	Variant string      `json:"variant"`
	Label   string      `json:"label"`
	Axes    record.Axes `json:"axes,omitempty"`
	Seed    uint64      `json:"seed"`
	ID      string      `json:"id"`
	State   string      `json:"state"`
	Round   int         `json:"round"` // -1 before the first
	Rounds  int         `json:"rounds"`
	Dir     string      `json:"dir"`
	SameAs  *int        `json:"same_as,omitempty"` // index of an earlier run with this id
	*sweep.Cost
}

func statusOf(e *sweep.Entry) runStatus {
	m := &e.Manifest
	s := runStatus{Index: e.Index, Variant: m.Variant, Label: m.Label, Axes: m.Axes, Seed: m.Seed, ID: m.ID,
		State: e.State.String(), Round: e.Round, Rounds: m.Rounds, Dir: e.Dir}
	if e.Same != e.Index {
		s.SameAs = &e.Same
	}
	return s
}

// stateCounts counts runs by state.
type stateCounts struct {
	Runs    int `json:"runs"`
	Done    int `json:"done"`
	Running int `json:"running"`
	Stopped int `json:"stopped"`
	Missing int `json:"missing"`
}

func countStates(entries []sweep.Entry) stateCounts {
	c := stateCounts{Runs: len(entries)}
	for _, e := range entries {
		switch e.State {
		case sweep.Done:
			c.Done++
		case sweep.Running:
			c.Running++
		case sweep.Stopped:
			c.Stopped++
		case sweep.Missing:
			c.Missing++
		}
	}
	return c
}

func (c stateCounts) String() string {
	return fmt.Sprintf("%s: %d done, %d running, %d stopped, %d missing", units.Count(c.Runs, "run"), c.Done, c.Running, c.Stopped, c.Missing)
}

// status writes a line for each curve, and one for each run that is under way.
func (o *viewOptions) status(w io.Writer, entries []sweep.Entry) error {
	counts := countStates(entries)
	if o.json {
		out := struct {
			Runs   []runStatus `json:"runs"`
			Totals stateCounts `json:"totals"`
		}{Totals: counts}
		for i := range entries {
			out.Runs = append(out.Runs, statusOf(&entries[i]))
		}
		return json.NewEncoder(w).Encode(out)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "curve\truns\tdone\tunder way")
	for _, curve := range byCurve(entries) {
		c := countStates(curve)
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\n", curve[0].Manifest.Label, c.Runs, c.Done, underWay(curve))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, counts)
	return err
}

// byCurve cuts a list of runs, which come curve by curve.
func byCurve(entries []sweep.Entry) (list [][]sweep.Entry) {
	for i := range entries {
		if i == 0 || entries[i].Manifest.Order != entries[i-1].Manifest.Order {
			list = append(list, nil)
		}
		list[len(list)-1] = append(list[len(list)-1], entries[i])
	}
	return list
}

func underWay(curve []sweep.Entry) (text string) {
	for _, e := range curve {
		if e.State != sweep.Running && e.State != sweep.Stopped {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("seed %d %s at round %d/%d", e.Manifest.Seed, e.State, max(e.Round, 0), e.Manifest.Rounds)
	}
	return text
}
