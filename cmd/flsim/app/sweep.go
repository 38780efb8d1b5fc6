package app

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"flsim/configs"
	"flsim/internal/runner"
	"flsim/internal/sweep"
)

func sweepCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Plan, run, watch and gather the runs of a file, on one machine or on many",
		Long: `Sweep works on all runs of an experiment file: its variants, swept values and seeds. The folder of results is all that
its commands share, so that several processes and machines can work on one sweep at once.`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(sweepPlanCommand(), sweepRunCommand(), sweepStatusCommand(), sweepExecCommand(), sweepGatherCommand())
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
	sets     []string
	dir      string
	dataDir  string
	cacheDir string
	json     bool
}

func (o *viewOptions) addFlags(cmd *cobra.Command) {
	o.addSources(cmd)
	addOutput(cmd, &o.dir)
	cmd.Flags().BoolVar(&o.json, "json", false, "write JSON")
}

// addSources adds the options that say what the runs are.
func (o *viewOptions) addSources(cmd *cobra.Command) {
	addSet(cmd, &o.sets)
	addDataDir(cmd, &o.dataDir)
	addCacheDir(cmd, &o.cacheDir)
}

// list reads a file and finds out about its runs.
func (o *viewOptions) list(path string, stderr io.Writer) ([]sweep.Entry, *runner.Runner, error) {
	file, err := load(path, o.sets, stderr)
	if err != nil {
		return nil, nil, err
	}
	runs := file.Runs()
	r, err := (&runOptions{dir: o.dir, dataDir: o.dataDir, cacheDir: o.cacheDir}).runner(runs[0].Experiment.Output.Dir)
	if err != nil {
		return nil, nil, err
	}
	defer tellPreparation(&r.Builder, stderr)()
	entries, err := sweep.List(r, runs)
	return entries, r, err
}
