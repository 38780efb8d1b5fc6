package main

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
)

func checkCommand() *cobra.Command {
	var sets []string
	var data string
	var partition bool
	var folder string
	cmd := &cobra.Command{
		Use:   "check CONFIG...",
		Short: "Check configurations and tell what they would run, without running it",
		Long: `Check reads each file as run would and reports everything that is wrong with it at once. Missing
data are told, but are no error. With --partition it opens the data and shows which labels each
client holds; with -o it draws that too.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if folder != "" && !partition {
				return usageError{errors.New("-o is the folder for the heat maps of --partition, which is not given")}
			}
			dir, err := dataDir(data)
			if err != nil {
				return err
			}
			b := &configs.Builder{DataDir: dir, Workers: 1}
			for _, path := range args {
				file, failed := load(path, sets, cmd.ErrOrStderr())
				if failed != nil {
					err = errors.Join(err, failed)
					continue
				}
				err = errors.Join(err, check(cmd.OutOrStdout(), file, b, partition, folder))
			}
			return err
		},
	}
	addSet(cmd, &sets)
	addDataDir(cmd, &data)
	cmd.Flags().BoolVar(&partition, "partition", false, "show which labels each client holds")
	cmd.Flags().StringVarP(&folder, "output", "o", "", "with --partition: folder for the partition's heat maps")
	return cmd
}

func check(w io.Writer, file *configs.File, b *configs.Builder, partition bool, folder string) error {
	runs := file.Runs()
	fmt.Fprintf(w, "%s: %s\n", file.Path, units.Count(len(runs), "run"))
	sheet := &sheet{}
	var failed []error
	absent := "" // what was told last
	for _, run := range runs {
		built, err := b.Build(run)
		var missing *datasets.MissingError
		if errors.As(err, &missing) {
			if text := missing.Error(); text != absent {
				fmt.Fprintf(w, "  %s; run would exit with code %d\n", text, exitData)
				absent = text
			}
			continue
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", file.Path, err))
			continue
		}
		m := &built.Manifest
		fmt.Fprintf(w, "  %s seed %d: %s on %s, %d parameters, %d clients, %d rounds, uplink %s, downlink %s, id %.8s\n",
			m.Variant, m.Seed, m.Model, m.Data, m.Parameters, m.Clients, m.Rounds, m.Uplink, m.Downlink, m.ID)
		if !partition || !sheet.add(built) {
			continue
		}
		if err := built.Labels.WriteTable(w); err != nil {
			return err
		}
	}
	if folder == "" || !partition {
		return errors.Join(failed...)
	}
	paths, err := sheet.draw(folder)
	for _, path := range paths {
		if filepath.Ext(path) == "."+plots.Formats()[0] {
			fmt.Fprintf(w, "  %s\n", path)
		}
	}
	return errors.Join(append(failed, err)...)
}
