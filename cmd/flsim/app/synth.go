package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flsim/datasets/synthetic/brain"
	"flsim/datasets/volumes"
	"flsim/internal/units"
)

// synthOptions are the options of "flsim data synth brats".
type synthOptions struct {
	brain.Options
	size  string
	out   string
	force bool
}

func synthBratsCommand() *cobra.Command {
	o := synthOptions{}
	cmd := &cobra.Command{
		Use:   "brats -o DIR",
		Short: "Write generated brain tumours as folders of BraTS 2021",
		Long: `Brats writes scans of brains with tumours that were generated from a seed, not photographed: for each
case a folder with four modalities and labels as the BraTS 2021 challenge names and codes them, and
a table of the hospitals that the cases are from, whose scanners and patients differ.`,
		Example: `  flsim data synth brats --cases 40 -o data/brats-synthetic
  flsim data synth brats --cases 4 --size 120x120x78 --sites 2 --seed 7 -o scratch`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.write(cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.IntVar(&o.Cases, "cases", 40, "number of cases")
	f.IntVar(&o.Sites, "sites", 8, "number of hospitals")
	f.Uint64Var(&o.Seed, "seed", 1, "what the scans are drawn from")
	f.StringVar(&o.size, "size", "240x240x155", "voxels from right to left, front to back and bottom to top")
	f.StringVarP(&o.out, "output", "o", "", "folder to write into (required)")
	f.BoolVar(&o.force, "force", false, "write into a folder that is not empty, and replace files of the same names")
	return cmd
}

func (o *synthOptions) write(w io.Writer) error {
	if o.out == "" {
		return usageError{errors.New("-o: say which folder to write into")}
	}
	var err error
	if o.Size, err = parseSize(o.size); err != nil {
		return usageError{err}
	}
	set, err := brain.New(o.Options)
	if err != nil {
		return usageError{err}
	}
	if err := o.checkFolder(); err != nil {
		return err
	}
	sites := set.Sites()
	fmt.Fprintln(w, "case             site     WT cm³  TC cm³  ET cm³")
	err = set.WriteFolder(o.out, func(s *volumes.Scan) {
		size := set.Volumes(s)
		fmt.Fprintf(w, "%-15s  %-7s  %6.1f  %6.1f  %6.1f\n", s.Name, sites[s.Site], size[0], size[1], size[2])
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "wrote %s of %s voxels and %s to %s; generated from seed %d, not photographed\n",
		units.Count(set.Len(), "case"), o.size, brain.MappingFile, filepath.ToSlash(o.out), o.Seed)
	return err
}

// checkFolder refuses a folder with other things in it.
func (o *synthOptions) checkFolder() error {
	entries, err := os.ReadDir(o.out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return usageError{fmt.Errorf("-o %s: %w", o.out, err)}
	case len(entries) > 0 && !o.force:
		return usageError{fmt.Errorf("-o %s: the folder is not empty; --force writes into it all the same", o.out)}
	}
	return nil
}

// parseSize reads three numbers with x between them.
func parseSize(text string) (size [3]int, err error) {
	words := strings.Split(text, "x")
	for k := range size {
		if len(words) == len(size) {
			size[k], err = strconv.Atoi(words[k])
		}
		if err != nil || len(words) != len(size) {
			return size, fmt.Errorf("--size %s: it is three numbers, as in 240x240x155", text)
		}
	}
	return size, nil
}
