package app

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
	"flsim/internal/sweep"
	"flsim/internal/units"
	"flsim/sim/record"
)

func sweepPlanCommand() *cobra.Command {
	var o viewOptions
	var jobs int
	cmd := &cobra.Command{
		Use:   "plan CONFIG",
		Short: "Tell what the runs of a file will take: bits, time, memory",
		Long: `Plan lists the runs with their indices and states, and predicts what each takes. Bits are those of finished runs of the
same curve, where there are any; else they are estimated, and marked so, from two rounds that are really played with
two clients. Time is that of one core of this machine, from the same two rounds and a measurement of training; memory is
that of one run. Schedules, changes on the downlink and budgets of bits are taken into account; what follows the loss is
not foreseen, and where a target or a simulated time may end a run, it takes at most what is said.`,
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
	AtMost   bool    `json:"at_most"` // some of the runs may end earlier
}

func newPlan(ctx context.Context, entries []sweep.Entry, builder *configs.Builder, jobs int) (*plan, error) {
	predictor := &sweep.Predictor{Builder: builder}
	p := &plan{Totals: planTotals{stateCounts: countStates(entries), Jobs: jobs}}
	var memory []float64
	data := 0.0
	for _, curve := range byCurve(entries) {
		done, err := resultsOf(curve)
		if err != nil {
			return nil, err
		}
		for i := range curve {
			e := &curve[i]
			cost, err := predictor.Cost(e, done)
			if err = errors.Join(err, ctx.Err()); err != nil {
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
	p.Totals.Wall = p.Totals.CPU / float64(jobs)
	p.Totals.Memory = programMemory + data*float64(min(jobs, len(entries)))
	for _, m := range memory[max(0, len(memory)-jobs):] {
		p.Totals.Memory += m
	}
	return p, nil
}

// resultsOf returns the results of a curve's runs that are done.
func resultsOf(curve []sweep.Entry) (done []*record.Result, err error) {
	for _, e := range curve {
		if e.State != sweep.Done {
			continue
		}
		res, err := record.ReadResult(e.Dir)
		if err != nil {
			return nil, err
		}
		done = append(done, res)
	}
	return done, nil
}

// programMemory is what the program takes before it runs anything, in bytes.
const programMemory = 30e6

func (t *planTotals) add(e *sweep.Entry, c sweep.Cost) {
	t.Uplink += c.Uplink
	t.Downlink += c.Downlink
	t.AtMost = t.AtMost || c.AtMost
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
		about := estimated(s.AtMost)
		bits := about
		if s.Measured {
			bits = ""
		}
		fmt.Fprintf(t, "%d\t%s\t%d\t%s\t%s%s\t%s%s\t%s%s\t~%s\n", s.Index, s.Label, s.Seed, state,
			bits, units.Bits(s.Uplink), bits, units.Bits(s.Downlink), about, units.Seconds(s.CPU), units.Bytes(s.Memory))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	tot := &p.Totals
	about := estimated(tot.AtMost)
	_, err := fmt.Fprintf(w, `%s; %d to play
all runs: uplink %s%s, downlink %[3]s%[5]s
to come: %[3]s%[6]s of one core's time, %[3]s%[7]s with -j %[8]d, peak memory ~%[9]s
~ estimated; bits of all clients on the wire
`, tot.stateCounts, tot.ToPlay, about, units.Bits(tot.Uplink), units.Bits(tot.Downlink), units.Seconds(tot.CPU), units.Seconds(tot.Wall), tot.Jobs, units.Bytes(tot.Memory))
	if tot.AtMost && err == nil {
		_, err = fmt.Fprintln(w, "at most: [stop] may end a run earlier")
	}
	return err
}

// estimated is what stands before an estimate.
func estimated(atMost bool) string {
	if atMost {
		return "at most ~"
	}
	return "~"
}
