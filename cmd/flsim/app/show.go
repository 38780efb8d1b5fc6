package app

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"flsim/internal/units"
	"flsim/sim/record"
)

// shown is a run with all that show adds to a look.
type shown struct {
	*seen
	Verified bool        `json:"verified"` // a finished run's files have its digest
	Files    []fileShown `json:"files"`
}

type fileShown struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

func showCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show everything about one run",
		Long: `Show tells what a run is, where its numbers come from, what came out, its bits by account, what each
target cost, and its files. A finished run's records and weights are checked against its digest.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := show(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(s)
			}
			return s.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// show looks closely at one run.
func show(arg string) (*shown, error) {
	look, err := lookAtOne(arg)
	if err != nil {
		return nil, err
	}
	s := &shown{seen: look}
	if s.State == stateDone {
		run := &record.Run{Dir: s.Dir, Result: s.Result}
		if err := run.Verify(); err != nil {
			s.State, s.Problem = stateDamaged, err.Error()
		}
		s.Verified = s.State == stateDone
	}
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			s.Files = append(s.Files, fileShown{e.Name(), info.Size()})
		}
	}
	return s, nil
}

// write writes the run for people.
func (s *shown) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(t, strings.Join(cells, "\t")) }
	row("folder", s.Dir)
	row("state", s.stateInWords())
	if s.Manifest != nil {
		describeRun(row, s.Manifest)
	}
	if s.Result != nil {
		describeResult(row, s.Result)
		if err := t.Flush(); err != nil { // each table has columns of its own
			return err
		}
		writeAccounts(row, s.Result)
		if err := t.Flush(); err != nil {
			return err
		}
		writeTargets(row, s.Result)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	row()
	for _, f := range s.Files {
		row(f.Name, units.Bytes(float64(f.Bytes)))
	}
	return t.Flush()
}

func (s *shown) stateInWords() string {
	text := s.State
	switch {
	case s.Problem != "":
		text += ": " + s.Problem
	case s.Verified:
		text += ", records and weights have the result's digest"
	}
	if s.Manifest != nil {
		text += fmt.Sprintf(" (%d of %s, %s)", s.Done, units.Count(s.Manifest.Rounds, "round"), s.when())
	}
	return text
}

func describeRun(row func(...string), m *record.Manifest) {
	row("experiment", m.Experiment)
	row("variant", fmt.Sprintf("%s (%s)", m.Variant, m.Label))
	if len(m.Axes) > 0 {
		row("swept", axesInWords(m.Axes))
	}
	row("seed", fmt.Sprint(m.Seed))
	row("id", m.ID)
	data := m.Data
	if m.Synthetic {
		data += " (synthetic)"
	}
	row("data", data)
	row("data digest", m.DataDigest)
	for _, note := range m.DataNotes {
		row("", note)
	}
	row("model", fmt.Sprintf("%s, %d parameters, %d elements with buffers, trained in %s", m.Model, m.Parameters, m.Elements, m.Precision))
	if m.Weights != "" {
		row("start", "weights of digest "+m.Weights)
	}
	row("clients", fmt.Sprint(m.Clients))
	row("uplink", m.Uplink)
	row("downlink", m.Downlink)
	row("flsim", fmt.Sprintf("%s, kernel %s%s", m.Version, m.Kernel, onHost(m.Host)))
}

func onHost(host string) string {
	if host == "" {
		return ""
	}
	return ", on " + host
}

func describeResult(row func(...string), r *record.Result) {
	row("digest", r.Digest)
	row(r.Metric, fmt.Sprintf("final %s, best %s, loss %.4g", units.Percent(r.Final), units.Percent(r.Best), r.Loss))
	if r.Train != nil {
		row("on training data", units.Percent(*r.Train))
	}
	row("simulated time", units.Seconds(r.SimTime))
}

func writeAccounts(row func(...string), r *record.Result) {
	row()
	row("bits", "wire", "payload", "side", "entropy", "paper")
	for _, d := range []struct {
		name string
		bits record.Bits
	}{{"uplink", r.Uplink}, {"downlink", r.Down}} {
		b := d.bits
		row(d.name, units.Bits(float64(b.Wire)), units.Bits(float64(b.Payload)), units.Bits(float64(b.Side)), units.Bits(b.Entropy), units.Bits(b.Paper))
	}
}

func writeTargets(row func(...string), r *record.Result) {
	if len(r.Targets) == 0 {
		return
	}
	row()
	row("target", "round", "simulated time", "uplink", "total")
	for _, t := range r.Targets {
		if !t.Reached {
			row(units.Percent(t.Value), "not reached")
			continue
		}
		row(units.Percent(t.Value), fmt.Sprint(t.Round), units.Seconds(t.SimTime), units.Bits(float64(t.Uplink)), units.Bits(float64(t.Total)))
	}
}
