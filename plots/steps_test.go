package plots

import (
	"testing"

	"pgregory.net/rapid"
)

// Between two points of its grid a mean of steps is the mean of what the curves hold there.
func TestStepsAgainstTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		curves := []Curve{drawCurve(t, "a"), drawCurve(t, "b")}
		s := summariseSteps(curves, MinMaxBand)
		if curves[0].X[0] > curves[1].X[len(curves[1].X)-1] || curves[1].X[0] > curves[0].X[len(curves[0].X)-1] {
			return // by index
		}
		for i := 1; i < len(s.X); i++ {
			if s.X[i] == s.X[i-1] {
				continue
			}
			at, sum := (s.X[i]+s.X[i-1])/2, 0.0
			for _, c := range curves {
				last := 0
				for k, x := range c.X {
					if x <= at {
						last = k
					}
				}
				sum += c.Y[last] / 2
			}
			if s.Mean[i] != sum || s.Mean[i-1] != sum {
				t.Fatalf("between %v and %v the mean is %v and %v, the curves hold %v", s.X[i-1], s.X[i], s.Mean[i-1], s.Mean[i], sum)
			}
		}
	})
}
