package record

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// HeldError says that another process is playing a run.
type HeldError struct{ Dir string }

// Error names the run's directory.
func (e *HeldError) Error() string {
	return fmt.Sprintf("another process is playing the run in %s; wait for it, or give another folder", e.Dir)
}

// Lock makes a run's directory and keeps other processes from playing the run until release is called or the process
// ends, however it ends. Where another process has the lock the error is a *HeldError.
func Lock(dir string) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	lock := newLock(dir)
	for try := 0; ; try++ {
		free, err := lock.TryLock()
		switch {
		case err != nil:
			return nil, err
		case free:
			return lock.Unlock, nil
		case try == 3:
			return nil, &HeldError{dir}
		}
		time.Sleep(10 * time.Millisecond) // perhaps somebody only looks whether it is held
	}
}

func newLock(dir string) *flock.Flock {
	return flock.New(filepath.Join(dir, LockFile), flock.SetPermissions(0o666))
}

// Held reports whether a process is playing the run in a directory.
func Held(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, LockFile)); err != nil {
		return false
	}
	lock := newLock(dir)
	free, err := lock.TryRLock()
	if free {
		err = lock.Unlock()
	}
	return !free && err == nil
}
