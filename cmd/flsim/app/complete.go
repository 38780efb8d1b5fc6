package app

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"flsim/configs"
	"flsim/plots"
	"flsim/plots/figures"
	"flsim/plots/table"
)

// complete tells shells what may stand where: files and folders, keys of --set, and the words that options take.
func complete(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		complete(cmd)
		switch use := cmd.Use; {
		case cmd.ValidArgsFunction != nil || cmd.ValidArgs != nil:
		case strings.Contains(use, "CONFIG"):
			cmd.ValidArgsFunction = onlyFiles("toml")
		case strings.Contains(use, "RUN"):
			cmd.ValidArgsFunction = onlyFolders
		default:
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
		for flag, values := range words(cmd) {
			if cmd.Flags().Lookup(flag) != nil {
				// The only error is that the flag is not there or has a completion.
				_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
			}
		}
		for _, flag := range []string{"data-dir", "cache-dir"} {
			if cmd.Flags().Lookup(flag) != nil {
				_ = cmd.MarkFlagDirname(flag)
			}
		}
		if cmd.Flags().Lookup("set") != nil {
			_ = cmd.RegisterFlagCompletionFunc("set", completeKeys)
		}
	}
}

func onlyFiles(ending string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{ending}, cobra.ShellCompDirectiveFilterFileExt
	}
}

func onlyFolders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// words are the values that a command's options take.
func words(cmd *cobra.Command) map[string][]string {
	w := map[string][]string{
		"progress":  {"auto", "line", "plain", "none"},
		"bits":      figures.Accounts(),
		"band":      plots.BandNames(),
		"precision": {"float32", "bf16"},
		"format":    exportFormats,
	}
	switch cmd.Name() {
	case "plot":
		w["size"], w["kind"] = strings.Split(sizeNames(), ", "), figures.Kinds()
	case "table":
		w["format"] = table.Formats()
	}
	return w
}

// completeKeys completes the option --set: the path of a key and, behind the equals sign, its words.
func completeKeys(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	path, _, found := strings.Cut(typed, "=")
	if !found {
		var keys []string
		for _, key := range configs.Keys() {
			if strings.HasPrefix(key, path) {
				keys = append(keys, key+"=")
			}
		}
		return keys, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	var values []string
	for _, word := range configs.WordsOf(path) {
		if word = path + "=" + word; strings.HasPrefix(word, typed) {
			values = append(values, word)
		}
	}
	return values, cobra.ShellCompDirectiveNoFileComp
}

func manCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write manual pages",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			root.DisableAutoGenTag = true // which would tell the day
			return doc.GenManTree(root, &doc.GenManHeader{Title: "FLSIM", Section: "1", Source: "flsim " + release, Manual: "flsim"}, args[0])
		},
	}
}
