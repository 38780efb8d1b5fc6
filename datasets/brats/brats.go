// Package brats finds and reads the magnetic resonance images of brain tumours and their segmentations that the BraTS
// challenges hand out, in the folders in which they come: BraTS 2017 to 2021 and FeTS (modalities after an underscore),
// 2023 and, of 2024, gliomas after treatment (after a hyphen), Task01_BrainTumour of the Medical Segmentation Decathlon (all modalities in one file), and the
// samples of BRATS 2015 that come with DeepMedic.
//
// The challenge is described by B. H. Menze et al., "The Multimodal Brain Tumor Image Segmentation Benchmark (BRATS)",
// IEEE Transactions on Medical Imaging 34(10), 2015, and U. Baid et al., "The RSNA-ASNR-MICCAI BraTS 2021 Benchmark on
// Brain Tumor Segmentation and Radiogenomic Classification", arXiv 2107.02314; the Decathlon by M. Antonelli et al.,
// "The Medical Segmentation Decathlon", Nature Communications 13, 2022.
package brats

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"flsim/datasets"
	"flsim/datasets/volumes"
)

// Name is the name under which the set is registered.
const Name = "brats"

// FindOptions says what is wanted of the cases that are found.
type FindOptions struct {
	Modalities []string // those that a case must have, in the order of channels; nil is datasets.Modalities
	Sites      string   // what tells a case's site: "grade", "name", "mapping", or "auto" or "" for the best there is
	Mapping    string   // path of a table of names with sites; "" looks for name_mapping.csv or partitioning_1.csv
}

// Set is all cases that were found.
type Set struct {
	Patients []Patient // by name
	Sites    []string  // where they come from, in alphabetical order; nil where that is not known
	Notes    []string  // what a reader should know

	Synthetic bool // some cases were generated: volumes.GeneratedFile lies in a folder above them
}

// Patient is one case: the images and the segmentation of one examination.
type Patient struct {
	Name     string
	Site     int // place in Set.Sites
	dir      string
	channels []channel // as many as modalities were asked for
	labels   string    // path
	mask     string    // path of the brain's mask, or ""
	scheme   *scheme
}

// channel is where one modality of a case is.
type channel struct {
	file string
	part int // along the file's fourth axis
	of   int // so many parts
}

// whole is a file that holds one volume.
func whole(path string) channel { return channel{file: path, of: 1} }

// Find finds the cases in dir/brats, or else in dir, down to some depth. Cases without a segmentation are left out with
// a note. It returns a *datasets.MissingError if there are no cases, and a *datasets.ContentError if one lacks a modality
// or two have the same name.
func Find(dir string, opt FindOptions) (*Set, error) {
	if opt.Modalities == nil {
		opt.Modalities = datasets.Modalities
	}
	f, err := search(dir)
	if err != nil {
		return nil, err
	}
	if len(f.cases) == 0 {
		return nil, missing(dir)
	}
	labelled, notes := f.labelled()
	if len(labelled) == 0 {
		return nil, &datasets.ContentError{Name: f.cases[0].dir, Problem: "has images but no segmentation, as all cases that were found; training needs the training part of the set"}
	}
	set := &Set{Notes: append(summary(labelled, f.root), notes...)}
	if note := visits(labelled); note != "" {
		set.Notes = append(set.Notes, note)
	}
	if note := origin(labelled); note != "" {
		set.Synthetic, set.Notes = true, append(set.Notes, note)
	}
	for _, c := range labelled {
		p, err := c.patient(opt.Modalities, labelled)
		if err != nil {
			return nil, err
		}
		set.Patients = append(set.Patients, *p)
	}
	if err := set.placeAll(opt, f.tables); err != nil {
		return nil, err
	}
	return set, nil
}

// missing says what to put where.
func missing(dir string) error {
	return &datasets.MissingError{Set: Name, Dir: dir, Want: []string{
		"a folder brats with the folders of BraTS 2018, 2019, 2020, 2021, 2023 or 2024 as they were unpacked (in each case's folder, files such as CASE_flair.nii.gz, CASE_t1ce.nii.gz and CASE_seg.nii.gz)",
		"the folder Task01_BrainTumour of the Medical Segmentation Decathlon (dataset.json, imagesTr, labelsTr)",
	}}
}

