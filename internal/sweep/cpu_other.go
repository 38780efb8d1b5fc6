//go:build !unix

package sweep

import "time"

var started = time.Now()

// cpuTime returns the time that has passed: here nothing better is known.
func cpuTime() time.Duration { return time.Since(started) }
