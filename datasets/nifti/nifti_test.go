package nifti

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// oracle is what nibabel 5.0.0 found in a file, or why the file is to be refused.
type oracle struct {
	Want, Why, Endian   string
	Version, Datatype   int
	Shape               []int
	Count, Nan          int
	Slope               *float64 `json:"scl_slope"` // nil is NaN
	Inter               *float64 `json:"scl_inter"`
	Pixdim              []float64
	Affine              [4][4]float64
	Min, Max, Sum, Mean float64
	First8              []*float64
	Mid                 float64
}

// realFiles returns the folder of files that others wrote, and what to expect of each.
func realFiles(t testing.TB) (dir string, files map[string]oracle) {
	t.Helper()
	dir = os.Getenv("FLSIM_DATA_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir = filepath.Join(dir, "nifti")
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Skipf("no real files: %v; set FLSIM_DATA_DIR to the folder that holds nifti", err)
	}
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	return dir, files
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

func TestRealFiles(t *testing.T) {
	dir, files := realFiles(t)
	read, refused := 0, 0
	for name, want := range files {
		image, err := Open(filepath.Join(dir, name))
		if want.Want == "error" {
			refused++
			if e := (*Error)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s (%s): got error %v", name, want.Why, err)
			}
			t.Log(err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want.Want == "" { // voxel halves of pairs are described by their headers
			read++
			compare(t, name, image, want)
		}
	}
	if read != 37 || refused != 16 || len(files) != 55 {
		t.Errorf("%d read, %d refused of %d, want 37, 16 of 55", read, refused, len(files))
	}
}

// compare holds an image against the oracle.
func compare(t *testing.T, name string, m *Image, want oracle) {
	t.Helper()
	if m.Version != want.Version || int(m.Datatype) != want.Datatype || !slices.Equal(m.Dim, want.Shape) || m.Len() != want.Count {
		t.Errorf("%s: got %+v", name, m.Header)
		return
	}
	if !slices.EqualFunc(m.Spacing, want.Pixdim, near) || !same(m.Slope, want.Slope) || !same(m.Inter, want.Inter) {
		t.Errorf("%s: spacing %v, slope %v, inter %v", name, m.Spacing, m.Slope, m.Inter)
	}
	for i := range 16 {
		const unset = "no_affine.nii row_major.dconn.nii" // neither sform nor qform
		if got, want := m.Affine[i/4][i%4], want.Affine[i/4][i%4]; math.Abs(got-want) > 1e-6 && !strings.Contains(unset, name) {
			t.Errorf("%s: affine %v", name, m.Affine)
		}
	}
	got := oracle{Min: math.Inf(1), Max: math.Inf(-1)}
	single := make([]float32, m.Len())
	m.Float32s(single)
	for i := range single {
		v := m.At(i)
		if math.Float32bits(float32(v)) != math.Float32bits(single[i]) && !math.IsNaN(v) {
			t.Fatalf("%s: voxel %d is %v and %v", name, i, v, single[i])
		}
		if math.IsNaN(v) {
			got.Nan++
			continue
		}
		got.Min, got.Max, got.Sum = min(got.Min, v), max(got.Max, v), got.Sum+v
	}
	mean := got.Sum / float64(m.Len()-got.Nan)
	if got.Nan != want.Nan || !near(got.Min, want.Min) || !near(got.Max, want.Max) || !near(got.Sum, want.Sum) || !near(mean, want.Mean) {
		t.Errorf("%s: NaN %d, min %v, max %v, sum %v, want %+v", name, got.Nan, got.Min, got.Max, got.Sum, want)
	}
	for i, v := range want.First8 {
		if !same(m.At(i), v) {
			t.Errorf("%s: voxel %d is %v", name, i, m.At(i))
		}
	}
	if !near(m.At(m.Len()/2), want.Mid) {
		t.Errorf("%s: the voxel in the middle is %v, want %v", name, m.At(m.Len()/2), want.Mid)
	}
}

// same compares a number of a header with what JSON has of it.
func same(got float64, want *float64) bool {
	return want == nil && math.IsNaN(got) || want != nil && near(got, *want)
}
