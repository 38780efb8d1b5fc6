//go:build !unix

package main

// peakMemory is not told on this system.
func peakMemory() string { return "unknown" }
