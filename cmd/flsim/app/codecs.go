package app

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"flsim/codecs"
	"flsim/internal/params"
	"flsim/internal/spell"
)

func codecsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "codecs [TYPE...]",
		Short: "List the codecs' stages with their parameters, ranges and papers",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			entries, err := chosen(args)
			if err != nil {
				return err
			}
			if asJSON {
				return codecsJSON(cmd.OutOrStdout(), entries)
			}
			for i, e := range entries {
				if i > 0 {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				if err := describe(cmd.OutOrStdout(), e); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.ValidArgs = typeNames()
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON lines")
	return cmd
}

func chosen(names []string) ([]codecs.Entry, error) {
	if len(names) == 0 {
		return codecs.Entries(), nil
	}
	var entries []codecs.Entry
	for _, name := range names {
		e, ok := codecs.Lookup(name)
		if !ok {
			return nil, usageError{unknown("stage of type", name, typeNames())}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// unknown says that there is nothing of a name, which name was probably meant, or which there are.
func unknown(what, name string, names []string) error {
	if near := spell.Nearest(name, names); near != "" {
		return fmt.Errorf("there is no %s %q; did you mean %q?", what, name, near)
	}
	return fmt.Errorf("there is no %s %q; there are %s", what, name, strings.Join(names, ", "))
}

func typeNames() []string {
	var names []string
	for _, e := range codecs.Entries() {
		names = append(names, e.Type)
	}
	return names
}

func describe(w io.Writer, e codecs.Entry) error {
	fmt.Fprintf(w, "%s (%s)\n  %s\n", e.Type, e.Slot, e.Doc)
	if e.Paper != "" {
		fmt.Fprintf(w, "  %s\n", e.Paper)
	}
	t := tabwriter.NewWriter(w, 4, 0, 2, ' ', 0)
	for _, p := range params.List(e.New()) {
		fmt.Fprintf(t, "    %s\t%s\t%s\tdefault %s\t%s\n", p.Name, p.Type, p.Allowed, p.Default, p.Doc)
	}
	return t.Flush()
}

func codecsJSON(w io.Writer, entries []codecs.Entry) error {
	out := json.NewEncoder(w)
	for _, e := range entries {
		line := struct {
			Type   string         `json:"type"`
			Slot   string         `json:"slot"`
			Doc    string         `json:"doc"`
			Paper  string         `json:"paper,omitempty"`
			Params []params.Param `json:"parameters"`
		}{e.Type, e.Slot.String(), e.Doc, e.Paper, params.List(e.New())}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
