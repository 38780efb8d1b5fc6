package plots

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flsim/sim/record"
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

// hospitals are runs with a budget of two days, which they use up at different paces.
func hospitals() []*record.Run {
	runs := sampleRuns(variants, 3, 30, 3)
	for k, r := range runs {
		r.Manifest.Budget = 2 * 86400
		for i, row := range r.Rounds {
			row["sim_time_s"] = float64(i) * (3000 + 200*float64(k))
		}
	}
	return runs
}

func TestGoldenSteps(t *testing.T) {
	golden(t, "steps", mustFigure(t, hospitals(), "sim_time", "accuracy", Options{}), DefaultSize)
}

func TestBudgetsAreDrawnInSteps(t *testing.T) {
	runs := hospitals()
	f := mustFigure(t, runs, "sim_time", "accuracy", Options{})
	if !f.Steps || f.XLabel != "Simulated time (h)" || !strings.Contains(f.Series[0].Label, ", area 0.") {
		t.Errorf("steps %v, %q, %q", f.Steps, f.XLabel, f.Series[0].Label)
	}
	for _, s := range f.Series {
		for _, c := range s.Seeds {
			if last := len(c.X) - 1; c.X[last] < 48 || c.Y[last] != c.Y[last-1] && c.X[last] == 48 {
				t.Errorf("%s ends at %v h", s.Label, c.X[last])
			}
		}
	}
	if f = mustFigure(t, runs, "round", "accuracy", Options{}); f.Steps || slices.ContainsFunc(f.Series, func(s Series) bool { return strings.Contains(s.Label, "area") }) {
		t.Error("over rounds there are steps or areas too")
	}
}
