package brats

import (
	"fmt"
	"regexp"
	"strings"

	"flsim/datasets/volumes"
)

// scheme says what the labels of an edition mean.
type scheme struct {
	name    string
	regions []uint8 // by label: the set of regions that a voxel is in, or unknown
}

const unknown = 0xff

// Regions that labels stand for: each tumour part lies in the whole tumour, and the core in it.
const (
	outer = volumes.WholeTumour
	core  = volumes.WholeTumour | volumes.TumourCore
	inner = volumes.WholeTumour | volumes.TumourCore | volumes.EnhancingTumour
)

// The schemes. In 2015 labels are necrosis, oedema, non-enhancing and enhancing tumour; from 2017 on the first and third
// are one, and in 2023 enhancing tumour became 3. Gliomas after treatment, in 2024, have 4 for the cavity that surgeons
// left, which the challenge counts to no region of the tumour (M. C. de Verdier et al., "The 2024 Brain Tumor Segmentation
// (BraTS) Challenge: Glioma Segmentation on Post-treatment MRI", arXiv 2405.18368). The Decathlon numbers oedema,
// non-enhancing and enhancing tumour.
var (
	scheme2015 = scheme{"BRATS 2015", []uint8{0, core, outer, core, inner}}
	scheme2017 = scheme{"BraTS 2017 to 2021", []uint8{0, core, outer, unknown, inner}}
	scheme2023 = scheme{"BraTS 2023", []uint8{0, core, outer, inner}}
	scheme2024 = scheme{"BraTS 2024, gliomas after treatment", []uint8{0, core, outer, inner, 0}}
	schemeMSD  = scheme{"Task01_BrainTumour", []uint8{0, outer, core, inner}}
)

// labels lists the labels of a scheme.
func (s *scheme) labels() string {
	var known []string
	for label, r := range s.regions {
		if r != unknown {
			known = append(known, fmt.Sprint(label))
		}
	}
	return strings.Join(known, ", ")
}

// What files may be, apart from modalities.
const (
	roleLabels = "labels"
	roleMask   = "mask"
)

// endings tell the role of a file by how its name ends; before it stands the name of the case. The file
// W39_1998.09.19_Segm.nii is the segmentation of BraTS20_Training_355, under a name of its own.
var endings = []struct {
	end, role string
	scheme    *scheme
}{
	{"_flair", "flair", &scheme2017}, {"_t1", "t1", &scheme2017}, {"_t1ce", "t1ce", &scheme2017},
	{"_t2", "t2", &scheme2017}, {"_seg", roleLabels, &scheme2017}, {"_segm", roleLabels, &scheme2017},
	{"-t2f", "flair", &scheme2023}, {"-t1n", "t1", &scheme2023}, {"-t1c", "t1ce", &scheme2023},
	{"-t2w", "t2", &scheme2023}, {"-seg", roleLabels, &scheme2023},
}

// wholeNames tell the role of a file by its name, where the folder has the name of the case.
var wholeNames = map[string]string{
	"flair_subtrmeandivstd": "flair", "t1_subtrmeandivstd": "t1", "t1c_subtrmeandivstd": "t1ce",
	"t2_subtrmeandivstd": "t2", "otmulticlass": roleLabels, "brainmask": roleMask,
}

// afterTreatment matches the names of cases of 2024: the last number tells the examination, and is 100 or more after
// treatment, below 100 before.
var afterTreatment = regexp.MustCompile(`(?i)^brats-gli-[0-9]+-1[0-9]{2}$`)

// decathlon maps the names that dataset.json gives to channels, in lower case, to ours.
var decathlon = map[string]string{"flair": "flair", "t1w": "t1", "t1gd": "t1ce", "t2w": "t2"}

// classify tells what a file is: the case that its name speaks of ("" for that of its folder), its role, and the scheme
// of labels that goes with such names. The role is "" if the file is none of ours.
func classify(file string) (name, role string, s *scheme) {
	stem, ok := cutImage(file)
	if !ok {
		return "", "", nil
	}
	lower := strings.ToLower(stem)
	if role := wholeNames[lower]; role != "" {
		return "", role, &scheme2015
	}
	for _, e := range endings {
		if strings.HasSuffix(lower, e.end) && len(stem) > len(e.end) {
			name = stem[:len(stem)-len(e.end)]
			if e.scheme == &scheme2023 && afterTreatment.MatchString(name) {
				return name, e.role, &scheme2024
			}
			return name, e.role, e.scheme
		}
	}
	return "", "", nil
}

// cutImage cuts the ending of an image's file off.
func cutImage(file string) (stem string, ok bool) {
	return strings.CutSuffix(strings.TrimSuffix(file, ".gz"), ".nii")
}

// hidden tells the files and folders that are passed over, among them those that some systems leave beside others (._NAME).
func hidden(name string) bool { return strings.HasPrefix(name, ".") || name == "__MACOSX" }
