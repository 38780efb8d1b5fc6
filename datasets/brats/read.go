package brats

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"flsim/datasets"
	"flsim/datasets/nifti"
	"flsim/datasets/volumes"
)

// version is raised whenever the same files are read differently.
const version = 1

// Key returns a digest of the content of the files that Read reads, and of how they are read. It is the same wherever
// the files lie. It takes the time to read them.
func (p *Patient) Key() (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "brats %d\n%s\n", version, p.scheme.name)
	for _, c := range p.channels {
		fmt.Fprintf(h, "part %d\n", c.part)
	}
	for _, path := range p.files() {
		if err := hashFile(h, path); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// files lists the paths of all files of a case once.
func (p *Patient) files() []string {
	var paths []string
	for i, c := range p.channels {
		if i == 0 || c.file != paths[len(paths)-1] {
			paths = append(paths, c.file)
		}
	}
	paths = append(paths, p.labels)
	if p.mask != "" {
		paths = append(paths, p.mask)
	}
	return paths
}

// hashFile writes a file's length and content into h.
func hashFile(h io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "file %d\n", info.Size())
	_, err = io.Copy(h, file)
	return err
}

// reading is a scan that is being read.
type reading struct {
	*volumes.Scan
	first string       // path of the file whose size all others must have
	path  string       // of the file that was read last
	image *nifti.Image // what it holds: the Decathlon has all modalities in one
}

// Read reads a case. The voxels of channels are those of the files, in their order. Tissue is what the mask says, if
// there is one, else where a channel differs from its background, which is 0 or the value at all corners of the volume.
// Wrong files are a *datasets.FormatError or a *datasets.ContentError.
func (p *Patient) Read() (*volumes.Scan, error) {
	r := &reading{Scan: &volumes.Scan{Name: p.Name, Site: p.Site}}
	for _, c := range p.channels {
		if err := r.readChannel(c); err != nil {
			return nil, err
		}
	}
	r.path, r.image = "", nil // makes room
	if err := r.readLabels(p.labels, p.scheme); err != nil {
		return nil, err
	}
	if p.mask != "" {
		return r.Scan, r.readMask(p.mask)
	}
	return r.Scan, r.findBrain()
}

// open reads part of an image and sees that it has the size of the others.
func (r *reading) open(c channel) (*nifti.Image, error) {
	if r.path != c.file {
		image, err := nifti.Open(c.file)
		if err != nil {
			return nil, asFormat(err)
		}
		r.path, r.image = c.file, image
	}
	dim := r.image.Dim
	if len(dim) < 3 || r.image.Len() != c.of*dim[0]*dim[1]*dim[2] {
		return nil, &datasets.ContentError{Name: c.file, Problem: fmt.Sprintf("has %v voxels; an image of three axes, and %d along the fourth, is wanted", dim, c.of)}
	}
	if r.first == "" {
		r.first, r.NX, r.NY, r.NZ = c.file, dim[0], dim[1], dim[2]
	}
	if dim[0] != r.NX || dim[1] != r.NY || dim[2] != r.NZ {
		return nil, &datasets.ContentError{Name: c.file, Problem: fmt.Sprintf("has %d x %d x %d voxels, but %s has %d x %d x %d; all images of a case must have the same size",
			dim[0], dim[1], dim[2], r.first, r.NX, r.NY, r.NZ)}
	}
	return r.image.Volume(c.part), nil
}

// asFormat puts what is wrong with an image into the words of data sets.
func asFormat(err error) error {
	if e := (*nifti.Error)(nil); errors.As(err, &e) {
		return (*datasets.FormatError)(e)
	}
	return err
}

func (r *reading) readChannel(c channel) error {
	image, err := r.open(c)
	if err != nil {
		return err
	}
	values := make([]float32, image.Len())
	image.Float32s(values)
	for i, v := range values {
		if v-v != 0 { // NaN or infinite
			return &datasets.ContentError{Name: c.file, Problem: fmt.Sprintf("voxel %v is %v, which is no number to train with", r.place(i), v)}
		}
	}
	r.Channels = append(r.Channels, values)
	return nil
}

// place returns the coordinates of voxel i.
func (r *reading) place(i int) [3]int { return [3]int{i % r.NX, i / r.NX % r.NY, i / r.NX / r.NY} }

// nearLabel is how far from a whole number a label may be: rounding errors are, resampled labels are not.
const nearLabel = 0.1

// readLabels turns labels into sets of regions.
func (r *reading) readLabels(path string, s *scheme) error {
	image, err := r.open(whole(path))
	if err != nil {
		return err
	}
	r.Regions = make([]uint8, image.Len())
	for i := range r.Regions {
		v := image.At(i)
		label := math.Round(v)
		if !(math.Abs(v-label) <= nearLabel && label >= 0 && label < float64(len(s.regions))) || s.regions[int(label)] == unknown {
			return &datasets.ContentError{Name: path, Problem: fmt.Sprintf("label %v at voxel %v is none of %s, the labels of %s", v, r.place(i), s.labels(), s.name)}
		}
		r.Regions[i] = s.regions[int(label)]
	}
	return nil
}

func (r *reading) readMask(path string) error {
	image, err := r.open(whole(path))
	if err != nil {
		return err
	}
	r.Brain = make([]bool, image.Len())
	found := false
	for i := range r.Brain {
		r.Brain[i] = math.Round(image.At(i)) != 0
		found = found || r.Brain[i]
	}
	if !found {
		return &datasets.ContentError{Name: path, Problem: "the mask of the brain is empty"}
	}
	return nil
}

// findBrain takes for tissue what differs from the background in any channel. Images hold small negative values at the
// edge of the brain, so that it is not what is greater.
func (r *reading) findBrain() error {
	r.Brain = make([]bool, r.Voxels())
	found := false
	for _, values := range r.Channels {
		background := r.background(values)
		for i, v := range values {
			if v != background {
				r.Brain[i], found = true, true
			}
		}
	}
	if !found {
		return &datasets.ContentError{Name: r.first, Problem: "all voxels are background, as in all images of this case"}
	}
	return nil
}

// background returns the value that all eight corners of a volume have, else 0.
func (r *reading) background(values []float32) float32 {
	first := values[0]
	for corner := range 8 {
		x, y, z := (corner&1)*(r.NX-1), (corner>>1&1)*(r.NY-1), (corner>>2)*(r.NZ-1)
		if values[x+r.NX*(y+r.NY*z)] != first {
			return 0
		}
	}
	return first
}
