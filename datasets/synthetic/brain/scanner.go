package brain

import (
	"math"

	"flsim/datasets"
	"flsim/internal/rng"
)

// site is a hospital: its scanner and its patients.
type site struct {
	modality [modalities]response
	bias     float32 // greatest deviation of the coil's sensitivity from 1, roughly
	noise    float32 // standard deviation against white matter
	blur     point   // standard deviation of the point spread along each axis, in millimetres
	small    float32 // radii of tumours, in millimetres
	large    float32
	enhances float32 // share of tumours that take up contrast agent
	young    float32 // range of patients' age, 0 to 1
	old      float32
}

// response is what a scanner makes of one modality.
type response struct {
	gain     float32 // value of white matter
	contrast float32 // differences from white matter against the mean scanner's
	curve    float32 // bend of the response: positive brightens the middle
}

// newSite draws a site. What matters most for how hard its cases are is spread evenly over sites, however many there are.
func newSite(seed uint64, number int) *site {
	r, all := rng.New(seed, "site", uint64(number)), rng.New(seed, "sites")
	s := &site{blur: point{between(r, 0, 0.8), between(r, 0, 0.8), between(r, 0, 1.6)}, noise: between(r, 0.015, 0.06)}
	for m := range s.modality {
		s.modality[m] = response{gain: between(r, 180, 700), contrast: between(r, 0.7, 1.15), curve: between(r, -0.2, 0.25)}
	}
	s.young, s.old = between(r, 0, 0.4), between(r, 0.6, 1)
	usual := lerp(18, 30, spread(all, number, 0.8191725))
	s.small, s.large = float32(0.6*usual), float32(1.4*usual)
	s.bias = lerp(0.15, 0.55, spread(all, number, 0.6710436))
	s.enhances = lerp(0.7, 0.98, spread(all, number, 0.5497005))
	return s
}

// spread returns term number of a sequence in [0, 1) whose terms keep their distance: the fractional part of multiples of
// step, from a random start. The steps are those of the additive recurrence R_3 (M. Roberts, "The unreasonable
// effectiveness of quasirandom sequences", 2018), which fills a cube evenly.
func spread(all *rng.Rand, number int, step float64) float32 {
	_, part := math.Modf(all.Float64() + float64(float64(number)*step))
	return float32(part)
}

// scanner is one session at a site.
type scanner struct {
	site  *site
	coil  [modalities]*noise
	gain  [modalities]float32
	grain uint64 // seed of the noise
}

func newScanner(seed uint64, s *site) *scanner {
	r := rng.New(seed, "scanner")
	c := &scanner{site: s, grain: rng.Derive(seed, "grain")}
	for m := range c.coil {
		c.coil[m] = newNoise(seed, "coil of "+datasets.Modalities[m], between(r, 110, 170))
		c.gain[m] = float32(s.modality[m].gain * between(r, 0.85, 1.15))
	}
	return c
}

// expose turns the signals of a voxel at p, in units of white matter, into values of the scan.
func (c *scanner) expose(signal *signals, p point, voxel int) {
	words := [2]uint64{rng.At(c.grain, uint64(2*voxel)), rng.At(c.grain, uint64(2*voxel+1))}
	for m := range signal {
		how := &c.site.modality[m]
		s := max(1+float32(how.contrast*(signal[m]-1)), 0.05)
		s += float32(float32(how.curve*s) * (1 - s/1.5))
		s = float32(s * max(1+float32(c.site.bias*c.coil[m].at(p)), 0.3))
		s += float32(c.site.noise * normal(words[m/2]>>(32*(m%2))))
		signal[m] = float32(c.gain[m] * s)
	}
}

// normal makes of 32 random bits a number that is distributed nearly normally: the sum of four bytes.
func normal(bits uint64) float32 {
	sum := int(bits&255) + int(bits>>8&255) + int(bits>>16&255) + int(bits>>24&255)
	return float32(sum-510) / 147.8
}
