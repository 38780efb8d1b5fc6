package fetch

import (
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
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
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

// Get downloads all files of a source. A file that is there as it should be is left alone, another one is replaced, and a
// download that broke off is continued. What was downloaded with another size or SHA-256 than the expected one is deleted.
// Proxies are those of Client. Errors are of type *Error, unless ctx ended or another process downloads into Dir.
func (g *Fetcher) Get(ctx context.Context, s *Source) (err error) {
	release, err := g.lock()
	if err != nil && !errors.Is(err, errBusy) && len(s.Files) > 0 {
		return &Error{&s.Files[0], g.goal(&s.Files[0]), err}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	for i := range s.Files {
		f := &s.Files[i]
		goal := g.goal(f)
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

// goal returns where a file is put.
func (g *Fetcher) goal(f *File) string { return filepath.Join(g.Dir, filepath.FromSlash(f.Path)) }

// errBusy says that another process has the lock.
var errBusy = errors.New("another process is downloading")

// lockFile is held by who downloads into a data directory.
const lockFile = ".get.lock"

// lock makes the data directory and keeps other processes from downloading into it.
func (g *Fetcher) lock() (release func() error, err error) {
	if err := os.MkdirAll(g.Dir, 0o777); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(g.Dir, lockFile), flock.SetPermissions(0o666))
	free, err := lock.TryLock()
	if err == nil && !free {
		err = fmt.Errorf("%w into %s; wait for it", errBusy, g.Dir)
	}
	return lock.Unlock, err
}

// file downloads one file, unless it is there, and unpacks it.
func (g *Fetcher) file(ctx context.Context, f *File, goal string) error {
	if err := os.MkdirAll(filepath.Dir(goal), 0o777); err != nil {
		return err
	}
	wrong := check(f, goal)
	switch {
	case wrong == nil:
		g.tell(f, "is there already")
	case !errors.Is(wrong, fs.ErrNotExist):
		g.tell(f, "what is there "+wrong.Error()+"; it is downloaded anew")
	}
	if wrong != nil {
		if err := g.download(ctx, f, goal); err != nil {
			return err
		}
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

// download fetches a file into goal.part and renames it once it has been checked. If the beginning of a continued one was
// wrong, it starts anew.
func (g *Fetcher) download(ctx context.Context, f *File, goal string) error {
	part := goal + ".part"
	continued, err := g.complete(ctx, f, part)
	if err != nil {
		return err
	}
	if err := check(f, part); err != nil {
		if kept := os.Remove(part); kept != nil {
			return errors.Join(err, kept)
		}
		if !continued {
			return fmt.Errorf("what the server sent %w; it was deleted", err)
		}
		g.tell(f, "what was there of it was wrong; it is downloaded anew")
		return g.download(ctx, f, goal)
	}
	if err := os.Rename(part, goal); err != nil {
		return err
	}
	g.tell(f, "downloaded, size and SHA-256 are right")
	return nil
}

// complete brings a part to the file's size. It tells whether some of it was there before.
func (g *Fetcher) complete(ctx context.Context, f *File, part string) (continued bool, err error) {
	have := int64(0)
	if info, err := os.Stat(part); err == nil && info.Size() <= f.Size {
		have = info.Size()
	}
	if have == f.Size {
		return true, nil
	}
	return have > 0, g.append(ctx, f, part, have)
}

// append adds what a part lacks from an offset on. A server that is silent for too long is given up.
func (g *Fetcher) append(ctx context.Context, f *File, part string, have int64) error {
	patience := cmp.Or(g.Idle, time.Minute)
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	idle := time.AfterFunc(patience, cancel)
	defer idle.Stop()
	now, err := g.stream(limited, f, part, have, func() { idle.Reset(patience) })
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("the server has sent nothing for %v; the same command continues", patience)
	case err == nil && now < f.Size:
		return fmt.Errorf("the server sent %d of %d bytes; the same command continues", now, f.Size)
	}
	return err
}

// stream writes what the server sends, calling alive with every piece, and returns how long the part is then.
func (g *Fetcher) stream(ctx context.Context, f *File, part string, have int64, alive func()) (now int64, err error) {
	body, now, err := g.open(ctx, f, have)
	if err != nil {
		return have, err
	}
	defer body.Close()
	out, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return have, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := out.Truncate(now); err != nil {
		return now, err
	}
	if _, err := out.Seek(now, io.SeekStart); err != nil {
		return now, err
	}
	_, err = io.Copy(out, &meter{r: io.LimitReader(body, f.Size-now), seen: func(n int) {
		alive()
		now += int64(n)
		g.watch(f, now)
	}})
	return now, errors.Join(err, out.Sync())
}

// open asks for a file from an offset on. It returns from where on the server sends, which is the beginning if it does
// not know of offsets or has something else there. A page that says why there is no file, or what has another length, is
// refused before any of it is taken.
func (g *Fetcher) open(ctx context.Context, f *File, have int64) (body io.ReadCloser, from int64, err error) {
	response, err := g.request(ctx, f, have)
	if err != nil {
		return nil, 0, err
	}
	wanted := fmt.Sprintf("bytes %d-%d/%d", have, f.Size-1, f.Size)
	switch {
	case response.StatusCode == http.StatusOK && strings.HasPrefix(response.Header.Get("Content-Type"), "text/html"):
		err = errors.New("the server sends a web page in its place")
	case response.StatusCode == http.StatusOK:
		err = offers(response.ContentLength, f.Size)
	case response.StatusCode == http.StatusPartialContent && response.Header.Get("Content-Range") == wanted:
		from, err = have, offers(response.ContentLength, f.Size-have)
	case have > 0 && (response.StatusCode == http.StatusPartialContent || response.StatusCode == http.StatusRequestedRangeNotSatisfiable):
		response.Body.Close()
		return g.open(ctx, f, 0)
	default:
		err = fmt.Errorf("the server answers %s", response.Status)
	}
	if err != nil {
		response.Body.Close()
		return nil, 0, err
	}
	return response.Body, from, nil
}

// offers returns an error if a server announces a length, which is -1 where it does not, that is not the expected one.
func offers(length, want int64) error {
	if length >= 0 && length != want {
		return fmt.Errorf("the server offers %d bytes where %d are expected; what it has there is not the file", length, want)
	}
	return nil
}

func (g *Fetcher) request(ctx context.Context, f *File, from int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "identity") // else net/http unpacks what a server calls gzip
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	return g.Client.Do(request)
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
		return fmt.Errorf("has SHA-256 %s, not %s", got, f.SHA256)
	}
	return nil
}
