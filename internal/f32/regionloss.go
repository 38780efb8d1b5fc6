package f32

import (
	"fmt"
	"math"
)

// MaxRegions is how many regions a set of them may name.
const MaxRegions = 8

// diceSmooth is added to both parts of a Dice coefficient. As one pixel's worth, it lets a region that is neither there
// nor predicted cost nothing, and it vanishes beside a region of some hundred pixels.
const diceSmooth = 1

// regionStep is how many pixels are treated at a time: a multiple of all kernels' lanes. Losses depend on it in their
// last bits.
const regionStep = 256

// RegionLoss returns the loss of a segmentation into overlapping regions, of which each pixel has a logit, and how many
// logits have the sign that they should: above zero inside their region. A set holds bit r where the pixel lies in
// region r; there are len(sets) pixels with len(logits)/len(sets) regions, at most MaxRegions. With p the sigmoids of the
// logits and t the bits, the loss is
//
//	mean over pixels and regions of -t log p - (1-t) log(1-p)
//	+ mean over regions of 1 - (2 sum(p t) + 1) / (sum(p) + sum(t) + 1)
//
// with sums over all pixels: cross-entropy and soft Dice loss (Milletari, Navab and Ahmadi, 3DV 2016, arXiv 1606.04797,
// without their squares) side by side as in nnU-Net (Isensee et al., Nature Methods 2021, arXiv 1904.08128). Where d is not
// nil it becomes the loss's gradient, values below Tiny being 0; it may be logits itself.
//
// The cross-entropy of a logit is that of the two classes 0 and logit, so the kernels of SoftmaxCrossEntropy compute it.
// Sums are taken in float64, pixel by pixel in chunks of 256 for the cross-entropy, without chunks for the Dice loss.
func (c *Context) RegionLoss(d, logits []float32, sets []int32) (loss float64, correct int) {
	regions := len(logits) / len(sets)
	checkSets(sets, regions)
	var sums overlaps
	for i := 0; i < len(sets); i += regionStep {
		end := min(i+regionStep, len(sets))
		errs, part, right := c.regionErrors(logits[i*regions:end*regions], sets[i:end], regions)
		loss += part
		correct += right
		sums.add(errs, sets[i:end], regions)
		if d != nil {
			copy(d[i*regions:], errs)
		}
	}
	mean := 1 / float64(len(logits))
	loss = float64(loss * mean)
	var slopes [MaxRegions][2]float64
	for r := range regions {
		var dice float64
		dice, slopes[r] = sums.dice(r)
		loss += (1 - dice) / float64(regions)
		slopes[r][0] /= float64(regions)
		slopes[r][1] /= float64(regions)
	}
	if d != nil {
		regionGrad(d, sets, slopes[:regions], mean)
	}
	return loss, correct
}

// checkSets panics at a region that there is not.
func checkSets(sets []int32, regions int) {
	if regions < 1 || regions > MaxRegions {
		panic(fmt.Sprintf("f32: a loss of %d regions; 1 to %d are possible", regions, MaxRegions))
	}
	for _, s := range sets {
		if uint32(s)>>regions != 0 {
			panic(fmt.Sprintf("f32: a set %#x of %d regions", uint32(s), regions))
		}
	}
}

// regionErrors returns sigmoid minus bit of each logit, in scratch memory, with the summed cross-entropy and the number of
// logits with the right sign.
func (c *Context) regionErrors(logits []float32, sets []int32, regions int) (errs []float32, loss float64, correct int) {
	pairs, bits := c.take(scratchPairs, 2*len(logits)), c.labels(len(logits))
	k := 0
	for _, s := range sets {
		for r := range regions {
			pairs[2*k], pairs[2*k+1] = 0, logits[k]
			bits[k] = s >> r & 1
			k++
		}
	}
	loss, correct = c.SoftmaxCrossEntropy(pairs, pairs, bits, 1)
	errs = pairs[:len(logits)]
	for k := range errs {
		errs[k] = pairs[2*k+1]
	}
	return errs, loss, correct
}

// labels returns n int32 of scratch memory.
func (c *Context) labels(n int) []int32 {
	if cap(c.bits) < n {
		c.bits = make([]int32, n)
	}
	return c.bits[:n]
}

// overlaps holds, for each region, the sums of p outside it and of 1-p inside, and the number of pixels inside.
type overlaps struct {
	errs   [MaxRegions][2]float64
	inside [MaxRegions]float64
}

func (o *overlaps) add(errs []float32, sets []int32, regions int) {
	for _, s := range sets {
		for r, e := range errs[:regions] {
			bit := s >> r & 1
			o.errs[r][bit] += math.Abs(float64(e))
			o.inside[r] += float64(bit)
		}
		errs = errs[regions:]
	}
}

// dice returns region r's Dice coefficient, and the slopes of its loss along p outside and inside.
func (o *overlaps) dice(r int) (dice float64, slopes [2]float64) {
	both := o.inside[r] - o.errs[r][1]
	above := 2*both + diceSmooth
	below := both + o.errs[r][0] + o.inside[r] + diceSmooth
	dice = above / below
	return dice, [2]float64{dice / below, (dice - 2) / below}
}

// regionGrad turns d from sigmoid minus bit into the gradient.
func regionGrad(d []float32, sets []int32, slopes [][2]float64, mean float64) {
	for _, s := range sets {
		for r, e := range d[:len(slopes)] {
			e, u := float64(e), math.Abs(float64(e))
			g := float64(mean*e) + float64(slopes[r][s>>r&1]*float64(u*(1-u)))
			if math.Abs(g) < Tiny { // unlike dropTiny, without a branch on the sign, which nobody can predict
				g = 0
			}
			d[r] = float32(g)
		}
		d = d[len(slopes):]
	}
}
