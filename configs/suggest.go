package configs

import (
	"slices"

	"flsim/internal/spell"
)

// What other programs call some keys.
var synonyms = []struct{ theirs, ours string }{
	{"learning_rate", "lr"},
	{"epochs", "local_epochs"},
	{"steps", "local_steps"},
	{"num_clients", "count"},
	{"clients_per_round", "per_round"},
	{"num_rounds", "rounds"},
	{"dataset", "set"},
	{"upload_mbps", "uplink_mbps"},
	{"download_mbps", "downlink_mbps"},
}

// guess returns the legal key that word is most probably meant to be: one that is nearly spelt like it, or one that
// others call nearly so; "" if there is none.
func guess(word string, legal []string) string {
	if near := spell.Nearest(word, legal); near != "" {
		return near
	}
	for _, s := range synonyms {
		if slices.Contains(legal, s.ours) && spell.Nearest(word, []string{s.theirs}) != "" {
			return s.ours
		}
	}
	return ""
}
