package f32

import "time"

// PeakRate measures, over about the given time, how many floating-point operations per second a loop of independent
// fused multiply-adds reaches with the kernel in use: the yardstick for all others. It returns the best of many short
// rounds.
func PeakRate(d time.Duration) float64 {
	const turns, chains = 20000, 12
	lanes := map[level]int{portable: 1, neon: 4, avx2: 8, avx512: 16}[kern.level]
	best := 0.0
	for begin := time.Now(); time.Since(begin) < d; {
		start := time.Now()
		if kern.level == portable {
			portablePeak(turns, chains)
		} else {
			peakAsm(&vecArgs{n: turns})
		}
		best = max(best, float64(2*turns*chains*lanes)/time.Since(start).Seconds())
	}
	return best
}

func portablePeak(turns, chains int) {
	var acc [16]term
	one := acc
	for range turns {
		fmaRow(acc[:chains], one[:chains], 1)
	}
}
