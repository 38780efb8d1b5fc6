package app

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"flsim/configs"
	"flsim/internal/units"
	"flsim/sim/record"
)

// difference is what two runs have in one place.
type difference struct {
	Name string `json:"name"`
	A    string `json:"a,omitempty"` // nothing where a run does not have it
	B    string `json:"b,omitempty"`
}

// comparison is what "flsim diff" finds.
type comparison struct {
	A         *seen        `json:"a"`
	B         *seen        `json:"b"`
	Identical bool         `json:"identical"` // both are done, with equal digests
	Settings  []difference `json:"settings"`  // those that differ
	Origin    []difference `json:"origin"`    // of the numbers, where it differs
}

func diffCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff RUN RUN",
		Short: "Compare two runs: the settings in which they differ, and their results",
		Long: `Diff tells the settings that can make a difference to results and differ between two runs, stage by
stage of their codecs whatever those are called, then the results side by side.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := compare(args[0], args[1])
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(c)
			}
			return c.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func compare(a, b string) (*comparison, error) {
	c := &comparison{}
	var err error
	if c.A, err = lookAtOne(a); err != nil {
		return nil, err
	}
	if c.B, err = lookAtOne(b); err != nil {
		return nil, err
	}
	for _, s := range []*seen{c.A, c.B} {
		if s.Manifest == nil {
			return nil, fmt.Errorf("%s is damaged: %s", s.Dir, s.Problem)
		}
	}
	c.Identical = c.A.State == stateDone && c.B.State == stateDone && c.A.Result.Digest == c.B.Result.Digest
	left, err := settingsOf(c.A.Dir)
	if err != nil {
		return nil, err
	}
	right, err := settingsOf(c.B.Dir)
	if err != nil {
		return nil, err
	}
	c.Settings = differences(left, right)
	c.Origin = differences(origin(c.A.Manifest), origin(c.B.Manifest))
	return c, nil
}

// settingsOf reads the resolved configuration of a run.
func settingsOf(dir string) ([]configs.Setting, error) {
	file, err := configs.Load(filepath.Join(dir, record.ConfigFile), nil)
	if err != nil {
		return nil, fmt.Errorf("the run in %s has a configuration that this version of flsim cannot read: %w", dir, err)
	}
	return file.Runs()[0].Experiment.Settings(), nil
}

// origin is where a run's numbers come from, besides its settings.
func origin(m *record.Manifest) []configs.Setting {
	return []configs.Setting{{Key: "data digest", Value: m.DataDigest}, {Key: "weights digest", Value: m.Weights},
		{Key: "flsim", Value: m.Version}, {Key: "kernel", Value: m.Kernel}, {Key: "host", Value: m.Host}}
}

// differences lists what differs, in the order of a; what only b has comes last.
func differences(a, b []configs.Setting) []difference {
	list := []difference{}
	for _, s := range a {
		i := slices.IndexFunc(b, func(o configs.Setting) bool { return o.Key == s.Key })
		switch {
		case i < 0:
			list = append(list, difference{Name: s.Key, A: s.Value})
		case b[i].Value != s.Value:
			list = append(list, difference{s.Key, s.Value, b[i].Value})
		}
	}
	for _, s := range b {
		if !slices.ContainsFunc(a, func(o configs.Setting) bool { return o.Key == s.Key }) {
			list = append(list, difference{Name: s.Key, B: s.Value})
		}
	}
	return list
}

// write writes the comparison for people.
func (c *comparison) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		for i, cell := range cells {
			if cell == "" {
				cells[i] = unknownCell
			}
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	row("setting", filepath.Base(c.A.Dir), filepath.Base(c.B.Dir))
	for _, d := range slices.Concat(c.Settings, c.Origin) {
		row(d.Name, d.A, d.B)
	}
	if len(c.Settings)+len(c.Origin) == 0 {
		row("none differs", " ", " ")
	}
	fmt.Fprintln(t)
	c.results(row)
	if err := t.Flush(); err != nil {
		return err
	}
	if c.Identical {
		_, err := fmt.Fprintln(w, "the results are identical, line by line and weight by weight")
		return err
	}
	return nil
}

// results writes the results side by side.
func (c *comparison) results(row func(...string)) {
	both := func(name string, value func(s *seen) string) { row(name, value(c.A), value(c.B)) }
	ofResult := func(name string, value func(r *record.Result) string) {
		both(name, func(s *seen) string {
			if s.Result == nil {
				return ""
			}
			return value(s.Result)
		})
	}
	both("state", func(s *seen) string { return s.State })
	both("rounds", func(s *seen) string { return fmt.Sprintf("%d/%d", s.Done, s.Manifest.Rounds) })
	ofResult("final", func(r *record.Result) string { return units.Percent(r.Final) + " " + r.Metric })
	ofResult("best", func(r *record.Result) string { return units.Percent(r.Best) + " " + r.Metric })
	ofResult("loss", func(r *record.Result) string { return fmt.Sprintf("%.4g", r.Loss) })
	ofResult("simulated time", func(r *record.Result) string { return units.Seconds(r.SimTime) })
	ofResult("uplink", func(r *record.Result) string { return units.Bits(float64(r.Uplink.Wire)) })
	ofResult("  entropy bound", func(r *record.Result) string { return units.Bits(r.Uplink.Entropy) })
	ofResult("downlink", func(r *record.Result) string { return units.Bits(float64(r.Down.Wire)) })
	for _, v := range c.targets() {
		ofResult("uplink to "+units.Percent(v), func(r *record.Result) string { return toTarget(r, v) })
	}
}

// targets returns the values that either run has as targets.
func (c *comparison) targets() []float64 {
	all := slices.Concat(c.A.Manifest.Targets, c.B.Manifest.Targets)
	slices.Sort(all)
	return slices.Compact(all)
}

func toTarget(r *record.Result, v float64) string {
	i := slices.IndexFunc(r.Targets, func(t record.Target) bool { return t.Value == v })
	if i < 0 {
		return ""
	}
	if !r.Targets[i].Reached {
		return "not reached"
	}
	return units.Bits(float64(r.Targets[i].Uplink))
}
