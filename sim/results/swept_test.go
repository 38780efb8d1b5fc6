package results

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"flsim/sim/record"
)

// swept makes curves of one variant with the given axes.
func swept(t *testing.T, axes ...record.Axes) []Curve {
	t.Helper()
	var runs []*record.Run
	for i, a := range axes {
		r := curve("v", fmt.Sprint("label ", i), i)
		r.Manifest.Axes = a
		runs = append(runs, r)
	}
	curves, err := Group(runs)
	if err != nil {
		t.Fatal(err)
	}
	return curves
}

func TestTellingKeys(t *testing.T) {
	bits := func(bits, clip float64) record.Axes { return record.Axes{"codec.c.bits": bits, "codec.c.clip": clip} }
	zipped := swept(t, bits(1, 0.3), bits(2, 0.01), bits(4, 0.01))
	if keys := TellingKeys(zipped, &zipped[0]); strings.Join(keys, " ") != "codec.c.bits" {
		t.Errorf("zipped axes: %v", keys)
	}
	if x, _ := TwoKeys(zipped); x != "" {
		t.Error("zipped axes make a grid")
	}
	grid := swept(t, bits(1, 0.3), bits(2, 0.3), bits(1, 0.1), bits(2, 0.1))
	if x, y := TwoKeys(grid); x != "bits" || y != "clip" {
		t.Errorf("a grid has keys %q, %q", x, y)
	}
	both := func(up, down float64) record.Axes { return record.Axes{"codec.down.bits": down, "codec.up.bits": up} }
	ways := swept(t, both(2, 4), both(2, 8), both(4, 4), both(4, 8))
	if x, y, all, err := Grid(ways, "", ""); x != "codec.down.bits" || y != "codec.up.bits" || len(all) != 4 || err != nil {
		t.Errorf("a grid of two keys with one end has keys %q, %q and %d curves, %v", x, y, len(all), err)
	}
}

func TestGridAndLine(t *testing.T) {
	grid := append(swept(t, record.Axes{"a.bits": 1.0, "b.keep": 0.1}, record.Axes{"a.bits": 2.0, "b.keep": 0.1}, record.Axes{"a.bits": 1.0, "b.keep": 0.2}, record.Axes{"a.bits": 2.0, "b.keep": 0.2}),
		swept(t, record.Axes{"a.bits": 1.0, "c.bits": 4.0, "c.mode": "x"})...)
	if x, y, both, err := Grid(grid, "", ""); x != "bits" || y != "keep" || len(both) != 4 || err != nil {
		t.Errorf("%s, %s, %d curves, %v", x, y, len(both), err)
	}
	if key, xs, err := Line(grid, "a.bits"); key != "a.bits" || !slices.Equal(xs, []float64{1, 2}) || err != nil {
		t.Errorf("%s, %v, %v", key, xs, err)
	}
	for want, words := range map[string][2]string{"wants two swept keys": {"bits", ""}, `"lr" is not swept`: {"lr", "keep"}, `did you mean "keep"?`: {"bits", "kepe"}, "no curve has both keep and mode": {"keep", "mode"}} {
		if _, _, _, err := Grid(grid, words[0], words[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", words, err)
		}
	}
	for want, word := range map[string]string{"no numbers": "mode", "wants its name for x; swept are a.bits, b.keep": "", `"lr" is not swept`: "lr"} {
		of := grid
		if word == "" {
			of = grid[:4]
		}
		if _, _, err := Line(of, word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", word, err)
		}
	}
}

// Numbers come in ascending order, and what is no number behind them.
func TestSettingsInOrder(t *testing.T) {
	var axes []record.Axes
	for _, v := range []any{"inf", 10.0, "none", 2.0, 1.0} {
		axes = append(axes, record.Axes{"network.uplink_mbps": v})
	}
	curves := swept(t, axes...)
	if got, want := SweptValues(curves, "uplink_mbps"), []any{1.0, 2.0, 10.0, "inf", "none"}; !slices.Equal(got, want) {
		t.Errorf("the settings are %v, not %v", got, want)
	}
}
