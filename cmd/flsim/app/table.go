package app

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"flsim/plots/table"
	"flsim/sim/results"
)

// tableOptions are the options of "flsim table".
type tableOptions struct {
	table.Options
	results.Selection
	selectOptions
	format string
}

func tableCommand() *cobra.Command {
	var o tableOptions
	cmd := &cobra.Command{
		Use:   "table RUNS... | CONFIG",
		Short: "Write a table of runs that are on disk",
		Long: `Table writes a row for each curve of the runs at or below the given folders: means over seeds, and what it
took to reach the targets. Columns: ` + strings.Join(table.Names(), ", ") + `.`,
		Example: `  flsim table runs/quickstart
  flsim table runs/quickstart --format latex --columns final,compression,uplink_to --target 0.7 > table.tex
  flsim table runs/sweep --format csv --columns final,uplink,nmse_uplink --sort -final`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.write(args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "form: "+strings.Join(table.Formats(), ", "))
	f.StringSliceVar(&o.Columns, "columns", nil, "columns, separated by commas (default: "+strings.Join(table.DefaultNames(), ",")+")")
	f.Float64SliceVar(&o.Targets, "target", nil, "metric value of interest, such as 0.7, in place of the experiment's own; repeatable")
	f.StringVar(&o.Sort, "sort", "", "column by which rows ascend; with a minus before it they descend")
	f.BoolVar(&o.Seeds, "seeds", false, "a row for each run, and for their mean")
	o.selectOptions.addFlags(f, &o.Selection)
	return cmd
}

func (o *tableOptions) write(args []string, stdout, stderr io.Writer) error {
	if err := checkTargets(o.Targets); err != nil {
		return err
	}
	args, files, err := experimentFiles(args, stderr)
	if err != nil {
		return err
	}
	runs, err := o.runs(args, files, stderr)
	if err != nil {
		return err
	}
	all, err := results.Group(runs)
	if err != nil {
		return usageError{err}
	}
	curves, err := o.Apply(all)
	if err != nil {
		return usageError{err}
	}
	tellUnfinished(stderr, results.Runs(curves))
	t, err := table.New(curves, o.Options)
	if err != nil {
		return usageError{err}
	}
	if err := t.Write(stdout, o.format); err != nil {
		return usageError{fmt.Errorf("--format: %w", err)}
	}
	return nil
}
