package nifti

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// plain returns a small image of the given type as a file's bytes: 4 x 3 x 2 voxels 0, 1, ... 23.
func plain(t testing.TB, kind Datatype) []byte {
	t.Helper()
	voxels := make([]float32, 24)
	for i := range voxels {
		voxels[i] = float32(i)
	}
	var b bytes.Buffer
	h := Header{Dim: []int{4, 3, 2}, Datatype: kind}
	if err := h.write(&b, voxels); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func packed(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// edited returns a copy of b with an int16 at a place.
func edited(b []byte, at int, v int16) []byte {
	b = bytes.Clone(b)
	binary.LittleEndian.PutUint16(b[at:], uint16(v))
	return b
}

// put writes files into a folder and returns the path of the first.
func put(t testing.TB, names []string, data ...[]byte) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), data[i], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, names[0])
}

func TestPairs(t *testing.T) {
	whole := plain(t, Int16)
	head := bytes.Clone(whole[:348])
	copy(head[344:], "ni1\x00")
	binary.LittleEndian.PutUint32(head[108:], math.Float32bits(0))
	shifted := bytes.Clone(head)
	binary.LittleEndian.PutUint32(shifted[108:], math.Float32bits(7))
	body := whole[352:]
	for _, c := range []struct {
		names []string
		data  [][]byte
	}{
		{[]string{"a.hdr", "a.img"}, [][]byte{head, body}},
		{[]string{"a.img", "a.hdr"}, [][]byte{body, head}},
		{[]string{"a.hdr.gz", "a.img"}, [][]byte{packed(t, head), body}},
		{[]string{"a.img.gz", "a.hdr"}, [][]byte{packed(t, body), head}},
		{[]string{"a.b.nii.gz", "a.b.img.gz"}, [][]byte{packed(t, head), packed(t, body)}},
		{[]string{"a.hdr", "a.img"}, [][]byte{shifted, append(make([]byte, 7), body...)}},
	} {
		m, err := Open(put(t, c.names, c.data...))
		if err != nil {
			t.Errorf("%v: %v", c.names, err)
		} else if m.Len() != 24 || m.At(23) != 23 || m.At(0) != 0 {
			t.Errorf("%v: got %+v, last voxel %v", c.names, m.Header, m.At(23))
		}
	}
}

func TestBothByteOrdersOfEveryType(t *testing.T) {
	for _, kind := range types {
		whole := plain(t, Uint8)[:352+4]
		binary.LittleEndian.PutUint16(whole[42:], 4)
		binary.LittleEndian.PutUint16(whole[44:], 1)
		binary.LittleEndian.PutUint16(whole[46:], 1)
		binary.LittleEndian.PutUint16(whole[70:], uint16(kind.code))
		little := whole[:352]
		big := bytes.Clone(little)
		for _, field := range []struct{ at, size, count int }{{0, 4, 1}, {40, 2, 8}, {70, 2, 2}, {76, 4, 11}, {252, 2, 2}, {256, 4, 18}} {
			swap(big[field.at:field.at+field.size*field.count], field.size)
		}
		stored := make([]byte, 4*kind.size)
		for i, v := range []int{1, 2, 100, 127} {
			b := stored[i*kind.size:]
			switch {
			case kind.code == Float32:
				binary.LittleEndian.PutUint32(b, math.Float32bits(float32(v)))
			case kind.code == Float64:
				binary.LittleEndian.PutUint64(b, math.Float64bits(float64(v)))
			default:
				b[0] = byte(v)
			}
		}
		a, err := Open(put(t, []string{"a.nii"}, slices.Concat(little, stored)))
		if err != nil {
			t.Fatal(kind.name, err)
		}
		swap(stored, kind.size)
		b, err := Open(put(t, []string{"b.nii"}, slices.Concat(big, stored)))
		if err != nil {
			t.Fatal(kind.name, err)
		}
		var fromA, fromB [4]float32
		a.Float32s(fromA[:])
		b.Float32s(fromB[:])
		if want := [4]float32{1, 2, 100, 127}; fromA != want || fromB != want || a.Affine != b.Affine || a.At(3) != 127 {
			t.Errorf("%s: got %v and %v", kind.name, fromA, fromB)
		}
	}
}

func TestVolumesOfAnImage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.nii")
	voxels := make([]float32, 4*3*2*5)
	for i := range voxels {
		voxels[i] = float32(i)
	}
	if err := Write(path, Header{Dim: []int{4, 3, 2, 1, 5}, Datatype: Int16}, voxels); err != nil {
		t.Fatal(err)
	}
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		v := m.Volume(i)
		got := make([]float32, v.Len())
		v.Float32s(got)
		if !slices.Equal(v.Dim, []int{4, 3, 2}) || !slices.Equal(got, voxels[24*i:24*(i+1)]) {
			t.Errorf("volume %d is %v, %v", i, v.Dim, got)
		}
	}
}

