//go:build !unix

package app

// peakMemory is not told on this system.
func peakMemory() string { return "unknown" }
