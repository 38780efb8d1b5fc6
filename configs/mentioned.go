package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// mentioned is a file that an experiment reads beside its data set, and the error that says that it is not there.
type mentioned struct {
	path   string
	absent Error
}

// mention notes the files that an experiment, read from the tree n, names.
func (f *File) mention(n *node, e *Experiment) {
	k := n.kid("data").kid("mapping")
	if k == nil || e.Data.Mapping == "" {
		return
	}
	absent := locate(k, true, fmt.Sprintf("data.mapping: there is no file %s", e.Data.Mapping))
	absent.Key = "data.mapping"
	if file := (mentioned{e.Data.Mapping, absent}); !slices.Contains(f.mentions, file) {
		f.mentions = append(f.mentions, file)
	}
}

// Missing returns an error for each place of the configuration that names a file which is not there. A relative path
// counts from the current directory. Load does not ask for it, since a configuration can be read where its files are
// not.
func (f *File) Missing() Errors {
	var list Errors
	for _, file := range f.mentions {
		info, err := os.Stat(file.path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
			list = append(list, file.absent)
		}
	}
	return list
}
