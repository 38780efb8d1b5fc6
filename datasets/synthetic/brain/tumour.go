package brain

import (
	"flsim/datasets/volumes"
	"flsim/internal/rng"
)

// tumour is the tumour of one patient: oedema that spreads through white matter, in it a core, and around the core, in
// most, a rim that takes up contrast agent.
type tumour struct {
	centre   point
	oedema   ellipsoid
	core     ellipsoid
	lobe     ellipsoid // a second part of the oedema
	rim      float32   // thickness of the enhancing rim in millimetres; 0 for none
	push     float32   // mass effect: displacement against distance, at the centre
	radius   float32   // of the whole, in millimetres
	rough    float32   // height of the irregularities against the radius
	outline  octaves   // of the whole
	margin   octaves   // of the core
	patches  *noise    // gaps in the rim
	strength float32   // how much oedema differs from healthy tissue
	uptake   float32   // how bright the rim is on T1ce
	cystic   float32   // how much the core is fluid
}

// ellipsoid is turned in space.
type ellipsoid struct {
	centre point
	axes   [3]point // unit vectors divided by the half axes
	mean   float32  // radius in millimetres
}

func newEllipsoid(r *rng.Rand, centre point, radius float32) ellipsoid {
	e := ellipsoid{centre: centre, mean: radius, axes: turned(r)}
	for k := range e.axes {
		half := float32(radius * between(r, 0.72, 1.38))
		for j := range e.axes[k] {
			e.axes[k][j] /= half
		}
	}
	return e
}

// turned returns the axes of a coordinate system in random position: a random quaternion's rotation.
func turned(r *rng.Rand) [3]point {
	var w, x, y, z, n float32
	for n < 0.01 || n > 1 {
		w, x, y, z = between(r, -1, 1), between(r, -1, 1), between(r, -1, 1), between(r, -1, 1)
		n = float32(w*w) + float32(x*x) + float32(y*y) + float32(z*z)
	}
	twice := func(a, b, c, d float32) float32 { return 2 * (float32(a*b) + float32(c*d)) / n }
	return [3]point{
		{1 - twice(y, y, z, z), twice(x, y, -z, w), twice(x, z, y, w)},
		{twice(x, y, z, w), 1 - twice(x, x, z, z), twice(y, z, -x, w)},
		{twice(x, z, -y, w), twice(y, z, x, w), 1 - twice(x, x, y, y)},
	}
}

// inside returns how far p lies within, roughly in millimetres; outside it is negative.
func (e *ellipsoid) inside(p point) float32 {
	d := p.minus(e.centre)
	return float32(e.mean * (1 - point{e.axes[0].dot(d), e.axes[1].dot(d), e.axes[2].dot(d)}.length()))
}

// newTumour draws a tumour of a site's patient somewhere in h.
func newTumour(seed uint64, h *head, s *site) *tumour {
	r := rng.New(seed, "tumour")
	radius := between(r, s.small, s.large)
	t := &tumour{
		centre: place(r, h, radius), radius: radius, rough: between(r, 0.3, 0.6),
		outline: newOctaves(seed, "outline of the tumour", radius, 3),
		margin:  newOctaves(seed, "margin of the core", radius/2, 3),
		patches: newNoise(seed, "patches of the rim", max(radius/3, 5)),
		push:    between(r, 0.1, 0.45), strength: between(r, 0.6, 1.05), uptake: between(r, 0.5, 1.1), cystic: r.Float32(),
	}
	t.oedema = newEllipsoid(r, t.centre, radius)
	t.lobe = newEllipsoid(r, near(r, t.centre, radius), float32(radius*between(r, 0.4, 0.8)))
	t.core = newEllipsoid(r, near(r, t.centre, radius/4), float32(radius*between(r, 0.5, 0.85)))
	if r.Float32() < s.enhances {
		t.rim = between(r, 2, 5.5)
	}
	return t
}

// place returns the middle of a tumour: in the cerebrum, away from the midline, and below the surface.
func place(r *rng.Rand, h *head, radius float32) point {
	for {
		p := point{between(r, -60, 60), between(r, -70, 70), between(r, -28, 50)}
		if h.depth(p) > 6+radius/3 && abs(p[0]) > 10+radius/3 && h.toVentricle(p, 0) > 2 {
			return p
		}
	}
}

// near returns a point within a cube around p.
func near(r *rng.Rand, p point, far float32) point {
	return point{p[0] + float32(far*between(r, -1, 1)), p[1] + float32(far*between(r, -1, 1)), p[2] + float32(far*between(r, -1, 1))}
}

// origin returns where the tissue at p was before the tumour pushed it aside.
func (t *tumour) origin(p point) point {
	d := p.minus(t.centre)
	far := float32(2.3 * t.radius)
	fall := 1 - d.dot(d)/float32(far*far)
	if fall <= 0 {
		return p
	}
	keep := 1 - float32(t.push*float32(fall*fall))
	return point{t.centre[0] + float32(keep*d[0]), t.centre[1] + float32(keep*d[1]), t.centre[2] + float32(keep*d[2])}
}

// growth says how much of a voxel is which part of the tumour, and in which regions it counts.
type growth struct {
	oedema, core, enhancing float32
	regions                 uint8
}

// at returns the tumour at p, where the tissue was once healthy.
func (t *tumour) at(p point, healthy *tissue, voxel float32) (g growth) {
	whole := max(t.oedema.inside(p), t.lobe.inside(p))
	if whole < -t.radius {
		return g
	}
	height := float32(t.rough * t.radius)
	whole += float32(height * t.outline.at(p))
	core := t.core.inside(p) + float32(0.5*height*t.margin.at(p))
	spread := whole + float32(t.radius*0.25*(healthy.white()-0.7)) - float32(3*healthy.fluid)
	g.oedema = float32(cover(spread, max(2.5, voxel)) * (1 - float32(0.8*healthy.fluid)))
	g.core = cover(min(core, whole+2), max(1.5, voxel))
	if t.rim > 0 {
		edge := t.rim + float32(5*t.patches.at(p))
		g.enhancing = float32(g.core * cover(edge-core, max(1.5, voxel)))
	}
	g.regions = g.label()
	return g
}

// label marks a voxel with what more than half of it is.
func (g *growth) label() uint8 {
	switch {
	case g.enhancing > 0.5:
		return volumes.WholeTumour | volumes.TumourCore | volumes.EnhancingTumour
	case g.core > 0.5:
		return volumes.WholeTumour | volumes.TumourCore
	case g.oedema > 0.5:
		return volumes.WholeTumour
	}
	return 0
}
