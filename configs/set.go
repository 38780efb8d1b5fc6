package configs

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/BurntSushi/toml"
)

// parseSet reads one --set option, PATH=VALUE. The value is TOML; what is no TOML value but could be a word is taken
// as a string, so that --set data.partition=iid needs no quotes.
func parseSet(option string) (*node, error) {
	src := &source{name: setName(option)}
	path, value, found := strings.Cut(option, "=")
	path, value = strings.TrimSpace(path), strings.TrimSpace(value)
	if !found || value == "" {
		return nil, &Error{File: src.name, Message: "an option is written --set path=value, as in --set rounds=10"}
	}
	if strings.ContainsAny(option, "\n\r") || !isPath(path) {
		return nil, &Error{File: src.name, Message: fmt.Sprintf("%q is not the path of a key, as in clients.lr", path)}
	}
	doc := path + " = " + value
	if !isTOML(doc) {
		if !isWord(value) {
			return nil, &Error{File: src.name, Key: path, Message: fmt.Sprintf(
				"%s is not a TOML value; strings inside a list need quotes of their own, as in --set 'uplink.chain=[\"a\", \"b\"]'", value)}
		}
		doc = path + ` = "` + value + `"`
	}
	parsed, err := parse(&source{name: src.name, text: doc})
	if err != nil {
		return nil, &Error{File: src.name, Key: path, Message: fmt.Sprintf("%s is not the path of a key, as in clients.lr", path)}
	}
	parsed.adopt(src)
	return parsed, nil
}

// setName is what messages call an option.
func setName(option string) string { return "--set " + option }

// adopt makes src the source of a tree, which then has no places.
func (n *node) adopt(src *source) {
	n.src, n.doc = src, nil
	for _, k := range n.kids {
		k.adopt(src)
	}
}

func isPath(path string) bool {
	return !strings.ContainsAny(path, "#[]{}") && isTOML(path+" = 0")
}

func isTOML(doc string) bool {
	var any map[string]any
	_, err := toml.Decode(doc, &any)
	return err == nil
}

// isWord reports whether a value that is not TOML can only have been meant as a string.
func isWord(value string) bool {
	return !strings.ContainsAny(value, "\"'[]{}\\#") && strings.IndexFunc(value, unicode.IsControl) < 0
}
