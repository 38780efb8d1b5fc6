package idx

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"flsim/datasets"
	"flsim/internal/tensor"
)

// array writes data in IDX format.
func array(data []byte, dims ...int) []byte {
	b := []byte{0, 0, typeUint8, byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
	}
	return append(b, data...)
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

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// ramp returns n bytes that differ from their neighbours.
func ramp(n, salt int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*37 + salt)
	}
	return b
}

// put writes the four files of a set of five training and two test images, of 4 rows and 3 columns.
func put(t testing.TB, dir, prefix, test, dot, suffix string, labels []byte) {
	t.Helper()
	files := map[string][]byte{
		"train-images" + dot + "idx3-ubyte":   array(ramp(60, 0), 5, 4, 3),
		"train-labels" + dot + "idx1-ubyte":   array(labels[:5], 5),
		test + "-images" + dot + "idx3-ubyte": array(ramp(24, 9), 2, 4, 3),
		test + "-labels" + dot + "idx1-ubyte": array(labels[5:7], 2),
	}
	for name, data := range files {
		if suffix != "" {
			data = zip(t, data)
		}
		write(t, filepath.Join(dir, prefix+name+suffix), data)
	}
}

func TestEveryPlaceAndPackaging(t *testing.T) {
	labels := []byte{3, 1, 4, 1, 5, 9, 2}
	var digest string
	for _, c := range []struct{ set, folder, dot, suffix string }{
		{"mnist", "mnist", "-", ""}, {"mnist", "mnist", "-", ".gz"}, {"mnist", "MNIST/raw", ".", ""}, {"mnist", ".", ".", ".gz"},
		{"fashion-mnist", "fashion-mnist", "-", ".gz"}, {"fashion-mnist", "FashionMNIST/raw", "-", ""}, {"fashion-mnist", ".", "-", ""},
	} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, c.folder), "", "t10k", c.dot, c.suffix, labels)
		d, err := datasets.Open(c.set, datasets.OpenOptions{Dir: dir})
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if digest == "" {
			digest = d.Digest
		}
		if d.Digest != digest || d.Train.Len() != 5 || d.Test.Len() != 2 || d.Train.Label(4) != 5 || d.Test.Label(0) != 9 ||
			d.Train.Shape() != (tensor.Shape{H: 4, W: 3, C: 1}) || !slices.Equal(d.Train.(*datasets.Images).Pixels(1), ramp(60, 0)[12:24]) {
			t.Errorf("%+v: got %+v", c, d)
		}
		if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, "5 images to train on; the official files have 60000") || !strings.Contains(notes, "another set may lie") {
			t.Errorf("%+v: notes %q", c, d.Notes)
		}
	}
}

func TestEMNISTIsTurnedUpright(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "emnist"), "emnist-letters-", "test", "-", ".gz", []byte{1, 26, 2, 3, 4, 5, 6})
	put(t, filepath.Join(dir, "emnist"), "emnist-balanced-", "test", "-", "", []byte{0, 46, 2, 3, 4, 5, 6})
	d, err := Open("emnist-letters", dir)
	if err != nil {
		t.Fatal(err)
	}
	if d.Train.Label(0) != 0 || d.Train.Label(1) != 25 || d.Train.Classes() != 26 || d.ClassNames[25] != "Z" {
		t.Errorf("letters: labels %d %d of %d", d.Train.Label(0), d.Train.Label(1), d.Train.Classes())
	}
	file, got := ramp(60, 0)[12:24], d.Train.(*datasets.Images).Pixels(1)
	for y := range 3 { // 4 rows of 3 in the file are 3 rows of 4 upright
		for x := range 4 {
			if got[y*4+x] != file[x*3+y] {
				t.Fatalf("pixel (%d, %d) is %d, want %d", y, x, got[y*4+x], file[x*3+y])
			}
		}
	}
	if d, err = Open("emnist", dir); err != nil || d.Train.Classes() != 47 || d.ClassNames[46] != "t" {
		t.Errorf("emnist is the balanced split with 47 classes; got %v, %v", d, err)
	}
	if _, err := Open("emnist-klingon", dir); err == nil {
		t.Error("an unknown name must be an error")
	}
}

