// Package masks compares what was marked on a grid with what should have been: how far two masks overlap, and how far
// their surfaces lie apart.
//
// A mask is one bit of a byte per voxel, so that up to eight masks lie in one slice. Voxel (z, y, x) of a grid of
// extents {D, H, W} is element x + W*(y + H*z); an image has D = 1.
package masks

// Overlap counts the voxels of a prediction and of the truth, and those that both have.
type Overlap struct{ Predicted, True, Both int }

// Compare counts the voxels of mask bit in predicted and truth, which have equal length.
func Compare(predicted, truth []uint8, bit int) Overlap {
	var o Overlap
	for i, p := range predicted {
		p, t := p>>bit&1, truth[i]>>bit&1
		o.Predicted += int(p)
		o.True += int(t)
		o.Both += int(p & t)
	}
	return o
}

// Add adds the voxels of p.
func (o *Overlap) Add(p Overlap) {
	o.Predicted += p.Predicted
	o.True += p.True
	o.Both += p.Both
}

// Dice returns 2 |A and B| / (|A| + |B|), and 1 where both masks are empty (Dice, Measures of the amount of ecologic
// association between species, Ecology 1945). It is 0 where one mask alone is empty.
func (o Overlap) Dice() float64 {
	if o.Predicted+o.True == 0 {
		return 1
	}
	return 2 * float64(o.Both) / float64(o.Predicted+o.True)
}
