package spell

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNearest(t *testing.T) {
	words := []string{"rounds", "label", "bits", "lr", "uplink", "downlink"}
	for word, want := range map[string]string{
		"round": "rounds", "lable": "label", "BITS": "bits", "bit": "bits", "lt": "lr", "uplnik": "uplink",
		"x": "", "": "", "elephant": "", "b": "", "donwlink": "downlink",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

// TestKeys holds the rule against misspellings of a configuration's keys.
func TestKeys(t *testing.T) {
	legal := []string{"lr", "count", "per_round", "momentum", "set", "seed"}
	for word, want := range map[string]string{
		"LR": "lr", "cuont": "count", "coun": "count", "Count": "count", "perround": "per_round", "momentnm": "momentum",
		"momentnmm": "momentum", "sedd": "seed", "l": "lr", "x": "", "rl": "lr", "batch": "", "counting": "",
	} {
		if got := Nearest(word, legal); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

// plainDistance is the textbook recursion that distance tabulates.
func plainDistance(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	x, y := a[:len(a)-1], b[:len(b)-1]
	d := plainDistance(x, y)
	if a[len(x)] != b[len(y)] {
		d++
	}
	d = min(d, plainDistance(x, b)+1, plainDistance(a, y)+1)
	if len(x) > 0 && len(y) > 0 && a[len(x)] == b[len(y)-1] && a[len(x)-1] == b[len(y)] {
		d = min(d, plainDistance(x[:len(x)-1], y[:len(y)-1])+1)
	}
	return d
}

func TestDistance(t *testing.T) {
	words := rapid.StringOfN(rapid.RuneFrom([]rune("abü")), 0, 5, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := words.Draw(t, "a"), words.Draw(t, "b")
		if got, want := distance(a, b), plainDistance([]rune(a), []rune(b)); got != want {
			t.Errorf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}
