package volumes

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"flsim/datasets"
)

// version is part of every key. It is raised whenever preparation changes, so that older files are not used.
const version = 1

// maxScans bounds how many scans are in memory at once: one of four modalities of 240 x 240 x 155 voxels takes 160 MB,
// and what is made of it up to as much again.
const maxScans = 3

// store is the part of the cache that belongs to one data set.
type store struct {
	folder   string
	recipe   *recipe
	provider *Provider

	progress func(datasets.Progress) // may be nil
	telling  sync.Mutex
	told     datasets.Progress
}

// CacheFolder returns the folder of the cache: what was asked for, else FLSIM_CACHE_DIR, else a folder of its own in
// the user's cache folder.
func CacheFolder(asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	if folder := os.Getenv("FLSIM_CACHE_DIR"); folder != "" {
		return folder, nil
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no folder for prepared volumes: %w; name one in FLSIM_CACHE_DIR", err)
	}
	return filepath.Join(folder, "flsim-cache"), nil
}

func newStore(cache string, r *recipe, p *Provider) (*store, error) {
	folder, err := CacheFolder(cache)
	if err != nil {
		return nil, err
	}
	folder = filepath.Join(folder, fileName(p.Name))
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("prepared volumes cannot be kept: %w; name another folder in FLSIM_CACHE_DIR", err)
	}
	return &store{folder: folder, recipe: r, provider: p}, nil
}

// files opens the files of the chosen cases, in their order, and makes those that are missing, stale or damaged. The
// keys say what they were made from. Of several errors it returns that of the first case, whatever the number of
// workers.
func (s *store) files(chosen []int) (files []*file, keys []key, err error) {
	files, keys = make([]*file, len(chosen)), make([]key, len(chosen))
	failures := make([]error, len(chosen))
	s.told = datasets.Progress{Cases: len(chosen)}
	var failed atomic.Bool
	var group errgroup.Group
	group.SetLimit(min(runtime.GOMAXPROCS(0), maxScans))
	for k, i := range chosen {
		if failed.Load() {
			break
		}
		group.Go(func() error {
			files[k], keys[k], failures[k] = s.file(i)
			if failures[k] != nil {
				failed.Store(true)
			}
			return nil
		})
	}
	group.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, nil, err
		}
	}
	return files, keys, nil
}

// tell says that another case was found in the cache, or is about to be prepared.
func (s *store) tell(kept bool) {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.told.Case, s.told.Kept = s.told.Case+1, kept
	if s.progress != nil {
		s.progress(s.told)
	}
}

// attempts is how often a file is made that is gone again before it is opened: somebody may empty the cache meanwhile.
const attempts = 3

// file opens the file of case i, and makes it first if need be.
func (s *store) file(i int) (*file, key, error) {
	content, err := s.provider.Key(i)
	if err != nil {
		return nil, key{}, err
	}
	k := s.recipe.key(content)
	name := s.provider.Cases[i].Name
	path := filepath.Join(s.folder, fmt.Sprintf("%s-%x.vol", fileName(name), k[:8]))
	f, err := open(path, k)
	s.tell(err == nil)
	if err == nil {
		keepLonger(path)
		return f, k, nil
	}
	for range attempts {
		if err := s.make(i, path, k); err != nil {
			return nil, key{}, err
		}
		if f, err = open(path, k); err == nil {
			return f, k, nil
		}
	}
	return nil, key{}, fmt.Errorf("the prepared volume of %s cannot be read back: %w", name, err)
}

// keepLonger notes that a file was used, which is no more than a hint to PruneCache: that it fails, as in a folder that
// only others may write to, does no harm.
func keepLonger(path string) { _ = os.Chtimes(path, time.Time{}, time.Now()) }

// make writes the file of case i.
func (s *store) make(i int, path string, k key) error {
	scan, err := s.provider.Scan(i)
	if err != nil {
		return err
	}
	p, err := s.recipe.prepare(s.provider.Cases[i].Name, scan)
	if err != nil {
		return err
	}
	if err := p.write(path, k); err != nil {
		return fmt.Errorf("the prepared volume of %s cannot be kept: %w; make room, or name another folder in FLSIM_CACHE_DIR",
			s.provider.Cases[i].Name, err)
	}
	return nil
}

// key returns what the result of the recipe on a scan with this content is known by.
func (r *recipe) key(content string) key {
	text := fmt.Sprintf("flsim volumes version %d\nmodalities %q\nregions %d\npatch %v\nshape %s\ncontent %s",
		version, r.modalities, r.regions, r.patch, r.shape, content)
	return sha256.Sum256([]byte(text))
}

// fileName returns name, cut short if need be, with everything replaced that may not stand in the name of a file
// somewhere.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_", r) {
			return r
		}
		return '_'
	}, name[:min(len(name), 100)])
}
