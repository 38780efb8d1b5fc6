package app

import (
	"github.com/spf13/cobra"

	"flsim/configs"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON Schema of the TOML files, for editors",
		Long: `Schema prints a JSON Schema (draft 2020-12) of experiment files. An editor that knows it, such as VS Code
with Even Better TOML, completes keys, shows what they mean, and marks what is wrong. Name it in the first line
of a file:

    #:schema ./flsim.schema.json`,
		Example: `  flsim schema > flsim.schema.json`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(configs.JSONSchema())
			return err
		},
	}
}
