package brain

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"flsim/datasets"
	"flsim/datasets/nifti"
	"flsim/datasets/volumes"
)

// MappingFile is the name of the table that tells the sites of the cases in a folder.
const MappingFile = "name_mapping.csv"

// maxScans bounds how many scans are in memory at once: one of full size takes 180 MB.
const maxScans = 3

// WriteFolder writes the set into dir as BraTS 2021 lays out its cases: a folder for each with an image per modality
// (int16) and the labels (uint8: 1 core, 2 oedema, 4 enhancing tumour), as packed NIfTI files; and a table of their
// sites. Files that are there are replaced. After each case, in their order, report is called with its scan.
func (s *Set) WriteFolder(dir string, report func(*volumes.Scan)) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := s.writeMapping(filepath.Join(dir, MappingFile)); err != nil {
		return err
	}
	for first := 0; first < s.Len(); first += maxScans {
		scans := make([]*volumes.Scan, min(maxScans, s.Len()-first))
		var group errgroup.Group
		group.SetLimit(runtime.GOMAXPROCS(0))
		for k := range scans {
			group.Go(func() error {
				scans[k] = s.Scan(first + k)
				return writeCase(dir, scans[k])
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		for _, scan := range scans {
			report(scan)
		}
	}
	return nil
}

func writeCase(dir string, scan *volumes.Scan) error {
	dir = filepath.Join(dir, scan.Name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	h := header(scan)
	for m, v := range scan.Channels {
		if err := nifti.Write(fileOf(dir, scan, datasets.Modalities[m]), h, v); err != nil {
			return err
		}
	}
	h.Datatype = nifti.Uint8
	return nifti.Write(fileOf(dir, scan, "seg"), h, labels(scan.Regions))
}

func fileOf(dir string, scan *volumes.Scan, kind string) string {
	return filepath.Join(dir, fmt.Sprintf("%s_%s.nii.gz", scan.Name, kind))
}

// header returns the header of an image: like those of BraTS, whose first axis runs to the left and whose second to the
// back.
func header(scan *volumes.Scan) nifti.Header {
	h := nifti.Header{Dim: []int{scan.NX, scan.NY, scan.NZ}, Datatype: nifti.Int16}
	for axis, n := range h.Dim {
		h.Spacing = append(h.Spacing, float64(field[axis])/float64(n))
	}
	h.Affine = [4][4]float64{
		{-h.Spacing[0], 0, 0, 0},
		{0, -h.Spacing[1], 0, float64(scan.NY-1) * h.Spacing[1]},
		{0, 0, h.Spacing[2], 0},
		{0, 0, 0, 1},
	}
	return h
}

// labels returns what BraTS calls the sets of regions.
func labels(regions []uint8) []float32 {
	l := make([]float32, len(regions))
	for i, set := range regions {
		switch {
		case set&volumes.EnhancingTumour != 0:
			l[i] = 4
		case set&volumes.TumourCore != 0:
			l[i] = 1
		case set&volumes.WholeTumour != 0:
			l[i] = 2
		}
	}
	return l
}

// Volumes returns how large the regions of a scan of this set are, in cubic centimetres.
func (s *Set) Volumes(scan *volumes.Scan) [3]float64 {
	size := [3]float64{}
	voxel := 1e-3
	for axis, n := range s.opt.Size {
		voxel *= float64(field[axis]) / float64(n)
	}
	for _, set := range scan.Regions {
		for r := range size {
			size[r] += float64(set >> r & 1)
		}
	}
	for r := range size {
		size[r] *= voxel
	}
	return size
}

func (s *Set) writeMapping(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	sites := s.Sites()
	rows := [][]string{{"BraTS_2021_subject_ID", "Site"}}
	for i := range s.Len() {
		rows = append(rows, []string{s.Name(i), sites[s.Site(i)]})
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return f.Close()
}
