package configs

import (
	"slices"
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	for _, want := range []string{"rounds", "clients.lr_per_round.kind", "data.partition", "network.uplink_mbps", "model.weights"} {
		if !slices.Contains(Keys(), want) {
			t.Errorf("%s is not among the keys", want)
		}
	}
	for path, want := range map[string]string{"data.partition": "dirichlet", "variant.a.model.name": "resnet18-gn", "clients.lr_per_round.kind": "cosine",
		"plot.mine.kind": "heatmap", "eval.hd95": "true", "data.set": "cifar10", "uplink.skip": "bias"} {
		if !slices.Contains(WordsOf(path), want) {
			t.Errorf("%s takes %v, and not %s", path, WordsOf(path), want)
		}
	}
	for _, path := range []string{"", "rounds", "rounds.x", "nowhere.lr", "clients", "codec.q.bits", "variant.a", "plot.x", "plot.kind"} {
		if got := WordsOf(path); got != nil {
			t.Errorf("%q takes %v", path, strings.Join(got, " "))
		}
	}
}
