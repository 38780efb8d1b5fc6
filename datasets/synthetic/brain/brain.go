// Package brain generates scans of brains with tumours from a seed: four modalities with the regions of the tumour, as
// the BraTS challenge has them, from sites whose scanners and patients differ.
//
// Tissue, fluid, tumours and what is confused with them are drawn as smooth random fields in space, each modality with
// intensities as real scans have them; a scanner then adds the unevenness of its coil, its contrast, noise and blur. A
// voxel's values tell little: lesions and vessels are as bright as tumours, and what is bright at one site, or on one side
// of the brain, is not at another. Size, shape and surroundings tell.
package brain

import (
	"fmt"

	"flsim/datasets/volumes"
	"flsim/internal/rng"
)

// modalities is the number of channels of a scan: datasets.Modalities.
const modalities = 4

// Options say what to generate.
type Options struct {
	Seed  uint64
	Cases int
	Sites int    // hospitals, which cases come from in turn
	Size  [3]int // voxels from right to left, front to back and bottom to top, of a field of view of 240 x 240 x 155 mm
}

// FullSize is the size of the scans of BraTS: voxels of 1 mm.
var FullSize = [3]int{240, 240, 155}

// Set is a set of scans, none of which exists before it is asked for. It is safe for concurrent use.
type Set struct {
	opt   Options
	sites []*site
}

// Bounds of Options.
const (
	MinSide  = 16
	MaxSide  = 512
	MaxCases = 100_000
	MaxSites = 1000
)

// New prepares a set. Case i depends on the seed, i, the number of sites and the size alone.
func New(opt Options) (*Set, error) {
	if opt.Cases < 1 || opt.Cases > MaxCases {
		return nil, fmt.Errorf("a synthetic set has 1 to %d cases, not %d", MaxCases, opt.Cases)
	}
	if opt.Sites < 1 || opt.Sites > MaxSites {
		return nil, fmt.Errorf("synthetic cases come from 1 to %d sites, not %d", MaxSites, opt.Sites)
	}
	if side := opt.Size; min(side[0], side[1], side[2]) < MinSide || max(side[0], side[1], side[2]) > MaxSide {
		return nil, fmt.Errorf("a synthetic scan has %d to %d voxels along each axis, not %dx%dx%d", MinSide, MaxSide, side[0], side[1], side[2])
	}
	s := &Set{opt: opt}
	for k := range opt.Sites {
		s.sites = append(s.sites, newSite(opt.Seed, k))
	}
	return s, nil
}

// Len returns the number of cases.
func (s *Set) Len() int { return s.opt.Cases }

// Sites returns the names of the sites.
func (s *Set) Sites() []string {
	names := make([]string, len(s.sites))
	for k := range names {
		names[k] = fmt.Sprintf("site%02d", k+1)
	}
	return names
}

// Site returns the place in Sites of case i.
func (s *Set) Site(i int) int { return i % len(s.sites) }

// Name returns what case i is called, as BraTS 2021 calls its cases.
func (s *Set) Name(i int) string { return fmt.Sprintf("BraTS2021_%05d", i) }

// Scan generates case i.
func (s *Set) Scan(i int) *volumes.Scan {
	c := newCase(rng.Derive(s.opt.Seed, "synthetic brain", uint64(i)), s.sites[s.Site(i)], s.opt.Size)
	scan := c.draw()
	scan.Name, scan.Site = s.Name(i), s.Site(i)
	return scan
}
