package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"flsim/internal/sweep"
	"flsim/internal/units"
	"flsim/sim/record"
)

func sweepGatherCommand() *cobra.Command {
	var o viewOptions
	var out string
	cmd := &cobra.Command{
		Use:   "gather CONFIG",
		Short: "Write the results of all runs of a file as two tables (CSV)",
		Long: `Gather writes a table with a line for each run, and one with a line for each round of each run; both have a column for
each swept key. Runs that are not finished are named and left out, and the exit code is 1.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			entries, r, err := o.list(args[0], cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if out == "" {
				out = filepath.Join(r.Dir, entries[0].Manifest.Experiment, "runs.csv")
			}
			return gather(entries, out, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.addSources(cmd)
	cmd.Flags().StringVar(&o.dir, "runs", "", "folder of results, as run's -o (default: output.dir of the file)")
	cmd.Flags().StringVarP(&out, "output", "o", "", "file of the table of runs; that of rounds goes beside it (default: runs.csv and runs-rounds.csv beside the runs)")
	return cmd
}

// gather writes the tables and names them on stdout, and the holes on stderr.
func gather(entries []sweep.Entry, path string, stdout, stderr io.Writer) error {
	table, holes, err := sweep.Gather(entries)
	if err != nil {
		return err
	}
	if len(holes) < len(entries) {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		long := strings.TrimSuffix(path, filepath.Ext(path)) + "-rounds" + filepath.Ext(path)
		if err := record.WriteTo(path, table.Runs); err != nil {
			return err
		}
		if err := record.WriteTo(long, table.Rounds); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s\n%s\n", path, long)
	}
	for _, e := range holes {
		fmt.Fprintf(stderr, "hole: run %d, %s, is %s\n", e.Index, name(&e.Manifest), e.State)
	}
	if len(holes) > 0 {
		return fmt.Errorf("%d of %s not done", len(holes), units.Count(len(entries), "run"))
	}
	return nil
}
