package cifar

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flsim/datasets"
)

// small returns a distribution like f with few records per file, the content of its files, and what it should open to.
func small(f format) (*format, map[string][]byte) {
	files := map[string][]byte{}
	fill := func(p part, salt int) part {
		p.records = 40 + salt
		var data []byte
		for i := range p.records {
			record := make([]byte, f.record())
			for j := range record {
				record[j] = byte(i*7 + j*31 + j/1024*5 + salt)
			}
			for j := range f.labels {
				record[j] = byte((i + salt + j) % len(f.names))
			}
			data = append(data, record...)
		}
		files[p.file] = data
		p.sha256 = sum(data)
		return p
	}
	f.train = slices.Clone(f.train)
	for i, p := range f.train {
		f.train[i] = fill(p, i)
	}
	f.test = fill(f.test, 9)
	return &f, files
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func zip(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pack returns files, in order of their names backwards, as the archive of f.
func pack(t testing.TB, f *format, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	names := f.files()
	slices.Reverse(names)
	for _, name := range append(names, f.namesFile, "readme.html") {
		if data, ok := files[name]; ok {
			w.WriteHeader(&tar.Header{Name: f.folder + "/" + name, Size: int64(len(data)), Mode: 0o644, Typeflag: tar.TypeReg})
			w.Write(data)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return zip(t, b.Bytes())
}

// A folder below the data directory, the folder itself, packed files and the archive all give the same data.
func TestEveryPackagingGivesTheSameData(t *testing.T) {
	for _, whole := range []format{cifar10, cifar100} {
		f, files := small(whole)
		files["readme.html"] = []byte("not data")
		archived := pack(t, f, files)
		f.sha256 = sum(archived)
		var first *datasets.Data
		for _, layout := range []struct {
			name  string
			write func(dir string)
		}{
			{"folder", func(dir string) { writeAll(t, filepath.Join(dir, f.folder), "", files) }},
			{"itself", func(dir string) { writeAll(t, dir, "", files) }},
			{"packed", func(dir string) { writeAll(t, filepath.Join(dir, f.folder), ".gz", files) }},
			{"archive", func(dir string) { write(t, filepath.Join(dir, f.archive), archived) }},
		} {
			dir := t.TempDir()
			layout.write(dir)
			d, err := f.open(dir)
			if err != nil {
				t.Fatalf("%s, %s: %v", f.name, layout.name, err)
			}
			if first == nil {
				first = d
				checkContent(t, f, d, files)
			}
			if d.Digest != first.Digest || strings.Contains(strings.Join(d.Notes, "\n"), "not the official") {
				t.Errorf("%s, %s: digest %s, want %s; notes %q", f.name, layout.name, d.Digest, first.Digest, d.Notes)
			}
		}
	}
}

func writeAll(t *testing.T, dir, suffix string, files map[string][]byte) {
	for name, data := range files {
		if suffix != "" {
			data = zip(t, data)
		}
		write(t, filepath.Join(dir, name+suffix), data)
	}
}

// checkContent looks every pixel up in the files by the formula of the format.
func checkContent(t *testing.T, f *format, d *datasets.Data, files map[string][]byte) {
	t.Helper()
	var records []byte
	for _, name := range f.files() {
		records = append(records, files[name]...)
	}
	i := 0
	for _, source := range []datasets.Source{d.Train, d.Test} {
		m := source.(*datasets.Images)
		for k := range m.Len() {
			record := records[i*f.record():]
			if m.Label(k) != int(record[f.labels-1]) {
				t.Fatalf("%s: record %d has label %d, want %d", f.name, i, m.Label(k), record[f.labels-1])
			}
			for j, got := range m.Pixels(k) {
				if want := record[f.labels+j%3*1024+j/3]; got != want {
					t.Fatalf("%s: record %d, value %d is %d, want %d", f.name, i, j, got, want)
				}
			}
			i++
		}
	}
	if i*f.record() != len(records) || !slices.Equal(d.ClassNames, f.names) || d.Train.Classes() != len(f.names) {
		t.Errorf("%s: %d records of %d, %d class names", f.name, i, len(records)/f.record(), len(d.ClassNames))
	}
}

func TestNotesAndNames(t *testing.T) {
	f, files := small(cifar10)
	f.test.sha256 = "another"
	files[f.namesFile] = []byte("a b c d e f g h i j\n\n")
	for _, archived := range []bool{false, true} {
		dir := t.TempDir()
		if archived {
			write(t, filepath.Join(dir, f.archive), pack(t, f, files))
		} else {
			writeAll(t, dir, "", files)
		}
		d, err := f.open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if last := d.Notes[len(d.Notes)-1]; !strings.HasSuffix(last, "not the official one: test_batch.bin") {
			t.Errorf("note %q does not name the file that differs, and it alone", last)
		}
		if strings.Join(d.ClassNames, "") != "abcdefghij" {
			t.Errorf("class names %q are not those of the file", d.ClassNames)
		}
	}
}

func TestMissing(t *testing.T) {
	f, files := small(cifar10)
	dir := t.TempDir()
	var missing *datasets.MissingError
	if _, err := f.open(dir); !errors.As(err, &missing) || missing.Dir != dir || missing.Set != "cifar10" ||
		!strings.Contains(err.Error(), "cifar-10-binary.tar.gz") || !strings.Contains(err.Error(), "cifar-10-batches-bin") {
		t.Errorf("got error %v", err)
	}
	delete(files, "data_batch_3.bin")
	writeAll(t, filepath.Join(dir, f.folder), ".gz", files)
	if _, err := f.open(dir); !errors.As(err, &missing) || !strings.Contains(err.Error(), "still missing in "+filepath.Join(dir, f.folder)+": data_batch_3.bin (") {
		t.Errorf("got error %v, want one that names the one file that is missing", err)
	}
}

func TestWrongData(t *testing.T) {
	f, files := small(cifar10)
	good := files["data_batch_2.bin"]
	records := len(good) / 3073
	label10 := slices.Clone(good)
	label10[3*3073] = 10
	flipped := zip(t, good)
	flipped[len(flipped)-6] ^= 1 // in gzip's checksum
	for _, c := range []struct {
		name, file string
		data       []byte
		offset     int64
		say        string
	}{
		{"short", "data_batch_2.bin", good[:len(good)-1], int64(len(good) - 1), "got the end of the file"},
		{"empty", "data_batch_2.bin", nil, 0, "got the end of the file"},
		{"long", "data_batch_2.bin", append(slices.Clone(good), 0), int64(records * 3073), "got more data"},
		{"label", "data_batch_2.bin", label10, 3 * 3073, "want a label from 0 to 9, got 10"},
		{"not gzip", "data_batch_2.bin.gz", good, 0, "want a gzip file"},
		{"cut gzip", "data_batch_2.bin.gz", zip(t, good)[:300], -1, "got the end of the file"},
		{"checksum", "data_batch_2.bin.gz", flipped, int64(records * 3073), "invalid checksum"},
	} {
		dir := t.TempDir()
		rest := map[string][]byte{}
		for name, data := range files {
			rest[name] = data
		}
		delete(rest, "data_batch_2.bin")
		writeAll(t, dir, "", rest)
		write(t, filepath.Join(dir, c.file), c.data)
		_, err := f.open(dir)
		var wrong *datasets.FormatError
		if !errors.As(err, &wrong) || wrong.File != filepath.Join(dir, c.file) || !strings.Contains(err.Error(), c.say) || c.offset >= 0 && wrong.Offset != c.offset {
			t.Errorf("%s: got error %v, want one at byte %d that says %q", c.name, err, c.offset, c.say)
		}
	}
}

func TestWrongArchive(t *testing.T) {
	f, files := small(cifar100)
	good := pack(t, f, files)
	bad := slices.Clone(files["test.bin"])
	bad[1] = 100
	for name, c := range map[string]struct {
		data []byte
		say  string
	}{
		"not gzip":    {[]byte("<html>not found</html>"), "want a gzip file"},
		"not tar":     {zip(t, bytes.Repeat([]byte("no tar"), 500)), "want a tar archive"},
		"no member":   {pack(t, f, map[string][]byte{"test.bin": files["test.bin"]}), "want a member train.bin"},
		"cut":         {good[:len(good)/2], "unexpected EOF"},
		"cut at end":  {good[:len(good)-3], "want the end of the archive"},
		"label":       {pack(t, f, map[string][]byte{"test.bin": bad}), ":cifar-100-binary/test.bin: at byte 1: want a label from 0 to 99, got 100"},
		"short":       {pack(t, f, map[string][]byte{"train.bin": files["train.bin"][:5000], "test.bin": files["test.bin"]}), ":cifar-100-binary/train.bin: at byte 5000: want"},
		"empty":       {nil, "want a gzip file"},
		"nothing but": {zip(t, nil), "want a member train.bin"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, f.archive), c.data)
		_, err := f.open(dir)
		var wrong *datasets.FormatError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.say) && !(name == "cut" && strings.Contains(err.Error(), "the end of the file")) {
			t.Errorf("%s: got error %v, want one that says %q", name, err, c.say)
		}
	}
}

// realDir returns the folder of real data for tests, or skips the test.
func realDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("FLSIM_DATA_DIR")
	if dir == "" {
		root, err := filepath.Abs(".")
		for err == nil && !isFile(filepath.Join(root, "go.mod")) && filepath.Dir(root) != root {
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "data")
	}
	if _, err := cifar10.find(dir); err != nil {
		t.Skipf("no real CIFAR-10 to test with (FLSIM_DATA_DIR): %v", err)
	}
	return dir
}

// The counts of classes and the first labels and bytes are those that everybody finds in the official files.
func TestRealCIFAR10(t *testing.T) {
	if testing.Short() {
		t.Skip("unpacking 160 MB")
	}
	d, err := datasets.Open("cifar10", datasets.OpenOptions{Dir: realDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	train, test := d.Train.(*datasets.Images), d.Test.(*datasets.Images)
	var labels []int
	for i := range 10 {
		labels = append(labels, train.Label(i), train.Label(20000+i), test.Label(i))
	}
	want := []int{6, 8, 3, 9, 5, 8, 9, 0, 8, 4, 6, 0, 1, 9, 6, 1, 2, 6, 2, 8, 1, 7, 3, 6, 8, 6, 3, 3, 2, 1}
	if !slices.Equal(labels, want) {
		t.Errorf("first labels of batches 1, 3 and test %v, want %v", labels, want)
	}
	if got := train.Pixels(0)[:9]; !slices.Equal(got, []uint8{59, 62, 63, 43, 46, 45, 50, 48, 43}) {
		t.Errorf("first pixels %v", got)
	}
	all := make([]int32, train.Len())
	for i := range all {
		all[i] = int32(i)
	}
	for y, n := range datasets.Stats(train, [][]int32{all}).Total {
		if n != 5000 {
			t.Errorf("%d training images of class %d, want 5000", n, y)
		}
	}
	x, y := make([]float32, 3072), make([]int32, 1)
	train.Fill(x, y, []int32{0})
	if want := float32((59/255.0 - 0.4914) / 0.247); x[0] != want {
		t.Errorf("the first value is %v, want %v", x[0], want)
	}
	t.Log(d.Digest, d.Notes)
}

func BenchmarkReal(b *testing.B) {
	dir := realDir(b)
	for b.Loop() {
		if _, err := Open10(dir); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(60000*float64(b.N)/b.Elapsed().Seconds(), "images/s")
}

func FuzzDecode(f *testing.F) {
	format, files := small(cifar100)
	good := files["test.bin"]
	f.Add(good)
	f.Add(good[:5000])
	f.Add(append(slices.Clone(good), 1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		n := format.test.records
		m := &room{pixels: make([]uint8, n*pixels), labels: make([]uint8, n)}
		err := format.decode(bytes.NewReader(data), "fuzz", m)
		if wrong := new(datasets.FormatError); err != nil && !errors.As(err, &wrong) {
			t.Fatalf("an error of another type: %v", err)
		}
		if err == nil && len(data) != n*format.record() {
			t.Fatalf("%d bytes pass for %d records", len(data), n)
		}
	})
}

func FuzzArchive(f *testing.F) {
	format, files := small(cifar100)
	good := pack(f, format, files)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(zip(f, nil))
	path := filepath.Join(f.TempDir(), format.archive)
	f.Fuzz(func(t *testing.T, data []byte) {
		write(t, path, data)
		_, err := format.open(filepath.Dir(path))
		if wrong := new(datasets.FormatError); err != nil && !errors.As(err, &wrong) {
			t.Fatalf("an error of another type: %v", err)
		}
	})
}
