package datasets

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"flsim/internal/tensor"
)

// Volumes says what is made of a set of three-dimensional scans. Its fields are keys of a configuration's data table. A
// zero value is a key that was not given: Complete fills it in.
type Volumes struct {
	Modalities []string `toml:"modalities" one:"flair|t1|t1ce|t2" default:"all four" doc:"Kinds of images that are used, in the order of the channels; a scan needs no others. Sets of volumes only."`
	Extract    string   `toml:"extract" one:"resize|patch" default:"\"resize\"" doc:"What is made of the brain's box: resize brings it to data.shape, patch cuts pieces of that shape and keeps the voxels. Sets of volumes only."`
	SliceStep  int      `toml:"slice_step" in:"[1,100]" default:"1" doc:"Distance between the axial slices that are examples; 1 takes all. Whole test cases always keep all. Only with extract = resize and a data.shape without depth."`
	PerCase    int      `toml:"patches_per_case" in:"[1,10000]" default:"8" doc:"Number of patches of each case, at random places that are drawn once. Only with extract = patch."`
	Tumour     float64  `toml:"tumour_share" in:"(0,1]" default:"0.5" doc:"Share of a case's training slices that show tumour: all that do are used, and as many others, at random, as it takes. Also the share of patches whose middle is in tumour; the others lie anywhere in the brain's box."`
	Cases      int      `toml:"cases" in:"[2,1000000]" default:"40 for synthetic sets, else all" doc:"Number of cases: so many are generated, or chosen at random among those that are there. Sets of volumes only."`
	TestCases  float64  `toml:"test_cases" in:"(0,1)" default:"0.2" doc:"Share of the cases, at least one, that is kept for testing, the same from each site as far as the numbers allow. Sets of volumes only."`
	Sites      string   `toml:"sites" one:"auto|grade|name|mapping" default:"\"auto\"" doc:"What tells where a case is from: the folder of its grade, its name, or the set's table of names (name_mapping.csv); auto takes the best there is. With data.mapping the default is mapping. Real sets of volumes only."`
	Mapping    string   `toml:"mapping" default:"the set's own" doc:"File (CSV) with a table of names and sites, in place of one that lies in the set's folders; see docs/brats.md. Real sets of volumes only."`
	SiteCount  int      `toml:"site_count" in:"[1,1000]" default:"8" doc:"Number of sites. Synthetic sets of volumes only."`
}

// Modalities are the kinds of magnetic resonance images that a scan may hold, in their usual order.
var Modalities = []string{"flair", "t1", "t1ce", "t2"}

// Complete returns the settings with everything filled in that was not given. A generated set has no choice of sites,
// and a real one has as many cases and sites as there are.
func (v Volumes) Complete(generated bool) Volumes {
	if v.Modalities == nil {
		v.Modalities = slices.Clone(Modalities)
	}
	v.Extract = cmp.Or(v.Extract, "resize")
	v.SliceStep = cmp.Or(v.SliceStep, 1)
	v.PerCase = cmp.Or(v.PerCase, 8)
	v.Tumour = cmp.Or(v.Tumour, 0.5)
	v.TestCases = cmp.Or(v.TestCases, 0.2)
	if generated {
		v.Cases, v.SiteCount = cmp.Or(v.Cases, 40), cmp.Or(v.SiteCount, 8)
	} else if v.Mapping != "" {
		v.Sites = cmp.Or(v.Sites, "mapping")
	} else {
		v.Sites = cmp.Or(v.Sites, "auto")
	}
	return v
}

// DefaultShape returns the shape of slices where none is given: 128 x 128 pixels of all modalities.
func (v Volumes) DefaultShape() tensor.Shape {
	return tensor.Shape{H: 128, W: 128, C: len(v.Modalities)}
}

// Check says in words what is wrong with the settings, or with shape as that of the examples they make.
func (v Volumes) Check(shape tensor.Shape) error {
	for i, m := range v.Modalities {
		if slices.Contains(v.Modalities[:i], m) {
			return fmt.Errorf("modalities lists %q twice", m)
		}
	}
	switch {
	case len(v.Modalities) == 0:
		return errors.New("modalities is empty; a scan needs at least one")
	case shape.C != len(v.Modalities):
		return fmt.Errorf("shape = %q has %d channels, but there are %d modalities; the last number must be their number", shape, shape.C, len(v.Modalities))
	case min(shape.H, shape.W) < 1 || shape.D < 0 || max(shape.D, shape.H, shape.W) > 1024:
		return fmt.Errorf("shape = %q; each side must be 1 to 1024", shape)
	}
	return nil
}
