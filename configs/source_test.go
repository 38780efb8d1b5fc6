package configs

import (
	"strings"
	"testing"
)

// Every key of this document is called like nothing else in it, and its value says so.
const places = "a = 1\r\n" +
	"\tbb = 'bb!'\n" +
	"\"c c\" = [ 'c c!', 2]\n" +
	"d.ee.f = \"f!\" # dü\n" +
	"g = { h = 'h!', \"i j\"='i j!', k.l = 'l!', m = { n = 'n!' } }\n" +
	"o = '''\no!'''\n" +
	"[p]\n" +
	"q = [\n 'q!',\n 3]\n" +
	"[ r . \"s\".t ]\n" +
	"u = ''\n" +
	"  [ v.'w.w' ]\n" +
	"z.x=-3.5\n" +
	"[p.y]\n"

func TestPlacesOfKeysAndValues(t *testing.T) {
	src := &source{name: "places", text: "\ufeff" + places}
	root, err := parse(src)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	var walk func(n *node)
	walk = func(n *node) {
		for _, k := range n.kids {
			order = append(order, k.key)
			keyAt, valAt := k.place()
			if !strings.HasPrefix(src.text[keyAt:], k.key) {
				t.Errorf("key %q is said to stand at %q", k.key, clip(src.text[keyAt:]))
			}
			if s, ok := k.value.(string); ok && !strings.HasPrefix(strings.TrimLeft(src.text[valAt:], "'\"\n"), s) && s != "" {
				t.Errorf("value of %q is said to stand at %q", k.key, clip(src.text[valAt:]))
			}
			if !k.table && !strings.ContainsRune("1'\"[-", rune(src.text[valAt])) {
				t.Errorf("value of %q is said to start at %q", k.key, clip(src.text[valAt:]))
			}
			walk(k)
		}
	}
	walk(root)
	if got := strings.Join(order, "|"); got != "a|bb|c c|d|ee|f|g|h|i j|k|l|m|n|o|p|q|y|r|s|t|u|v|w.w|z|x" {
		t.Errorf("the order is %s", got)
	}
}
