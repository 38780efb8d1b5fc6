package synthetic

import (
	"math"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// Lengths are in units of 1/16 pixel, angles in 1/256 of a turn, brightness in 1/256 of the range of a wave. All
// arithmetic is on integers, so that the same bytes come out on every machine.
const (
	unit = 16
	turn = 256
	one  = 256 // amplitude of a wave
)

// sine is one turn of the sine. Rounding to so few steps hides the last bits in which libraries differ.
var sine = func() (t [turn]int) {
	for i := range t {
		t[i] = int(math.Round(one * math.Sin(2*math.Pi*float64(i)/turn)))
	}
	return t
}()

// wave returns the brightness at position u of a sine wave of the patch's period.
func (p *patch) wave(u int) int { return sine[(u*p.pace>>12)&(turn-1)] }

// A texture gives the brightness, from -one to one, at (u, v) in the patch's own coordinates.
type texture func(u, v int, p *patch) int

// textures are the ten classes, by label.
var textures = [...]struct {
	name string
	at   texture
}{
	{"horizontal stripes", func(_, v int, p *patch) int { return p.wave(v + p.phaseV) }},
	{"vertical stripes", func(u, _ int, p *patch) int { return p.wave(u + p.phaseU) }},
	{"rising stripes", func(u, v int, p *patch) int { return p.wave(diagonal(u+v) + p.phaseU) }},
	{"falling stripes", func(u, v int, p *patch) int { return p.wave(diagonal(u-v) + p.phaseU) }},
	{"checks", func(u, v int, p *patch) int { return p.wave(u+p.phaseU) * p.wave(v+p.phaseV) / one }},
	{"dots", func(u, v int, p *patch) int { return min(p.wave(u+p.phaseU), p.wave(v+p.phaseV)) }},
	{"grid", func(u, v int, p *patch) int { return max(p.wave(u+p.phaseU), p.wave(v+p.phaseV)) }},
	{"rings", func(u, v int, p *patch) int { return p.wave(length(u, v) + p.phaseU) }},
	{"blob", func(u, v int, p *patch) int { return one - length(u, v)*p.fade>>11 }},
	{"speckles", func(u, v int, p *patch) int { return speckle(u+p.phaseU, v+p.phaseV, p) }},
}

// diagonal shortens a sum or a difference of two coordinates to the length along the diagonal.
func diagonal(d int) int { return d * 181 / 256 }

// length returns the distance of (u, v) from the origin. The square root is exact by IEEE 754.
func length(u, v int) int { return int(math.Sqrt(float64(u*u + v*v))) }

// speckle is light or dark at random in squares of a third of the period.
func speckle(u, v int, p *patch) int {
	cell := max(p.period/3, unit)
	h := rng.At(p.seed, uint64(floorDiv(u, cell))<<32^uint64(uint32(floorDiv(v, cell))))
	return int(h>>55) - one
}

func floorDiv(a, b int) int { return (a + 1<<20*b) / b }

// patch is a disc of one texture.
type patch struct {
	at             texture
	seed           uint64
	x, y, radius   int // centre and size
	angle          int // by which the texture is turned
	period         int
	pace           int // 4096 turns per period: division is slow
	fade           int // 2048 times one per radius
	phaseU, phaseV int
	dark, light    [3]int // colours, 0..255
}

// paint lays the patch over canvas, an image of shape s with values of any size. The outermost eighth of the disc
// fades out.
func (p *patch) paint(canvas []int, s tensor.Shape) {
	p.pace, p.fade = turn<<12/p.period, one<<11/p.radius
	sin, cos := sine[p.angle&(turn-1)], sine[(p.angle+turn/4)&(turn-1)]
	for y := max(0, (p.y-p.radius)/unit); y < min(s.H, (p.y+p.radius)/unit+1); y++ {
		for x := max(0, (p.x-p.radius)/unit); x < min(s.W, (p.x+p.radius)/unit+1); x++ {
			dx, dy := x*unit-p.x, y*unit-p.y
			if opacity := p.opacity(dx*dx + dy*dy); opacity > 0 {
				u, v := (cos*dx+sin*dy)>>8, (cos*dy-sin*dx)>>8
				p.blend(canvas[(y*s.W+x)*s.C:][:s.C], p.at(u, v, p), opacity)
			}
		}
	}
}

// opacity returns 0 to one at a point whose distance from the centre has the given square.
func (p *patch) opacity(square int) int {
	if inner := p.radius * 7 / 8; square <= inner*inner {
		return one
	}
	edge := p.radius - int(math.Sqrt(float64(square)))
	return min(one, max(0, edge)*8*p.fade>>11)
}

// blend mixes the colour of one pixel: opacity 0 leaves what is there, one replaces it by the texture's colour.
func (p *patch) blend(pixel []int, brightness, opacity int) {
	for c := range pixel {
		colour := p.dark[c] + (p.light[c]-p.dark[c])*(brightness+one)>>9
		pixel[c] += (colour - pixel[c]) * opacity >> 8
	}
}
