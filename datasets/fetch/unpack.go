package fetch

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// unzip writes the regular members of an archive into a folder, under their last names. A member that is there in full is
// left alone.
func unzip(archive, folder string) error {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, member := range r.File {
		name := path.Base(member.Name)
		if !member.Mode().IsRegular() || strings.ContainsAny(name, `\:`) || strings.HasPrefix(name, ".") {
			continue
		}
		if err := extract(member, filepath.Join(folder, name)); err != nil {
			return fmt.Errorf("%s: %w", member.Name, err)
		}
	}
	return nil
}

// extract writes a member under its name once it is whole.
func extract(member *zip.File, goal string) (err error) {
	if info, err := os.Stat(goal); err == nil && uint64(info.Size()) == member.UncompressedSize64 {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	in, err := member.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	part := goal + ".part"
	out, err := os.Create(part)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in) // which fails where the member's length or checksum is wrong
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(err, os.Remove(part)) // perhaps the disk is full
	}
	return os.Rename(part, goal)
}
