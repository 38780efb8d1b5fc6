package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestReadTransfers(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadTransfers(dir, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, TransfersFile), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"round":1,"client":3,"direction":"uplink","end_s":2.5}` + "\n" + `{"round":2,"client":4}` + "\n" + `{"round":3}` + "\n" + "never read")
	list, err := ReadTransfers(dir, 2)
	if err != nil || len(list) != 2 || list[0].Client != 3 || list[0].End != 2.5 || list[1].Round != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	write(`{"round":1}` + "\n" + `{"round":2,"cli`)
	if list, err := ReadTransfers(dir, 2); err != nil || len(list) != 1 {
		t.Errorf("an unfinished line: %+v, %v", list, err)
	}
	for _, text := range []string{"{", "[]", "\n\n", `{"round":"x"}`} {
		write(text + "\n")
		if _, err := ReadTransfers(dir, 2); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzReadTransfers(f *testing.F) {
	f.Add([]byte(`{"round":1,"client":3}` + "\n"))
	f.Add([]byte("{\"round\":1}\n{\"round\":-1e99}"))
	f.Add([]byte{0, '\n', 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, TransfersFile), data, 0o666); err != nil {
			t.Fatal(err)
		}
		list, err := ReadTransfers(dir, 5)
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		for _, x := range list {
			if x.Round > 5 {
				t.Fatalf("round %d was read", x.Round)
			}
		}
	})
}
