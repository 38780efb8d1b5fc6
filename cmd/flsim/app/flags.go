package app

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flsim/internal/spell"
)

// flagSuggestion returns what to add to an error about an unknown flag: the flag that was probably meant.
func flagSuggestion(cmd *cobra.Command, err error) string {
	_, word, found := strings.Cut(err.Error(), "unknown flag: --")
	if !found {
		return ""
	}
	word, _, _ = strings.Cut(word, "=")
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := spell.Nearest(word, names); near != "" {
		return fmt.Sprintf(", did you mean --%s?", near)
	}
	return ""
}
