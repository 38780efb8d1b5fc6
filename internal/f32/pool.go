package f32

import "math"

// Pool is the geometry of pooling: Kernel x Kernel windows, Stride apart, in images of H rows, W columns and C
// channels. Windows that would reach beyond the image are left out.
type Pool struct {
	H, W, C        int
	Kernel, Stride int
}

// OutH returns the number of output rows.
func (g Pool) OutH() int { return (g.H-g.Kernel)/g.Stride + 1 }

// OutW returns the number of output columns.
func (g Pool) OutW() int { return (g.W-g.Kernel)/g.Stride + 1 }

func (g Pool) inSize() int { return g.H * g.W * g.C }

// NoSource marks an output of maximum pooling that no input's gradient flows to.
const NoSource = 255

// window returns where element j of output pixel p's window, counted row by row, begins in an image.
func (g Pool) window(p, j int) int {
	y, x := p/g.OutW()*g.Stride+j/g.Kernel, p%g.OutW()*g.Stride+j%g.Kernel
	return (y*g.W + x) * g.C
}

// MaxPool sets y to the maxima of n images' windows, and source to which element of its window, counted row by row,
// each of them is: the first of equals. A kernel has at most 15 rows.
func MaxPool(g Pool, y []float32, source []uint8, x []float32, n int) {
	g.maxPool(y, source, x, n, float32(math.Inf(-1)), maxRow)
}

// ReLUMaxPool is MaxPool of max(x, 0). Where that is 0, source is NoSource.
func ReLUMaxPool(g Pool, y []float32, source []uint8, x []float32, n int) {
	if g.Kernel == 2 {
		g.reluMaxPool2(y, source, x, n)
		return
	}
	g.maxPool(y, source, x, n, 0, reluMaxRow)
}

func (g Pool) maxPool(y []float32, source []uint8, x []float32, n int, floor float32, row func(y []float32, source []uint8, x []float32, j uint8)) {
	for i := range n {
		img := x[i*g.inSize() : (i+1)*g.inSize()]
		for p := range g.OutH() * g.OutW() {
			out, src := y[:g.C], source[:g.C]
			y, source = y[g.C:], source[g.C:]
			for c := range out {
				out[c], src[c] = floor, NoSource
			}
			for j := range g.Kernel * g.Kernel {
				at := g.window(p, j)
				row(out, src, img[at:at+g.C], uint8(j))
			}
		}
	}
}

// maxRow raises y to x where x is greater or not a number, and notes j as the source.
func maxRow(y []float32, source []uint8, x []float32, j uint8) {
	y, source = y[:len(x)], source[:len(x)]
	for c, v := range x {
		if !(v <= y[c]) {
			y[c], source[c] = v, j
		}
	}
}

// reluMaxRow is maxRow of max(x, 0) for y that is not negative, without branches: the bits of such numbers, and of
// what is not a number, compare as integers do.
func reluMaxRow(y []float32, source []uint8, x []float32, j uint8) {
	y, source = y[:len(x)], source[:len(x)]
	for c, v := range x {
		b, top, from := reluBits(v), math.Float32bits(y[c]), source[c]
		if b > top {
			top, from = b, j
		}
		y[c], source[c] = math.Float32frombits(top), from
	}
}

// reluMaxPool2 is ReLUMaxPool for 2x2 windows.
func (g Pool) reluMaxPool2(y []float32, source []uint8, x []float32, n int) {
	for i := range n {
		img := x[i*g.inSize() : (i+1)*g.inSize()]
		for p := range g.OutH() * g.OutW() {
			upper, lower := img[g.window(p, 0):][:2*g.C], img[g.window(p, 2):][:2*g.C]
			reluMax4(y[:g.C], source[:g.C], upper[:g.C], upper[g.C:], lower[:g.C], lower[g.C:])
			y, source = y[g.C:], source[g.C:]
		}
	}
}

// reluMax4 is reluMaxRow of four rows from a start at 0.
func reluMax4(y []float32, source []uint8, x0, x1, x2, x3 []float32) {
	n := len(y)
	source, x0, x1, x2, x3 = source[:n], x0[:n], x1[:n], x2[:n], x3[:n]
	for c := range y {
		top, from := uint32(0), uint32(NoSource)
		if b := reluBits(x0[c]); b > top {
			top, from = b, 0
		}
		if b := reluBits(x1[c]); b > top {
			top, from = b, 1
		}
		if b := reluBits(x2[c]); b > top {
			top, from = b, 2
		}
		if b := reluBits(x3[c]); b > top {
			top, from = b, 3
		}
		y[c], source[c] = math.Float32frombits(top), uint8(from)
	}
}

// MaxPoolBack sets dx to the gradient with respect to n images of MaxPool or ReLUMaxPool, given the gradient dy with
// respect to its result and the sources that it noted.
func MaxPoolBack(g Pool, dx, dy []float32, source []uint8, n int) {
	var offset [256]int
	for j := range g.Kernel * g.Kernel {
		offset[j] = g.window(0, j)
	}
	clear(dx[:n*g.inSize()])
	for i := range n {
		img := dx[i*g.inSize() : (i+1)*g.inSize()]
		for p := range g.OutH() * g.OutW() {
			at := g.window(p, 0)
			for c, d := range dy[:g.C] {
				if j := source[c]; j != NoSource {
					img[at+offset[j]+c] += flush(d)
				}
			}
			dy, source = dy[g.C:], source[g.C:]
		}
	}
}

// AvgPool sets y to the means of n images' windows.
func AvgPool(g Pool, y, x []float32, n int) {
	clear(y[:n*g.OutH()*g.OutW()*g.C])
	scale := 1 / float32(g.Kernel*g.Kernel)
	for i := range n {
		img := x[i*g.inSize() : (i+1)*g.inSize()]
		for p := range g.OutH() * g.OutW() {
			for j := range g.Kernel * g.Kernel {
				at := g.window(p, j)
				Add(y[:g.C], y[:g.C], img[at:at+g.C])
			}
			Scale(scale, y[:g.C])
			y = y[g.C:]
		}
	}
}

// AvgPoolBack sets dx to the gradient with respect to n images of AvgPool, given the gradient dy with respect to
// its result.
func AvgPoolBack(g Pool, dx, dy []float32, n int) {
	clear(dx[:n*g.inSize()])
	scale := 1 / float32(g.Kernel*g.Kernel)
	for i := range n {
		img := dx[i*g.inSize() : (i+1)*g.inSize()]
		for p := range g.OutH() * g.OutW() {
			for j := range g.Kernel * g.Kernel {
				at := g.window(p, j)
				for c, d := range dy[:g.C] {
					img[at+c] += flush(float32(d * scale))
				}
			}
			dy = dy[g.C:]
		}
	}
}
