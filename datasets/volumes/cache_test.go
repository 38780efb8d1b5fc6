package volumes

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flsim/datasets"
)

// aged gives the files that a pattern below folder matches an age.
func aged(t *testing.T, folder, pattern string, age time.Duration) {
	t.Helper()
	paths, _ := filepath.Glob(filepath.Join(folder, pattern))
	if len(paths) == 0 {
		t.Fatal("no file is called " + pattern)
	}
	for _, path := range paths {
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
}

const day = 24 * time.Hour

func TestPruneCache(t *testing.T) {
	p, _ := fakeProvider(5, 1, 2)
	opt := options(t, slicesShape, "resize")
	mustOpen(t, p, opt)
	if runtime.GOOS == "windows" {
		runtime.GC() // which unmaps the files
	}
	folder := filepath.Join(opt.Cache, "fake")
	stray := []string{"notes.txt", "mine.vol", "case_001-0123456789abcdef.vol.7.tmp", "case_001-0123456789abcdef.vol.8.tmp"}
	for _, name := range stray {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("0123456789"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(opt.Cache, "case_001-0123456789abcdef.vol"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	aged(t, folder, "case_00[123]-*", 40*day)
	aged(t, folder, "*.8.tmp", time.Hour)
	aged(t, folder, "mine.vol", 40*day)
	list, err := ListCache(opt.Cache)
	if err != nil || len(list) != 1 || list[0].Folder != folder || list[0].Files != 7 || time.Since(list[0].Used) > time.Minute {
		t.Fatalf("listed %+v, %v", list, err)
	}
	if removed, err := PruneCache(opt.Cache, 41*day); err != nil || len(removed) != 0 {
		t.Errorf("after 41 days %+v are removed, %v", removed, err)
	}
	removed, err := PruneCache(opt.Cache, 39*day)
	if err != nil || len(removed) != 1 || removed[0].Files != 4 || removed[0].Bytes >= list[0].Bytes || time.Since(removed[0].Used) < 39*day {
		t.Errorf("after 39 days %+v are removed, %v", removed, err)
	}
	if removed, err = PruneCache(opt.Cache, 0); err != nil || len(removed) != 1 || removed[0].Files != 2 {
		t.Errorf("of all %+v are removed, %v", removed, err)
	}
	var left []string
	for path := range contents(t, opt.Cache) {
		left = append(left, filepath.Base(path))
	}
	if slices.Sort(left); !slices.Equal(left, []string{"case_001-0123456789abcdef.vol.8.tmp", "mine.vol", "notes.txt"}) {
		t.Errorf("left are %q", left)
	}
	if list, err = ListCache(filepath.Join(opt.Cache, "absent")); err != nil || list != nil {
		t.Errorf("an absent folder holds %+v, %v", list, err)
	}
}

// Files that a run opens again count as used.
func TestOpeningKeepsLonger(t *testing.T) {
	p, scans := fakeProvider(3, 1, 2)
	opt := options(t, slicesShape, "resize")
	mustOpen(t, p, opt)
	aged(t, opt.Cache, "fake/*", 40*day)
	mustOpen(t, p, opt)
	if removed, err := PruneCache(opt.Cache, 39*day); err != nil || len(removed) != 0 || scans.Load() != 3 {
		t.Errorf("removed %+v, %v; %d scans", removed, err, scans.Load())
	}
}

// Who has opened a set reads it to its end, and the next one prepares it anew.
func TestClearingBesideARun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files in use cannot be removed here")
	}
	p, scans := fakeProvider(4, 1, 2)
	opt := options(t, slicesShape, "resize")
	data := mustOpen(t, p, opt)
	read := func(d *datasets.Data) (x []float32) {
		y := make([]int32, slicesShape.Positions())
		for i := range d.Train.Len() {
			one := make([]float32, slicesShape.Size())
			d.Train.Fill(one, y, []int32{int32(i)})
			x = append(x, one...)
		}
		return x
	}
	before := read(data)
	if removed, err := PruneCache(opt.Cache, 0); err != nil || removed[0].Files != 4 {
		t.Fatal(removed, err)
	}
	if !slices.Equal(read(data), before) {
		t.Error("what was opened has changed")
	}
	if again := mustOpen(t, p, opt); scans.Load() != 8 || !slices.Equal(read(again), before) {
		t.Errorf("%d scans; the same again: %v", scans.Load(), slices.Equal(read(again), before))
	}
}

// A file that cannot be removed keeps no other from going.
func TestWhatCannotBeRemoved(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("here every file in a folder can be removed by this user, or is told by other means")
	}
	p, _ := fakeProvider(2, 1, 2)
	opt := options(t, slicesShape, "resize")
	mustOpen(t, p, opt)
	p.Name = "other"
	mustOpen(t, p, opt)
	locked := filepath.Join(opt.Cache, "fake")
	if err := os.Chmod(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(locked, 0o700)
	removed, err := PruneCache(opt.Cache, 0)
	if err == nil || !strings.HasSuffix(err.Error(), "; and 1 more") || len(removed) != 1 || removed[0].Folder != filepath.Join(opt.Cache, "other") {
		t.Errorf("removed %+v, %v", removed, err)
	}
}

// Each case is told once, first those that are prepared and the next time that they are there.
func TestProgress(t *testing.T) {
	p, _ := fakeProvider(7, 1, 2)
	opt := options(t, slicesShape, "resize")
	opt.Volumes.Cases = 5
	var told []datasets.Progress
	opt.Progress = func(p datasets.Progress) { told = append(told, p) }
	for _, kept := range []bool{false, true} {
		told = nil
		mustOpen(t, p, opt)
		var want []datasets.Progress
		for i := range 5 {
			want = append(want, datasets.Progress{Case: i + 1, Cases: 5, Kept: kept})
		}
		if !reflect.DeepEqual(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	}
}

// A cache that somebody empties again and again is no reason to fail: what is being written stays.
func TestEmptiedWhileItIsFilled(t *testing.T) {
	p, _ := fakeProvider(6, 1, 2)
	opt := options(t, slicesShape, "resize")
	stop := make(chan struct{})
	var emptying sync.WaitGroup
	emptying.Add(1)
	go func() {
		defer emptying.Done()
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				PruneCache(opt.Cache, 0)
			}
		}
	}()
	for range 3 {
		mustOpen(t, p, opt)
	}
	close(stop)
	emptying.Wait()
}
