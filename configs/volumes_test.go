package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"flsim/datasets"
	"flsim/datasets/synthetic/brain"
	scans "flsim/datasets/volumes"
)

const volumes = `
schema = 1
name = "volumes"
rounds = 2
[data]
set = "%s"
%s
[model]
name = "unet2d"
[clients]
count = 4
gflops = 1
[network]
uplink_mbps = 1
downlink_mbps = 2
`

func parseVolumes(t *testing.T, set, keys string) *Experiment {
	t.Helper()
	f, err := Parse("volumes.toml", fmt.Sprintf(volumes, set, keys), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkRoundTrip(t, f.Runs()[0])
	return f.Runs()[0].Experiment
}

func TestVolumesAreCompleted(t *testing.T) {
	every := datasets.Volumes{Modalities: []string{"flair", "t1", "t1ce", "t2"}, Extract: "resize", SliceStep: 1, PerCase: 8, Tumour: 0.5, TestCases: 0.2}
	actual, made := every, every
	actual.Sites = "auto"
	made.Cases, made.SiteCount = 40, 8
	for set, want := range map[string]datasets.Volumes{"brats": actual, "synthetic-brats": made} {
		if got := parseVolumes(t, set, "").Data; !reflect.DeepEqual(got.Volumes, want) || got.Shape != "128x128x4" || got.Train != 0 {
			t.Errorf("%s: got %+v, want %+v", set, got, want)
		}
	}
	two := parseVolumes(t, "brats", `modalities = ["t1ce", "flair"]`)
	if two.Data.Shape != "128x128x2" {
		t.Errorf("two modalities have shape %s", two.Data.Shape)
	}
	all := parseVolumes(t, "synthetic-brats", `
modalities = ["t2"]
extract = "patch"
shape = "16x24x32x1"
slice_step = 2
patches_per_case = 3
tumour_share = 1
cases = 9
test_cases = 0.5
site_count = 3
partition = "natural"`)
	want := datasets.Volumes{Modalities: []string{"t2"}, Extract: "patch", SliceStep: 2, PerCase: 3, Tumour: 1, Cases: 9, TestCases: 0.5, SiteCount: 3}
	if !reflect.DeepEqual(all.Data.Volumes, want) {
		t.Errorf("got %+v, want %+v", all.Data.Volumes, want)
	}
	if canonical := string(parseVolumes(t, "brats", `sites = "grade"`).Canonical()); !strings.Contains(canonical, `data.sites = "grade"`) {
		t.Errorf("the canonical form lacks the sites:\n%s", canonical)
	}
}

// A table of sites asks for the sites that it tells; which file it is in makes no other run.
func TestMappingIsCompleted(t *testing.T) {
	e := parseVolumes(t, "brats", "mapping = 'x.csv'")
	if e.Data.Sites != "mapping" || e.Data.Mapping != "x.csv" {
		t.Errorf("got %+v", e.Data.Volumes)
	}
	if canonical := string(e.Canonical()); strings.Contains(canonical, "x.csv") || canonical != string(parseVolumes(t, "brats", "sites = 'mapping'").Canonical()) {
		t.Errorf("the canonical form tells the file:\n%s", canonical)
	}
	if e = parseVolumes(t, "brats", "mapping = 'x.csv'\nsites = 'grade'"); e.Data.Sites != "grade" {
		t.Errorf("asked for grades, got %s", e.Data.Sites)
	}
	f, err := Parse("volumes.toml", fmt.Sprintf(volumes, "brats", ""), []string{"sweep.data.mapping=['x.csv', 'y.csv']"})
	if err != nil || len(f.Runs()) != 2 {
		t.Errorf("a sweep over two tables: %v", err)
	}
}

func TestMissingFiles(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.csv")
	if err := os.WriteFile(there, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	missing := func(keys string, sets ...string) Errors {
		f, err := Parse("volumes.toml", fmt.Sprintf(volumes, "brats", keys), sets)
		if err != nil {
			t.Fatal(err)
		}
		return f.Missing()
	}
	if got := missing("mapping = " + strconv.Quote(there)); len(got) != 0 {
		t.Errorf("a file that is there: %v", got)
	}
	if got := missing(""); len(got) != 0 {
		t.Errorf("no file: %v", got)
	}
	for path, want := range map[string]string{"nowhere/x.csv": "there is no file nowhere/x.csv", dir: "there is no file " + dir} {
		got := missing("mapping = "+strconv.Quote(path), "sweep.seed=[1, 2]")
		if len(got) != 1 || got[0].Line != 7 || got[0].Col != 11 || got[0].Key != "data.mapping" || !strings.Contains(got[0].Message, want) {
			t.Errorf("%s: got %v", path, got)
		}
	}
	if got := missing("", "data.mapping='absent.csv'"); len(got) != 1 || !strings.Contains(got.Error(), "--set") {
		t.Errorf("an option: %v", got)
	}
}

// A run is known by which cases share a site and, where columns are called by them, by the sites' names; not by the file.
func TestMappingAndIDs(t *testing.T) {
	dir := t.TempDir()
	set, err := brain.New(brain.Options{Cases: 4, Sites: 2, Seed: 1, Size: [3]int{16, 16, 16}})
	if err == nil {
		err = set.WriteFolder(filepath.Join(dir, "brats"), func(*scans.Scan) {})
	}
	if err != nil {
		t.Fatal(err)
	}
	b := &Builder{DataDir: dir, CacheDir: filepath.Join(dir, "cache"), Keep: 9}
	id := func(file string, perSite bool, sites ...string) string {
		t.Helper()
		text := "Case,Hospital\n"
		for i, site := range sites {
			text += set.Name(i) + "," + site + "\n"
		}
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		f, err := Parse("volumes.toml", fmt.Sprintf(volumes, "brats", "shape = '8x8x4'\nmapping = "+strconv.Quote(path)), []string{fmt.Sprintf("eval.per_site=%v", perSite)})
		if err != nil {
			t.Fatal(err)
		}
		built, err := b.Build(f.Runs()[0])
		if err != nil {
			t.Fatal(err)
		}
		return built.Manifest.ID
	}
	for _, perSite := range []bool{false, true} {
		first := id("a.csv", perSite, "north", "north", "south", "south")
		if id("b.csv", perSite, "north", "north", "south", "south") != first {
			t.Errorf("per_site %v: the same table elsewhere makes another run", perSite)
		}
		if renamed := id("c.csv", perSite, "east", "east", "west", "west") != first; renamed != perSite {
			t.Errorf("per_site %v: other names make another run: %v", perSite, renamed)
		}
		if id("d.csv", perSite, "north", "south", "north", "south") == first {
			t.Errorf("per_site %v: another division is the same run", perSite)
		}
	}
}

func TestImagesAreNotTouched(t *testing.T) {
	for _, set := range []string{"cifar10", "synthetic-images"} {
		e := parseVolumes(t, set, "")
		if !reflect.DeepEqual(e.Data.Volumes, datasets.Volumes{}) {
			t.Errorf("%s: volumes are %+v", set, e.Data.Volumes)
		}
		for _, key := range []string{"modalities", "extract", "tumour_share", "sites"} {
			if strings.Contains(string(e.Canonical()), key) {
				t.Errorf("the canonical form of %s has %s", set, key)
			}
		}
	}
}

func TestDataRules(t *testing.T) {
	for _, c := range []struct{ set, keys, say string }{
		{"cifar10", "modalities = ['t1']", `data.modalities is for sets of volumes only, which "cifar10" is not`},
		{"cifar10", "cases = 5", `data.cases is for sets of volumes only`},
		{"synthetic-images", "site_count = 5", `data.site_count is for sets of volumes only`},
		{"cifar10", "shape = '32x32x3'", `data.shape is for synthetic sets and sets of volumes only; "cifar10" has its own`},
		{"cifar10", "train = 100", `data.train is for synthetic sets only; "cifar10" has its own`},
		{"synthetic-images", "shape = '32x32x1'", `data.shape cannot be "32x32x1"`},
		{"brats", "train = 100", `data.train is for synthetic images only`},
		{"synthetic-brats", "test = 100", `data.test is for synthetic images only`},
		{"brats", "augment_flip = true", `data.augment_flip is for images only`},
		{"brats", "site_count = 3", `data.site_count is for synthetic sets only`},
		{"synthetic-brats", "sites = 'name'", `data.sites is for real sets only`},
		{"synthetic-brats", "mapping = 'x.csv'", `data.mapping is for real sets only`},
		{"cifar10", "mapping = 'x.csv'", `data.mapping is for sets of volumes only`},
		{"brats", "mapping = 'x.csv'\nsites = 'name'", `volumes.toml:7:1: data.mapping is of no use with data.sites = "name"`},
		{"brats", "shape = '64x64x3'", `data.shape: shape = "64x64x3" has 3 channels, but there are 4 modalities`},
		{"brats", "modalities = ['t1']\nshape = '9x64x64x4'", `data.shape: shape = "9x64x64x4" has 4 channels, but there are 1 modalities`},
		{"brats", "shape = '2000x64x4'", `each side must be 1 to 1024`},
		{"brats", "shape = 'big'", `data.shape: "big" is not a shape`},
		{"brats", "modalities = ['t1', 't1']", `data.modalities: modalities lists "t1" twice`},
		{"brats", "modalities = []", `data.modalities: modalities is empty`},
		{"brats", "modalities = ['t1c']", `data.modalities cannot be "t1c"`},
		{"brats", "tumour_share = 0", `data.tumour_share must be above 0, at most 1`},
		{"brats", "cases = 1", `data.cases must be 2 to 1000000`},
	} {
		_, err := Parse("volumes.toml", fmt.Sprintf(volumes, c.set, c.keys), nil)
		if err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s, %s: got %v, want %q", c.set, c.keys, err, c.say)
		}
	}
}

// A set is opened anew if and only if something about it changes, be it in a list.
func TestBuilderKeepsVolumes(t *testing.T) {
	b := &Builder{CacheDir: t.TempDir()}
	var seen []*datasets.Data
	for _, modalities := range []string{"['t1', 't2']", "['t1', 't2']", "['t2', 't1']", "['t1', 't2']"} {
		e := parseVolumes(t, "synthetic-brats", "cases = 2\nsite_count = 1\nshape = '8x8x2'\nmodalities = "+modalities)
		data, err := b.open(e)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, data)
	}
	if seen[0] != seen[1] || seen[1] == seen[2] || seen[2] == seen[3] || seen[0].Digest != seen[3].Digest || seen[0].Digest == seen[2].Digest {
		t.Errorf("equal settings reopen the set, or other ones do not")
	}
	if !slices.Equal(seen[0].Regions, []string{"WT", "TC", "ET"}) {
		t.Errorf("regions are %v", seen[0].Regions)
	}
}