// putColour writes a set of three training and two test images of 2 rows and 3 columns in colour.
func putColour(t testing.TB, dir string) {
	t.Helper()
	write(t, filepath.Join(dir, "train-images-idx4-ubyte"), array(ramp(54, 0), 3, 2, 3, 3))
	write(t, filepath.Join(dir, "train-labels-idx1-ubyte"), array([]byte{0, 9, 1}, 3))
	write(t, filepath.Join(dir, "test-images-idx4-ubyte.gz"), zip(t, array(ramp(36, 9), 2, 2, 3, 3)))
	write(t, filepath.Join(dir, "test-labels-idx1-ubyte.gz"), zip(t, array([]byte{7, 0}, 2)))
}

func TestColour(t *testing.T) {
	dir := t.TempDir()
	putColour(t, filepath.Join(dir, "svhn"))
	d, err := datasets.Open("svhn", datasets.OpenOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	train := d.Train.(*datasets.Images)
	if d.Train.Shape() != (tensor.Shape{H: 2, W: 3, C: 3}) || d.Train.Len() != 3 || d.Test.Len() != 2 || d.Test.Label(0) != 7 ||
		!slices.Equal(train.Pixels(1), ramp(54, 0)[18:36]) {
		t.Errorf("got %+v", d)
	}
	if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, "3 images to train on; the official files have 73257") {
		t.Errorf("notes %q", d.Notes)
	}
	x, y := make([]float32, 54), make([]int32, 3)
	train.Fill(x, y, []int32{0, 1, 2})
	for channel := range 3 { // each is normalised with its own mean
		sum := float32(0)
		for i := channel; i < len(x); i += 3 {
			sum += x[i]
		}
		if sum > 0.02 || sum < -0.02 {
			t.Errorf("the normalised values of channel %d sum to %v", channel, sum)
		}
	}
}

func TestMissing(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "mnist"), "", "t10k", "-", "", make([]byte, 7))
	os.Remove(filepath.Join(dir, "mnist", "t10k-labels-idx1-ubyte"))
	for name, say := range map[string]string{"mnist": "t10k-labels-idx1-ubyte", "emnist": "emnist-balanced-test-images-idx3-ubyte",
		"svhn": "test-images-idx4-ubyte and test-labels-idx1-ubyte (each plain or with .gz), which scripts/convert_svhn.py makes"} {
		var missing *datasets.MissingError
		if _, err := Open(name, dir); !errors.As(err, &missing) || !strings.Contains(err.Error(), say) || missing.Set != name {
			t.Errorf("got error %v, want one that says %q", err, say)
		}
	}
}

func TestWrongData(t *testing.T) {
	images, labels := "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
	for _, c := range []struct {
		file   string
		data   []byte
		offset int64
		say    string
	}{
		{images, array(ramp(60, 0), 5, 4, 3)[:70], 4, "dimensions that the file can hold"},
		{images, array(nil, 1<<31, 1<<31, 1<<31), 4, "dimensions that the file can hold"},
		{images, array(nil, 0, 4, 3), 4, "at least one image"},
		{images, array(ramp(61, 0), 5, 4, 3), 76, "got more data"},
		{images, array(ramp(60, 0), 5, 12), 0, "bytes in 3 dimensions"},
		{images, []byte{0, 0}, 2, "a header of 16 bytes"},
		{labels, array([]byte{1, 2, 3, 10, 1}, 5), 11, "want a label from 0 to 9, got 10"},
		{labels, array([]byte{1, 2, 3, 4}, 4), 4, "want 5 labels"},
		{images, array(ramp(60, 0), 5, 3, 4), 8, "as in"},
	} {
		dir := t.TempDir()
		put(t, dir, "", "t10k", "-", "", make([]byte, 7))
		write(t, filepath.Join(dir, c.file), c.data)
		_, err := Open("mnist", dir)
		var wrong *datasets.FormatError
		if !errors.As(err, &wrong) || wrong.Offset != c.offset || !strings.Contains(err.Error(), c.say) {
			t.Errorf("got error %v, want one at byte %d that says %q", err, c.offset, c.say)
		}
	}
}

