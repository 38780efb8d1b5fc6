// Package volumes makes training examples and test cases of three-dimensional scans: it crops, normalises and resizes
// them once, keeps them in a cache on disk, and cuts slices or patches from there.
package volumes

// Scan is one patient's scan as it was read or generated. Voxel (x, y, z) is element x + NX*(y + NY*z), x from left to
// right, z from slice to slice.
type Scan struct {
	Name     string
	Site     int         // place in the set's list of sites
	NX       int         // voxels
	NY       int         //
	NZ       int         //
	Channels [][]float32 // one volume per modality
	Brain    []bool      // voxels that are tissue, not background
	Regions  []uint8     // sets of regions: bit r for region r
}

// Voxels returns the number of voxels of the scan.
func (s *Scan) Voxels() int { return s.NX * s.NY * s.NZ }
