//go:build unix

package sweep

import (
	"syscall"
	"time"
)

var started = time.Now()

// cpuTime returns the processor time that this process has used, which other processes on the machine do not disturb.
func cpuTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return time.Since(started)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
