package app

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flsim/plots"
	"flsim/plots/figures"
	"flsim/sim/record"
	"flsim/sim/results"
)

// plotOptions are the options of "flsim plot".
type plotOptions struct {
	figures.Options
	selectOptions
	band, xlim, ylim string
	size             string
	out              string
}

func plotCommand() *cobra.Command {
	var o plotOptions
	cmd := &cobra.Command{
		Use:   "plot RUNS... | CONFIG",
		Short: "Draw figures of runs that are on disk",
		Long: `Plot draws one figure of all runs at or below the given folders: a curve for each variant, with a
band over its seeds, or one of the other kinds. Without --kind, --x, --y and --facet it draws the figures that run draws. Of an
experiment file it draws the runs that are on disk, and the figures that the file asks for.

Where a folder holds runs of one variant and seed with different settings, plot takes those that the given experiment file
describes, or of a folder the set that most runs belong to, and says what it leaves out; --where and --all choose otherwise.`,
		Example: `  flsim plot runs/quickstart --x uplink_bits --y accuracy -o figure.pdf
  flsim plot runs/quickstart --x round --y loss --training --size ieee-1col -o loss.svg
  flsim plot runs/quickstart --kind bars --target 0.7 --only fedavg,qsgd -o bars.pdf
  flsim plot runs/sweep --kind heatmap --x bits --y keep --no-title -o grid.pdf
  flsim plot runs/sweep --facet bits --band ci95 --ylim 40:80 -o facets.png`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			paths, err := o.plot(args, cmd.ErrOrStderr())
			for _, path := range paths {
				fmt.Fprintln(cmd.OutOrStdout(), path)
			}
			return err
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

func (o *plotOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.Kind, "kind", "", "kind of figure: "+strings.Join(figures.Kinds(), ", "))
	f.StringVar(&o.X, "x", "", "horizontal axis: "+strings.Join(figures.XNames(), ", ")+", or a column's name; of a heat map or sweep a swept key")
	f.StringVar(&o.Y, "y", "", "vertical axis: a column of rounds.jsonl, such as accuracy, dice_wt or loss; of a heat map a swept key; of a sweep also a cost of the target, as in sim_time")
	f.StringVar(&o.Z, "z", "", "what a heat map shows: a column, whose last value counts, or what it took to reach the target: "+strings.Join(figures.XNames(), ", "))
	f.Float64SliceVar(&o.Targets, "target", nil, "metric value of interest, such as 0.7, in place of the experiment's own; repeatable")
	f.BoolVar(&o.Unmarked, "no-targets", false, "no lines at targets")
	f.StringVar(&o.Facet, "facet", "", "a small figure for each value of a swept key, such as bits, or for each variant")
	f.StringVar(&o.band, "band", "std", "band over seeds: "+strings.Join(plots.BandNames(), ", "))
	f.StringVar(&o.Account, "bits", "wire", "which bits an axis of bits counts: "+strings.Join(figures.Accounts(), ", "))
	f.BoolVar(&o.Best, "best", false, "show the best value so far")
	f.BoolVar(&o.Beside, "training", false, "show the same on training data beside it")
	f.Float64Var(&o.Minus, "minus", 0, "number that is taken off y, such as a known minimum")
	f.IntVar(&o.Rounds, "rounds", 3, "rounds of a timeline")
	f.StringVar(&o.XScale, "xscale", "auto", "horizontal axis: auto, linear, log")
	f.StringVar(&o.YScale, "yscale", "auto", "vertical axis, or colours of a heat map: auto, linear, log")
	f.StringVar(&o.xlim, "xlim", "", "ends of the horizontal axis, LOW:HIGH, either of which may be missing")
	f.StringVar(&o.ylim, "ylim", "", "ends of the vertical axis")
	f.StringVar(&o.Title, "title", "", "title (default: the experiment's name)")
	f.BoolVar(&o.Bare, "no-title", false, "neither title nor subtitle, for figures with a caption")
	f.StringVar(&o.size, "size", plots.DefaultSize.Name, "size on paper: "+sizeNames())
	f.StringVarP(&o.out, "output", "o", "", "file (.png, .svg, .pdf), or folder for all formats (default: figures beside the first run)")
	o.selectOptions.addFlags(f, &o.Selection)
}

// selectOptions say which runs and curves a figure or a table shows.
type selectOptions struct {
	where []string
	all   bool
}

func (o *selectOptions) addFlags(f *pflag.FlagSet, s *results.Selection) {
	f.StringArrayVar(&s.Only, "only", nil, "variant or label to show, such as 'qsgd*' or 'QSGD, 4 bit', or several with commas; repeatable")
	f.StringArrayVar(&s.Without, "without", nil, "variant or label to leave out; like --only")
	f.StringArrayVar(&s.Order, "order", nil, "variant or label that comes first in the legend, then the next; like --only")
	f.StringArrayVar(&s.Labels, "label", nil, "own label, NAME=TEXT; repeatable")
	f.StringArrayVar(&o.where, "where", nil, "only runs with a setting, KEY=VALUE, as in rounds=60; repeatable")
	f.BoolVar(&o.all, "all", false, "show runs of different settings as curves of their own")
}

// checkTargets reports values that no metric reaches as a share.
func checkTargets(targets []float64) error {
	for _, v := range targets {
		if v > 0 && v < 1 {
			continue
		}
		hint := ""
		if v > 1 && v < 100 {
			hint = fmt.Sprintf("; %v %% is %v", v, math.Round(v*1e6)/1e8)
		}
		return usageError{fmt.Errorf("--target must be above 0 and below 1, got %v%s", v, hint)}
	}
	return nil
}

// runs reads the runs to show: of those that rival each other in the folder of a file the ones that it describes. What is
// left out is told on w.
func (o *selectOptions) runs(args []string, files []experiment, w io.Writer) ([]*record.Run, error) {
	runs, err := findRuns(args)
	if err != nil {
		return nil, err
	}
	if runs, err = results.Where(runs, o.where); err != nil {
		return nil, usageError{fmt.Errorf("--where: %w", err)}
	}
	if o.all {
		return results.Spread(runs)
	}
	for _, e := range files {
		runs = e.described(runs, w)
	}
	runs, note, err := results.Choose(runs)
	if err != nil {
		return nil, usageError{err}
	}
	if note != "" {
		fmt.Fprintln(w, note)
	}
	return runs, nil
}

func sizeNames() string {
	var names []string
	for _, s := range plots.Sizes() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// complete reads the options that are words.
func (o *plotOptions) complete() (size plots.Size, err error) {
	if size, err = plots.SizeByName(o.size); err != nil {
		return size, usageError{fmt.Errorf("--size: %w", err)}
	}
	if err := checkTargets(o.Targets); err != nil {
		return size, err
	}
	if math.IsNaN(o.Minus) || math.IsInf(o.Minus, 0) {
		return size, usageError{fmt.Errorf("--minus must be a finite number, got %v", o.Minus)}
	}
	if o.Band, err = plots.BandByName(o.band); err != nil {
		return size, usageError{fmt.Errorf("--band: %w", err)}
	}
	if o.XLim, err = plots.ParseLimits(o.xlim); err != nil {
		return size, usageError{fmt.Errorf("--xlim: %w", err)}
	}
	if o.YLim, err = plots.ParseLimits(o.ylim); err != nil {
		return size, usageError{fmt.Errorf("--ylim: %w", err)}
	}
	return size, nil
}

func (o *plotOptions) plot(args []string, stderr io.Writer) ([]string, error) {
	size, err := o.complete()
	if err != nil {
		return nil, err
	}
	ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(o.out)), ".")
	file := slices.Contains(plots.Formats(), ending)
	if image := []string{"jpg", "jpeg", "gif", "tif", "tiff", "eps", "ps"}; slices.Contains(image, ending) {
		return nil, usageError{fmt.Errorf("-o %s: figures are written as %s", o.out, strings.Join(plots.Formats(), ", "))}
	}
	args, files, err := experimentFiles(args, stderr)
	if err != nil {
		return nil, err
	}
	runs, err := o.runs(args, files, stderr)
	if err != nil {
		return nil, err
	}
	if o.Kind == "" && o.X == "" && o.Y == "" && o.Facet == "" && !file {
		var asked []figures.Spec
		for _, e := range files {
			asked = append(asked, specsOf(e.file.Plots)...)
		}
		return o.drawSet(runs, asked, size)
	}
	d, err := figures.New(runs, o.Options)
	if err != nil {
		return nil, usageError{err}
	}
	size = figures.SizeOf(d, size)
	if file {
		return []string{o.out}, plots.Save(o.out, d, size)
	}
	return plots.SaveAll(filepath.Join(o.folder(runs), o.name(runs)), d, size)
}

