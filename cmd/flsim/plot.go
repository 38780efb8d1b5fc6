package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flsim/plots"
	"flsim/sim/record"
)

// plotOptions are the options of "flsim plot".
type plotOptions struct {
	x, y    string
	band    string
	account string
	size    string
	out     string
	best    bool
	beside  bool
}

func plotCommand() *cobra.Command {
	var o plotOptions
	cmd := &cobra.Command{
		Use:   "plot RUNS...",
		Short: "Draw figures of runs that are on disk",
		Long: `Plot draws one figure of all runs at or below the given folders: a curve for each variant, with a
band over its seeds. Without --x and --y it draws the figures that run draws.`,
		Example: `  flsim plot runs/quickstart --x uplink_bits --y accuracy -o figure.pdf
  flsim plot runs/quickstart --x round --y loss --training --size ieee-1col -o loss.svg`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			paths, err := o.plot(args)
			for _, path := range paths {
				fmt.Fprintln(cmd.OutOrStdout(), path)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.x, "x", "", "horizontal axis: "+strings.Join(plots.XNames(), ", ")+", or a column's name")
	f.StringVar(&o.y, "y", "", "vertical axis: a column of rounds.jsonl, such as accuracy, dice_wt or loss")
	f.StringVar(&o.band, "band", "std", "band over seeds: std, minmax, none")
	f.StringVar(&o.account, "bits", "wire", "which bits an axis of bits counts: "+strings.Join(plots.Accounts(), ", "))
	f.StringVar(&o.size, "size", plots.DefaultSize.Name, "size on paper: "+sizeNames())
	f.StringVarP(&o.out, "output", "o", "", "file (.png, .svg, .pdf), or folder for all formats (default: figures beside the first run)")
	f.BoolVar(&o.best, "best", false, "show the best value so far")
	f.BoolVar(&o.beside, "training", false, "show the same on training data beside it")
	return cmd
}

func sizeNames() string {
	var names []string
	for _, s := range plots.Sizes() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

func (o *plotOptions) plot(args []string) ([]string, error) {
	size, err := plots.SizeByName(o.size)
	if err != nil {
		return nil, usageError{fmt.Errorf("--size: %w", err)}
	}
	options := plots.Options{Best: o.best, Beside: o.beside, Account: o.account}
	if options.Band, err = bandByName(o.band); err != nil {
		return nil, err
	}
	runs, err := findRuns(args)
	if err != nil {
		return nil, err
	}
	ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(o.out)), ".")
	file := slices.Contains(plots.Formats(), ending)
	if image := []string{"jpg", "jpeg", "gif", "tif", "tiff", "eps", "ps"}; slices.Contains(image, ending) {
		return nil, usageError{fmt.Errorf("-o %s: figures are written as %s", o.out, strings.Join(plots.Formats(), ", "))}
	}
	if o.x == "" && o.y == "" && !file {
		return plots.DrawAll(runs, o.folder(runs), plots.DefaultSpecs(runs), size)
	}
	o.fill(runs)
	figure, err := plots.FromRuns(runs, o.x, o.y, options)
	if err != nil {
		return nil, usageError{err}
	}
	if file {
		if err := plots.Save(o.out, figure, size); err != nil {
			return nil, err
		}
		return []string{o.out}, nil
	}
	return plots.SaveAll(filepath.Join(o.folder(runs), o.y+"-"+o.x), figure, size)
}

// fill completes the axes.
func (o *plotOptions) fill(runs []*record.Run) {
	if o.x == "" {
		o.x = "uplink_bits"
	}
	if o.y == "" {
		o.y = runs[0].Manifest.Metric
	}
}

func (o *plotOptions) folder(runs []*record.Run) string {
	if o.out != "" {
		return o.out
	}
	return filepath.Join(filepath.Dir(runs[0].Dir), "figures")
}

func bandByName(name string) (plots.Band, error) {
	switch name {
	case "std":
		return plots.StdBand, nil
	case "minmax":
		return plots.MinMaxBand, nil
	case "none":
		return plots.NoBand, nil
	}
	return 0, usageError{fmt.Errorf("--band %s: it is one of std, minmax, none", name)}
}

// findRuns reads all runs at or below the given folders.
func findRuns(args []string) ([]*record.Run, error) {
	dirs, err := findDirs(args)
	if err != nil {
		return nil, err
	}
	return openRuns(dirs)
}
