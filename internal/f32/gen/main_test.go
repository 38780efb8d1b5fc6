package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFilesAreCurrent fails if generating would change a file of the parent directory.
func TestFilesAreCurrent(t *testing.T) {
	dir := t.TempDir()
	generate(dir)
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) == 0 {
		t.Fatal("nothing was generated: ", err)
	}
	for _, name := range names {
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", filepath.Base(name)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: run go generate in internal/f32 (%v)", filepath.Base(name), err)
		}
	}
}
