package record

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// secondBySecond is Area's twin: it looks the metric up in the middle of every second.
func secondBySecond(rows []Row, span int) float64 {
	sum := 0.0
	for second := range span {
		value := 0.0
		for _, row := range rows {
			if v, ok := row["dice"]; ok && row["sim_time_s"] <= float64(second)+0.5 {
				value = v
			}
		}
		sum += value
	}
	return sum / float64(span)
}

func TestAreaAgainstTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []Row
		at := rapid.IntRange(0, 3).Draw(t, "first") // round 0 is at 0 in a run, but need not be
		for range rapid.IntRange(1, 12).Draw(t, "rounds") {
			row := Row{"sim_time_s": float64(at)}
			if rapid.Bool().Draw(t, "evaluated") {
				row["dice"] = rapid.Float64Range(0, 1).Draw(t, "dice")
			}
			rows = append(rows, row)
			at += rapid.IntRange(0, 20).Draw(t, "takes")
		}
		span := rapid.IntRange(1, 150).Draw(t, "span") // shorter and longer than the run
		got, want := Area(rows, "dice", float64(span)), secondBySecond(rows, span)
		if math.Abs(got-want) > 1e-12 || got < 0 || got > 1 {
			t.Errorf("area %v, second by second %v", got, want)
		}
	})
}

func TestAreaByHand(t *testing.T) {
	rows := []Row{{"sim_time_s": 0, "dice": 0.2}, {"sim_time_s": 5}, {"sim_time_s": 10, "dice": 0.6}, {"sim_time_s": 20, "dice": 0.8}}
	for span, want := range map[float64]float64{0: 0.2, 5: 0.2, 20: 0.4, 40: 0.6} {
		if got := Area(rows, "dice", span); math.Abs(got-want) > 1e-15 {
			t.Errorf("over %v s: %v, want %v", span, got, want)
		}
	}
}
