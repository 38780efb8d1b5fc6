package brats

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"flsim/datasets"
	"flsim/datasets/nifti"
	"flsim/datasets/volumes"
	"flsim/internal/tensor"
)

// Made-up cases have 4 x 3 x 2 voxels. The outermost column x = 3 is background, so that all corners but those at x = 0
// are: the first voxel is too.
const nx, ny, nz, size = 4, 3, 2, 24

// image returns a modality whose brain, in the columns 1 and 2, holds salt, -1 and other small numbers.
func image(salt float32) []float32 {
	v := make([]float32, size)
	for i := range v {
		if x := i % nx; x == 1 || x == 2 {
			v[i] = salt + float32(i%3) - 1
		}
	}
	return v
}

// labels returns a segmentation that has every given label at one place, from voxel (1, 0, 0) on along the brain.
func labels(given ...float32) []float32 {
	v := make([]float32, size)
	for i, label := range given {
		v[i/2*nx+1+i%2] = label
	}
	return v
}

// write writes voxels of a made-up case.
func write(t testing.TB, path string, kind nifti.Datatype, voxels []float32, dim ...int) {
	t.Helper()
	if dim == nil {
		dim = []int{nx, ny, nz}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := nifti.Write(path, nifti.Header{Dim: dim, Datatype: kind}, voxels); err != nil {
		t.Fatal(err)
	}
}

// text writes a file of text.
func text(t testing.TB, path string, lines ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// classic writes a case as BraTS 2017 to 2021 name it.
func classic(t testing.TB, dir, name, ext string) {
	t.Helper()
	for i, m := range datasets.Modalities {
		write(t, filepath.Join(dir, name, name+"_"+m+ext), nifti.Int16, image(float32(10*i)))
	}
	write(t, filepath.Join(dir, name, name+"_seg"+ext), nifti.Uint8, labels(1, 2, 4))
}

// hyphens writes a case as BraTS 2023 names it.
func hyphens(t testing.TB, dir, name string) {
	t.Helper()
	for i, m := range []string{"t2f", "t1n", "t1c", "t2w"} {
		write(t, filepath.Join(dir, name, name+"-"+m+".nii.gz"), nifti.Float32, image(float32(10*i)))
	}
	write(t, filepath.Join(dir, name, name+"-seg.nii.gz"), nifti.Float32, labels(1, 2, 3))
}

// task writes cases of the Decathlon, with the order of channels that it has.
func task(t testing.TB, dir string, names ...string) {
	t.Helper()
	text(t, filepath.Join(dir, "dataset.json"), `{"modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}, "labels": {"0": "background"}}`)
	var all []float32
	for i := range 4 {
		all = append(all, image(float32(10*i))...)
	}
	for _, name := range names {
		write(t, filepath.Join(dir, "imagesTr", name+".nii.gz"), nifti.Float32, all, nx, ny, nz, 4)
		write(t, filepath.Join(dir, "labelsTr", name+".nii.gz"), nifti.Uint8, labels(2, 1, 3))
		text(t, filepath.Join(dir, "imagesTr", "._"+name+".nii.gz"), "Mac OS X")
	}
}

// sample writes a case as the samples of BRATS 2015 are: background that is not 0, and labels a hair below whole numbers.
func sample(t testing.TB, dir string) {
	t.Helper()
	for i, m := range []string{"Flair", "T1c"} {
		values := image(float32(20 * i))
		for j, v := range values {
			values[j] = v - 5.25
		}
		write(t, filepath.Join(dir, m+"_subtrMeanDivStd.nii.gz"), nifti.Float32, values)
	}
	below := func(v float64) float32 { return math.Nextafter32(float32(v), 0) }
	write(t, filepath.Join(dir, "OTMultiClass.nii.gz"), nifti.Float32, labels(below(1), below(2), below(4), below(3)))
}

// Every edition in the folders that its archives unpack to.
func TestEveryEdition(t *testing.T) {
	for _, c := range []struct {
		name    string
		write   func(t testing.TB, dir string)
		cases   []string
		options FindOptions
		sites   []string
		note    string
	}{
		{"2018", func(t testing.TB, dir string) {
			root := filepath.Join(dir, "brats", "MICCAI_BraTS_2018_Data_Training")
			classic(t, filepath.Join(root, "HGG"), "Brats18_TCIA01_131_1", ".nii.gz")
			classic(t, filepath.Join(root, "HGG"), "Brats18_CBICA_AAB_1", ".nii.gz")
			classic(t, filepath.Join(root, "LGG"), "Brats18_2013_0_1", ".nii.gz")
		}, []string{"Brats18_2013_0_1", "Brats18_CBICA_AAB_1", "Brats18_TCIA01_131_1"}, FindOptions{}, []string{"2013", "CBICA", "TCIA01"}, "sites are told by name"},
		{"2019 by grade", func(t testing.TB, dir string) {
			classic(t, filepath.Join(dir, "HGG"), "BraTS19_CBICA_AAB_1", ".nii")
			classic(t, filepath.Join(dir, "LGG"), "BraTS19_CBICA_AAC_1", ".nii")
		}, []string{"BraTS19_CBICA_AAB_1", "BraTS19_CBICA_AAC_1"}, FindOptions{Sites: "grade"}, []string{"HGG", "LGG"}, "sites are told by grade"},
		{"2020 with case 355 and its validation part", func(t testing.TB, dir string) {
			root := filepath.Join(dir, "archive", "BraTS2020_TrainingData", "MICCAI_BraTS2020_TrainingData")
			classic(t, root, "BraTS20_Training_001", ".nii")
			classic(t, root, "BraTS20_Training_355", ".nii")
			odd := filepath.Join(root, "BraTS20_Training_355")
			if err := os.Rename(filepath.Join(odd, "BraTS20_Training_355_seg.nii"), filepath.Join(odd, "W39_1998.09.19_Segm.nii")); err != nil {
				t.Fatal(err)
			}
			text(t, filepath.Join(root, "name_mapping.csv"), "Grade,BraTS_2017_subject_ID,BraTS_2018_subject_ID,TCGA_TCIA_subject_ID,BraTS_2019_subject_ID,BraTS_2020_subject_ID",
				"HGG,Brats17_TCIA_131_1,Brats18_TCIA01_131_1,TCGA-02-0006,BraTS19_TCIA01_131_1,BraTS20_Training_001",
				"LGG,NA,NA,NA,NA,BraTS20_Training_355")
			classic(t, filepath.Join(dir, "archive", "Validation"), "BraTS20_Validation_001", ".nii")
			if err := os.Remove(filepath.Join(dir, "archive", "Validation", "BraTS20_Validation_001", "BraTS20_Validation_001_seg.nii")); err != nil {
				t.Fatal(err)
			}
		}, []string{"BraTS20_Training_001", "BraTS20_Training_355"}, FindOptions{}, []string{"TCIA01", "unknown"},
			"cases without a segmentation, which are left out: 1, such as BraTS20_Validation_001"},
		{"2021", func(t testing.TB, dir string) {
			classic(t, dir, "BraTS2021_00000", ".nii.gz")
			text(t, filepath.Join(dir, "BraTS2021_00000", "._BraTS2021_00000_flair.nii.gz"), "Mac OS X")
			text(t, filepath.Join(dir, ".hidden", "x_flair.nii.gz"), "hidden")
		}, []string{"BraTS2021_00000"}, FindOptions{}, nil, "cases of BraTS 2017 to 2021: 1"},
		{"FeTS", func(t testing.TB, dir string) {
			classic(t, dir, "FeTS2022_00000", ".nii.gz")
			classic(t, dir, "FeTS2022_00001", ".nii.gz")
			text(t, filepath.Join(dir, "partitioning_1.csv"), "Partition_ID,Subject_ID", "4,FeTS2022_00000", "18,FeTS2022_00001")
		}, []string{"FeTS2022_00000", "FeTS2022_00001"}, FindOptions{Sites: "mapping"}, []string{"18", "4"}, "sites are told by mapping"},
		{"2023", func(t testing.TB, dir string) {
			hyphens(t, filepath.Join(dir, "ASNR-MICCAI-BraTS2023-GLI-Challenge-TrainingData"), "BraTS-GLI-00000-000")
		}, []string{"BraTS-GLI-00000-000"}, FindOptions{}, nil, "cases of BraTS 2023: 1"},
		{"2024, after treatment", func(t testing.TB, dir string) {
			root := filepath.Join(dir, "BraTS2024-BraTS-GLI-TrainingData", "training_data1_v2")
			hyphens(t, root, "BraTS-GLI-00005-100")
			hyphens(t, root, "BraTS-GLI-00005-101")
			hyphens(t, root, "BraTS-GLI-00006-100")
			text(t, filepath.Join(root, "name_mapping.csv"), "BraTS Subject ID,Site,Site Subject ID", "BraTS-GLI-00005-100,UCSF,1", "BraTS-GLI-00005-101,UCSF,2", "BraTS-GLI-00006-100,Duke,3")
		}, []string{"BraTS-GLI-00005-100", "BraTS-GLI-00005-101", "BraTS-GLI-00006-100"}, FindOptions{}, []string{"Duke", "UCSF"},
			"cases of BraTS 2024, gliomas after treatment: 3"},
		{"Decathlon", func(t testing.TB, dir string) {
			task(t, filepath.Join(dir, "brats", "Task01_BrainTumour"), "BRATS_001", "BRATS_002")
		}, []string{"BRATS_001", "BRATS_002"}, FindOptions{}, nil, "cases of Task01_BrainTumour: 2"},
		{"2015", func(t testing.TB, dir string) {
			sample(t, filepath.Join(dir, "brats_tcia_pat101_1"))
		}, []string{"brats_tcia_pat101_1"}, FindOptions{Modalities: []string{"flair", "t1ce"}}, []string{"TCIA"}, "cases of BRATS 2015: 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.write(t, dir)
			set, err := Find(dir, c.options)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, p := range set.Patients {
				names = append(names, p.Name)
				checkMadeUp(t, &p, c.options.Modalities)
			}
			if !slices.Equal(names, c.cases) || !slices.Equal(set.Sites, c.sites) || !strings.Contains(strings.Join(set.Notes, "\n"), c.note) {
				t.Errorf("found %q, sites %q, notes %q", names, set.Sites, set.Notes)
			}
		})
	}
}

// checkMadeUp reads a made-up case: whatever the edition, its first three labels say core, oedema and enhancing tumour,
// channel i is that of the usual order, and the brain is the columns 1 and 2.
func checkMadeUp(t *testing.T, p *Patient, modalities []string) {
	t.Helper()
	s, err := p.Read()
	if err != nil {
		t.Error(err)
		return
	}
	shift, step := float32(0), float32(10)
	regions := labels(3, 1, 7)
	if p.scheme == &scheme2015 {
		shift, step, regions = 5.25, 20, labels(3, 1, 7, 3)
	}
	for c, values := range s.Channels {
		for i, v := range image(step * float32(c)) {
			if values[i] != v-shift || s.Brain[i] != (i%nx == 1 || i%nx == 2) || float32(s.Regions[i]) != regions[i] {
				t.Fatalf("%s, channel %d, voxel %d: %v, brain %v, regions %d", p.Name, c, i, values[i], s.Brain[i], s.Regions[i])
			}
		}
	}
	if n := len(s.Channels); n != 4 && n != len(modalities) || s.NX != nx || s.NY != ny || s.NZ != nz || s.Name != p.Name {
		t.Errorf("%s: %d channels of %d x %d x %d", s.Name, n, s.NX, s.NY, s.NZ)
	}
}

// Modalities come in the order in which they are asked for, from one file or several.
func TestOrderOfChannels(t *testing.T) {
	dir := t.TempDir()
	task(t, filepath.Join(dir, "task"), "BRATS_001")
	classic(t, dir, "BraTS2021_00000", ".nii.gz")
	hyphens(t, dir, "BraTS-GLI-00000-000")
	set, err := Find(dir, FindOptions{Modalities: []string{"t2", "flair"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Patients {
		s, err := p.Read()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Channels[0], image(30)) || !slices.Equal(s.Channels[1], image(0)) {
			t.Errorf("%s: channels %v", p.Name, s.Channels)
		}
	}
	if len(set.Patients) != 3 {
		t.Errorf("found %d cases", len(set.Patients))
	}
}

// Tissue is all that differs from the background, negative values too.
func TestTissueMayBeNegative(t *testing.T) {
	dir := t.TempDir()
	classic(t, dir, "BraTS2021_00000", ".nii.gz")
	set, err := Find(dir, FindOptions{Modalities: []string{"flair"}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := set.Patients[0].Read()
	if err != nil {
		t.Fatal(err)
	}
	negative := 0
	for i, v := range s.Channels[0] {
		if v < 0 {
			negative++
		}
		if s.Brain[i] != (v != 0) {
			t.Errorf("voxel %d is %v, brain %v", i, v, s.Brain[i])
		}
	}
	if negative == 0 {
		t.Error("no voxel is negative")
	}
}

// The mask of samples of 2015 is stored as integers with a slope and an intercept that make 1 a little less.
func TestMaskIsRounded(t *testing.T) {
	dir := t.TempDir()
	sample(t, filepath.Join(dir, "pat"))
	mask := filepath.Join(dir, "pat", "brainmask.nii")
	stored := make([]float32, size)
	for i := range stored {
		stored[i] = -32768
	}
	stored[5], stored[6] = 32767, 32767
	write(t, mask, nifti.Int16, stored)
	edit(t, mask, 112, math.Float32bits(1.0/65536), math.Float32bits(0.5))
	set, err := Find(dir, FindOptions{Modalities: []string{"t1ce"}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := set.Patients[0].Read()
	if err != nil {
		t.Fatal(err)
	}
	want := make([]bool, size)
	want[5], want[6] = true, true
	if !slices.Equal(s.Brain, want) {
		t.Errorf("brain %v", s.Brain)
	}
}

// edit replaces words of a file.
func edit(t testing.TB, path string, at int, words ...uint32) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range words {
		for k := range 4 {
			b[at+4*i+k] = byte(w >> (8 * k))
		}
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A wrong folder gives one sentence with the file.
func TestWrongFolders(t *testing.T) {
	const name = "BraTS2021_00000"
	for what, c := range map[string]struct {
		change func(dir string)
		file   string
		want   string
	}{
		"missing modality": {func(dir string) { os.Remove(filepath.Join(dir, name, name+"_t1.nii.gz")) }, name,
			`no image of modality t1; modalities = ["flair", "t1ce", "t2"] asks for those that every case has`},
		"mixed shapes": {func(dir string) {
			write(t, filepath.Join(dir, name, name+"_t2.nii.gz"), nifti.Int16, make([]float32, 12), 3, 2, 2)
		}, name + "_t2.nii.gz", "has 3 x 2 x 2 voxels, but "},
		"mixed shapes of labels": {func(dir string) {
			write(t, filepath.Join(dir, name, name+"_seg.nii.gz"), nifti.Int16, make([]float32, 12), 3, 2, 2)
		}, name + "_seg.nii.gz", "all images of a case must have the same size"},
		"four volumes": {func(dir string) {
			write(t, filepath.Join(dir, name, name+"_t2.nii.gz"), nifti.Int16, make([]float32, 2*size), nx, ny, nz, 2)
		}, name + "_t2.nii.gz", "has [4 3 2 2] voxels; an image of three axes"},
		"truncated gzip": {func(dir string) { os.Truncate(filepath.Join(dir, name, name+"_t1ce.nii.gz"), 60) }, name + "_t1ce.nii.gz",
			"got the end of the file"},
		"label 7": {func(dir string) {
			write(t, filepath.Join(dir, name, name+"_seg.nii.gz"), nifti.Uint8, labels(1, 7))
		}, name + "_seg.nii.gz", "label 7 at voxel [2 0 0] is none of 0, 1, 2, 4, the labels of BraTS 2017 to 2021"},
		"label 3": {func(dir string) {
			write(t, filepath.Join(dir, name, name+"_seg.nii.gz"), nifti.Uint8, labels(3))
		}, name + "_seg.nii.gz", "label 3 at"},
		"label -1": {func(dir string) {
			write(t, filepath.Join(dir, name, name+"_seg.nii.gz"), nifti.Int16, labels(-1))
		}, name + "_seg.nii.gz", "label -1 at"},
		"resampled labels": {func(dir string) {
			write(t, filepath.Join(dir, name, name+"_seg.nii.gz"), nifti.Float32, labels(1.5))
		}, name + "_seg.nii.gz", "label 1.5 at"},
		"NaN": {func(dir string) {
			write(t, filepath.Join(dir, name, name+"_t1.nii.gz"), nifti.Float32, labels(1, 2, float32(math.NaN())))
		}, name + "_t1.nii.gz", "voxel [1 1 0] is NaN"},
		"nothing but background": {func(dir string) {
			for _, m := range datasets.Modalities {
				write(t, filepath.Join(dir, name, name+"_"+m+".nii.gz"), nifti.Int16, make([]float32, size))
			}
		}, name + "_flair.nii.gz", "all voxels are background"},
		"the same case twice": {func(dir string) { classic(t, filepath.Join(dir, "copy"), name, ".nii") }, name, "as well; remove one of them"},
		"no segmentation":     {func(dir string) { os.Remove(filepath.Join(dir, name, name+"_seg.nii.gz")) }, name, "has images but no segmentation"},
		"a table that is none": {func(dir string) { text(t, filepath.Join(dir, "name_mapping.csv"), "nothing") }, "name_mapping.csv",
			"is no table of names"},
		"a dataset.json that is none": {func(dir string) { task(t, dir, "BRATS_001"); text(t, filepath.Join(dir, "dataset.json"), "nothing") }, "dataset.json", "is no JSON"},
	} {
		dir := t.TempDir()
		classic(t, dir, name, ".nii.gz")
		c.change(dir)
		err := readAll(dir)
		if err == nil || !datasets.AtFault(err) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v", what, err)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than a line: %v", what, err)
		}
	}
}

// readAll finds and reads all cases.
func readAll(dir string) error {
	set, err := Find(dir, FindOptions{})
	if err != nil {
		return err
	}
	for _, p := range set.Patients {
		if _, err := p.Read(); err != nil {
			return err
		}
	}
	return nil
}

func TestNoCases(t *testing.T) {
	dir := t.TempDir()
	text(t, filepath.Join(dir, "heart", "dataset.json"), `{"modality": {"0": "MRI"}}`)
	for _, folder := range []string{"imagesTr", "labelsTr"} {
		write(t, filepath.Join(dir, "heart", folder, "la_003.nii.gz"), nifti.Uint8, labels(1))
	}
	write(t, filepath.Join(dir, "anatomy.nii.gz"), nifti.Uint8, labels(1))
	for _, dir := range []string{dir, filepath.Join(dir, "absent")} {
		_, err := Find(dir, FindOptions{})
		if e := (*datasets.MissingError)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "CASE_seg.nii.gz") {
			t.Errorf("%s: got %v", dir, err)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"Brats18_CBICA_AAB_1", "Brats18_CBICA_AAC_1", "Brats18_2013_0_1", "Brats18_2013_1_1"} {
		classic(t, filepath.Join(dir, "HGG"), name, []string{".nii", ".nii.gz"}[i%2])
	}
	opt := datasets.OpenOptions{Dir: dir, Cache: t.TempDir(), Shape: tensor.Shape{H: 4, W: 4, C: 2},
		Volumes: datasets.Volumes{Modalities: []string{"t1ce", "flair"}, TestCases: 0.5}}
	d, err := datasets.Open(Name, opt)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.Sites, []string{"2013", "CBICA"}) || !slices.Equal(d.Regions, []string{"WT", "TC", "ET"}) || d.Cases.Len() != 2 || d.Train.Len() == 0 || d.Synthetic {
		t.Errorf("got %+v", d)
	}
	for i := range d.Cases.Len() {
		c := d.Cases.Case(i)
		if want := fmt.Sprintf("Brats18_%s_", d.Sites[c.Site]); !strings.HasPrefix(c.Name, want) || c.Shape != (tensor.Shape{D: nz, H: 4, W: 4, C: 2}) {
			t.Errorf("got %+v, want a name with %s", c, want)
		}
	}
	opt.Volumes.Modalities = nil
	if err := os.Remove(filepath.Join(dir, "HGG", "Brats18_2013_0_1", "Brats18_2013_0_1_t2.nii")); err != nil {
		t.Fatal(err)
	}
	opt.Shape = tensor.Shape{}
	if _, err := datasets.Open(Name, opt); !datasets.AtFault(err) || !strings.Contains(err.Error(), "Brats18_2013_0_1 has no image of modality t2") {
		t.Errorf("a missing modality: %v", err)
	}
}

// A marker counts for its folder and those below it, and no more cases are left out than of real ones.
func TestGeneratedCases(t *testing.T) {
	dir := t.TempDir()
	classic(t, filepath.Join(dir, "a", "b"), "BraTS2021_00000", ".nii")
	classic(t, filepath.Join(dir, "a"), "BraTS2021_00001", ".nii")
	task(t, filepath.Join(dir, "task"), "BRATS_001")
	for _, step := range []struct{ folder, note string }{
		{"", ""},
		{"task", "1 of 3 cases were generated, not photographed, as SYNTHETIC.txt says; they are mixed with others"},
		{"a", "all 3 cases were generated, not photographed, as SYNTHETIC.txt says"},
	} {
		if step.folder != "" {
			text(t, filepath.Join(dir, step.folder, volumes.GeneratedFile), "generated")
		}
		set, err := Find(dir, FindOptions{})
		if err != nil {
			t.Fatal(err)
		}
		said := slices.ContainsFunc(set.Notes, func(s string) bool { return strings.Contains(s, "generated") })
		if set.Synthetic != (step.note != "") || said != set.Synthetic || said && !slices.Contains(set.Notes, step.note) || set.Provider().Synthetic != set.Synthetic {
			t.Errorf("%q is marked: synthetic %v, notes %q", step.folder, set.Synthetic, set.Notes)
		}
	}
	many := t.TempDir()
	for i := range 41 {
		classic(t, many, fmt.Sprintf("BraTS2021_%05d", i), ".nii")
	}
	text(t, filepath.Join(many, volumes.GeneratedFile), "generated")
	d, err := datasets.Open(Name, datasets.OpenOptions{Dir: many, Cache: t.TempDir(), Shape: tensor.Shape{H: 4, W: 4, C: 4}, Volumes: datasets.Volumes{TestCases: 0.5}})
	if err != nil || !d.Synthetic || !strings.HasPrefix(d.Notes[len(d.Notes)-1], "41 cases, ") {
		t.Errorf("of 41 generated cases: %+v, %v", d, err)
	}
}

func TestSites(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		classic(t, dir, fmt.Sprintf("BraTS20_Training_%03d", i), ".nii")
	}
	for _, way := range []string{"grade", "name", "mapping"} {
		_, err := Find(dir, FindOptions{Sites: way})
		if !datasets.AtFault(err) || !strings.Contains(err.Error(), fmt.Sprintf("sites = %q tells the site of no case", way)) {
			t.Errorf("%s: got %v", way, err)
		}
	}
	other := filepath.Join(t.TempDir(), "table.csv")
	text(t, other, "\ufeffBraTS2021,Site No (represents the originating institution),Grade", "BraTS20_Training_000,12,HGG", "BraTS20_Training_003,7,LGG", "BraTS20_Training_002,NA,HGG")
	for way, want := range map[string][]string{"mapping": {"12", "unknown", "unknown", "7"}, "auto": {"12", "unknown", "unknown", "7"}, "grade": {"HGG", "unknown", "HGG", "LGG"}} {
		set, err := Find(dir, FindOptions{Sites: way, Mapping: other})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range set.Patients {
			got = append(got, set.Sites[p.Site])
		}
		if !slices.Equal(got, want) || !slices.IsSorted(set.Sites) {
			t.Errorf("%s: sites %q of %q", way, got, set.Sites)
		}
	}
	if set, _ := Find(dir, FindOptions{Mapping: other}); !strings.Contains(strings.Join(set.Notes, "\n"), "sites are told by mapping, "+other) {
		t.Errorf("notes %q", set.Notes)
	}
	text(t, other, "Case,Hospital", "somebody,North")
	if _, err := Find(dir, FindOptions{Sites: "mapping", Mapping: other}); !datasets.AtFault(err) || !strings.Contains(err.Error(), other+" must hold the names of cases") {
		t.Errorf("a table of other cases: %v", err)
	}
	if _, err := Find(dir, FindOptions{Mapping: filepath.Join(dir, "absent.csv")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent table: %v", err)
	}
}

func TestInstitution(t *testing.T) {
	for name, want := range map[string]string{
		"TCGA-DU-7294": "DU", "tcga-fg-6692_1": "FG", "Brats18_TCIA01_131_1": "TCIA01", "Brats18_CBICA_AAB_1": "CBICA", "Brats18_2013_10_1": "2013",
		"BraTS19_TMC_06290_1": "TMC", "brats_tcia_pat101_1": "TCIA", "BraTS20_Training_001": "", "BraTS2021_00000": "", "BraTS-GLI-00000-000": "",
		"BRATS_001": "", "FeTS2022_00000": "", "": "",
	} {
		if got := institution(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// A resection cavity, label 4 of 2024, is in no region. In the cases of other names, 2023's among them, it is an error.
func TestResectionCavity(t *testing.T) {
	for name, ok := range map[string]bool{
		"BraTS-GLI-00005-100": true, "BraTS-GLI-03062-112": true, "brats-gli-00005-100": true,
		"BraTS-GLI-00005-000": false, "BraTS-GLI-00005-200": false, "BraTS-GLI-00005-1000": false, "BraTS-PED-00005-100": false, "my-BraTS-GLI-00005-100": false,
	} {
		dir := t.TempDir()
		hyphens(t, dir, name)
		write(t, filepath.Join(dir, name, name+"-seg.nii.gz"), nifti.Uint8, labels(4, 1, 2, 3))
		set, err := Find(dir, FindOptions{})
		if err != nil {
			t.Fatal(err)
		}
		scan, err := set.Patients[0].Read()
		if !ok {
			if !datasets.AtFault(err) || !strings.Contains(err.Error(), "label 4 at voxel [1 0 0] is none of 0, 1, 2, 3, the labels of BraTS 2023") {
				t.Errorf("%s: got %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := []uint8{scan.Regions[1], scan.Regions[2], scan.Regions[nx+1], scan.Regions[nx+2]}
		if want := []uint8{0, core, outer, inner}; !slices.Equal(got, want) || !scan.Brain[1] {
			t.Errorf("%s: regions %03b, want %03b; the cavity is brain: %v", name, got, want, scan.Brain[1])
		}
	}
}

// Examinations of one patient have the patient in common, and a note counts such patients.
func TestExaminations(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"BraTS-GLI-00008-000", "BraTS-GLI-00008-001", "BraTS-GLI-00008-103", "BraTS-GLI-00009-000", "BraTS-MET-00008-000"} {
		hyphens(t, dir, name)
	}
	classic(t, dir, "BraTS2021_00000", ".nii")
	set, err := Find(dir, FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(set.Notes, "\n"); !strings.Contains(notes, "patients who were examined more than once: 1; ") {
		t.Errorf("notes %q", notes)
	}
	var got []string
	for _, c := range set.Provider().Cases {
		got = append(got, c.Patient)
	}
	const eight = "brats-gli-00008"
	if want := []string{eight, eight, eight, "brats-gli-00009", "brats-met-00008", ""}; !slices.Equal(got, want) {
		t.Errorf("patients %q, want %q", got, want)
	}
}

// The key depends on content and modalities, not on the place.
func TestKey(t *testing.T) {
	keyOf := func(dir string, modalities ...string) string {
		t.Helper()
		set, err := Find(dir, FindOptions{Modalities: modalities})
		if err != nil {
			t.Fatal(err)
		}
		key, err := set.Patients[0].Key()
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	a, b := t.TempDir(), t.TempDir()
	classic(t, a, "BraTS2021_00000", ".nii.gz")
	classic(t, filepath.Join(b, "brats", "x"), "BraTS2021_00000", ".nii.gz")
	keys := []string{keyOf(a), keyOf(a, "flair", "t1"), keyOf(a, "t1", "flair"), keyOf(a, "flair")}
	if keys[0] != keyOf(b) {
		t.Error("the key depends on the folder")
	}
	write(t, filepath.Join(a, "BraTS2021_00000", "BraTS2021_00000_seg.nii.gz"), nifti.Uint8, labels(1))
	keys = append(keys, keyOf(a), keyOf(a, "flair"))
	slices.Sort(keys)
	if len(slices.Compact(keys)) != 6 {
		t.Errorf("keys %q", keys)
	}
}

// Links are followed, once, and equal folders give equal sets.
func TestLinksAndDeterminism(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	classic(t, store, "BraTS2021_00001", ".nii.gz")
	classic(t, store, "BraTS2021_00000", ".nii.gz")
	for from, to := range map[string]string{filepath.Join(dir, "brats"): store, filepath.Join(store, "loop"): dir} {
		if err := os.Symlink(to, from); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	first, err := Find(dir, FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := Find(dir, FindOptions{})
	if err != nil || !reflect.DeepEqual(first, second) || len(first.Patients) != 2 || first.Patients[0].Name != "BraTS2021_00000" {
		t.Errorf("got %+v, then %+v, %v", first, second, err)
	}
}
