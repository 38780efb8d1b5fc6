package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"flsim/configs"
	"flsim/datasets"
	"flsim/datasets/fetch"
	"flsim/datasets/volumes"
	"flsim/internal/units"
)

func dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "List, check, download and make data sets, and clear what was prepared of them",
		Args:  unknownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(dataListCommand(), dataVerifyCommand(), dataPathCommand(), dataGetCommand(), dataCacheCommand(), synthCommand())
	return cmd
}

func synthCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "synth",
		Short: "Write generated data as the files of a real data set",
		Args:  unknownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(synthBratsCommand())
	return cmd
}

// listed is what is known of a data set without reading it.
type listed struct {
	Name      string   `json:"name"`
	Synthetic bool     `json:"synthetic"`
	Found     bool     `json:"found"`
	Place     string   `json:"place,omitempty"` // where its files are
	Dir       string   `json:"dir,omitempty"`   // where they were looked for
	Want      []string `json:"want,omitempty"`  // what to put there; each entry alone would do
}

func listSet(name, dir string) (*listed, error) {
	l := &listed{Name: name, Found: true}
	if datasets.Is(name, datasets.Generated) {
		l.Synthetic = true
		return l, nil
	}
	l.Dir = dir
	var missing *datasets.MissingError
	var err error
	l.Place, err = datasets.Locate(name, dir)
	if errors.As(err, &missing) {
		l.Found, l.Want, err = false, missing.Want, nil
	} else if err == nil {
		_, absent := os.Stat(filepath.Join(l.Place, volumes.GeneratedFile))
		l.Synthetic = absent == nil
	}
	return l, err
}

func dataListCommand() *cobra.Command {
	var dirFlag string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List data sets and where their files are",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := dataDir(dirFlag)
			if err != nil {
				return err
			}
			var list []*listed
			for _, name := range datasets.Names() {
				l, err := listSet(name, dir)
				if err != nil {
					return err
				}
				list = append(list, l)
			}
			if asJSON {
				return encodeLines(cmd.OutOrStdout(), list)
			}
			return writeSets(cmd.OutOrStdout(), list, dir)
		},
	}
	addDataDir(cmd, &dirFlag)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON lines")
	return cmd
}

func writeSets(w io.Writer, list []*listed, dir string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "data set\tkind\tstate\tplace")
	for _, l := range list {
		kind, state, place := "real", "found", l.Place
		if l.Synthetic {
			kind = "synthetic"
		}
		switch {
		case l.Synthetic && l.Place == "":
			place = "generated, needs no files"
		case !l.Found:
			state, place = "missing", sourceOf(l.Name)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", l.Name, kind, state, place)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "looked for in %s\n", dir)
	return err
}

// sourceOf says in a few words where to get a data set.
func sourceOf(name string) string {
	source, known := fetch.SourceOf(name)
	switch {
	case !known:
		return "flsim cannot download it"
	case source.Terms != "":
		return "by hand, see " + source.Guide
	}
	return "flsim data get " + name
}

func dataPathCommand() *cobra.Command {
	var dirFlag string
	cmd := &cobra.Command{
		Use:   "path [SET]",
		Short: "Print the data directory, or the folder or archive of one data set",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			place, err := dataDir(dirFlag)
			if err == nil && len(args) > 0 {
				place, err = placeOf(args[0], place)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), place)
			return err
		},
		ValidArgs: datasets.Names(),
	}
	addDataDir(cmd, &dirFlag)
	return cmd
}

func placeOf(name, dir string) (string, error) {
	if err := knownSet(name); err != nil {
		return "", err
	}
	if datasets.Is(name, datasets.Generated) {
		return "", usageError{fmt.Errorf("%s is generated and has no files", name)}
	}
	return datasets.Locate(name, dir)
}

func knownSet(name string) error {
	if names := datasets.Names(); !slices.Contains(names, name) {
		return usageError{unknown("data set", name, names)}
	}
	return nil
}

// verified is what a data set turned out to hold.
type verified struct {
	Name    string   `json:"name"`
	Shape   string   `json:"shape"` // of an example
	Train   int      `json:"train"` // examples
	Test    int      `json:"test"`
	Classes []string `json:"classes,omitempty"`
	Regions []string `json:"regions,omitempty"`
	Cases   int      `json:"test_cases,omitempty"`
	Sites   []string `json:"sites,omitempty"`
	Digest  string   `json:"digest"`
	Notes   []string `json:"notes,omitempty"`
}

func dataVerifyCommand() *cobra.Command {
	var dirFlag, cacheDir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify SET...",
		Short: "Read data sets and tell what they hold",
		Long: `Verify reads whole data sets as run would at their default settings, and prints how many examples they have, their
digest, and notes such as whether checksums are the official ones.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := dataDir(dirFlag)
			if err != nil {
				return err
			}
			b := &configs.Builder{DataDir: dir, CacheDir: cacheDir}
			for _, name := range args {
				if err := knownSet(name); err != nil {
					return err
				}
				done := tellPreparation(b, cmd.ErrOrStderr())
				data, err := b.OpenSet(name)
				done()
				if err != nil {
					return err
				}
				if err := verify(name, data).write(cmd.OutOrStdout(), asJSON); err != nil {
					return err
				}
			}
			return nil
		},
		ValidArgs: datasets.Names(),
	}
	addDataDir(cmd, &dirFlag)
	addCacheDir(cmd, &cacheDir)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON lines")
	return cmd
}

func verify(name string, d *datasets.Data) *verified {
	v := &verified{Name: name, Shape: d.Train.Shape().String(), Train: d.Train.Len(), Test: d.Test.Len(), Regions: d.Regions, Sites: d.Sites, Digest: d.Digest, Notes: d.Notes}
	if d.Regions == nil {
		v.Classes = d.ClassNames
	}
	if d.Cases != nil {
		v.Cases = d.Cases.Len()
	}
	return v
}

func (v *verified) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(v)
	}
	fmt.Fprintf(w, "%s: %d examples of %s to train on, %d to test on", v.Name, v.Train, v.Shape, v.Test)
	if v.Cases > 0 {
		fmt.Fprintf(w, ", of %s", units.Count(v.Cases, "test case"))
	}
	if len(v.Classes) > 0 {
		fmt.Fprintf(w, ", %d classes", len(v.Classes))
	}
	if len(v.Regions) > 0 {
		fmt.Fprintf(w, ", regions %s", strings.Join(v.Regions, ", "))
	}
	if len(v.Sites) > 0 {
		fmt.Fprintf(w, ", %s", units.Count(len(v.Sites), "site"))
	}
	fmt.Fprintf(w, "\n  digest %s\n", v.Digest)
	for _, note := range v.Notes {
		fmt.Fprintf(w, "  %s\n", note)
	}
	return nil
}
