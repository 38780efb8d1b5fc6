package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"flsim/datasets"
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
