package brain

import "flsim/internal/rng"

// confounders are what looks like a tumour to somebody who sees one voxel only.
type confounders struct {
	caps    float32   // width of bright rims of the ventricles, in millimetres
	rims    *noise    // where they are wider
	lesions *noise    // whose peaks are lesions of white matter
	peak    float32   // height above which they are
	scar    ellipsoid // an old infarct
	scarred bool
	edge    octaves   // of the scar
	vessels [2]*noise // which run where both are zero
	vessel  float32   // their width
	plexus  *noise    // in the ventricles
}

func newConfounders(seed uint64, h *head, t *tumour, age float32) *confounders {
	r := rng.New(seed, "confounders")
	c := &confounders{
		caps:    lerp(0, 6, age) + between(r, -1, 2),
		rims:    newNoise(seed, "rims", 16),
		lesions: newNoise(seed, "lesions", 10),
		peak:    lerp(0.62, 0.4, age) + between(r, -0.05, 0.1),
		edge:    newOctaves(seed, "edge of the scar", 14, 2),
		vessels: [2]*noise{newNoise(seed, "vessels", 27), newNoise(seed, "vessels again", 31)},
		vessel:  between(r, 0.035, 0.06),
		plexus:  newNoise(seed, "plexus", 7),
		scarred: r.Float32() < 0.25,
	}
	place := place(r, h, 4)
	c.scar = newEllipsoid(r, place, between(r, 6, 13))
	if place.minus(t.centre).length() < float32(1.6*t.radius)+15 {
		c.scarred = false
	}
	return c
}

// findings says how much of a voxel is what.
type findings struct{ lesion, scar, cavity, vessel, plexus float32 }

// at returns what is at p, which was at q before the tumour grew.
func (c *confounders) at(p, q point, t *tissue, voxel float32) (f findings) {
	white := max(t.white(), 0)
	rim := c.caps + float32(8*c.rims.at(q)) - t.ventricle
	spot := float32(11 * (c.lesions.at(q) - c.peak))
	f.lesion = float32(white * max(cover(rim, 2.5), cover(spot, max(1.5, voxel))))
	if c.scarred {
		in := c.scar.inside(p) + float32(9*c.edge.at(p))
		f.scar, f.cavity = cover(in, max(2, voxel)), cover(in-4, max(1.5, voxel))
	}
	if t.ventricle < -1 && q[1] > 5 {
		f.plexus = cover(float32(20*(c.plexus.at(q)-0.25)), 2)
	} else {
		f.vessel = c.vesselAt(q, t, voxel)
	}
	return f
}

func (c *confounders) vesselAt(p point, t *tissue, voxel float32) float32 {
	a, b := c.vessels[0].at(p), c.vessels[1].at(p)
	tube := cover(float32(17*(c.vessel-sqrt(float32(a*a)+float32(b*b)))), voxel)
	sinus := cover(3-max(abs(p[0]), t.depth), max(1.5, voxel))
	if p[2] < -20 {
		sinus = 0
	}
	return max(tube, sinus)
}
