package synthetic

import (
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// What makes the set neither trivial nor hopeless. With these values linear models reach at most 30 % of the test set
// and small convolutional networks end at 80 to 90 %; rivals are what keeps these from more, since which of two discs
// is meant can only be guessed by size.
const (
	noise      = 30  // greatest change of a value, 0..255; triangular
	contrast   = 120 // mean difference between dark and light
	tint       = 30  // what a class adds to its light colour
	distractor = 2   // most small discs below the one that counts
	jitter     = 10  // greatest turn of a texture, in 1/256 of a turn
	rival      = 25  // images in a hundred that have a second disc, above the first and smaller
)

// painter draws images of one shape, one after another.
type painter struct {
	shape  tensor.Shape
	canvas []int
	r      *rng.Rand
}

// tints are what each class adds to its light colour: a cue that linear models can use, and weak.
var tints = [...][3]int{
	{1, 0, -1}, {0, 1, -1}, {-1, 0, 1}, {1, -1, 0}, {-1, 1, 0}, {1, 1, -1}, {-1, -1, 1}, {0, -1, 1}, {1, 1, 1}, {-1, -1, -1},
}

// draw paints one image of class y into pixels.
func (p *painter) draw(pixels []uint8, y int, seed uint64) {
	p.r = rng.New(seed, "scene")
	p.background()
	for range p.r.IntN(distractor + 1) {
		p.disc(p.r.IntN(len(textures)), 12, 22)
	}
	p.disc(y, 30, 42)
	if p.r.IntN(100) < rival {
		p.disc(p.r.IntN(len(textures)), 24, 34)
	}
	p.expose(pixels, rng.Derive(seed, "noise"))
}

// between returns an integer in [lo, hi].
func (p *painter) between(lo, hi int) int { return lo + p.r.IntN(hi-lo+1) }

// background fills the canvas with a colour that changes evenly across it.
func (p *painter) background() {
	s := p.shape
	for c := range 3 {
		base, right, down := p.between(70, 150), p.between(-40, 40), p.between(-40, 40)
		if c >= s.C {
			continue // the same draws for every number of channels
		}
		corner, stepX, stepY := (base-right-down)*256, right*512/s.W, down*512/s.H
		for y := range s.H {
			for x := range s.W {
				p.canvas[(y*s.W+x)*s.C+c] = (corner + stepX*x + stepY*y) >> 8
			}
		}
	}
}

// disc paints a disc of texture y whose radius is least to most hundredths of the image's smaller side.
func (p *painter) disc(y, least, most int) {
	side := min(p.shape.H, p.shape.W) * unit
	d := patch{
		at: textures[y].at, seed: p.r.Uint64(), radius: p.between(least, most) * side / 100,
		angle: p.between(-jitter, jitter), period: p.between(4*unit, 7*unit),
	}
	d.x = p.between(d.radius*3/4, p.shape.W*unit-d.radius*3/4)
	d.y = p.between(d.radius*3/4, p.shape.H*unit-d.radius*3/4)
	d.phaseU, d.phaseV = p.r.IntN(16*unit), p.r.IntN(16*unit)
	span := p.between(contrast/2, contrast*3/2)
	for c := range d.dark {
		middle := p.between(80, 160)
		d.dark[c], d.light[c] = middle-span/2, middle+span/2+tint*tints[y][c]
	}
	d.paint(p.canvas, p.shape)
}

// expose adds noise to the canvas and rounds it to bytes. The noise of a value is the sum of two uniform bytes.
func (p *painter) expose(pixels []uint8, seed uint64) {
	var word uint64
	for i, v := range p.canvas {
		if i%4 == 0 {
			word = rng.At(seed, uint64(i/4))
		}
		change := int(word&255) + int(word>>8&255) - 255
		word >>= 16
		pixels[i] = uint8(min(max(v+change*noise/255, 0), 255))
	}
}
