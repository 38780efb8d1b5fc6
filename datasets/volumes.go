package datasets

// Volumes says what is made of a set of three-dimensional scans. Its fields are keys of a configuration's data table. A
// zero value is a key that was not given: Complete fills it in.
type Volumes struct {
	Modalities []string `toml:"modalities" one:"flair|t1|t1ce|t2" default:"all four" doc:"Kinds of images that are used, in the order of the channels; a scan needs no others. Sets of volumes only."`
	Extract    string   `toml:"extract" one:"resize|patch" default:"\"resize\"" doc:"What is made of the brain's box: resize brings it to data.shape, patch cuts pieces of that shape and keeps the voxels. Sets of volumes only."`
	SliceStep  int      `toml:"slice_step" in:"[1,100]" default:"1" doc:"Every so manieth axial slice is an example; whole test cases keep all. Only with extract = resize and a data.shape without depth."`
	PerCase    int      `toml:"patches_per_case" in:"[1,10000]" default:"8" doc:"Number of patches of each case, at random places that are drawn once. Only with extract = patch."`
	Tumour     float64  `toml:"tumour_share" in:"(0,1]" default:"0.5" doc:"Share of a case's training slices that show tumour: all that do are used, and as many others, at random, as it takes. Also the share of patches whose middle is in tumour; the others lie anywhere in the brain's box."`
	Cases      int      `toml:"cases" in:"[2,1000000]" default:"40 for synthetic sets, else all" doc:"Number of cases: so many are generated, or chosen at random among those that are there. Sets of volumes only."`
	TestCases  float64  `toml:"test_cases" in:"(0,1)" default:"0.2" doc:"Share of the cases, at least one, that is kept for testing, the same from each site as far as the numbers allow. Sets of volumes only."`
	Sites      string   `toml:"sites" one:"auto|grade|name|mapping" default:"\"auto\"" doc:"What tells where a case is from: the folder of its grade, its name, or the set's table of names (name_mapping.csv); auto takes the best there is. Real sets of volumes only."`
	SiteCount  int      `toml:"site_count" in:"[1,1000]" default:"8" doc:"Number of sites. Synthetic sets of volumes only."`
}

// Modalities are the kinds of magnetic resonance images that a scan may hold, in their usual order.
var Modalities = []string{"flair", "t1", "t1ce", "t2"}
