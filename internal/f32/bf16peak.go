package f32

import "time"

// PeakRateBF16 measures like PeakRate how many floating-point operations per second a loop of independent products of
// bfloat16 pairs reaches; 0 where BF16 names no instruction set.
func PeakRateBF16(d time.Duration) float64 {
	if !hasBF16() {
		return 0
	}
	const turns, chains = 10000, 24
	best := 0.0
	for begin := time.Now(); time.Since(begin) < d; {
		start := time.Now()
		peakPairsAsm(&vecArgs{n: turns})
		best = max(best, float64(4*turns*chains*16)/time.Since(start).Seconds())
	}
	return best
}
