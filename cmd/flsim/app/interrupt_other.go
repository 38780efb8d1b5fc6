//go:build !unix

package app

import "os"

// interrupts are the signals that ask for a stop.
var interrupts = []os.Signal{os.Interrupt}
