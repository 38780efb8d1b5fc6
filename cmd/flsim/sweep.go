package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/internal/sweep"
	"flsim/internal/units"
	"flsim/sim/record"
)

func sweepCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Plan, run, watch and gather the runs of a file, on one machine or on many",
		Long: `Sweep works on all runs of an experiment file: its variants, swept values and seeds. The folder of results is all that
its commands share, so that several processes and machines can work on one sweep at once.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(sweepPlanCommand(), sweepRunCommand(), sweepStatusCommand(), sweepExecCommand(), sweepGatherCommand())
	for _, sub := range cmd.Commands() {
		sub.Args = usageArgs(sub.Args)
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) }
	return cmd
}

func sweepRunCommand() *cobra.Command {
	cmd := runCommand()
	cmd.Short = "Run all runs of a file, with table and figures; the same as flsim run"
	return cmd
}

func sweepExecCommand() *cobra.Command {
	var o runOptions
	var index int
	var shard string
	cmd := &cobra.Command{
		Use:   "exec CONFIG (--index K | --shard I/N)",
		Short: "Run one run of a file, or every n-th: what cluster engines call",
		Long: `Exec plays the run with the given index of the plan, counted from 0, or every N-th run from the I-th on. What is
finished is not repeated, what was stopped continues, and a run that another process plays is waited for.

Exit codes: 0 done; 1 a run failed; 2 wrong options or configuration; 3 data missing or wrong;
4 training diverged; 75 stopped and can be continued; 130 interrupted twice.`,
		Example: `  flsim sweep exec sweep.toml --index "$SLURM_ARRAY_TASK_ID"
  flsim sweep exec sweep.toml --shard 0/4`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return profiled(o.profile, func() error {
				file, err := load(args[0], o.sets, cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				if cmd.Flags().Changed("index") == (shard != "") {
					return usageError{errors.New("give one of --index and --shard")}
				}
				runs, err := part(file.Runs(), index, shard)
				if err != nil || len(runs) == 0 {
					return err
				}
				return o.playRuns(cmd.Context(), file, runs, false, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	o.addFlags(cmd)
	cmd.Flags().IntVar(&index, "index", -1, "index of the run in the plan, from 0")
	cmd.Flags().StringVar(&shard, "shard", "", "part I of N, as in 0/4: runs I, I+N, I+2N and so on")
	return cmd
}

// part returns the run of an index, or those of a shard.
func part(runs []configs.Run, index int, shard string) ([]configs.Run, error) {
	if shard == "" {
		if index < 0 || index >= len(runs) {
			return nil, usageError{fmt.Errorf("--index %d: the file has runs 0 to %d", index, len(runs)-1)}
		}
		return runs[index : index+1], nil
	}
	i, n, err := sweep.ParseShard(shard)
	if err != nil {
		return nil, usageError{fmt.Errorf("--shard: %w", err)}
	}
	var list []configs.Run
	for _, k := range sweep.Shard(len(runs), i, n) {
		list = append(list, runs[k])
	}
	return list, nil
}

// viewOptions are the options of commands that look at a sweep.
type viewOptions struct {
	sets    []string
	dir     string
	dataDir string
	json    bool
}

func (o *viewOptions) addFlags(cmd *cobra.Command) {
	addSet(cmd, &o.sets)
	addDataDir(cmd, &o.dataDir)
	addOutput(cmd, &o.dir)
	cmd.Flags().BoolVar(&o.json, "json", false, "write JSON")
}

// list reads a file and finds out about its runs.
func (o *viewOptions) list(path string, stderr io.Writer) ([]sweep.Entry, *runner.Runner, error) {
	file, err := load(path, o.sets, stderr)
	if err != nil {
		return nil, nil, err
	}
	runs := file.Runs()
	r, err := (&runOptions{dir: o.dir, dataDir: o.dataDir}).runner(runs[0].Experiment.Output.Dir)
	if err != nil {
		return nil, nil, err
	}
	entries, err := sweep.List(r, runs)
	return entries, r, err
}

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

func sweepPlanCommand() *cobra.Command {
	var o viewOptions
	var jobs int
	cmd := &cobra.Command{
		Use:   "plan CONFIG",
		Short: "Tell what the runs of a file will take: bits, time, memory",
		Long: `Plan lists the runs with their indices and states, and predicts what each takes. Bits are those of finished runs of the
