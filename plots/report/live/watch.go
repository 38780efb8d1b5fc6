// Package live serves the page of runs that are going on.
package live

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flsim/internal/units"
	"flsim/plots/report"
	"flsim/sim/record"
)

// watcher reads runs again whose files changed. Polling sees what notifications miss on the network file systems of
// clusters.
type watcher struct {
	roots  []string
	title  string
	known  map[string]*entry // by directory
	sheets report.Sheets
	notes  string
}

// entry is a run as it was read last.
type entry struct {
	stamp   stamp
	run     *record.Run
	err     error
	version int // grows when lines that were there change
}

// stamp tells whether the files of a run are what they were.
type stamp [4]struct {
	size    int64
	changed int64
}

var stamped = [4]string{record.ManifestFile, record.RoundsFile, record.ResultFile, record.CasesFile}

func stampOf(dir string) stamp {
	var s stamp
	for i, name := range stamped {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			s[i].size, s[i].changed = info.Size(), info.ModTime().UnixNano()
		}
	}
	return s
}

func newWatcher(roots []string, title string) *watcher {
	return &watcher{roots: roots, title: title, known: map[string]*entry{}, sheets: report.Sheets{}}
}

// poll looks at the folders and reports whether anything is different from before.
func (w *watcher) poll() bool {
	dirs, missing := w.find()
	changed := false
	for _, dir := range slices.Sorted(maps.Keys(w.known)) {
		if !slices.Contains(dirs, dir) {
			delete(w.known, dir)
			changed = true
		}
	}
	for _, dir := range dirs {
		changed = w.read(dir) || changed
	}
	notes := strings.Join(missing, "; ")
	changed = changed || notes != w.notes
	w.notes = notes
	return changed
}

// find returns the directories of runs. A folder that is not there yet, or that changes under the search, is looked at
// again the next time.
func (w *watcher) find() (dirs, missing []string) {
	for _, root := range w.roots {
		found, err := record.Find(root)
		if errors.Is(err, fs.ErrNotExist) {
			if _, err := os.Stat(root); err != nil {
				missing = append(missing, "there is no folder "+root+" yet")
			}
		} else if err != nil {
			missing = append(missing, err.Error())
		}
		dirs = append(dirs, found...)
	}
	slices.Sort(dirs)
	return slices.Compact(dirs), missing
}

// read reads a run again if its files changed.
func (w *watcher) read(dir string) bool {
	now := stampOf(dir)
	old := w.known[dir]
	if old != nil && old.stamp == now {
		return false
	}
	e := &entry{stamp: now}
	e.run, e.err = record.Open(dir)
	if old != nil {
		e.version = old.version
		if e.err != nil || old.err != nil || !extends(e.run, old.run) {
			e.version++
		}
	}
	w.known[dir] = e
	return true
}

// extends reports whether a run begins with the lines of an earlier reading.
func extends(run, old *record.Run) bool {
	if run.Manifest.ID != old.Manifest.ID || len(run.Rounds) < len(old.Rounds) {
		return false
	}
	for i, row := range old.Rounds {
		if !maps.Equal(row, run.Rounds[i]) {
			return false
		}
	}
	return true
}

// page makes the page of what was read. It never fails: what cannot be shown stands in its notes.
func (w *watcher) page() *report.Page {
	var runs []*record.Run
	unread := 0
	for _, dir := range slices.Sorted(maps.Keys(w.known)) {
		if e := w.known[dir]; e.err != nil {
			unread++
		} else {
			runs = append(runs, e.run)
		}
	}
	p, err := report.New(runs, report.Options{Title: w.title, Live: true, MostRows: -1, Sheets: w.sheets})
	if err != nil {
		p = report.Empty(w.title)
		if !errors.Is(err, report.ErrEmpty) {
			p.Notes = append(p.Notes, err.Error())
		}
	}
	if unread > 0 {
		p.Notes = append(p.Notes, units.Count(unread, "folder")+" left out whose files are not whole")
	}
	if w.notes != "" {
		p.Notes = append(p.Notes, w.notes)
	}
	return p
}

// versions returns the versions of the lines by directory.
func (w *watcher) versions() map[string]int {
	v := map[string]int{}
	for dir, e := range w.known {
		v[dir] = e.version
	}
	return v
}
