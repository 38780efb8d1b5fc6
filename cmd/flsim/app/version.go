package app

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"flsim/configs"
	"flsim/internal/f32"
)

// versionInfo is what "flsim version" tells.
type versionInfo struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Results int    `json:"results_version"` // results of equal versions are comparable bit by bit
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Kernel  string `json:"kernel"`
	BF16    string `json:"bf16,omitempty"` // instructions of the bf16 precision, if there are any
}

// release is the version under way.
const release = "0.1.0"

func currentVersion() versionInfo {
	v := versionInfo{Version: release, Results: configs.ResultsVersion, Go: runtime.Version(), OS: runtime.GOOS,
		Arch: runtime.GOARCH, Kernel: f32.Kernel(), BF16: f32.BF16()}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == "flsim" { // else the revision is another module's
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = s.Value
			}
		}
	}
	return v
}

func versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version and how this build computes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := currentVersion()
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(v)
			}
			kernel := v.Kernel
			if v.BF16 != "" {
				kernel += ", bf16 by " + v.BF16
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "flsim %s, results version %d, %s, %s/%s, kernel %s\n",
				v.Version, v.Results, v.Go, v.OS, v.Arch, kernel)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}
