package brain

import (
	"flsim/datasets/volumes"
	"flsim/internal/rng"
)

// patient is all that is drawn of one case.
type patient struct {
	head    *head
	tumour  *tumour
	others  *confounders
	scanner *scanner
	texture [2]octaves // of tissue, and of tumours
	size    [3]int
	step    point   // millimetres from voxel to voxel
	voxel   float32 // width of edges: the mean step
}

// field is what a scan shows, in millimetres; centre is where the middle of the brain is in it.
var (
	field  = point{240, 240, 155}
	centre = point{119, 131, 73}
)

func newCase(seed uint64, s *site, size [3]int) *patient {
	r := rng.New(seed, "patient")
	age := between(r, s.young, s.old)
	c := &patient{head: newHead(seed, age), scanner: newScanner(seed, s), size: size}
	c.tumour = newTumour(seed, c.head, s)
	c.others = newConfounders(seed, c.head, c.tumour, age)
	c.texture = [2]octaves{newOctaves(seed, "texture", 9, 2), newOctaves(seed, "texture of the tumour", 8, 2)}
	for k := range c.step {
		c.step[k] = field[k] / float32(size[k])
	}
	c.voxel = max((c.step[0]+c.step[1]+c.step[2])/3, 1)
	return c
}

// at returns where voxel (x, y, z) is.
func (c *patient) at(x, y, z int) point {
	return point{
		float32((float32(x)+0.5)*c.step[0]) - centre[0],
		float32((float32(y)+0.5)*c.step[1]) - centre[1],
		float32((float32(z)+0.5)*c.step[2]) - centre[2],
	}
}

func (c *patient) draw() *volumes.Scan {
	n := c.size[0] * c.size[1] * c.size[2]
	scan := &volumes.Scan{NX: c.size[0], NY: c.size[1], NZ: c.size[2], Brain: make([]bool, n), Regions: make([]uint8, n)}
	for range modalities {
		scan.Channels = append(scan.Channels, make([]float32, n))
	}
	i := 0
	for z := range scan.NZ {
		for y := range scan.NY {
			for x := range scan.NX {
				if p := c.at(x, y, z); c.head.depth(p) > 0 {
					c.fill(scan, i, p)
				}
				i++
			}
		}
	}
	c.finish(scan)
	return scan
}

// fill draws voxel i, which is at p, within the brain.
func (c *patient) fill(scan *volumes.Scan, i int, p point) {
	q := c.tumour.origin(p)
	healthy := c.head.at(q, c.voxel)
	found := c.others.at(p, q, &healthy, c.voxel)
	grown := c.tumour.at(p, &healthy, c.voxel)
	signal := c.signal(p, &healthy, &found, &grown)
	c.scanner.expose(&signal, p, i)
	for m, s := range signal {
		scan.Channels[m][i] = s
	}
	scan.Brain[i], scan.Regions[i] = true, grown.regions
}

// Signals by modality, in units of white matter.
type signals [modalities]float32

var (
	white   = signals{1.00, 1.00, 1.00, 1.00}
	grey    = signals{1.18, 0.72, 0.76, 1.38}
	nucleus = signals{1.08, 0.84, 0.87, 1.18}
	fluid   = signals{0.30, 0.28, 0.32, 2.70}
	oedema  = signals{1.85, 0.72, 0.76, 1.85}
	solid   = signals{1.75, 0.60, 0.62, 2.15} // core without enhancement
	cyst    = signals{0.75, 0.38, 0.40, 2.60}
	rim     = signals{1.60, 0.68, 1.70, 1.70}
	lesion  = signals{1.85, 0.76, 0.80, 1.95}
	blood   = signals{0.90, 0.70, 1.90, 0.90}
	plexus  = signals{1.50, 0.70, 1.75, 1.70} // which takes up contrast agent as tumours do
)

// mix moves s towards other by a share.
func (s *signals) mix(other *signals, share float32) {
	for m := range s {
		s[m] = lerp(s[m], other[m], share)
	}
}

func (c *patient) signal(p point, t *tissue, f *findings, g *growth) signals {
	s := white
	s.mix(&grey, t.grey)
	s.mix(&nucleus, t.deep)
	s.mix(&fluid, t.fluid)
	s.mix(&lesion, f.lesion)
	s.mix(&lesion, f.scar)
	s.mix(&fluid, f.cavity)
	s.mix(&oedema, float32(c.tumour.strength*g.oedema))
	core := solid
	core.mix(&cyst, c.tumour.cystic)
	s.mix(&core, g.core)
	s.mix(&rim, float32(c.tumour.uptake*g.enhancing))
	s.mix(&blood, f.vessel)
	s.mix(&plexus, f.plexus)
	c.roughen(&s, p, g)
	return s
}

// roughen gives tissue its texture, and tumours more of it.
func (c *patient) roughen(s *signals, p point, g *growth) {
	fine := float32(0.08 * c.texture[0].at(p))
	if ill := max(g.oedema, g.core); ill > 0 {
		fine += float32(float32(0.35*ill) * c.texture[1].at(p))
	}
	for m := range s {
		s[m] += float32(s[m] * fine)
	}
}
