package app

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"flsim/internal/units"
	"flsim/sim/record"
)

func lsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls [RUNS...]",
		Short: "List runs that are on disk",
		Long: `Ls lists all runs at or below the given folders (default: runs), by experiment, in the order of their file and by seed: done; running, by a process that is
alive; stopped, which flsim run continues; or damaged, which it starts anew. What is not done shows its
latest metric and its bits so far.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"runs"}
			}
			list, err := lookAll(args)
			if err != nil {
				return err
			}
			if asJSON {
				return encodeLines(cmd.OutOrStdout(), list)
			}
			return writeList(cmd.OutOrStdout(), list)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON lines")
	return cmd
}

// encodeLines writes each value as a line of JSON.
func encodeLines[T any](w io.Writer, list []T) error {
	out := json.NewEncoder(w)
	for _, v := range list {
		if err := out.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

func writeList(w io.Writer, list []*seen) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	swept := slices.ContainsFunc(list, func(s *seen) bool { return s.Manifest != nil && len(s.Manifest.Axes) > 0 })
	head := []string{"experiment", "variant", "seed", "state", "rounds", "final", "uplink", "when", "folder"}
	if swept {
		head = slices.Insert(head, 2, "swept")
	}
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, s := range list {
		cells := s.cells()
		if swept {
			cells = slices.Insert(cells, 2, s.swept())
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

const unknownCell = "–"

// cells are what the list says of a run.
func (s *seen) cells() []string {
	experiment, variant, seed, rounds, final, uplink := unknownCell, unknownCell, unknownCell, unknownCell, unknownCell, unknownCell
	if m := s.Manifest; m != nil {
		experiment, variant, seed = m.Experiment, m.Variant, fmt.Sprint(m.Seed)
		rounds = fmt.Sprintf("%d/%d", s.Done, m.Rounds)
	}
	if r := s.Result; r != nil {
		final, uplink = units.Percent(r.Final)+" "+r.Metric, units.Bits(float64(r.Uplink.Wire))
	}
	return []string{experiment, variant, seed, s.State, rounds, final, uplink, s.when(), s.Dir}
}

func (s *seen) when() string { return s.When.Format("2006-01-02 15:04") }

// swept tells the values of swept keys, as in "codec.q.bits=4".
func (s *seen) swept() string {
	if s.Manifest == nil {
		return unknownCell
	}
	return axesInWords(s.Manifest.Axes)
}

func axesInWords(axes record.Axes) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(axes)) {
		words = append(words, fmt.Sprintf("%s=%v", key, axes[key]))
	}
	return strings.Join(words, " ")
}
