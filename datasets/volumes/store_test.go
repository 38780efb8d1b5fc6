package volumes

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

var slicesShape = tensor.Shape{H: 16, W: 20, C: 2}

func fakePrepared(t testing.TB) *prepared {
	t.Helper()
	r := &recipe{modalities: []string{"a", "b"}, regions: 3, shape: slicesShape}
	p, err := r.prepare("x", fakeScan(24, 22, 20, 2, rng.New(1, "file")))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFileRoundTrip(t *testing.T) {
	p, path := fakePrepared(t), filepath.Join(t.TempDir(), "x.vol")
	if err := p.write(path, key{1, 2}); err != nil {
		t.Fatal(err)
	}
	f, err := open(path, key{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]float32, len(p.x)), make([]int32, len(p.y))
	f.readValues(x, 0)
	f.readSets(y, 0)
	if f.shape != p.shape || f.tumour != p.tumour || !slices.Equal(f.slices, p.tumourBySlice()) || !slices.Equal(x, p.x) {
		t.Errorf("%v with %d voxels of tumour comes back as %v with %d", p.shape, p.tumour, f.shape, f.tumour)
	}
	for i, set := range p.y {
		if y[i] != int32(set) {
			t.Fatalf("voxel %d has regions %b, want %b", i, y[i], set)
		}
	}
	f.readValues(x[:3*p.shape.C], 50)
	if !slices.Equal(x[:6], p.x[100:106]) {
		t.Error("values from the midst are others")
	}
	if _, err := open(path, key{1, 3}); err == nil {
		t.Error("another key opens the file")
	}
}

// No byte of a file can change, and none can be missing or added, without being noticed.
func TestDamagedFiles(t *testing.T) {
	p, path := fakePrepared(t), filepath.Join(t.TempDir(), "x.vol")
	if err := p.write(path, key{}); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := open(path, key{}); err == nil {
			t.Errorf("%s is opened", what)
		}
	}
	for at := 0; at < len(good); at += 1 + at/50 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x10
		try(fmt.Sprintf("a file with a changed byte %d", at), bad)
	}
	for _, n := range []int{0, 7, fixedBytes - 1, fixedBytes, len(good) / 2, len(good) - 1} {
		try(fmt.Sprintf("a file of %d bytes", n), good[:n])
	}
	try("a file with a byte too many", append(bytes.Clone(good), 0))
	if os.Remove(path); os.Mkdir(path, 0o777) != nil {
		t.Fatal("no folder")
	}
	if _, err := open(path, key{}); err == nil {
		t.Error("a folder is opened")
	}
}

// FuzzOpen gives files whose checksums are right but whose headers say anything.
func FuzzOpen(f *testing.F) {
	header := func(d, h, w, c uint32) []byte {
		var b []byte
		for _, side := range []uint32{d, h, w, c} {
			b = binary.LittleEndian.AppendUint32(b, side)
		}
		return append(b, make([]byte, 8)...)
	}
	f.Add(append(header(1, 1, 1, 1), make([]byte, 9)...))
	f.Add(header(1<<31, 1<<31, 4, 1))
	f.Add(header(0, 9, 9, 9))
	f.Add(append(header(2, 1<<16, 1<<16, 1<<30), make([]byte, 100)...))
	f.Fuzz(func(t *testing.T, behind []byte) {
		content := append(make([]byte, len(key{})), behind...)
		text := binary.LittleEndian.AppendUint32([]byte(magic), crc32.Checksum(content, castagnoli))
		path := filepath.Join(t.TempDir(), "x.vol")
		if err := os.WriteFile(path, append(text, content...), 0o666); err != nil {
			t.Fatal(err)
		}
		opened, err := open(path, key{})
		if err != nil {
			return
		}
		n := opened.shape.Positions()
		opened.readValues(make([]float32, opened.shape.Size()), 0)
		opened.readSets(make([]int32, n), 0)
		opened.data.Close()
	})
}

// contents returns the files below folder and what is in them.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	paths, _ := filepath.Glob(filepath.Join(folder, "*", "*"))
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path[len(folder):]] = string(b)
	}
	return files
}

func TestCacheIsMadeOnce(t *testing.T) {
	p, scans := fakeProvider(6, 2, 2)
	opt := options(t, slicesShape, "resize")
	first := mustOpen(t, p, opt)
	files := contents(t, opt.Cache)
	if scans.Load() != 6 || len(files) != 6 {
		t.Fatalf("%d scans give %d files", scans.Load(), len(files))
	}
	again := mustOpen(t, p, opt)
	if scans.Load() != 6 || again.Digest != first.Digest {
		t.Errorf("opened again there are %d scans; digests %s, %s", scans.Load(), first.Digest, again.Digest)
	}
	opt.Seed = 2 // another choice of the same volumes
	if other := mustOpen(t, p, opt); scans.Load() != 6 || other.Digest == first.Digest {
		t.Errorf("with another seed there are %d scans, and the digests are equal: %v", scans.Load(), other.Digest == first.Digest)
	}
}

