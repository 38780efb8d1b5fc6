package f32

import (
	"math"
	"unsafe"
)

// poolArgs describes max pooling over windows of 2x2 or 2x2x2 positions to the assembly: rows x cols windows, whose
// results lie together at y, one after the other, with their positions at index. Strides are in bytes. The assembly
// knows this struct by its order.
type poolArgs struct {
	x, y             unsafe.Pointer
	index            unsafe.Pointer
	rows, cols       int
	full             int  // channels divided by the register's
	tail             uint // mask of the channels left
	colSkip, rowSkip int  // from the end of a window's first position to the next window, and at a row's end
	limit            float32
	_                float32
	tiny             float32
	_                float32
	offsets          [7]int // of the window's other positions
}

// maxPoolByTwo is MaxPool for images of extents e and windows of two positions in each dimension (in depth only if e
// has any), two apart: a last odd row or column is dropped.
func maxPoolByTwo(e [3]int, channels, n int, y []float32, index []uint8, x []float32, relu bool) {
	out := pooled(e)
	size := volume(out) * channels
	want("images", len(x), n*volume(e)*channels)
	want("pooled values", len(y), n*size)
	want("positions", len(index), n*size)
	p := poolWindows(e, channels)
	p.limit = negativeInfinity
	if relu {
		p.limit = 0
	}
	for i := 0; i < n*out[0] && size > 0; i++ {
		p.aim(e, i, channels, x, y, index)
		switch {
		case !p.vectorised(channels):
			p.forward(channels)
		case e[0] > 1:
			maxPool8Asm(&p)
		default:
			maxPool4Asm(&p)
		}
	}
}

// maxPoolByTwoBackward is MaxPoolBackward for the windows of maxPoolByTwo.
func maxPoolByTwoBackward(e [3]int, channels, n int, dx, dy []float32, index []uint8) {
	out := pooled(e)
	size := volume(out) * channels
	want("image gradients", len(dx), n*volume(e)*channels)
	want("pooled gradients", len(dy), n*size)
	want("positions", len(index), n*size)
	if covered(e) != e {
		clear(dx)
	}
	p := poolWindows(e, channels)
	p.tiny = Tiny
	for i := 0; i < n*out[0] && size > 0; i++ {
		p.aim(e, i, channels, dx, dy, index)
		switch {
		case !p.vectorised(channels):
			p.backward(channels)
		case e[0] > 1:
			maxPoolBack8Asm(&p)
		default:
			maxPoolBack4Asm(&p)
		}
	}
}

var negativeInfinity = float32(math.Inf(-1))

// poolWindows returns the windows of one row of images, or of two in depth, without pointers.
func poolWindows(e [3]int, channels int) poolArgs {
	s, out, lanes := strides(e, channels), pooled(e), kern.lanes()
	p := poolArgs{
		rows: out[1], cols: out[2], full: channels / lanes, tail: 1<<(channels%lanes) - 1,
		colSkip: 4 * channels, rowSkip: 4 * (2*s[1] - 2*out[2]*channels),
	}
	for i := range p.offsets {
		z, y, x := (i+1)>>2, (i+1)>>1&1, (i+1)&1
		p.offsets[i] = 4 * (z*s[0] + y*s[1] + x*s[2])
	}
	return p
}

// aim points at slice i of the pooled images, counted over all images.
func (p *poolArgs) aim(e [3]int, i, channels int, x, y []float32, index []uint8) {
	out := pooled(e)
	image, d := i/out[0], i%out[0]
	if e[0] > 1 {
		d *= 2
	}
	p.x = address(x, (image*e[0]+d)*e[1]*e[2]*channels)
	first := i * out[1] * out[2] * channels
	p.y, p.index = address(y, first), unsafe.Pointer(&index[first])
	if e[0] == 1 {
		p.offsets[3] = 0 // none: windows of four
	}
}

// vectorised tells whether the assembly can treat so many channels.
func (p *poolArgs) vectorised(channels int) bool {
	return kern.level == avx512 || kern.level > portable && channels%kern.lanes() == 0
}

// size returns the number of positions in a window.
func (p *poolArgs) size() int {
	if p.offsets[3] == 0 {
		return 4
	}
	return 8
}

// each calls f with the offsets of every result: bytes of the window's first position, and the result's number.
func (p *poolArgs) each(channels int, f func(x, i int)) {
	x, i := 0, 0
	for range p.rows {
		for range p.cols {
			for range channels {
				f(x, i)
				x += 4
				i++
			}
			x += p.colSkip
		}
		x += p.rowSkip
	}
}

func (p *poolArgs) forward(channels int) {
	p.each(channels, func(x, i int) {
		best, winner := *at(p.x, x), 0
		for k, off := range p.offsets[:p.size()-1] {
			if v := *at(p.x, x+off); beats(v, best) {
				best, winner = v, k+1
			}
		}
		if flush(best) <= p.limit {
			best, winner = 0, NoPosition
		}
		*at(p.y, 4*i) = best
		*(*uint8)(unsafe.Add(p.index, i)) = uint8(winner)
	})
}

func (p *poolArgs) backward(channels int) {
	p.each(channels, func(x, i int) {
		g := dropTiny(*at(p.y, 4*i))
		winner := int(*(*uint8)(unsafe.Add(p.index, i)))
		*at(p.x, x) = 0
		for _, off := range p.offsets[:p.size()-1] {
			*at(p.x, x+off) = 0
		}
		switch {
		case winner == 0:
			*at(p.x, x) = g
		case winner < p.size():
			*at(p.x, x+p.offsets[winner-1]) = g
		}
	})
}
