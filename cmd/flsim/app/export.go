package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flsim/configs"
	"flsim/internal/export"
	"flsim/internal/units"
	"flsim/internal/weights"
	"flsim/sim/record"
)

// exportOptions are the options of "flsim export".
type exportOptions struct {
	format string
	out    string
}

// exportFormats are the values of --format.
var exportFormats = []string{"csv", "jsonl", "tensorboard", "npz", "safetensors"}

func exportCommand() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export RUNS... --format FORMAT",
		Short: "Write runs for other programs: tables, TensorBoard, weights",
		Long: `Export writes all runs at or below the given folders.

    csv, jsonl    one long table with a line for each round of each run, on the standard output or into -o FILE
    tensorboard   an event file for each run, into the folder -o; wall time is simulated time
    npz           the final weights of one run, tensor by tensor, as numpy.load reads them, into -o FILE
    safetensors   the same as a safetensors file

Weights can be started from again with model.weights = "FILE". See docs/export.md.`,
		Example: `  flsim export runs/quickstart --format csv -o quickstart.csv
  flsim export runs/quickstart --format tensorboard -o tensorboard
  flsim export runs/quickstart/fedavg-s1-* --format npz -o fedavg.npz`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.export(args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "", "what to write: "+strings.Join(exportFormats, ", ")+" (default: what -o ends in)")
	f.StringVarP(&o.out, "output", "o", "", "file, or for tensorboard folder, to write")
	return cmd
}

func (o *exportOptions) export(args []string, stdout, stderr io.Writer) error {
	if o.format == "" {
		o.format = strings.TrimPrefix(filepath.Ext(o.out), ".")
	}
	if !slices.Contains(exportFormats, o.format) {
		return usageError{fmt.Errorf("--format: %w", unknown("format", o.format, exportFormats))}
	}
	table := o.format == "csv" || o.format == "jsonl"
	if o.out == "" && !table {
		return usageError{errors.New("-o: say where to write to")}
	}
	runs, err := findRuns(args)
	if err != nil {
		return err
	}
	switch o.format {
	case "tensorboard":
		tellUnfinished(stderr, runs)
		return o.events(runs, stdout)
	case "npz", "safetensors":
		return o.weights(runs, stdout)
	}
	tellUnfinished(stderr, runs)
	write := export.NewTable(runs).CSV
	if o.format == "jsonl" {
		write = export.NewTable(runs).JSONL
	}
	if o.out == "" || o.out == "-" {
		return write(stdout)
	}
	return writeNamed(o.out, stdout, write)
}

// tellUnfinished says how many runs of a table will change.
func tellUnfinished(w io.Writer, runs []*record.Run) {
	n := 0
	for _, r := range runs {
		if r.Result == nil {
			n++
		}
	}
	if n > 0 {
		fmt.Fprintf(w, "warning: %d of %s not finished; what they have so far is written\n", n, units.Count(len(runs), "run"))
	}
}

// writeNamed writes a file, making its folder, and says where it is.
func writeNamed(path string, stdout io.Writer, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	if err := record.WriteTo(path, write); err != nil {
		return err
	}
	_, err := fmt.Fprintln(stdout, path)
	return err
}

// events writes an event file for each run: FOLDER/EXPERIMENT/RUN/events.out.tfevents....
func (o *exportOptions) events(runs []*record.Run, stdout io.Writer) error {
	for _, r := range runs {
		if name := r.Manifest.Experiment; !filepath.IsLocal(name) || name != filepath.Base(name) {
			return fmt.Errorf("%s: experiment = %q cannot be the name of a folder", filepath.Join(r.Dir, record.ManifestFile), name)
		}
		path := filepath.Join(o.out, r.Manifest.Experiment, filepath.Base(r.Dir), export.EventsFile)
		if err := writeNamed(path, stdout, func(w io.Writer) error { return export.Events(w, r) }); err != nil {
			return err
		}
	}
	return nil
}

// weights writes the weights of the only run.
func (o *exportOptions) weights(runs []*record.Run, stdout io.Writer) error {
	if len(runs) != 1 {
		return usageError{fmt.Errorf("--format %s takes one run, not %d; give its folder", o.format, len(runs))}
	}
	r := runs[0]
	l, w, err := configs.FinalWeights(r.Dir)
	if err != nil {
		return err
	}
	return writeNamed(o.out, stdout, func(file io.Writer) error {
		if o.format == "npz" {
			return weights.WriteNPZ(file, l, w)
		}
		m := &r.Manifest
		return weights.WriteSafetensors(file, l, w, map[string]string{"model": m.Model, "data": m.Data, "run": m.ID,
			"digest": r.Result.Digest, "order": "images NHWC, convolutions HWIO, dense [in][out]"})
	})
}
