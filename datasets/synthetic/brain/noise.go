package brain

import (
	"math"

	"flsim/internal/rng"
)

// Arithmetic is in float32 with only +, -, *, / and square roots, which IEEE 754 defines to the last bit. A product that
// is added to something is converted first, so that no compiler fuses the two: every processor draws the same scans.

// point is a place, or a direction, in millimetres: x from right to left, y from front to back, z from bottom to top. The
// origin is the middle of the brain.
type point [3]float32

func (p point) minus(q point) point { return point{p[0] - q[0], p[1] - q[1], p[2] - q[2]} }

func (p point) dot(q point) float32 {
	return float32(p[0]*q[0]) + float32(p[1]*q[1]) + float32(p[2]*q[2])
}

func (p point) length() float32 { return sqrt(p.dot(p)) }

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

func abs(x float32) float32 { return max(x, -x) }

func lerp(a, b, t float32) float32 { return a + float32(t*(b-a)) }

// cover returns how much of a voxel lies inside of an edge that is x away (positive: inside): 0 to 1 over a width.
func cover(x, width float32) float32 { return min(max(float32(x/width)+0.5, 0), 1) }

// noise is smooth noise in space with a mean of 0, a standard deviation of about 0.26 and values in [-1, 1]: the
// gradient noise of K. Perlin, "Improving noise", SIGGRAPH 2002, with hashed instead of tabled corners. It remembers the
// corners of the cell that it was last asked in, and is not safe for concurrent use.
type noise struct {
	seed   uint64
	period float32 // millimetres from one lattice point to the next
	cell   [3]int32
	corner [8]point // directions of the cell's corners
	warm   bool     // whether corner belongs to cell
}

func newNoise(seed uint64, purpose string, period float32) *noise {
	return &noise{seed: rng.Derive(seed, purpose), period: period}
}

// directions are the twelve edges of a cube, four of them twice, so that 4 random bits choose one.
var directions = [16]point{
	{1, 1, 0}, {-1, 1, 0}, {1, -1, 0}, {-1, -1, 0}, {1, 0, 1}, {-1, 0, 1}, {1, 0, -1}, {-1, 0, -1},
	{0, 1, 1}, {0, -1, 1}, {0, 1, -1}, {0, -1, -1}, {1, 1, 0}, {-1, 1, 0}, {0, -1, 1}, {0, -1, -1},
}

func (n *noise) at(p point) float32 {
	ix, x := split(p[0] / n.period)
	iy, y := split(p[1] / n.period)
	iz, z := split(p[2] / n.period)
	if cell := [3]int32{ix, iy, iz}; !n.warm || cell != n.cell {
		n.enter(cell)
	}
	u, v, w := fade(x), fade(y), fade(z)
	c := &n.corner
	low := lerp(
		lerp(c[0].dot(point{x, y, z}), c[1].dot(point{x - 1, y, z}), u),
		lerp(c[2].dot(point{x, y - 1, z}), c[3].dot(point{x - 1, y - 1, z}), u), v)
	high := lerp(
		lerp(c[4].dot(point{x, y, z - 1}), c[5].dot(point{x - 1, y, z - 1}), u),
		lerp(c[6].dot(point{x, y - 1, z - 1}), c[7].dot(point{x - 1, y - 1, z - 1}), u), v)
	return lerp(low, high, w)
}

func (n *noise) enter(cell [3]int32) {
	n.cell, n.warm = cell, true
	for k := range n.corner {
		x, y, z := cell[0]+int32(k&1), cell[1]+int32(k>>1&1), cell[2]+int32(k>>2)
		key := uint64(uint16(x)) | uint64(uint16(y))<<16 | uint64(uint16(z))<<32
		n.corner[k] = directions[rng.At(n.seed, key)>>60]
	}
}

// split returns the integer below x and what is left.
func split(x float32) (int32, float32) {
	i := int32(x)
	if x < 0 {
		i--
	}
	return i, x - float32(i)
}

func fade(t float32) float32 { return float32(float32(t*t) * (3 - 2*t)) }

// octaves is noise with detail: each octave has half the period and half the height of the one before.
type octaves []*noise

func newOctaves(seed uint64, purpose string, period float32, n int) octaves {
	o := make(octaves, n)
	for k := range o {
		o[k] = newNoise(rng.Derive(seed, purpose), "octave", period)
		o[k].seed += uint64(k)
		period /= 2.1
	}
	return o
}

func (o octaves) at(p point) float32 {
	sum, height := float32(0), float32(1)
	for _, n := range o {
		sum += float32(height * n.at(p))
		height /= 2
	}
	return sum
}
