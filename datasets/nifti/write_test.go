package nifti

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// affine is no multiple of the spacing, and exact in float32.
var affine = [4][4]float64{{-1, 0.5, 0, 90}, {0, 2, 0.25, -126}, {0, 0, 3, -72}, {0, 0, 0, 1}}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   Datatype
		voxels []float32
		want   []float32
	}{
		{"a.nii", Uint8, []float32{0, 1.4, 254.5, 255, 3, 2}, []float32{0, 1, 255, 255, 3, 2}},
		{"a.nii.gz", Int16, []float32{-32768, -1.5, 0, 1.49, 32767, 5}, []float32{-32768, -2, 0, 1, 32767, 5}},
		{"b.nii.gz", Float32, []float32{-1e30, 0.1, 0, 1, 2, 1e-40}, []float32{-1e30, 0.1, 0, 1, 2, 1e-40}},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		h := Header{Dim: []int{3, 1, 2}, Spacing: []float64{1, 2, 3}, Affine: affine, Datatype: c.kind}
		if err := Write(path, h, c.voxels); err != nil {
			t.Fatal(err)
		}
		packed, err := os.ReadFile(path)
		if err != nil || bytes.HasPrefix(packed, []byte{0x1f, 0x8b}) != strings.HasSuffix(path, ".gz") {
			t.Errorf("%s begins with % x, error %v", c.name, packed[:2], err)
		}
		m, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, m.Len())
		m.Float32s(got)
		if !slices.Equal(got, c.want) || !slices.Equal(m.Dim, h.Dim) || !slices.Equal(m.Spacing, h.Spacing) ||
			m.Affine != affine || m.Datatype != c.kind || m.Slope != 1 {
			t.Errorf("%s: got %v, %+v", c.name, got, m.Header)
		}
	}
}

func TestWriterSaysWhatItCannotWrite(t *testing.T) {
	for want, h := range map[string]Header{
		"not as RGB24":                          {Dim: []int{2}, Datatype: 128},
		"not as int32":                          {Dim: []int{2}, Datatype: Int32},
		"not 0":                                 {Datatype: Uint8},
		"not 40000":                             {Dim: []int{40000}, Datatype: Uint8},
		"[3] has 3 voxels":                      {Dim: []int{3}, Datatype: Uint8},
		"a remark has at most 79 bytes, not 80": {Dim: []int{2}, Datatype: Float32, About: strings.Repeat("x", 80)},
		"-1 does not fit uint":                  {Dim: []int{2}, Datatype: Uint8},
	} {
		err := Write(filepath.Join(t.TempDir(), "a.nii"), h, []float32{0, -1})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "a.nii") {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
