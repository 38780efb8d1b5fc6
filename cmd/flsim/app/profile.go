package app

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/spf13/cobra"
)

func addProfile(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "cpuprofile", "", "write a profile for go tool pprof to this file")
}

// profiled calls work and writes a CPU profile of it to the file, or none if that has no name.
func profiled(file string, work func() error) (err error) {
	if file == "" {
		return work()
	}
	f, err := os.Create(file)
	if err != nil {
		return usageError{fmt.Errorf("--cpuprofile: %w", err)}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return work()
}
