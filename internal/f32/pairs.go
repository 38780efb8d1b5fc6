package f32

import (
	"math"
	"unsafe"
)

// pairArgs describes the packing of float32 into pairs of bfloat16 to the assembly: rows of chunks of 32 pairs and tail
// more, filled up to a chunk with zeros. weave joins x[i] and y[i], which moves by yStep bytes per chunk, couple x[2i]
// and x[2i+1]; the first of a pair takes the lower half. Results of the next chunk lie dstStep bytes further, and the
// next row's operands and results xRow, yRow and dstRow bytes. The assembly knows this struct by its order.
type pairArgs struct {
	x, y, dst          unsafe.Pointer
	chunks             int
	tail               uint // mask of the floats left in x
	yStep, dstStep     int
	rows               int
	xRow, yRow, dstRow int
}

// runArgs describes overlapping runs of float32 at src to the assembly, to be rounded to bfloat16 and stored at dst: n of
// them, each of chunks times sixteen values, but only those of mask in the last sixteen; the others become zero, and up
// to a whole chunk is written. Steps are in bytes. The assembly knows this struct by its order.
type runArgs struct {
	src, dst         unsafe.Pointer
	n                int
	srcStep, dstStep int
	chunks           int
	mask             uint
}

// bfloat returns x rounded to bfloat16. Denormal numbers count as zero, NaN stay NaN.
func bfloat(x float32) uint32 {
	b := math.Float32bits(flush(x))
	if x != x {
		return b>>16 | 0x40
	}
	return (b + 0x7fff + b>>16&1) >> 16
}

// pair returns the word of x and y.
func pair(x, y float32) float32 { return math.Float32frombits(bfloat(x) | bfloat(y)<<16) }

// halves returns the two values of a word.
func halves(word float32) (x, y float32) {
	b := math.Float32bits(word)
	return math.Float32frombits(b << 16), math.Float32frombits(b &^ 0xffff)
}

// nothing is what the missing last of an odd number of rows is paired with.
var nothing [panel]float32

// weave joins rows of n values, srcRow apart, two by two: words (src[2r*srcRow+i], src[(2r+1)*srcRow+i]), or with zero if
// that is not one of the rows. It writes whole chunks of 32 words, dstStep apart, and the next pair of rows dstRow
// further, in this order.
func weave(dst []float32, dstRow, dstStep int, src []float32, srcRow, rows, n int) {
	p := pairArgs{yStep: 4 * panel, dstStep: 4 * dstStep, xRow: 8 * srcRow, yRow: 8 * srcRow, dstRow: 4 * dstRow}
	most := max(1, vecChunk/n)
	for r := 0; r < rows; r += 2 * p.rows {
		p.rows = min(most, (rows-r)/2)
		alone := p.rows == 0
		if alone {
			p.rows, p.yStep = 1, 0
		}
		for i := 0; i < n; i += vecChunk {
			p.setCount(min(vecChunk, n-i), panel)
			p.x, p.dst = address(src, r*srcRow+i), address(dst, r/2*dstRow+i/panel*dstStep)
			if p.y = unsafe.Pointer(&nothing); !alone {
				p.y = address(src, (r+1)*srcRow+i)
			}
			weaveChunks(&p)
		}
	}
}

// weaveTwo joins the values of x and y. It writes whole chunks of 32 words.
func weaveTwo(dst, x, y []float32) {
	p := pairArgs{yStep: 4 * panel, dstStep: 4 * panel, rows: 1}
	for i := 0; i < len(x); i += vecChunk {
		p.setCount(min(vecChunk, len(x)-i), panel)
		p.x, p.y, p.dst = address(x, i), address(y, i), address(dst, i)
		weaveChunks(&p)
	}
}

// couple joins neighbours in rows of n values, srcRow apart: words (src[r*srcRow+2i], src[r*srcRow+2i+1]), a last odd value
// with zero. It writes whole chunks of 32 words, and the next row dstRow further, in this order.
func couple(dst []float32, dstRow int, src []float32, srcRow, rows, n int) {
	p := pairArgs{dstStep: 4 * panel, xRow: 4 * srcRow, dstRow: 4 * dstRow}
	most := max(1, vecChunk/n)
	for r := 0; r < rows; r += p.rows {
		p.rows = min(most, rows-r)
		for i := 0; i < n; i += vecChunk {
			p.setCount(min(vecChunk, n-i), 2*panel)
			p.x, p.dst = address(src, r*srcRow+i), address(dst, r*dstRow+i/2)
			coupleChunks(&p)
		}
	}
}

// setCount makes rows n floats long, which are so many to a chunk.
func (p *pairArgs) setCount(n, perChunk int) {
	p.chunks, p.tail = n/perChunk, 1<<(n%perChunk)-1
}

// portable packs with the given number of floats of x per pair.
func (p *pairArgs) portable(perPair int) {
	for r := range p.rows {
		for i := range p.chunks * panel {
			p.join(r, i, perPair, ^uint(0))
		}
		for i := p.chunks * panel; p.tail != 0 && i < (p.chunks+1)*panel; i++ {
			p.join(r, i, perPair, p.tail>>(i%panel*perPair))
		}
	}
}

// join makes pair i of row r from those floats whose bit is set.
func (p *pairArgs) join(r, i, perPair int, set uint) {
	x, y := r*p.xRow+4*perPair*i, r*p.yRow+i/panel*p.yStep+4*(i%panel)
	var v, w float32
	if set&1 != 0 {
		v = *at(p.x, x)
		if perPair == 1 {
			w = *at(p.y, y)
		}
	}
	if perPair == 2 && set&2 != 0 {
		w = *at(p.x, x+4)
	}
	*at(p.dst, r*p.dstRow+i/panel*p.dstStep+4*(i%panel)) = pair(v, w)
}

func (p *runArgs) portable() {
	for r := range p.n {
		for i := 0; i < 16*p.chunks; i += 2 {
			var v [2]float32
			for h := range v {
				if i+h < 16*(p.chunks-1) || p.mask>>(i+h-16*(p.chunks-1))&1 != 0 {
					v[h] = *at(p.src, r*p.srcStep+4*(i+h))
				}
			}
			*at(p.dst, r*p.dstStep+2*i) = pair(v[0], v[1])
		}
	}
}
