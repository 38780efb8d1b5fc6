package volumes

import (
	"fmt"
	"math"
)

// normalise brings the values of one modality inside the brain to mean 0 and standard deviation 1, and sets the
// background, whatever it was, to 0. A modality that is constant becomes 0 throughout. A value in the brain that is not
// a finite number is an error.
func normalise(v []float32, brain []bool) error {
	mean, std := moments(v, brain)
	if math.IsNaN(mean) || math.IsInf(mean, 0) || math.IsNaN(std) || math.IsInf(std, 0) {
		return fmt.Errorf("has voxels in the brain that are not finite numbers")
	}
	if std == 0 {
		std = 1
	}
	for i, inside := range brain {
		if inside {
			v[i] = float32((float64(v[i]) - mean) / std)
		} else {
			v[i] = 0
		}
	}
	return nil
}

// moments returns the mean and the standard deviation of the values inside the brain, summed in their order.
func moments(v []float32, brain []bool) (mean, std float64) {
	n, sum := 0, 0.0
	for i, inside := range brain {
		if inside {
			sum += float64(v[i])
			n++
		}
	}
	if n == 0 {
		return 0, 0
	}
	mean = sum / float64(n)
	squares := 0.0
	for i, inside := range brain {
		if inside {
			d := float64(v[i]) - mean
			squares += float64(d * d) // the conversion keeps the product from being fused
		}
	}
	return mean, math.Sqrt(squares / float64(n))
}
