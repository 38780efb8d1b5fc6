package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"flsim/configs"
	"flsim/internal/f32"
	"flsim/internal/runner"
	"flsim/internal/units"
	"flsim/plots"
	"flsim/sim"
	"flsim/sim/record"
)

// runOptions are the options of "flsim run".
type runOptions struct {
	sets     []string
	dir      string // of all experiments
	dataDir  string
	cacheDir string
	jobs     int // cores
	force    bool
	json     bool
	progress string
	profile  string
}

func runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run CONFIG",
		Short: "Run an experiment: all variants, sweeps and seeds of a TOML file, with table and figures",
		Long: `Run plays every variant, swept value and seed of the file, several runs at once. Finished runs are reused, stopped ones
continue. It ends with a table on the standard output and figures beside the runs.

Exit codes: 0 done; 1 a run failed; 2 wrong options or configuration; 3 data missing or wrong;
4 training diverged; 75 stopped and can be continued; 130 interrupted twice.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return profiled(o.profile, func() error {
				return o.run(cmd.Context(), args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	o.addFlags(cmd)
	return cmd
}

// addFlags adds the options of all commands that play runs.
func (o *runOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	addSet(cmd, &o.sets)
	addDataDir(cmd, &o.dataDir)
	addCacheDir(cmd, &o.cacheDir)
	addOutput(cmd, &o.dir)
	addJobs(cmd, &o.jobs)
	f.BoolVar(&o.force, "force", false, "repeat finished runs and start stopped ones anew")
	f.BoolVar(&o.json, "json", false, "write the results as JSON lines")
	addProfile(cmd, &o.profile)
	f.StringVar(&o.progress, "progress", "auto", "how progress is told: auto, line, plain, none")
}

func addJobs(cmd *cobra.Command, jobs *int) {
	cmd.Flags().IntVarP(jobs, "jobs", "j", runtime.GOMAXPROCS(0),
		"cores to use: for runs at once, and where there are fewer, for clients that train at once; does not change results")
}

func addOutput(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVarP(dir, "output", "o", "", "folder of results (default: output.dir of the file)")
}

func addSet(cmd *cobra.Command, sets *[]string) {
	cmd.Flags().StringArrayVar(sets, "set", nil, "override a key of the file, as in --set clients.lr=0.05; repeatable")
}

func addDataDir(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "data-dir", "", "where data sets are (default: FLSIM_DATA_DIR, else flsim in the user's cache folder)")
}

func addCacheDir(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "cache-dir", "", "where prepared volumes are kept (default: FLSIM_CACHE_DIR, else flsim-cache in the user's cache folder)")
}

// dataDir returns where data sets are looked for.
func dataDir(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if dir := os.Getenv("FLSIM_DATA_DIR"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", usageError{fmt.Errorf("no place for data: %w; give --data-dir", err)}
	}
	return filepath.Join(cache, "flsim"), nil
}

func (o *runOptions) run(ctx context.Context, path string, stdout, stderr io.Writer) error {
	file, err := load(path, o.sets, stderr)
	if err != nil {
		return err
	}
	return o.playRuns(ctx, file, file.Runs(), true, stdout, stderr)
}

// playRuns plays runs of a file and writes their table, and with figures draws them too.
func (o *runOptions) playRuns(ctx context.Context, file *configs.File, runs []configs.Run, figures bool, stdout, stderr io.Writer) error {
	if o.jobs < 1 {
		return usageError{fmt.Errorf("--jobs %d: it must be at least 1", o.jobs)}
	}
	status, err := newStatus(stderr, o.progress, len(runs))
	if err != nil {
		return err
	}
	play, err := o.runner(runs[0].Experiment.Output.Dir)
	if err != nil {
		return err
	}
	sheet, cases := &sheet{}, &caseSheets{}
	play.Watch = func(e runner.Event) {
		status.see(e)
		sheet.see(e)
		cases.see(e)
	}
	play.Builder.Progress = status.prepare
	manifests, err := play.Builder.Describe(runs) // and what is wrong with them, before the first of them trains
	status.clear()
	if err == nil {
		err = drawable(file.Plots, manifests)
	}
	if err != nil {
		return err
	}
	began := time.Now()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer onInterrupt(stop, stderr)()
	dirs, err := finished(runs, play.PlayAll(ctx, runs, manifests, o.jobs), !status.quiet)
	status.clear()
	err = errors.Join(err, cases.err)
	if len(dirs) > 0 {
		err = errors.Join(err, o.report(stdout, stderr, file, play, dirs, sheet, figures))
	}
	if err == nil && o.progress != "none" {
		cases.tell(stderr)
		fmt.Fprintf(stderr, "records in %s\n", filepath.Join(play.Dir, file.Name))
		fmt.Fprintf(stderr, "%s in %s, peak memory %s\n", units.Count(len(dirs), "run"), units.Span(time.Since(began)), peakMemory())
	}
	return err
}

func (o *runOptions) runner(outputDir string) (*runner.Runner, error) {
	data, err := dataDir(o.dataDir)
	if err != nil {
		return nil, err
	}
	if o.dir != "" {
		outputDir = o.dir
	}
	host, _ := os.Hostname() // the manifest goes without where there is none
	return &runner.Runner{Builder: configs.Builder{DataDir: data, CacheDir: o.cacheDir, Workers: 1, Keep: max(o.jobs, 2)}, Dir: outputDir, Force: o.force,
		Version: release, Kernel: f32.Kernel(), Host: host}, nil
}

// drawable returns an error if a figure shows a metric that no run has.
func drawable(figures []configs.Plot, runs []record.Manifest) error {
	metrics := make(map[string]bool)
	for i := range runs {
		metrics[runs[i].Metric] = true
	}
	for _, p := range figures {
		switch {
		case strings.Contains(p.Y, configs.Accuracy) && !metrics[configs.Accuracy]:
			return usageError{fmt.Errorf("plot.%s.y = %q: the runs mark regions, and their metric is dice; y = %q is right for any", p.Name, p.Y, configs.MetricWord)}
		case (strings.Contains(p.Y, configs.Dice) || strings.HasPrefix(p.Y, "hd95_")) && !metrics[configs.Dice]:
			return usageError{fmt.Errorf("plot.%s.y = %q: the runs tell classes, and their metric is accuracy; y = %q is right for any", p.Name, p.Y, configs.MetricWord)}
		}
	}
	return nil
}

// finished returns the directories of the runs that are finished, in order, and what became of the others, in short
// where that was told already.
func finished(runs []configs.Run, outcomes []runner.Outcome, told bool) (dirs []string, err error) {
	stopped := 0
	for i, out := range outcomes {
		switch {
		case out.Err == nil:
			dirs = append(dirs, out.Dir)
		case errors.Is(out.Err, sim.ErrStopped):
			stopped++
		default:
			failed := fmt.Errorf("%s seed %d: %w", runs[i].Label, runs[i].Seed, out.Err)
			if told {
				failed = toldError{fmt.Sprintf("%s seed %d failed, as told above", runs[i].Label, runs[i].Seed), failed}
			}
			err = errors.Join(err, failed)
		}
	}
	if code := exitCode(err); stopped == 0 || code == exitData || code == exitUsage { // which kept the others from running
		return dirs, err
	}
	return dirs, errors.Join(err, fmt.Errorf("%w with %d of %s unfinished; the same command continues", sim.ErrStopped, stopped, units.Count(len(runs), "run")))
}

// report writes the table of the finished runs, and with figures draws them too.
func (o *runOptions) report(stdout, stderr io.Writer, file *configs.File, play *runner.Runner, dirs []string, sheet *sheet, figures bool) error {
	runs, err := openRuns(dirs)
	if err != nil {
		return err
	}
	if err := writeResults(stdout, runs, o.json); err != nil || !figures {
		return err
	}
	folder := figuresFolder(filepath.Join(play.Dir, file.Name), o.sets)
	paths, err := drawExperiment(runs, file.Plots, folder)
	if err != nil {
		return err
	}
	maps, err := sheet.draw(folder)
	if err != nil {
		return err
	}
	if o.progress != "none" {
		fmt.Fprintf(stderr, "%s in %s\n", units.Count((len(paths)+len(maps))/len(plots.Formats()), "figure"), folder)
	}
	return nil
}

func openRuns(dirs []string) ([]*record.Run, error) {
	var runs []*record.Run
	for _, dir := range dirs {
		run, err := record.Open(dir)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// load reads a configuration whose runs are wanted, and so the files that it names. Complaints go to stderr in full.
func load(path string, sets []string, stderr io.Writer) (*configs.File, error) {
	file, err := configs.Load(path, sets)
	if err == nil {
		if absent := file.Missing(); len(absent) > 0 {
			err = absent
		}
	}
	return complained(file, err, stderr)
}

// complained tells on stderr what is wrong with a configuration, or looks wrong.
func complained(file *configs.File, err error, stderr io.Writer) (*configs.File, error) {
	var list configs.Errors
	if errors.As(err, &list) {
		fmt.Fprintln(stderr, list.Error())
		return nil, errors.Join(errReported, err)
	}
	if err != nil {
		return nil, usageError{err}
	}
	for i := range file.Warnings {
		fmt.Fprintln(stderr, "warning:", file.Warnings[i].Error())
	}
	return file, nil
}
