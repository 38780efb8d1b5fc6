package fetch

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flsim/datasets"
	_ "flsim/datasets/cifar"
	_ "flsim/datasets/idx"
)

var content = bytes.Repeat([]byte("0123456789"), 20000)

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// server offers content as a file and counts the bytes that it is asked for.
func server(t *testing.T, handle http.HandlerFunc) (*Fetcher, *Source) {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	source := &Source{Sets: []string{"set"}, Files: []File{{URL: s.URL + "/file.bin", Path: "folder/file.bin", Size: int64(len(content)), SHA256: digest(content)}}}
	return &Fetcher{Client: s.Client(), Dir: t.TempDir()}, source
}

func serve(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "file.bin", time.Time{}, bytes.NewReader(content))
}

func read(t *testing.T, g *Fetcher, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(g.Dir, "folder", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestGet(t *testing.T) {
	asked := 0
	g, s := server(t, func(w http.ResponseWriter, r *http.Request) { asked++; serve(w, r) })
	var last int64
	g.Watch = func(_ *File, done int64) { last = done }
	for range 2 {
		if err := g.Get(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(read(t, g, "file.bin"), content) || last != s.Files[0].Size || asked != 1 {
		t.Errorf("%d of %d bytes, asked %d times", last, s.Files[0].Size, asked)
	}
}

// Some servers call a packed file its own encoding, which must not unpack it on the way.
func TestPackedFilesStayPacked(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(content); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	g, s := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(packed.Bytes())
	})
	s.Files[0].Size, s.Files[0].SHA256 = int64(packed.Len()), digest(packed.Bytes())
	if err := g.Get(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, g, "file.bin"), packed.Bytes()) {
		t.Error("the file was changed on the way")
	}
}

func TestBrokenDownloadsContinue(t *testing.T) {
	var ranges []string
	g, s := server(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if len(ranges) == 1 {
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			w.Write(content[:1234])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		serve(w, r)
	})
	err := g.Get(t.Context(), s)
	var failed *Error
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "by hand: "+filepath.Join(g.Dir, "folder", "file.bin")) {
		t.Fatalf("a download that breaks off gives %v", err)
	}
	if n := len(read(t, g, "file.bin.part")); n != 1234 {
		t.Fatalf("%d bytes are kept", n)
	}
	if err := g.Get(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, g, "file.bin"), content) || ranges[1] != "bytes=1234-" {
		t.Errorf("ranges %q", ranges)
	}
}

// lay puts a file into the data directory.
func lay(t *testing.T, g *Fetcher, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(g.Dir, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(g.Dir, "folder", name), data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// Whatever is there of a file, and however a server takes the wish for the rest, one call is enough.
func TestPartsOfAnyKind(t *testing.T) {
	whole := func(w http.ResponseWriter, r *http.Request) { w.Write(content) }
	elsewhere := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/file.bin" {
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		serve(w, r)
	}
	refuse := func(status int, header string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				serve(w, r)
				return
			}
			w.Header().Set("Content-Range", header)
			w.WriteHeader(status)
		}
	}
	longer := append([]byte("x"), content...)
	for _, c := range []struct {
		name  string
		part  []byte
		serve http.HandlerFunc
		asked int // how often
	}{
		{"rubbish, a server without ranges", []byte("rubbish"), whole, 1},
		{"rubbish", []byte("rubbish"), serve, 2},
		{"rubbish of the right length", bytes.ToUpper(longer[:len(content)]), serve, 1},
		{"too much", longer, serve, 1},
		{"all of it", content, serve, 0},
		{"a part, a server that moved the file", content[:99], elsewhere, 2},
		{"a part that the server does not have", content[:99], refuse(http.StatusRequestedRangeNotSatisfiable, "bytes */7"), 2},
		{"a part, a server that sends another", content[:99], refuse(http.StatusPartialContent, "bytes 0-1/200000"), 2},
		{"a part of a file that has changed", content[:99], refuse(http.StatusPartialContent, "bytes 99-299999/300000"), 2},
	} {
		asked := 0
		g, s := server(t, func(w http.ResponseWriter, r *http.Request) { asked++; c.serve(w, r) })
		lay(t, g, "file.bin.part", c.part)
		if err := g.Get(t.Context(), s); err != nil || !bytes.Equal(read(t, g, "file.bin"), content) || asked != c.asked {
			t.Errorf("%s: %v, asked %d times, not %d", c.name, err, asked, c.asked)
		}
		if _, err := os.Stat(filepath.Join(g.Dir, "folder", "file.bin.part")); err == nil {
			t.Errorf("%s: the part is still there", c.name)
		}
	}
}

// A page that a server sends in the place of a file leaves what is there of the file alone.
func TestPagesAreNotFiles(t *testing.T) {
	for page, want := range map[string]string{
		"<html>please log in</html>": "the server sends a web page",
		"please log in":              "the server offers 13 bytes where 200000 are expected",
	} {
		g, s := server(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, page) })
		lay(t, g, "file.bin.part", content[:1234])
		if err := g.Get(t.Context(), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v", page, err)
		}
		if got := read(t, g, "file.bin.part"); !bytes.Equal(got, content[:1234]) {
			t.Errorf("%q leaves %d bytes", page, len(got))
		}
	}
}

// A file that is not the one that it should be is replaced, and that is told.
func TestWrongFilesAreReplaced(t *testing.T) {
	g, s := server(t, serve)
	lay(t, g, "file.bin", []byte("something else"))
	var told []string
	g.Told = func(_ *File, message string) { told = append(told, message) }
	if err := g.Get(t.Context(), s); err != nil || !bytes.Equal(read(t, g, "file.bin"), content) {
		t.Error(err)
	}
	if want := "what is there has 14 bytes, not 200000; it is downloaded anew"; len(told) != 2 || told[0] != want {
		t.Errorf("told %q", told)
	}
}

