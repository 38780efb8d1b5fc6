package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flsim/internal/tensor"
)

// two is a layout of six numbers in two tensors.
func two() tensor.Layout {
	var l tensor.Layout
	return l.Add("fc.weight", tensor.Weight, 2, 2).Add("fc.bias", tensor.Bias, 2)
}

var six = []float32{1, -2, 0.5, 1e-30, math.MaxFloat32, 0}

type writer func(b *bytes.Buffer, l tensor.Layout, v []float32) error

var writers = map[string]writer{
	"npz": func(b *bytes.Buffer, l tensor.Layout, v []float32) error { return WriteNPZ(b, l, v) },
	"safetensors": func(b *bytes.Buffer, l tensor.Layout, v []float32) error {
		return WriteSafetensors(b, l, v, map[string]string{"model": "a", "also": "b"})
	},
}

func written(t testing.TB, write writer, l tensor.Layout, v []float32) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, l, v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readBack(data []byte, l tensor.Layout) ([]float32, error) {
	return Read(bytes.NewReader(data), int64(len(data)), l)
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l tensor.Layout
		for i := range rapid.IntRange(0, 5).Draw(t, "tensors") {
			l = l.Add(fmt.Sprintf("t%d.weight", i), tensor.Weight, rapid.SliceOfN(rapid.IntRange(0, 6), 1, 5).Draw(t, "shape")...)
		}
		v := rapid.SliceOfN(rapid.Float32(), l.Len(), l.Len()).Draw(t, "values")
		for name, write := range writers {
			var b bytes.Buffer
			if err := write(&b, l, v); err != nil {
				t.Fatal(err)
			}
			got, err := readBack(b.Bytes(), l)
			if err != nil || !slices.Equal(got, v) {
				t.Errorf("%s: %v comes back as %v, %v", name, v, got, err)
			}
		}
	})
}

func TestEqualVectorsGiveEqualBytes(t *testing.T) {
	for name, write := range writers {
		if a, b := written(t, write, two(), six), written(t, write, two(), six); !bytes.Equal(a, b) {
			t.Errorf("%s differs from one time to the next", name)
		}
	}
	if a, b := Digest(six), Digest(six[:5]); a == b || len(a) != 64 {
		t.Errorf("digests %s and %s", a, b)
	}
}

// The header of an array is what numpy.save writes, byte by byte.
func TestNPYHeader(t *testing.T) {
	want := "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"
	got := string(npyHeader([]int{3}))
	if len(got) != 128 || !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " \n") {
		t.Errorf("header %q", got)
	}
	if got := string(npyHeader([]int{5, 5, 3, 32})); !strings.Contains(got, "(5, 5, 3, 32), }") || len(got)%64 != 0 {
		t.Errorf("header %q", got)
	}
}

// npzOf makes an archive of members that are written as they stand.
func npzOf(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := archive.Create(members[i]) // deflated, as numpy.savez_compressed does
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(members[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// array is a file of version 2 of NumPy's format with any header.
func array(dict string, data []byte) string {
	head := append([]byte(npyMagic), 2, 0)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(dict)))
	return string(head) + dict + string(data)
}

func bigEndian64(v ...float64) (b []byte) {
	for _, x := range v {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}

func TestOtherArrays(t *testing.T) {
	var l tensor.Layout
	l = l.Add("a", tensor.Weight, 2, 3)
	data := npzOf(t, "a.npy", array("{'descr': '>f8', 'fortran_order': True, 'shape': (2, 3)}", bigEndian64(1, 2, 3, 4, 5, 6)))
	got, err := readBack(data, l)
	if want := []float32{1, 3, 5, 2, 4, 6}; err != nil || !slices.Equal(got, want) {
		t.Errorf("column-major doubles are read as %v, %v, want %v", got, err, want)
	}
}

func safetensorsOf(head string, data ...byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...), data...)
}

func TestComplaints(t *testing.T) {
	good := "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
	one := []byte{0, 0, 128, 63}
	var l tensor.Layout
	l = l.Add("a", tensor.Weight, 1)
	var l2 tensor.Layout
	l2 = l2.Add("a", tensor.Weight, 3, 4)
	for _, c := range []struct {
		layout tensor.Layout
		data   []byte
		want   string
	}{
		{l, nil, "neither an .npz archive nor"},
		{l, []byte("PK\x03\x04 no archive"), "not an .npz archive"},
		{l, npzOf(t, "b.npy", array(good, one)), `lacks the tensor "a" of shape [1]; it has b`},
		{l, npzOf(t, "a.npy", array(good, one), "b.npy", array(good, one)), `has a tensor "b" that the model does not have`},
		{l, npzOf(t, "a.npy", array(good, one), "a.npy", array(good, one)), `holds the tensor "a" twice`},
		{l, npzOf(t, "a.npy", array(good, one[:3])), `tensor "a" ends early`},
		{l, npzOf(t, "a.npy", array(good, append(one, 0))), `tensor "a" has more numbers`},
		{l, npzOf(t, "a.npy", array(strings.Replace(good, "1,", "2,", 1), one)), `tensor "a" has shape [2], the model's has [1]`},
		{l2, npzOf(t, "a.npy", array(strings.Replace(good, "1,", "4, 3", 1), one)), "has shape [4 3], the model's has [3 4]; flsim keeps"},
		{l, npzOf(t, "a.npy", array(strings.Replace(good, "<f4", "<i4", 1), one)), `is of type "<i4"`},
		{l, npzOf(t, "a.npy", array(good, []byte{0, 0, 192, 127})), "holds NaN at place 0"},
		{l, npzOf(t, "a.npy", "no array"), "is not an array"},
		{l, npzOf(t, "a.npy", array("{}", one)), "header"},
		{l, safetensorsOf("{"), "not a safetensors file"},
		{l, safetensorsOf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, one[:3]...), "bytes 0 to 4"},
		{l, safetensorsOf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, one...), "bytes -4 to 0"},
		{l, safetensorsOf(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, one...), `is of type "F16"`},
		{l, safetensorsOf(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, one...), "has shape [4]"},
		{l, append([]byte{0, 0, 0, 0, 0, 0, 0, 64}, '{'), "header would have"},
	} {
		if _, err := readBack(c.data, c.layout); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q is read with %v, want %q", c.data, err, c.want)
		}
	}
}

func TestFilesAreNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.npz")
	if err := os.WriteFile(path, written(t, writers["npz"], two(), six), 0o666); err != nil {
		t.Fatal(err)
	}
	if v, err := ReadFile(path, two()); err != nil || !slices.Equal(v, six) {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := ReadFile(path, two()[:1]); err == nil || !strings.HasPrefix(err.Error(), path+": has a tensor") {
		t.Errorf("error %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, write := range writers {
		f.Add(written(f, write, two(), six))
	}
	f.Add(npzOf(f, "fc.weight.npy", array("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2)}", make([]byte, 32)), "fc.bias.npy", array("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,), }", nil)))
	f.Add(safetensorsOf(`{"fc.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,9223372036854775807]}}`, 1, 2, 3))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := readBack(data, two())
		if (err == nil) != (len(v) == 6) {
			t.Errorf("%d values, %v", len(v), err)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	var l tensor.Layout
	l = l.Add("fc.weight", tensor.Weight, 1<<20)
	v := make([]float32, l.Len())
	for name, write := range writers {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(4 << 20)
			for b.Loop() {
				written(b, write, l, v)
			}
		})
	}
}
