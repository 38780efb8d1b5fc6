package results

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"flsim/sim/record"
)

// Settings are a run's resolved settings by their dotted paths, as text.
type Settings map[string]string

// ReadSettings reads config.toml of a run's directory. What does not influence results is left out. A run without the
// file has no settings.
func ReadSettings(dir string) (Settings, error) {
	path := filepath.Join(dir, record.ConfigFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{}, nil
	}
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if _, err := toml.Decode(string(text), &tree); err != nil {
		return nil, fmt.Errorf("%w: %s: %v", record.ErrDamaged, path, err)
	}
	for _, key := range []string{"schema", "name", "output", "variant"} {
		delete(tree, key)
	}
	s := Settings{}
	s.flatten("", tree)
	delete(s, "eval.targets")
	return s, nil
}

func (s Settings) flatten(prefix string, tree map[string]any) {
	for key, value := range tree {
		if table, ok := value.(map[string]any); ok {
			s.flatten(prefix+key+".", table)
			continue
		}
		s[prefix+key] = fmt.Sprint(value)
	}
}

// shared reports whether a key belongs to the experiment as a whole: runs that differ in it are not to be compared.
// All else, such as codecs and learning rates, is what variants are there to vary.
func shared(key string) bool {
	switch key {
	case "rounds", "clients.count", "clients.per_round", "clients.local_epochs", "clients.local_steps", "clients.batch_size":
		return true
	}
	table, _, _ := strings.Cut(key, ".")
	return table == "data" || table == "model" || table == "eval" || table == "stop"
}
