// Package quantize holds the stock quantizers: float16, qsgd, sign and uniform.
package quantize

import (
	"fmt"
	"math"

	"flsim/internal/wire"
)

// unit maps a random word to a float64 in [0, 1).
func unit(x uint64) float64 { return float64(x>>11) / (1 << 53) }

// up rounds r, from 0, up if u, in [0, 1), is below its fraction, else down.
func up(r, u float64) uint32 {
	low := math.Floor(r)
	if u < r-low {
		low++
	}
	return uint32(low)
}

// readScale reads a float32 of the side data that has to be finite.
func readScale(side []byte, name string) (float32, []byte, error) {
	x, side, err := wire.Float32(side)
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", name, err)
	}
	if !(math.Abs(float64(x)) <= math.MaxFloat32) {
		return 0, nil, fmt.Errorf("the %s %v is not finite", name, x)
	}
	return x, side, nil
}