// drawSet draws the figures that were asked for, or else the usual ones, with the options laid over them.
func (o *plotOptions) drawSet(runs []*record.Run, specs []figures.Spec, size plots.Size) ([]string, error) {
	runs, err := results.Select(runs, &o.Selection)
	if err != nil {
		return nil, usageError{err}
	}
	if len(specs) == 0 {
		specs = figures.DefaultSpecs(runs)
	}
	for i := range specs {
		s := &specs[i].Options
		s.Bare, s.Unmarked = s.Bare || o.Bare, s.Unmarked || o.Unmarked
		s.Selection.Order, s.Selection.Labels = append(s.Selection.Order, o.Order...), append(s.Selection.Labels, o.Labels...)
		if o.Band != plots.StdBand {
			s.Band = o.Band
		}
		if len(o.Targets) > 0 {
			s.Targets = o.Targets
		}
	}
	paths, err := figures.DrawAll(runs, o.folder(runs), specs, size)
	if err != nil {
		err = usageError{err}
	}
	return paths, err
}

// name returns what the files of a figure are called.
func (o *plotOptions) name(runs []*record.Run) string {
	x, y := o.X, o.Y
	if o.Kind != "" && o.Kind != "curves" {
		return o.Kind
	}
	if x == "" {
		x = "uplink_bits"
	}
	if y == "" || y == "metric" {
		y = runs[0].Manifest.Metric
	}
	if o.Facet != "" {
		return y + "-" + x + "-by-" + o.Facet
	}
	return y + "-" + x
}

func (o *plotOptions) folder(runs []*record.Run) string {
	if o.out != "" {
		return o.out
	}
	return filepath.Join(filepath.Dir(runs[0].Dir), "figures")
}

// findRuns reads all runs at or below the given folders.
func findRuns(args []string) ([]*record.Run, error) {
	dirs, err := findDirs(args)
	if err != nil {
		return nil, err
	}
	return openRuns(dirs)
}
