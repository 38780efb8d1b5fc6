package brats

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"flsim/datasets/volumes"
)

// oracle is what nibabel 5.0.0 found in a file.
type oracle struct {
	Voxels        int       `json:"brain_voxels"`
	Mean          float64   `json:"brain_mean"`
	Std           float64   `json:"brain_std"`
	Box           [2][3]int `json:"brain_box"`
	Min, Max, Sum float64
	Negative      int `json:"negative_voxels"`
	Probe         float64
	ProbeIndex    [3]int `json:"probe_index"`
	WT, TC, ET    int
	Slices        int `json:"tumour_slices"`
	Largest       int `json:"largest_tumour_slice"`
}

// realFolder returns the folder of real cases, and what to expect of each file.
func realFolder(t testing.TB) (dir string, files map[string]oracle) {
	t.Helper()
	dir = os.Getenv("FLSIM_DATA_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	text, err := os.ReadFile(filepath.Join(dir, "brats", "expected.json"))
	if err != nil {
		t.Skipf("no real cases: %v; set FLSIM_DATA_DIR to the folder that holds brats", err)
	}
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	return dir, files
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(1, math.Abs(a), math.Abs(b)) }

func TestRealCases(t *testing.T) {
	dir, files := realFolder(t)
	set, err := Find(dir, FindOptions{Modalities: []string{"flair", "t1ce"}})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, p := range set.Patients {
		names = append(names, p.Name+" "+set.Sites[p.Site])
	}
	want := []string{"TCGA-DU-7294 DU", "TCGA-FG-6692 FG", "brats_2013_pat0004_1 2013", "brats_2013_pat0005_1 2013", "brats_2013_pat0006_1 2013"}
	if !slices.Equal(names, want) {
		t.Errorf("found %q", names)
	}
	if notes := strings.Join(set.Notes, "\n"); !strings.Contains(notes, "cases of BRATS 2015: 3,") || !strings.Contains(notes, "cases of BraTS 2017 to 2021: 2,") {
		t.Errorf("notes %q", set.Notes)
	}
	for _, p := range set.Patients {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s, err := p.Read()
			if err != nil {
				t.Fatal(err)
			}
			checkRegions(t, s, files[relative(t, dir, p.labels)])
			for c, channel := range p.channels {
				checkChannel(t, s, c, files[relative(t, dir, channel.file)])
			}
			if p.mask != "" {
				checkTissue(t, s, files[relative(t, dir, p.channels[0].file)])
			}
		})
	}
}

// relative returns the path by which the list of expectations calls a file.
func relative(t *testing.T, dir, path string) string {
	t.Helper()
	name, err := filepath.Rel(filepath.Join(dir, "brats"), path)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(name)
}

// Tissue of a modality of its own is what a case with that modality alone has.
func TestTissueOfEachModality(t *testing.T) {
	dir, files := realFolder(t)
	for _, m := range []string{"flair", "t1", "t1ce", "t2"} {
		set, err := Find(filepath.Join(dir, "brats", "tcga-lgg"), FindOptions{Modalities: []string{m}})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range set.Patients {
			t.Run(p.Name+" "+m, func(t *testing.T) {
				t.Parallel()
				s, err := p.Read()
				if err != nil {
					t.Fatal(err)
				}
				checkTissue(t, s, files[relative(t, dir, p.channels[0].file)])
			})
		}
	}
}

func checkRegions(t *testing.T, s *volumes.Scan, want oracle) {
	t.Helper()
	got, inSlice := oracle{}, make([]int, s.NZ)
	for i, r := range s.Regions {
		if r&volumes.WholeTumour != 0 {
			got.WT++
			inSlice[i/(s.NX*s.NY)]++
		}
		got.TC += int(r >> 1 & 1)
		got.ET += int(r >> 2 & 1)
	}
	for z, n := range inSlice {
		if n > 0 {
			got.Slices++
		}
		if n > inSlice[got.Largest] {
			got.Largest = z
		}
	}
	want = oracle{WT: want.WT, TC: want.TC, ET: want.ET, Slices: want.Slices, Largest: want.Largest}
	if !reflect.DeepEqual(got, want) || want.WT == 0 {
		t.Errorf("%s: regions %+v, want %+v", s.Name, got, want)
	}
}

func checkChannel(t *testing.T, s *volumes.Scan, c int, want oracle) {
	t.Helper()
	got := oracle{Min: math.Inf(1), Max: math.Inf(-1)}
	for _, v := range s.Channels[c] {
		x := float64(v)
		got.Min, got.Max, got.Sum = min(got.Min, x), max(got.Max, x), got.Sum+x
		if x < 0 {
			got.Negative++
		}
	}
	at := want.ProbeIndex
	got.Probe = float64(s.Channels[c][at[0]+s.NX*(at[1]+s.NY*at[2])])
	if !near(got.Min, want.Min) || !near(got.Max, want.Max) || !near(got.Sum, want.Sum) || got.Negative != want.Negative || !near(got.Probe, want.Probe) {
		t.Errorf("%s, channel %d: got %+v, want %+v", s.Name, c, got, want)
	}
}

// checkTissue compares the brain and the first channel in it.
func checkTissue(t *testing.T, s *volumes.Scan, want oracle) {
	t.Helper()
	got := oracle{Box: [2][3]int{{s.NX, s.NY, s.NZ}}}
	sum, squares := 0.0, 0.0
	for i, brain := range s.Brain {
		if !brain {
			continue
		}
		x := float64(s.Channels[0][i])
		got.Voxels, sum, squares = got.Voxels+1, sum+x, squares+x*x
		for axis, at := range [3]int{i % s.NX, i / s.NX % s.NY, i / s.NX / s.NY} {
			got.Box[0][axis], got.Box[1][axis] = min(got.Box[0][axis], at), max(got.Box[1][axis], at+1)
		}
	}
	got.Mean = sum / float64(got.Voxels)
	got.Std = math.Sqrt(squares/float64(got.Voxels) - got.Mean*got.Mean)
	if got.Voxels != want.Voxels || !near(got.Mean, want.Mean) || !near(got.Std, want.Std) || got.Box != want.Box {
		t.Errorf("%s: tissue %+v, want %+v", s.Name, got, want)
	}
}

// BenchmarkRead reads a real case of two modalities; MB/s are of float32.
func BenchmarkRead(b *testing.B) {
	dir, _ := realFolder(b)
	set, err := Find(dir, FindOptions{Modalities: []string{"flair", "t1ce"}})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(2 * 4 * 240 * 240 * 155)
	for b.Loop() {
		if _, err := set.Patients[0].Read(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkKey takes the digest of the same case; MB/s are of packed files.
func BenchmarkKey(b *testing.B) {
	dir, _ := realFolder(b)
	set, err := Find(dir, FindOptions{Modalities: []string{"flair", "t1ce"}})
	if err != nil {
		b.Fatal(err)
	}
	size := int64(0)
	for _, path := range set.Patients[0].files() {
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		size += info.Size()
	}
	b.SetBytes(size)
	for b.Loop() {
		if _, err := set.Patients[0].Key(); err != nil {
			b.Fatal(err)
		}
	}
}
