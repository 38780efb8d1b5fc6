package volumes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Kept is what the cache holds of one data set.
type Kept struct {
	Folder string    `json:"folder"`
	Files  int       `json:"files"`
	Bytes  int64     `json:"bytes"`
	Used   time.Time `json:"last_used"` // when one of them was last made or opened
}

// cachedName matches the names of the cache's files: a case, a digest and, while it is written, a number.
var cachedName = regexp.MustCompile(`-[0-9a-f]{16}\.vol(\.[0-9]+\.tmp)?$`)

// unfinished is the ending of a file that is being written, or whose writer was killed.
const unfinished = ".tmp"

// abandoned is how old an unfinished file is that nobody writes any more.
const abandoned = 24 * time.Hour

// ListCache says what a cache folder holds, by data sets in alphabetical order. A folder that is not there holds nothing.
func ListCache(folder string) ([]Kept, error) {
	return visitCache(folder, func(string, fs.FileInfo) (bool, error) { return true, nil })
}

// PruneCache removes from a cache folder the files that nobody has made or opened for so long, all if unused is 0, and says
// what is gone. Files that are being written stay, and so does whatever is not the cache's. Runs under way are not
// disturbed: what they have opened they keep. Where files in use cannot be removed, as on Windows, those stay, and the error
// names the first.
func PruneCache(folder string, unused time.Duration) ([]Kept, error) {
	now := time.Now()
	return visitCache(folder, func(path string, info fs.FileInfo) (bool, error) {
		age := now.Sub(info.ModTime())
		if unused > 0 && age < unused || strings.HasSuffix(path, unfinished) && age < abandoned {
			return false, nil
		}
		err := os.Remove(path)
		return err == nil, err
	})
}

// visitCache calls visit for each file of the cache and adds up those for which it returns true. What fails ends nothing: the
// error is the first one, and says how many follow.
func visitCache(folder string, visit func(path string, info fs.FileInfo) (counts bool, err error)) (list []Kept, err error) {
	sets, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, set := range sets {
		if !set.IsDir() {
			continue
		}
		k := Kept{Folder: filepath.Join(folder, set.Name())}
		entries, err := os.ReadDir(k.Folder)
		failed = append(failed, err)
		for _, entry := range entries {
			failed = append(failed, k.visit(entry, visit))
		}
		if k.Files > 0 {
			list = append(list, k)
		}
	}
	return list, summed(failed)
}

// summed returns the first error of a list, and says how many there are besides.
func summed(list []error) error {
	list = slices.DeleteFunc(list, func(err error) bool { return err == nil })
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return fmt.Errorf("%w; and %d more", list[0], len(list)-1)
}

// visit adds a file if visit says so. One that is gone already is none.
func (k *Kept) visit(entry fs.DirEntry, visit func(path string, info fs.FileInfo) (bool, error)) error {
	if !entry.Type().IsRegular() || !cachedName.MatchString(entry.Name()) {
		return nil
	}
	info, err := entry.Info()
	counts := false
	if err == nil {
		counts, err = visit(filepath.Join(k.Folder, entry.Name()), info)
	}
	if counts {
		k.Files++
		k.Bytes += info.Size()
		if info.ModTime().After(k.Used) {
			k.Used = info.ModTime()
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
