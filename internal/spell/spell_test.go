package spell

import "testing"

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

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}, {"äö", "äo", 1}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != got {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
