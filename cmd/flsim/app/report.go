package app

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"flsim/internal/units"
	"flsim/plots/report"
	"flsim/sim/record"
	"flsim/sim/results"
)

// reportOptions are the options of "flsim report".
type reportOptions struct {
	out    string
	title  string
	points int
	selectOptions
	results.Selection
}

func reportCommand() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report RUNS...",
		Short: "Make one HTML page of runs, to look at, send and keep",
		Long: `Report makes one self-contained HTML file of all runs at or below the given folders: curves
whose axes can be switched, with zoom and values under the pointer; tables of results and of what
any target cost; the settings in which curves differ; and where each run comes from. The file
opens from disk in any browser and loads nothing.`,
		Example: `  flsim report runs/quickstart
  flsim report runs/a runs/b --title "Two data sets" -o both.html`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.report(cmd.OutOrStdout(), args) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.out, "output", "o", "report.html", "the file")
	f.StringVar(&o.title, "title", "", "the page's title; the experiments' names if not given")
	f.IntVar(&o.points, "points", 0, fmt.Sprintf("rounds of a run that the page keeps; %d if not given, fewer if there are many runs", report.DefaultMostRows))
	o.selectOptions.addFlags(f, &o.Selection)
	return cmd
}

func (o *reportOptions) report(stdout io.Writer, args []string) error {
	if o.points < 0 || o.points == 1 {
		return usageError{fmt.Errorf("--points %d: it must be at least 2", o.points)}
	}
	for _, arg := range args {
		if filepath.Ext(arg) == ".toml" {
			return usageError{fmt.Errorf("report is given folders of runs, not experiment files such as %s", arg)}
		}
	}
	var left bytes.Buffer
	runs, err := o.runs(args, nil, &left)
	if err != nil {
		return err
	}
	options := report.Options{Title: o.title, MostRows: o.points, Selection: o.Selection, Notes: strings.FieldsFunc(left.String(), func(r rune) bool { return r == '\n' })}
	page, err := report.New(runs, options)
	if err != nil {
		return usageError{err}
	}
	var html bytes.Buffer
	if err := page.WriteHTML(&html); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o777); err != nil {
		return err
	}
	if err := record.WriteFile(o.out, html.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s  %s: %s\n", o.out, units.Bytes(float64(html.Len())), page.Contents())
	for _, note := range page.Notes {
		fmt.Fprintf(stdout, "  note: %s\n", note)
	}
	return nil
}
