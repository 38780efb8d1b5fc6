package app

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"flsim/datasets/volumes"
	"flsim/internal/units"
)

// cacheOptions are the options of "flsim data cache".
type cacheOptions struct {
	dir   string
	days  int
	clear bool
	json  bool
}

// mostDays are a hundred years. Three times as many would be more than a time.Duration holds, which then is negative.
const mostDays = 36500

func dataCacheCommand() *cobra.Command {
	var o cacheOptions
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "List or remove the prepared volumes that are kept on disk",
		Long: `Cache lists what is kept of each data set and when a run last used it. With --prune or --clear it removes files, and lists
what it removed: a run that needs them prepares them again. Runs under way keep what they have opened. On Windows files in
use cannot be removed; the command says so and removes the others.`,
		Example: `  flsim data cache
  flsim data cache --prune 30
  flsim data cache --clear`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("prune") && o.days < 1 {
				return usageError{fmt.Errorf("--prune %d: it is a number of days, at least 1; --clear removes all", o.days)}
			}
			if o.days > mostDays {
				return usageError{fmt.Errorf("--prune %d: it is a number of days, at most %d", o.days, mostDays)}
			}
			if o.clear && o.days > 0 {
				return usageError{errors.New("give one of --prune and --clear")}
			}
			return o.run(cmd.OutOrStdout())
		},
	}
	addCacheDir(cmd, &o.dir)
	cmd.Flags().IntVar(&o.days, "prune", 0, "remove files that no run has used for so many `days`")
	cmd.Flags().BoolVar(&o.clear, "clear", false, "remove all files")
	cmd.Flags().BoolVar(&o.json, "json", false, "write JSON lines")
	return cmd
}

func (o *cacheOptions) run(w io.Writer) error {
	folder, err := volumes.CacheFolder(o.dir)
	if err != nil {
		return err
	}
	removes := o.clear || o.days > 0
	var list []volumes.Kept
	if removes {
		list, err = volumes.PruneCache(folder, time.Duration(o.days)*24*time.Hour)
	} else {
		list, err = volumes.ListCache(folder)
	}
	if err != nil && removes {
		err = fmt.Errorf("some files were not removed, perhaps because a run uses them: %w", err)
	}
	write := writeKept
	if o.json {
		write = func(w io.Writer, list []volumes.Kept, _ string) error { return encodeLines(w, list) }
	}
	done := "in " + folder
	if removes {
		done = "removed from " + folder
	}
	return errors.Join(write(w, list, done), err)
}

// writeKept writes a line for each folder, and how much it is in all.
func writeKept(w io.Writer, list []volumes.Kept, done string) error {
	files, size := 0, int64(0)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, k := range list {
		if i == 0 {
			fmt.Fprintln(t, "folder\tfiles\tsize\tlast used")
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", k.Folder, k.Files, units.Bytes(float64(k.Bytes)), k.Used.Format("2006-01-02 15:04"))
		files, size = files+k.Files, size+k.Bytes
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s, %s, %s\n", units.Count(files, "file"), units.Bytes(float64(size)), done)
	return err
}
