package fetch

import (
	"archive/zip"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Fetcher downloads files into a data directory.
type Fetcher struct {
	Client *http.Client
	Dir    string
	Idle   time.Duration                 // how long a server may say nothing; 0 means a minute
	Watch  func(f *File, done int64)     // told how many bytes of a file there are; may be nil
	Told   func(f *File, message string) // told what happened to a file; may be nil
}

// Error says that a file could not be downloaded.
type Error struct {
	File *File
	Path string // where it would have been put
	Err  error
}

// Error says what to do by hand.
func (e *Error) Error() string {
	return fmt.Sprintf("downloading %s: %v; without a network, put the file there by hand: %s", e.File.URL, e.Err, e.Path)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ByHandError says that a data set cannot be downloaded without more ado.
type ByHandError struct {
	Set string
	Do  string // instead
}

// Error says what to do instead.
func (e *ByHandError) Error() string {
	return fmt.Sprintf("flsim cannot download %s: %s", e.Set, e.Do)
}

// Get downloads all files of a source. What is there already is left alone, and a download that broke off is continued. A
// file whose size or SHA-256 is not the expected one is deleted. Errors are of type *Error, unless ctx ended.
func (g *Fetcher) Get(ctx context.Context, s *Source) error {
	for i := range s.Files {
		f := &s.Files[i]
		goal := filepath.Join(g.Dir, filepath.FromSlash(f.Path))
		err := g.file(ctx, f, goal)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return &Error{f, goal, err}
		}
	}
	return nil
}

// file downloads one file, unless it is there, and unpacks it.
func (g *Fetcher) file(ctx context.Context, f *File, goal string) error {
	if err := os.MkdirAll(filepath.Dir(goal), 0o777); err != nil {
		return err
	}
	if err := check(f, goal); err == nil {
		g.tell(f, "is there already")
	} else if err := g.download(ctx, f, goal); err != nil {
		return err
	}
	if f.Unpack == "" {
		return nil
	}
	if err := unzip(goal, filepath.Join(g.Dir, filepath.FromSlash(f.Unpack))); err != nil {
		return err
	}
	g.tell(f, "unpacked")
	return os.Remove(goal)
}

// download fetches a file into goal.part and renames it once it has been checked.
func (g *Fetcher) download(ctx context.Context, f *File, goal string) error {
	part := goal + ".part"
	if err := g.complete(ctx, f, part); err != nil {
		return err
	}
	if err := check(f, part); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := os.Rename(part, goal); err != nil {
		return err
	}
	g.tell(f, "downloaded, size and SHA-256 are right")
	return nil
}

// complete brings a part to the file's size.
func (g *Fetcher) complete(ctx context.Context, f *File, part string) error {
	out, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer out.Close() // after an error; Sync below tells of the others
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil || have == f.Size {
		return err
	}
	if have > f.Size {
		have = 0
	}
	if err := g.append(ctx, f, out, have); err != nil {
		return err
	}
	return out.Sync()
}

// append adds what a file lacks from an offset on. A server that is silent for too long is given up.
func (g *Fetcher) append(ctx context.Context, f *File, out *os.File, have int64) error {
	patience := cmp.Or(g.Idle, time.Minute)
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	idle := time.AfterFunc(patience, cancel)
	defer idle.Stop()
	now, err := g.stream(limited, f, out, have, func() { idle.Reset(patience) })
	switch {
	case limited.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("the server has sent nothing for %v; the same command continues", patience)
	case err == nil && now < f.Size:
		return fmt.Errorf("the server sent %d of %d bytes; the same command continues", now, f.Size)
	}
	return err
}

// stream writes what the server sends, calling alive with every piece, and returns how long the file is then.
func (g *Fetcher) stream(ctx context.Context, f *File, out *os.File, have int64, alive func()) (now int64, err error) {
	body, now, err := g.open(ctx, f, have)
	if err != nil {
		return have, err
	}
	defer body.Close()
	if err := errors.Join(out.Truncate(now), seek(out, now)); err != nil {
		return now, err
	}
	_, err = io.Copy(out, &meter{r: io.LimitReader(body, f.Size-now), seen: func(n int) {
		alive()
		now += int64(n)
		g.watch(f, now)
	}})
	return now, err
}

func seek(file *os.File, at int64) error {
	_, err := file.Seek(at, io.SeekStart)
	return err
}

// open asks for a file from an offset on. It returns from where on the server sends.
func (g *Fetcher) open(ctx context.Context, f *File, have int64) (body io.ReadCloser, from int64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Accept-Encoding", "identity") // else net/http unpacks what a server calls gzip
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := g.Client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case response.StatusCode == http.StatusOK:
		return response.Body, 0, nil
	case response.StatusCode == http.StatusPartialContent && strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
		return response.Body, have, nil
	}
	response.Body.Close()
	return nil, 0, fmt.Errorf("the server answers %s", response.Status)
}

// meter tells how much is read.
type meter struct {
	r    io.Reader
	seen func(n int)
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.seen(n)
	return n, err
}

func (g *Fetcher) watch(f *File, done int64) {
	if g.Watch != nil {
		g.Watch(f, done)
	}
}

func (g *Fetcher) tell(f *File, message string) {
	if g.Told != nil {
		g.Told(f, message)
	}
}

// check returns an error unless a file has the size and the checksum that it should.
func check(f *File, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != f.Size {
		return fmt.Errorf("has %d bytes, not %d", info.Size(), f.Size)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("has SHA-256 %s, not %s; it was deleted", got, f.SHA256)
	}
	return nil
}

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
	out, err := os.Create(goal + ".part")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Rename(goal+".part", goal)
}
