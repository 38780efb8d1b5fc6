package cifar

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/klauspost/compress/gzip"

	"flsim/datasets"
)

// archive is a place that is a tar.gz file. It is read as a stream; nothing is unpacked to disk.
type archive string

func (a archive) read(f *format, rooms map[string]*room) (notes, names []string, err error) {
	file, err := os.Open(string(a))
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	sum := sha256.New()
	unpacked, err := gzip.NewReader(bufio.NewReaderSize(io.TeeReader(file, sum), 1<<20))
	if err != nil {
		return nil, nil, notGzip(string(a), err)
	}
	if names, err = a.members(f, tar.NewReader(unpacked), rooms); err != nil {
		return nil, nil, err
	}
	if _, err := io.Copy(io.Discard, unpacked); err != nil { // to the end of the file, for gzip's checksum and for ours
		return nil, nil, a.broken("the end of the archive", err)
	}
	return []string{a.compare(f, hex.EncodeToString(sum.Sum(nil)))}, names, nil
}

// members reads the parts in whatever order they come; every part must come once.
func (a archive) members(f *format, t *tar.Reader, rooms map[string]*room) (names []string, err error) {
	seen := map[string]bool{}
	for {
		header, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, a.broken("a tar archive", err)
		}
		base := path.Base(header.Name)
		if room, wanted := rooms[base]; wanted && header.Typeflag == tar.TypeReg && !seen[base] {
			seen[base] = true
			if err := f.decode(t, string(a)+":"+header.Name, room); err != nil {
				return nil, err
			}
		} else if base == f.namesFile {
			names = f.readNames(t)
		}
	}
	for _, name := range f.files() {
		if !seen[name] {
			return nil, a.broken("a member "+name, errors.New("an archive without it"))
		}
	}
	return names, nil
}

func (a archive) broken(want string, err error) error {
	return &datasets.FormatError{File: string(a), Want: want, Got: err.Error()}
}

// compare says in a sentence how the checksum of the archive relates to the official one.
func (a archive) compare(f *format, sum string) string {
	if sum == f.sha256 {
		return fmt.Sprintf("read from %s, whose SHA-256 is the official one", string(a))
	}
	return fmt.Sprintf("read from %s, whose SHA-256 %s is not the official %s", string(a), sum, f.sha256)
}