// labelled returns the cases with a segmentation by name, and says how many others there are.
func (f *finder) labelled() (with []*candidate, notes []string) {
	var without []string
	for _, c := range f.cases {
		if c.labels != "" {
			with = append(with, c)
		} else {
			without = append(without, c.name)
		}
	}
	slices.SortFunc(with, func(a, b *candidate) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.dir, b.dir)) })
	if len(without) > 0 {
		notes = []string{fmt.Sprintf("cases without a segmentation, which are left out: %d, such as %s", len(without), slices.Min(without))}
	}
	return with, append(notes, f.notes...)
}

// summary says what was found.
func summary(cases []*candidate, root string) []string {
	var notes []string
	for _, s := range []*scheme{&scheme2015, &scheme2017, &scheme2023, &scheme2024, &schemeMSD} {
		n := 0
		for _, c := range cases {
			if c.scheme == s {
				n++
			}
		}
		if n > 0 {
			notes = append(notes, fmt.Sprintf("cases of %s: %d, read from %s", s.name, n, root))
		}
	}
	return notes
}

// visit matches the names of cases that tell the examination behind the patient.
var visit = regexp.MustCompile(`(?i)^(brats-[a-z]+-[0-9]+)-[0-9]{3}$`)

// patientOf returns whom a case's name tells, "" if it tells the case alone.
func patientOf(name string) string {
	if m := visit.FindStringSubmatch(name); m != nil {
		return strings.ToLower(m[1])
	}
	return ""
}

// visits says how many patients were examined more than once; "" if none was.
func visits(cases []*candidate) string {
	examined := map[string]int{}
	several := 0
	for _, c := range cases {
		name := patientOf(c.name)
		if examined[name]++; name != "" && examined[name] == 2 {
			several++
		}
	}
	if several == 0 {
		return ""
	}
	return fmt.Sprintf("patients who were examined more than once: %d; all examinations of a patient are trained on, by one client, or all are tested on", several)
}

// origin says how many cases were generated; "" if none was.
func origin(cases []*candidate) string {
	n := 0
	for _, c := range cases {
		if c.generated {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case len(cases):
		return fmt.Sprintf("all %d cases were generated, not photographed, as %s says", n, volumes.GeneratedFile)
	}
	return fmt.Sprintf("%d of %d cases were generated, not photographed, as %s says; they are mixed with others", n, len(cases), volumes.GeneratedFile)
}

// patient takes the modalities that are wanted. All cases are there for advice.
func (c *candidate) patient(modalities []string, all []*candidate) (*Patient, error) {
	for _, other := range all {
		if other != c && other.name == c.name {
			return nil, &datasets.ContentError{Name: c.dir, Problem: fmt.Sprintf("the case %s is in %s as well; remove one of them", c.name, other.dir)}
		}
	}
	p := &Patient{Name: c.name, dir: c.dir, labels: c.labels, mask: c.mask, scheme: c.scheme}
	for _, m := range modalities {
		at, found := c.images[m]
		if !found {
			return nil, c.lacks(m, all)
		}
		p.channels = append(p.channels, at)
	}
	return p, nil
}

// lacks says that a modality is missing, and which ones no case lacks.
func (c *candidate) lacks(modality string, all []*candidate) error {
	var common []string
	for _, m := range datasets.Modalities {
		lacking := slices.ContainsFunc(all, func(o *candidate) bool { _, found := o.images[m]; return !found })
		if !lacking {
			common = append(common, fmt.Sprintf("%q", m))
		}
	}
	problem := fmt.Sprintf("the case %s has no image of modality %s", c.name, modality)
	if len(common) > 0 {
		problem += fmt.Sprintf("; modalities = [%s] asks for those that every case has", strings.Join(common, ", "))
	}
	return &datasets.ContentError{Name: c.dir, Problem: problem}
}

// grade returns the grade of a case by the nearest folder that is called by one, or "".
func (p *Patient) grade() string {
	for dir := p.dir; ; dir = filepath.Dir(dir) {
		if base := strings.ToUpper(filepath.Base(dir)); base == "HGG" || base == "LGG" {
			return base
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
