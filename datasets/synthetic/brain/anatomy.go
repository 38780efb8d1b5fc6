package brain

import "flsim/internal/rng"

// head is the anatomy of one patient.
type head struct {
	half      point   // half axes of the brain, in millimetres
	wide      float32 // how much wider the back is than the front
	cleft     float32 // half width of sulci, in millimetres: atrophy
	ventricle float32 // radius of the lateral ventricles against the mean
	shape     *noise  // of the outline
	folds     *noise  // whose zeros are sulci
	twigs     *noise  // the same of shallow ones
	folia     *noise  // the same of the cerebellum
	reach     *noise  // how deep sulci go
	bend      *noise  // what keeps straight things from being straight
}

func newHead(seed uint64, age float32) *head {
	r := rng.New(seed, "head")
	return &head{
		half:      point{between(r, 66, 74), between(r, 79, 88), between(r, 60, 67)},
		wide:      between(r, 0.04, 0.12),
		cleft:     lerp(0.3, 1.3, age) + between(r, -0.2, 0.2),
		ventricle: lerp(0.6, 1.5, age) + between(r, -0.2, 0.2),
		shape:     newNoise(seed, "outline", 38),
		folds:     newNoise(seed, "folds", between(r, 15, 18)),
		twigs:     newNoise(seed, "twigs", between(r, 11, 14)),
		folia:     newNoise(seed, "folia", 6),
		reach:     newNoise(seed, "reach", 30),
		bend:      newNoise(seed, "bend", 25),
	}
}

// between returns a random number in [lo, hi).
func between(r *rng.Rand, lo, hi float32) float32 { return lerp(lo, hi, r.Float32()) }

// depth returns how far p lies below the surface of the brain, roughly in millimetres; outside it is negative.
func (h *head) depth(p point) float32 {
	x, y, z := p[0]/h.half[0], p[1]/h.half[1], p[2]/h.half[2]
	x /= 1 + float32(h.wide*y)
	r := point{x, y, z}.length()
	if r > 1.1 {
		return -1
	}
	return float32(72 * (1 - r + float32(0.06*h.shape.at(p))))
}

// tissue says what a voxel consists of. The parts add up to 1; what is neither fluid nor grey is white matter.
type tissue struct {
	fluid, grey float32
	deep        float32 // part of the grey that is nuclei, which are brighter on T1
	ventricle   float32 // distance to the ventricles in millimetres, negative inside
	depth       float32 // millimetres below the surface
}

func (t *tissue) white() float32 { return 1 - t.fluid - t.grey }

// at returns the tissue at p, whose edges are as wide as a voxel.
func (h *head) at(p point, voxel float32) tissue {
	bend := h.bend.at(p)
	t := tissue{depth: h.depth(p), ventricle: h.toVentricle(p, bend)}
	cortex := h.toSulcus(p, t.depth, bend)
	t.fluid = max(cover(h.cleft-cortex, voxel), cover(-t.ventricle, voxel))
	t.deep = nuclei(p) * (1 - t.fluid)
	t.grey = max(min(cover(h.cleft+2.8-cortex, voxel), 1-t.fluid), t.deep)
	return t
}

// toSulcus returns the distance from the nearest surface that fluid lies on: the brain's own, a sulcus or a fissure.
func (h *head) toSulcus(p point, depth, bend float32) float32 {
	wall := float32(16 * abs(h.folds.at(point{p[0] + float32(7*bend), p[1], p[2] - float32(7*bend)})))
	floor := 20 + float32(16*h.reach.at(p))
	small := max(float32(9*abs(h.twigs.at(p))), depth-float32(floor/2)) // shallow sulci between deep ones
	if tent := below(p); tent > 0 {                                     // cerebellum: thin folia, and fluid above them
		wall = min(float32(4*abs(h.folia.at(point{p[0] / 3, p[1] / 2, p[2] + float32(3*bend)}))), tent)
		floor = 26
		if in := brainstem(p); in > 0 {
			return min(depth, in+4)
		}
	}
	return min(depth, small, max(wall, depth-floor), fissure(p, float32(3*bend)))
}

// below returns how far p lies under the tent that separates the cerebellum from the cerebrum.
func below(p point) float32 {
	return min(-24-p[2]-float32(0.35*(p[1]-40)), p[1]+4)
}

var stem = horn{point{0, 4, -15}, point{0, 12, -75}, 12}

// brainstem returns how far p lies within the brain stem.
func brainstem(p point) float32 {
	return stem.radius - capsule(p, &stem)
}

// fissure returns the distance from the cleft between the hemispheres, which ends at the corpus callosum.
func fissure(p point, bend float32) float32 {
	inner := point{0, p[1] / 52, (p[2] + 4) / 30}.length()
	return max(abs(p[0]+bend), float32(30*(1-inner)))
}

// horn is a stretch of the ventricles: a line with a radius. Those of the left are mirrored to the right.
type horn struct {
	from, to point
	radius   float32
}

var horns = [...]horn{
	{point{9, -36, 6}, point{10, -12, 16}, 5},
	{point{10, -12, 16}, point{15, 18, 17}, 5.5},
	{point{15, 18, 17}, point{25, 34, 5}, 6.5},
	{point{25, 34, 5}, point{24, 56, 3}, 3.5},
	{point{25, 34, 5}, point{33, 5, -20}, 2},
	{point{0, -8, -6}, point{0, 12, -3}, 2},
	{point{0, 22, -38}, point{0, 27, -42}, 4},
}

// farFromVentricles is what toVentricle returns where more makes no difference, in millimetres.
const farFromVentricles = 15

// toVentricle returns the distance from the ventricles, negative inside.
func (h *head) toVentricle(p point, bend float32) float32 {
	q := point{abs(p[0]), p[1], p[2]}
	if q[0] > 50 || q[1] < -55 || q[1] > 73 || q[2] < -60 || q[2] > 38 {
		return farFromVentricles
	}
	d := float32(farFromVentricles)
	for k := range horns {
		d = min(d, capsule(q, &horns[k])-float32(h.ventricle*horns[k].radius))
	}
	return d + float32(2.5*bend)
}

// capsule returns the distance of p from a horn's line.
func capsule(p point, h *horn) float32 {
	d, b := p.minus(h.from), h.to.minus(h.from)
	t := min(max(d.dot(b)/b.dot(b), 0), 1)
	return point{d[0] - float32(t*b[0]), d[1] - float32(t*b[1]), d[2] - float32(t*b[2])}.length()
}

// nuclei are the grey matter in the depth: caudate nucleus, putamen and thalamus.
func nuclei(p point) float32 {
	q := point{abs(p[0]), p[1], p[2]}
	return max(
		ball(q, point{15, -24, 9}, point{5, 13, 11}),
		ball(q, point{26, -5, 2}, point{6, 17, 11}),
		ball(q, point{11, 12, 3}, point{8, 13, 9}))
}

// ball is 1 within an ellipsoid and 0 outside, with an edge as soft as nuclei have it.
func ball(p, centre, half point) float32 {
	p = p.minus(centre)
	return cover(1-point{p[0] / half[0], p[1] / half[1], p[2] / half[2]}.length(), 0.25)
}