func TestWrongColours(t *testing.T) {
	for _, c := range []struct {
		data   []byte
		offset int64
		say    string
	}{
		{array(ramp(36, 0), 3, 2, 3, 2), 16, "want 3 channels, which vary fastest, got 2"},
		{array(ramp(54, 0), 3, 18, 1), 0, "bytes in 4 dimensions"},
		{array(nil, 1<<31, 1<<31, 1<<31, 1<<31), 4, "dimensions that the file can hold"},
		{array(ramp(54, 0), 3, 3, 2, 3), 8, "want images of 3x2x3, as in"},
	} {
		dir := t.TempDir()
		putColour(t, dir)
		write(t, filepath.Join(dir, "train-images-idx4-ubyte"), c.data)
		_, err := Open("svhn", dir)
		var wrong *datasets.FormatError
		if !errors.As(err, &wrong) || wrong.Offset != c.offset || !strings.Contains(err.Error(), c.say) {
			t.Errorf("got error %v, want one at byte %d that says %q", err, c.offset, c.say)
		}
	}
}

// A file cut anywhere is refused, packed and plain.
func TestTruncatedAtEveryLength(t *testing.T) {
	whole := array(ramp(60, 0), 5, 4, 3)
	packed := zip(t, whole)
	for n := range whole {
		if _, _, err := decode(bytes.NewReader(whole[:n]), "cut", 3, int64(n)); err == nil {
			t.Fatalf("%d of %d bytes pass", n, len(whole))
		}
	}
	for n := range packed {
		if _, _, err := decodePacked(bytes.NewReader(packed[:n]), "cut", 3, int64(n)); err == nil {
			t.Fatalf("%d of %d packed bytes pass", n, len(packed))
		}
	}
}

// What a header claims does not decide how much memory is taken.
func TestClaimsAreNotBelieved(t *testing.T) {
	packed := zip(t, array(nil, 1<<16, 1<<10, 1<<10))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := decodePacked(bytes.NewReader(packed), "bomb", 3, 1<<40); err == nil { // as if the file were huge
		t.Error("an empty file passes for 2^36 pixels")
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes were allocated for a file of %d", got, len(packed))
	}
}

func FuzzDecode(f *testing.F) {
	good := array(ramp(60, 0), 5, 4, 3)
	f.Add(good)
	f.Add(zip(f, good))
	f.Add(array(nil, 1<<31, 1<<31, 1<<31))
	f.Add(zip(f, array(nil, 1<<20, 28, 28)))
	f.Add([]byte{0, 0, 8, 3, 0, 0, 0})
	f.Add(array(ramp(54, 0), 3, 2, 3, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		size := int64(len(b))
		for dims := 3; dims <= 4; dims++ {
			check(t, size, decode, dims, b)
			check(t, size*maxExpansion, decodePacked, dims, b)
		}
	})
}

func check(t *testing.T, most int64, read func(r io.Reader, name string, dims int, size int64) ([]int, []byte, error), dims int, b []byte) {
	shape, data, err := read(bytes.NewReader(b), "fuzz", dims, int64(len(b)))
	if wrong := new(datasets.FormatError); err != nil && !errors.As(err, &wrong) {
		t.Fatalf("an error of another type: %v", err)
	}
	product := 1
	for _, d := range shape {
		product *= d
	}
	if err == nil && (int64(len(data)) > most || len(data) != product) {
		t.Fatalf("%d bytes for %v", len(data), shape)
	}
}