func TestStaleAndDamagedFilesAreMadeAnew(t *testing.T) {
	p, scans := fakeProvider(4, 0, 2)
	opt := options(t, slicesShape, "resize")
	want := mustOpen(t, p, opt).Digest
	files := contents(t, opt.Cache)
	for path, content := range files {
		if strings.Contains(path, "case_002") {
			bad := []byte(content)
			bad[len(bad)/2]++
			if err := os.WriteFile(opt.Cache+path, bad, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := mustOpen(t, p, opt).Digest; got != want || scans.Load() != 5 {
		t.Errorf("with one damaged file there are %d scans, want 5", scans.Load())
	}
	if got := contents(t, opt.Cache); fmt.Sprint(got) != fmt.Sprint(files) {
		t.Error("the files are not as before")
	}
	content := p.Key
	p.Key = func(i int) (string, error) {
		if i == 1 {
			return "changed", nil
		}
		return content(i)
	}
	if got := mustOpen(t, p, opt).Digest; got == want || scans.Load() != 6 {
		t.Errorf("with one changed scan there are %d scans, want 6; equal digests: %v", scans.Load(), got == want)
	}
	for _, change := range []func(*datasets.OpenOptions){
		func(o *datasets.OpenOptions) { o.Shape.H = 17 },
		func(o *datasets.OpenOptions) { o.Volumes.Modalities = []string{"flair", "t2"} },
		func(o *datasets.OpenOptions) { o.Volumes.Extract = "patch" },
	} {
		before := scans.Load()
		other := opt
		if change(&other); mustOpen(t, p, other) != nil && scans.Load() != before+4 {
			t.Errorf("%+v: %d scans, want 4", other, scans.Load()-before)
		}
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	p, _ := fakeProvider(7, 2, 2)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var want map[string]string
	for _, workers := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(workers)
		opt := options(t, slicesShape, "resize")
		digest := mustOpen(t, p, opt).Digest
		got := contents(t, opt.Cache)
		got["digest"] = digest
		if want == nil {
			want = got
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d workers give other files", workers)
		}
	}
}

// Several openings at once, as by several processes, end with the same files and leave nothing else.
func TestOpenedByManyAtOnce(t *testing.T) {
	p, _ := fakeProvider(5, 0, 2)
	opt := options(t, slicesShape, "resize")
	digests := make([]string, 4)
	var group sync.WaitGroup
	for i := range digests {
		group.Go(func() {
			if data, err := Open(*p, opt); err == nil {
				digests[i] = data.Digest
			}
		})
	}
	group.Wait()
	if files := contents(t, opt.Cache); len(files) != 5 {
		t.Errorf("there are %d files, want 5", len(files))
	}
	if digests[0] == "" || len(slices.Compact(digests)) != 1 {
		t.Errorf("the digests are %q", digests)
	}
}

// The error is that of the first bad case, for any number of workers.
func TestFirstErrorWins(t *testing.T) {
	p, _ := fakeProvider(30, 0, 2)
	scan := p.Scan
	p.Scan = func(i int) (*Scan, error) {
		if i%4 == 3 {
			return nil, &datasets.ContentError{Name: p.Cases[i].Name, Problem: "label 7 is unknown"}
		}
		return scan(i)
	}
	for range 5 {
		_, err := Open(*p, options(t, slicesShape, "resize"))
		var content *datasets.ContentError
		if !errors.As(err, &content) || content.Name != "case_003" {
			t.Fatalf("got %v, want that of case_003", err)
		}
	}
	p.Key = func(i int) (string, error) { return "", fmt.Errorf("no key of %d", i) }
	if _, err := Open(*p, options(t, slicesShape, "resize")); err == nil || err.Error() != "no key of 0" {
		t.Errorf("got %v", err)
	}
}

func TestCacheFolder(t *testing.T) {
	t.Setenv("FLSIM_CACHE_DIR", "/from/environment")
	for asked, want := range map[string]string{"/asked/for": "/asked/for", "": "/from/environment"} {
		if got, err := CacheFolder(asked); err != nil || got != want {
			t.Errorf("asked for %q: got %q, %v", asked, got, err)
		}
	}
	t.Setenv("FLSIM_CACHE_DIR", "")
	if got, err := CacheFolder(""); err == nil && filepath.Base(got) != "flsim-cache" {
		t.Errorf("by default the cache is in %q", got)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	p, _ := fakeProvider(2, 0, 2)
	opt := options(t, slicesShape, "resize")
	opt.Cache = file
	if _, err := Open(*p, opt); err == nil || !strings.Contains(err.Error(), "FLSIM_CACHE_DIR") {
		t.Errorf("a file for a cache folder: %v", err)
	}
}

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{
		"BraTS-GLI_001": "BraTS-GLI_001", "../../etc": "______etc", "a b/c\\d\x00é": "a_b_c_d__", strings.Repeat("x", 300): strings.Repeat("x", 100),
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