// TestLiesAreRefusedCheaply gives small files that claim a lot.
func TestLiesAreRefusedCheaply(t *testing.T) {
	whole := plain(t, Uint8)
	claim := func(x, y, z int16) []byte { return edited(edited(edited(whole, 42, x), 44, y), 46, z) }
	zeros := make([]byte, 32<<20)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"4 GB in 376 bytes":          {claim(2048, 2048, 1024), "want 4294967296 bytes of voxels from byte 352 on, as the header says, got a file that can hold at most 376 bytes"},
		"4 GB in a packed file":      {packed(t, claim(2048, 2048, 1024)), "got a file that can hold at most"},
		"as much as gzip could pack": {packed(t, append(claim(1024, 1024, 20), zeros[:20<<20-100]...)), "got the end of the file"},
		"a bomb after the voxels":    {packed(t, append(bytes.Clone(whole), zeros...)), "got more than a MiB of other data"},
		"gzip that is none":          {[]byte{0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}, "want a gzip file"},
	} {
		path := put(t, []string{"a.nii.gz"}, c.data)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Open(path)
		runtime.ReadMemStats(&after)
		if e := (*Error)(nil); !errors.As(err, &e) || e.File != path || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 96<<20 {
			t.Errorf("%s: took %d bytes", name, taken)
		}
	}
}

func TestAbsentFilesAndFolders(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "a.nii")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "such as a folder") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(put(t, []string{"a.img"}, nil)); err == nil || !strings.Contains(err.Error(), "a.hdr or a.hdr.gz beside it") {
		t.Errorf("half a pair: %v", err)
	}
}

// second returns a NIfTI-2 file of 4 x 3 x 2 zeros of type uint8, of which the last voxels are left out.
func second(voxels int) []byte {
	b := make([]byte, 544+voxels)
	copy(b, "\x1c\x02\x00\x00n+2\x00\r\n\x1a\n")
	for at, v := range map[int]uint16{12: uint16(Uint8), 16: 3, 24: 4, 32: 3, 40: 2, 348: 1} {
		binary.LittleEndian.PutUint16(b[at:], v)
	}
	for i, v := range []float64{2, 0, 0, 5, 0, 3, 0, 6, 0, 0, 4, 7} {
		binary.LittleEndian.PutUint64(b[400+8*i:], math.Float64bits(v))
	}
	return b
}

func TestSecondVersion(t *testing.T) {
	m, err := Open(put(t, []string{"a.nii"}, second(24)))
	want := [4][4]float64{{2, 0, 0, 5}, {0, 3, 0, 6}, {0, 0, 4, 7}, {0, 0, 0, 1}}
	if err != nil || m.Version != 2 || !slices.Equal(m.Dim, []int{4, 3, 2}) || m.Affine != want {
		t.Errorf("got %+v, %v", m, err)
	}
	if _, err := Open(put(t, []string{"a.nii"}, second(23))); err == nil || !strings.Contains(err.Error(), "at most 567 bytes") {
		t.Errorf("cut short: %v", err)
	}
}

// FuzzRead reads any bytes as a file, alone and as the header of a pair.
func FuzzRead(f *testing.F) {
	whole := plain(f, Int16)
	pair := bytes.Clone(whole[:352])
	copy(pair[344:], "ni1\x00")
	second := second(24)
	for _, head := range [][]byte{whole, whole[:100], whole[:360], pair, second, edited(whole, 42, -1), edited(whole, 70, 64), packed(f, whole), packed(f, whole)[:80]} {
		f.Add(head, whole[352:])
		f.Add(head, packed(f, whole))
	}
	f.Fuzz(func(t *testing.T, head, body []byte) {
		m, err := readBytes(head, body)
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) || e.Want == "" || e.Got == "" {
				t.Fatalf("an error that is no *Error: %v", err)
			}
			return
		}
		values := make([]float32, m.Len())
		m.Float32s(values)
		for _, i := range []int{0, len(values) / 2, len(values) - 1} {
			if got, want := math.Float32bits(float32(m.At(i))), math.Float32bits(values[i]); got != want && values[i] == values[i] {
				t.Fatalf("voxel %d is %x and %x", i, got, want)
			}
		}
	})
}

// readBytes does what Open does, without files.
func readBytes(head, body []byte) (*Image, error) {
	f, err := newFile(bytes.NewReader(head), int64(len(head)))
	if err != nil {
		return nil, err
	}
	h, err := f.header()
	if err != nil {
		return nil, err
	}
	if !h.single {
		if f, err = newFile(bytes.NewReader(body), int64(len(body))); err != nil {
			return nil, err
		}
	}
	return h.image(f)
}

// BenchmarkFloat32s takes an image of the size of BraTS's; MB/s are of float32.
func BenchmarkFloat32s(b *testing.B) {
	for _, kind := range types {
		for _, slope := range []float64{1, 0.5} {
			m := &Image{Header: Header{Dim: []int{240, 240, 155}, Datatype: kind.code, Slope: slope}}
			m.data = make([]byte, m.Len()*kind.size)
			dst := make([]float32, m.Len())
			b.Run(fmt.Sprintf("%s/slope=%v", kind.name, slope), func(b *testing.B) {
				b.SetBytes(int64(4 * len(dst)))
				for b.Loop() {
					m.Float32s(dst)
				}
			})
		}
	}
}

// BenchmarkOpen reads a packed image of the size of BraTS's; MB/s are of unpacked voxels.
func BenchmarkOpen(b *testing.B) {
	voxels := make([]float32, 240*240*155)
	for i := range voxels {
		if x, y := i%240-120, i/240%240-120; x*x+y*y < 80*80 { // half of a scan is background
			voxels[i] = float32((i * 2654435761 >> 7) & 255)
		}
	}
	path := filepath.Join(b.TempDir(), "a.nii.gz")
	if err := Write(path, Header{Dim: []int{240, 240, 155}, Datatype: Int16}, voxels); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(2 * len(voxels)))
	for b.Loop() {
		if _, err := Open(path); err != nil {
			b.Fatal(err)
		}
	}
}