// Two processes do not write the same files.
func TestOneDownloadAtATime(t *testing.T) {
	var second error
	var g *Fetcher
	var s *Source
	g, s = server(t, func(w http.ResponseWriter, r *http.Request) {
		second = (&Fetcher{Client: g.Client, Dir: g.Dir}).Get(t.Context(), s)
		serve(w, r)
	})
	if err := g.Get(t.Context(), s); err != nil {
		t.Error(err)
	}
	if second == nil || !strings.Contains(second.Error(), "another process is downloading") {
		t.Errorf("a second download gives %v", second)
	}
}

// A data directory that cannot be made or written to is told as any other reason for which a file is not there.
func TestNoDataDirectory(t *testing.T) {
	g, s := server(t, serve)
	file := filepath.Join(g.Dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	g.Dir = filepath.Join(file, "data")
	var failed *Error
	if err := g.Get(t.Context(), s); !errors.As(err, &failed) || failed.Path != filepath.Join(g.Dir, "folder", "file.bin") {
		t.Errorf("below a file: %v", err)
	}
}

// What is not what it should be does not stay.
func TestWrongFiles(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"has SHA-256": func(w http.ResponseWriter, r *http.Request) { w.Write(bytes.ToUpper(append(content[1:], 'x'))) },
		"404":         http.NotFound,
		"offers 3 bytes where 200000 are expected": func(w http.ResponseWriter, r *http.Request) { w.Write(content[:3]) },
		"sent 3 of": func(w http.ResponseWriter, r *http.Request) {
			w.Write(content[:3])
			w.(http.Flusher).Flush() // so that no length is announced
		},
	} {
		g, s := server(t, handle)
		err := g.Get(t.Context(), s)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
		if _, err := os.Stat(filepath.Join(g.Dir, "folder", "file.bin")); err == nil {
			t.Errorf("%s: there is a file", name)
		}
	}
	// Of a server that never ends no more is taken than the file has.
	g, s := server(t, func(w http.ResponseWriter, r *http.Request) {
		for range 100 {
			w.Write(content)
		}
	})
	if err := g.Get(t.Context(), s); err != nil || !bytes.Equal(read(t, g, "file.bin"), content) {
		t.Error(err)
	}
}

func TestSilentServers(t *testing.T) {
	release := make(chan struct{})
	g, s := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(content[:10])
		w.(http.Flusher).Flush()
		<-release
	})
	defer close(release)
	g.Idle = 50 * time.Millisecond
	if err := g.Get(t.Context(), s); err == nil || !strings.Contains(err.Error(), "the server has sent nothing for 50ms") {
		t.Errorf("a server that says nothing more gives %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	g.Idle = 0
	if err := g.Get(ctx, s); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a download that is cancelled gives %v", err)
	}
}

func TestArchivesAreUnpacked(t *testing.T) {
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, name := range []string{"gzip/a-images-idx3-ubyte.gz", "../../escape", "gzip/.hidden", "gzip/"} {
		w, err := archive.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, map[bool]string{true: "", false: "data"}[strings.HasSuffix(name, "/")])
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	g, s := server(t, func(w http.ResponseWriter, r *http.Request) { w.Write(b.Bytes()) })
	f := &s.Files[0]
	f.Unpack, f.Size, f.SHA256 = "folder", int64(b.Len()), digest(b.Bytes())
	if err := g.Get(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(g.Dir, "folder"))
	if err != nil || len(entries) != 2 || entries[0].Name() != "a-images-idx3-ubyte.gz" || entries[1].Name() != "escape" {
		t.Errorf("%v, %v", entries, err)
	}
	if got := read(t, g, "a-images-idx3-ubyte.gz"); string(got) != "data" {
		t.Errorf("%q", got)
	}
}

// Every set that is read from files says where it comes from, and its files go where its reader looks for them.
func TestSources(t *testing.T) {
	for _, set := range datasets.Names() {
		s, ok := SourceOf(set)
		if !ok || (len(s.Files) == 0) == (s.Terms == "") {
			t.Errorf("%s has no source", set)
			continue
		}
		if s.Terms != "" {
			if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(s.Guide))); err != nil || s.Guide == "" {
				t.Errorf("%s: who says more? %v", set, err)
			}
			continue
		}
		dir := t.TempDir()
		for _, f := range s.Files {
			address, err := url.Parse(f.URL)
			if err != nil || address.Host == "" || f.Size < 1000 || len(f.SHA256) != 64 {
				t.Errorf("%+v", f)
			}
			paths := []string{f.Path}
			if f.Unpack != "" {
				paths = nil
				kind := strings.TrimPrefix(strings.Replace(set, "emnist", "emnist-balanced", map[bool]int{true: 1}[set == "emnist"]), "emnist-")
				for _, end := range []string{"train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"} {
					paths = append(paths, fmt.Sprintf("%s/emnist-%s-%s-ubyte.gz", f.Unpack, kind, end))
				}
			}
			for _, path := range paths {
				path = filepath.Join(dir, filepath.FromSlash(path))
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, nil, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
		if place, err := datasets.Locate(set, dir); err != nil || !strings.HasPrefix(place, dir) {
			t.Errorf("%s is not found where it is put: %q, %v", set, place, err)
		}
		if _, err := datasets.Locate(set, t.TempDir()); err == nil {
			t.Errorf("%s is found in an empty folder", set)
		}
	}
	if s, ok := SourceOf("brats"); !ok || s.Terms == "" {
		t.Error("nobody says where to register for BraTS")
	}
}
