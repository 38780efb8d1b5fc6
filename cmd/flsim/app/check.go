package app

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"flsim/configs"
	"flsim/datasets"
	"flsim/internal/units"
	"flsim/plots"
	"flsim/sim/record"
)

// checkOptions are the options of "flsim check".
type checkOptions struct {
	sets      []string
	dataDir   string
	cacheDir  string
	partition bool
	resolved  bool
	folder    string
	json      bool
}

func checkCommand() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check CONFIG...",
		Short: "Check configurations and tell what they would run, without running it",
		Long: `Check reads each file as run would and reports everything that is wrong with it at once. Missing
data are told, but are no error. With --resolved it writes each run out with all defaults and
presets, as a file that run takes. With --partition it opens the data and shows which labels each
client holds; with -o it draws that too.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addSet(cmd, &o.sets)
	addDataDir(cmd, &o.dataDir)
	addCacheDir(cmd, &o.cacheDir)
	cmd.Flags().BoolVar(&o.partition, "partition", false, "show which labels each client holds")
	cmd.Flags().BoolVar(&o.resolved, "resolved", false, "write each run out with all defaults and presets")
	cmd.Flags().BoolVar(&o.json, "json", false, "write what each run would be as JSON lines")
	cmd.Flags().StringVarP(&o.folder, "output", "o", "", "with --partition: folder for the partition's heat maps")
	return cmd
}

func (o *checkOptions) run(paths []string, stdout, stderr io.Writer) error {
	if o.folder != "" && !o.partition {
		return usageError{errors.New("-o is the folder for the heat maps of --partition, which is not given")}
	}
	if o.json && (o.partition || o.resolved) {
		return usageError{errors.New("--json tells what each run would be; --partition and --resolved are for people")}
	}
	dir, err := dataDir(o.dataDir)
	if err != nil {
		return err
	}
	check := o.check
	if o.json {
		check = o.list
	}
	b := &configs.Builder{DataDir: dir, CacheDir: o.cacheDir, Workers: 1, Keep: 4}
	build := func(run configs.Run) (*configs.Built, error) {
		defer tellPreparation(b, stderr)() // before what there is of the run is written: both may be on one terminal
		return b.Build(run)
	}
	for _, path := range paths {
		file, failed := load(path, o.sets, stderr)
		if failed == nil {
			failed = check(stdout, file, build)
		}
		err = errors.Join(err, failed)
	}
	return err
}

// buildFunc builds one run.
type buildFunc func(configs.Run) (*configs.Built, error)

// check tells what each run of a file would be.
func (o *checkOptions) check(w io.Writer, file *configs.File, build buildFunc) (failed error) {
	runs := file.Runs()
	fmt.Fprintf(w, "%s: %s\n", file.Path, units.Count(len(runs), "run"))
	sheet := &sheet{}
	absent := "" // what was told last
	for i, run := range runs {
		if o.resolved {
			fmt.Fprintf(w, "\n%s\n", run.TOML())
		}
		built, err := build(run)
		var missing *datasets.MissingError
		switch {
		case errors.As(err, &missing):
			if text := missing.Error(); text != absent {
				fmt.Fprintf(w, "  %s; run would exit with code %d\n", text, exitData)
				absent = text
			}
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("%s: %w", file.Path, err))
		default:
			failed = errors.Join(failed, o.tell(w, i, built, sheet))
		}
	}
	if o.folder == "" {
		return failed
	}
	return errors.Join(failed, drawSheet(w, sheet, o.folder))
}

// planned is a run that a file would make.
type planned struct {
	Path string `json:"path"`
	*record.Manifest
	Missing string `json:"missing,omitempty"` // what the data directory lacks; nothing else is known of the run then
}

// list writes what each run of a file would be as JSON lines.
func (o *checkOptions) list(w io.Writer, file *configs.File, build buildFunc) (failed error) {
	var lines []planned
	for _, run := range file.Runs() {
		built, err := build(run)
		line := planned{Path: file.Path}
		var missing *datasets.MissingError
		switch {
		case errors.As(err, &missing):
			line.Missing = missing.Error()
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("%s: %w", file.Path, err))
			continue
		default:
			line.Manifest = &built.Manifest
		}
		lines = append(lines, line)
	}
	return errors.Join(failed, encodeLines(w, lines))
}

func (o *checkOptions) tell(w io.Writer, index int, built *configs.Built, sheet *sheet) error {
	m := &built.Manifest
	fmt.Fprintf(w, "  %s: %s on %s, %s, %s, %s, uplink %s, downlink %s, id %.8s\n", name(m), m.Model, m.Data,
		units.Count(m.Parameters, "parameter"), units.Count(m.Clients, "client"), units.Count(m.Rounds, "round"), m.Uplink, m.Downlink, m.ID)
	if !o.partition || !sheet.add(index, built) {
		return nil
	}
	return built.Labels.WriteTable(w)
}

// drawSheet draws the heat maps and names each once.
func drawSheet(w io.Writer, sheet *sheet, folder string) error {
	paths, err := sheet.draw(folder)
	for _, path := range paths {
		if filepath.Ext(path) == "."+plots.Formats()[0] {
			fmt.Fprintf(w, "  %s\n", path)
		}
	}
	return err
}