same curve, where there are any; else they are estimated, and marked so, from two rounds that are really played with
two clients. Time is that of one core of this machine, from the same two rounds and a measurement of training; memory is
that of one run. What changes in the course of a run is not foreseen.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if jobs < 1 {
				return usageError{fmt.Errorf("--jobs %d: it must be at least 1", jobs)}
			}
			entries, r, err := o.list(args[0], cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			p, err := newPlan(cmd.Context(), entries, &r.Builder, jobs)
			if err != nil {
				return err
			}
			if o.json {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(p)
			}
			return p.write(cmd.OutOrStdout())
		},
	}
	o.addFlags(cmd)
	addJobs(cmd, &jobs)
	return cmd
}

// plan is what runs take.
type plan struct {
	Runs   []runStatus `json:"runs"`
	Totals planTotals  `json:"totals"`
}

type planTotals struct {
	stateCounts
	ToPlay   int     `json:"to_play"` // runs that are neither done nor equal to others
	Uplink   float64 `json:"uplink_bits"`
	Downlink float64 `json:"downlink_bits"`
	CPU      float64 `json:"cpu_s"`  // that is still to come
	Jobs     int     `json:"jobs"`   // cores
	Wall     float64 `json:"wall_s"` // with so many cores
	Memory   float64 `json:"memory_bytes"`
}

func newPlan(ctx context.Context, entries []sweep.Entry, builder *configs.Builder, jobs int) (*plan, error) {
	predictor := &sweep.Predictor{Builder: builder}
	p := &plan{Totals: planTotals{stateCounts: countStates(entries), Jobs: jobs}}
	var memory []float64
	data := 0.0
	for _, curve := range byCurve(entries) {
		var done []*record.Result
		for _, e := range curve {
			if e.State == sweep.Done {
				res, err := record.ReadResult(e.Dir)
				if err != nil {
					return nil, err
				}
				done = append(done, res)
			}
		}
		for i := range curve {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			e := &curve[i]
			cost, err := predictor.Cost(e, done)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.Manifest.Label, err)
			}
			s := statusOf(e)
			s.Cost = &cost
			p.Runs = append(p.Runs, s)
			p.Totals.add(e, cost)
			memory, data = append(memory, cost.Memory), math.Max(data, cost.Data)
		}
	}
	slices.Sort(memory)
	slices.Reverse(memory)
	p.Totals.Wall = p.Totals.CPU / float64(jobs)
	p.Totals.Memory = programMemory + data*float64(min(jobs, len(entries)))
	for _, m := range memory[:min(jobs, len(memory))] {
		p.Totals.Memory += m
	}
	return p, nil
}

// programMemory is what the program takes before it runs anything, in bytes.
const programMemory = 30e6

func (t *planTotals) add(e *sweep.Entry, c sweep.Cost) {
	t.Uplink += c.Uplink
	t.Downlink += c.Downlink
	if e.State == sweep.Done || e.Same != e.Index {
		return
	}
	t.ToPlay++
	t.CPU += c.CPU * (1 - math.Max(0, float64(e.Round))/float64(e.Manifest.Rounds))
}

func (p *plan) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "index\tcurve\tseed\tstate\tuplink\tdownlink\tCPU time\tmemory")
	for _, s := range p.Runs {
		state := s.State
		if s.SameAs != nil && s.State != sweep.Done.String() {
			state = fmt.Sprintf("same as %d", *s.SameAs)
		}
		about := "~"
		if s.Measured {
			about = ""
		}
		fmt.Fprintf(t, "%d\t%s\t%d\t%s\t%s%s\t%s%s\t~%s\t~%s\n", s.Index, s.Label, s.Seed, state,
			about, units.Bits(s.Uplink), about, units.Bits(s.Downlink), units.Seconds(s.CPU), units.Bytes(s.Memory))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	tot := &p.Totals
	_, err := fmt.Fprintf(w, `%s; %d to play
all runs: uplink ~%s, downlink ~%s
to come: ~%s of one core's time, ~%s with -j %d, peak memory ~%s
~ estimated; bits of all clients on the wire
`, tot.stateCounts, tot.ToPlay, units.Bits(tot.Uplink), units.Bits(tot.Downlink), units.Seconds(tot.CPU), units.Seconds(tot.Wall), tot.Jobs, units.Bytes(tot.Memory))
	return err
}
