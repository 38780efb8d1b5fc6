//go:build unix

package app

import (
	"runtime"
	"syscall"

	"flsim/internal/units"
)

// peakMemory tells the largest resident size that this process has had.
func peakMemory() string {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return "unknown"
	}
	bytes := float64(use.Maxrss)
	if runtime.GOOS != "darwin" { // everywhere else the unit is 1024 bytes
		bytes *= 1024
	}
	return units.Bytes(bytes)
}
