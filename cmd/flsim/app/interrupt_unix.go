//go:build unix

package app

import (
	"os"
	"syscall"
)

// interrupts are the signals that ask for a stop: Ctrl-C, and a scheduler's notice.
var interrupts = []os.Signal{os.Interrupt, syscall.SIGTERM}
