package f32

import "fmt"

// Pool is the geometry of pooling, channel by channel, over windows of Kernel positions in each dimension, Stride apart.
// Images are laid out as for Conv; where they have no depth, neither have the windows. Windows that would reach beyond
// an image are left out.
type Pool struct {
	In             [3]int // extents of an input image
	Channels       int
	Kernel, Stride int
}

// Out returns the extents of an output image.
func (g *Pool) Out() [3]int {
	out := [3]int{1, 1, 1}
	for i, n := range g.In {
		if i > 0 || n > 1 {
			out[i] = max(0, (n-g.Kernel)/g.Stride+1)
		}
	}
	return out
}

// InLen returns the number of values of one input image.
func (g *Pool) InLen() int { return volume(g.In) * g.Channels }

// OutLen returns the number of values of one output image.
func (g *Pool) OutLen() int { return volume(g.Out()) * g.Channels }

// check panics unless the slices have the lengths of n input and output images.
func (g *Pool) check(n int, x, y []float32) {
	if g.Kernel < 1 || g.Stride < 1 || g.size() >= NoPosition {
		panic(fmt.Sprintf("f32: impossible pooling %+v", *g))
	}
	want("images", len(x), n*g.InLen())
	want("pooled values", len(y), n*g.OutLen())
}

// ByTwo tells whether the windows are those that convolutions can be fused with: two positions, two apart.
func (g *Pool) ByTwo() bool { return g.Kernel == 2 && g.Stride == 2 }

// size returns the number of positions in a window.
func (g *Pool) size() int {
	n := g.Kernel * g.Kernel
	if g.In[0] > 1 {
		n *= g.Kernel
	}
	return n
}

// NoPosition is the index of a pooled value that no position of its window gets a gradient for: the ReLU cut it off.
const NoPosition = 255

// MaxPool takes the maxima over the windows of n images and notes the winners' positions in their windows, row by row:
// the first among equals. With relu, or where all are minus infinity, a result that isn't positive becomes 0 with
// NoPosition. Where a value isn't a number, neither is the maximum. A window has at most 254 positions.
func MaxPool(g *Pool, n int, y []float32, index []uint8, x []float32, relu bool) {
	g.check(n, x, y)
	want("positions", len(index), len(y))
	if g.ByTwo() {
		maxPoolByTwo(g.In, g.Channels, n, y, index, x, relu)
		return
	}
	limit := negativeInfinity
	if relu {
		limit = 0
	}
	g.windows(n, func(p, first int) {
		out, winners := y[p:p+g.Channels], index[p:p+g.Channels]
		copy(out, x[first:])
		clear(winners)
		for k := 1; k < g.size(); k++ {
			at := first + g.offset(k)
			raise(out, winners, x[at:at+g.Channels], uint8(k))
		}
		cutOff(out, winners, limit)
	})
}

// raise replaces values by those of x that are greater or not a number, noting k as the winner.
func raise(y []float32, index []uint8, x []float32, k uint8) {
	for c, v := range x {
		if beats(v, y[c]) {
			y[c], index[c] = v, k
		}
	}
}

// beats tells whether v takes the place of the best value so far.
func beats(v, best float32) bool { return best == best && !(flush(v) <= flush(best)) }

// cutOff makes 0 what doesn't exceed the limit.
func cutOff(y []float32, index []uint8, limit float32) {
	for c, v := range y {
		if flush(v) <= limit {
			y[c], index[c] = 0, NoPosition
		}
	}
}

// MaxPoolBackward computes the gradients dx of n images from those of MaxPool's results, dy, which go to the winners.
// Gradients below Tiny become 0.
func MaxPoolBackward(g *Pool, n int, dx, dy []float32, index []uint8) {
	g.check(n, dx, dy)
	want("positions", len(index), len(dy))
	if g.ByTwo() {
		maxPoolByTwoBackward(g.In, g.Channels, n, dx, dy, index)
		return
	}
	clear(dx)
	g.windows(n, func(p, first int) {
		for c, d := range dy[p : p+g.Channels] {
			if k := index[p+c]; k != NoPosition {
				at := first + g.offset(int(k)) + c
				dx[at] = add(dx[at], dropTiny(d))
			}
		}
	})
}

// AvgPool takes the means over the windows of n images.
func AvgPool(g *Pool, n int, y, x []float32) {
	g.check(n, x, y)
	scale := 1 / float32(g.size())
	g.windows(n, func(p, first int) {
		out := y[p : p+g.Channels]
		copy(out, x[first:])
		for k := 1; k < g.size(); k++ {
			at := first + g.offset(k)
			Add(out, out, x[at:at+g.Channels])
		}
		Scale(scale, out)
	})
}

// AvgPoolBackward computes the gradients dx of n images from those of AvgPool's results, dy.
func AvgPoolBackward(g *Pool, n int, dx, dy []float32) {
	g.check(n, dx, dy)
	clear(dx)
	scale := 1 / float32(g.size())
	g.windows(n, func(p, first int) {
		for k := range g.size() {
			at := first + g.offset(k)
			Axpy(scale, dy[p:p+g.Channels], dx[at:at+g.Channels])
		}
	})
}

// windows calls f for every window of n images, with where its results and its first position begin.
func (g *Pool) windows(n int, f func(p, first int)) {
	s, out := strides(g.In, g.Channels), g.Out()
	p := 0
	for i := range n {
		for d := range out[0] {
			for h := range out[1] {
				for w := range out[2] {
					f(p, i*g.InLen()+g.Stride*(d*s[0]+h*s[1]+w*s[2]))
					p += g.Channels
				}
			}
		}
	}
}

// offset returns how far behind a window's first position number k begins.
func (g *Pool) offset(k int) int {
	s := strides(g.In, g.Channels)
	return k/(g.Kernel*g.Kernel)*s[0] + k/g.Kernel%g.Kernel*s[1] + k%g.Kernel*s[2]
}
