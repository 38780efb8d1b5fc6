package brain

import (
	"fmt"
	"math"
	"slices"

	"flsim/datasets"
	"flsim/datasets/volumes"
	"flsim/internal/tensor"
)

// Name is what the set is called in configurations.
const Name = "synthetic-brats"

// version is raised whenever equal options give other scans, so that prepared volumes of older ones are not used.
const version = 2

func init() { datasets.Register(Name, open, datasets.Generated, datasets.Volumetric) }

func open(opt datasets.OpenOptions) (*datasets.Data, error) {
	v := opt.Volumes.Complete(true)
	if opt.Shape == (tensor.Shape{}) {
		opt.Shape = v.DefaultShape()
	}
	s, err := New(Options{Seed: opt.Seed, Cases: v.Cases, Sites: v.SiteCount, Size: sizeFor(opt.Shape, v.Extract == "patch")})
	if err != nil {
		return nil, err
	}
	return volumes.Open(s.provider(v.Modalities), opt)
}

// sizeFor returns the size of scans whose brains have about as many voxels as what they are resized to. Patches are cut
// from scans of full size.
func sizeFor(shape tensor.Shape, patch bool) [3]int {
	if patch {
		return FullSize
	}
	brain := point{145, 171, 130} // millimetres
	finest := max(float32(shape.W)/brain[0], float32(shape.H)/brain[1], float32(shape.D)/brain[2])
	var size [3]int
	for k := range size {
		size[k] = min(max(int(math.Ceil(float64(field[k]*finest))), 2*MinSide), FullSize[k])
	}
	return size
}

// provider lists the set for package volumes, with some of the modalities.
func (s *Set) provider(chosen []string) volumes.Provider {
	p := volumes.Provider{
		Name: Name, Regions: volumes.TumourRegions(), Sites: s.Sites(), Synthetic: true,
		Notes: []string{fmt.Sprintf("generated from seed %d, not photographed", s.opt.Seed)},
		Key: func(i int) (string, error) {
			return fmt.Sprintf("%s version %d, seed %d, case %d, %d sites, size %v", Name, version, s.opt.Seed, i, s.opt.Sites, s.opt.Size), nil
		},
		Scan: func(i int) (*volumes.Scan, error) {
			scan := s.Scan(i)
			scan.Channels = choose(scan.Channels, chosen)
			return scan, nil
		},
	}
	for i := range s.Len() {
		p.Cases = append(p.Cases, volumes.Listing{Name: s.Name(i), Site: s.Site(i)})
	}
	return p
}

// choose returns the channels of the modalities that are named.
func choose(all [][]float32, names []string) [][]float32 {
	chosen := make([][]float32, len(names))
	for k, name := range names {
		chosen[k] = all[slices.Index(datasets.Modalities, name)]
	}
	return chosen
}
