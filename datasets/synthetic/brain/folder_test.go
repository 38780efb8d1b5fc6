package brain

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"flsim/datasets"
	"flsim/datasets/brats"
	"flsim/datasets/nifti"
	"flsim/datasets/volumes"
	"flsim/internal/tensor"
)

func TestWriteFolder(t *testing.T) {
	s := mustNew(t, Options{Seed: 2, Cases: 4, Sites: 3, Size: small})
	dir := filepath.Join(t.TempDir(), "new", "folder")
	var names []string
	if err := s.WriteFolder(dir, func(scan *volumes.Scan) { names = append(names, scan.Name) }); err != nil {
		t.Fatal(err)
	}
	for i := range s.Len() {
		scan := s.Scan(i)
		if names[i] != scan.Name {
			t.Errorf("case %d was reported as %s", i, names[i])
		}
		for m, kind := range []string{"flair", "t1", "t1ce", "t2"} {
			compare(t, filepath.Join(dir, scan.Name, scan.Name+"_"+kind+".nii.gz"), nifti.Int16, scan.Channels[m])
		}
		want := make([]float32, scan.Voxels())
		for k, set := range scan.Regions {
			want[k] = map[uint8]float32{0: 0, 1: 2, 3: 1, 7: 4}[set]
		}
		compare(t, filepath.Join(dir, scan.Name, scan.Name+"_seg.nii.gz"), nifti.Uint8, want)
	}
	const table = `BraTS_2021_subject_ID,Site
BraTS2021_00000,site01
BraTS2021_00001,site02
BraTS2021_00002,site03
BraTS2021_00003,site01
`
	if got, err := os.ReadFile(filepath.Join(dir, MappingFile)); string(got) != table {
		t.Errorf("the table is\n%s(%v)", got, err)
	}
}

// compare reads a file and compares its voxels, type and size.
func compare(t *testing.T, path string, kind nifti.Datatype, want []float32) {
	t.Helper()
	m, err := nifti.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Datatype != kind || len(m.Dim) != 3 || [3]int(m.Dim) != small || m.Spacing[0] != 6 || m.Affine[0][0] != -6 {
		t.Fatalf("%s: the header is %+v", path, m.Header)
	}
	for i, v := range want {
		if got := m.At(i); got != float64(v) {
			t.Fatalf("%s: voxel %d is %v, want %v", path, i, got, v)
		}
	}
}

func TestWriteFolderTellsWhatFails(t *testing.T) {
	s := mustNew(t, Options{Seed: 2, Cases: 1, Sites: 1, Size: small})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteFolder(file, func(*volumes.Scan) {}); err == nil {
		t.Error("a file is not a folder")
	}
}

// Written cases come back through the reader of real folders as the generator makes them, to the last bit.
func TestFoldersAreReadAsBraTS(t *testing.T) {
	dir := t.TempDir()
	opt := datasets.OpenOptions{Dir: dir, Cache: t.TempDir(), Shape: tensor.Shape{H: 24, W: 24, C: 4}, Seed: 2}
	opt.Volumes = datasets.Volumes{Cases: 6, SiteCount: 3, TestCases: 0.5}
	s := mustNew(t, Options{Seed: 2, Cases: 6, Sites: 3, Size: small})
	if err := s.WriteFolder(dir, func(*volumes.Scan) {}); err != nil {
		t.Fatal(err)
	}
	read, err := datasets.Open(brats.Name, opt)
	if err != nil {
		t.Fatal(err)
	}
	made, err := volumes.Open(s.provider(datasets.Modalities), opt)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read.Sites, made.Sites) || read.Train.Len() != made.Train.Len() || read.Cases.Len() != 3 {
		t.Fatalf("read %d slices from %v, made %d from %v", read.Train.Len(), read.Sites, made.Train.Len(), made.Sites)
	}
	for i := range 3 {
		a, b := read.Cases.Case(i), made.Cases.Case(i)
		if a != b {
			t.Fatalf("case %+v is read, %+v was made", a, b)
		}
		x, y := make([]float32, a.Shape.Size()), make([]uint8, a.Shape.Positions())
		u, v := make([]float32, a.Shape.Size()), make([]uint8, a.Shape.Positions())
		read.Cases.Read(i, x, y)
		made.Cases.Read(i, u, v)
		if !slices.Equal(x, u) || !slices.Equal(y, v) {
			t.Errorf("%s is read as something else", a.Name)
		}
	}
}
