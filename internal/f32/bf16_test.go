package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func newBFloat16() *Context {
	c := new(Context)
	c.SetPrecision(BFloat16)
	return c
}

// eachOther runs a test of BFloat16 with the fastest kernel, and in one case out of some also with the others, which
// emulate it.
func eachOther(t *testing.T, number, some int, test func(t *testing.T)) {
	if number%some == 0 {
		eachKernel(t, test)
		return
	}
	test(t)
}

// naivePairs is the definition of MatMul in BFloat16.
func naivePairs(dst, a, b Matrix, e Epilogue) []float32 {
	out := append([]float32(nil), dst.Data...)
	at := func(m Matrix, i, j int) float32 {
		if i >= m.Rows || j >= m.Cols {
			return 0
		}
		return m.Data[i*m.RowStride+j*m.ColStride]
	}
	for i := range dst.Rows {
		for j := range dst.Cols {
			s := float32(0)
			if e.Bias != nil {
				s = e.Bias[j]
			} else if e.Accumulate {
				s = out[i*dst.RowStride+j]
			}
			for k := 0; k < a.Cols; k += 2 {
				s = dot(pair(at(a, i, k), at(a, i, k+1)), pair(at(b, k, j), at(b, k+1, j)), s)
			}
			if e.ReLU {
				s = relu(s)
			}
			out[i*dst.RowStride+j] = s
		}
	}
	return out
}

func checkPairedProduct(t *testing.T, r *rand.Rand, m, n, k int, ta, tb bool, mode int) {
	a, b := RowMajor(random(r, m*k), m, k), RowMajor(random(r, k*n), k, n)
	if ta {
		a = RowMajor(a.Data, k, m).T()
	} else if mode%5 == 0 { // no stride of 1
		a = Matrix{random(r, 2*m*k), m, k, 2 * k, 2}
	}
	if tb {
		b = RowMajor(b.Data, n, k).T()
	}
	var e Epilogue
	switch mode % 3 {
	case 1:
		e.Bias = random(r, n)
	case 2:
		e.Accumulate = true
	}
	e.ReLU = mode%2 == 1
	start := random(r, m*n)
	want := naivePairs(RowMajor(start, m, n), a, b, e)
	eachKernel(t, func(t *testing.T) {
		got, whole := guarded(r, m*n)
		copy(got, start)
		newBFloat16().MatMul(RowMajor(got, m, n), a, b, e)
		sameBits(t, fmt.Sprintf("%dx%dx%d, %v %v, %d", m, n, k, ta, tb, mode), got, want)
		checkGuards(t, whole)
	})
}

func TestPairedProductIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	mode := 0
	for _, m := range []int{1, 2, 5, 13, 15, 29} {
		for _, n := range []int{1, 7, 16, 17, 32, 33, 65} {
			for _, k := range []int{0, 1, 2, 8, 19} {
				checkPairedProduct(t, r, m, n, k, mode%2 == 0, mode/2%2 == 0, mode)
				mode++
			}
		}
	}
	for _, s := range [][3]int{{50, 70, 300}, {140, 70, 51}, {300, 100, 30}, {15, 40, 521}} {
		for v := range 4 {
			checkPairedProduct(t, r, s[0], s[1], s[2], v%2 == 0, v/2 == 0, mode)
			mode++
		}
	}
}

// naivePairedForward is the definition of ConvForward in BFloat16: pairs along the channels, or along a row of the kernel
// if the channels are odd. Where p outputs are treated as one, a row starts at the first one's inputs.
func naivePairedForward(g *Conv, n int, x, w, bias []float32, relus bool) []float32 {
	x, w = rounded(x), rounded(w)
	y, out := make([]float32, n*g.OutLen()), g.Out()
	s := g.forward()
	p, row := s.pairing(), g.Kernel[2]*g.Cin
	input := func(i, d, h, c int) float32 { // c counts channels from the left end of the row
		if d < 0 || d >= g.In[0] || h < 0 || h >= g.In[1] || c < 0 || c >= g.In[2]*g.Cin {
			return 0
		}
		return x[i*g.InLen()+(d*g.In[1]+h)*g.In[2]*g.Cin+c]
	}
	for o := range y {
		co, pos := o%g.Cout, o/g.Cout
		ow, oh, od, i := pos%out[2], pos/out[2]%out[1], pos/out[2]/out[1]%out[0], pos/volume(out)
		skip := 0
		if g.Cin%2 != 0 {
			skip = ow % p * g.Stride[2] * g.Cin
		}
		first := (ow*g.Stride[2]-g.Pad[2])*g.Cin - skip
		sum := float32(0)
		if bias != nil {
			sum = bias[co]
		}
		for k := range g.Kernel[0] * g.Kernel[1] {
			kd, kh := k/g.Kernel[1], k%g.Kernel[1]
			weight := func(t int) float32 {
				if t -= skip; t < 0 || t >= row {
					return 0
				}
				return w[(k*row+t)*g.Cout+co]
			}
			for t := 0; t < skip+row; t += 2 {
				d, h := od*g.Stride[0]+kd-g.Pad[0], oh*g.Stride[1]+kh-g.Pad[1]
				sum = fma(input(i, d, h, first+t+1), weight(t+1), sum)
				sum = fma(input(i, d, h, first+t), weight(t), sum)
			}
		}
		if relus {
			sum = relu(sum)
		}
		y[o] = sum
	}
	return y
}

func TestPairedForwardIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	for ci, g := range convCases() {
		for _, n := range batches(&g) {
			x, w, bias := random(r, n*g.InLen()), random(r, g.Weights()), random(r, g.Cout)
			relus := ci%2 == 0
			if ci%5 == 0 {
				bias = nil
			}
			want := naivePairedForward(&g, n, x, w, bias, relus)
			eachOther(t, ci+n, 5, func(t *testing.T) {
				y, whole := guarded(r, n*g.OutLen())
				newBFloat16().ConvForward(&g, n, y, x, w, bias, relus)
				sameBits(t, fmt.Sprintf("%+v, %d images", g, n), y, want)
				checkGuards(t, whole)
			})
		}
	}
}

// rounded returns x rounded to bfloat16.
func rounded(x []float32) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i], _ = halves(pair(v, 0))
	}
	return out
}

func TestPairedGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(37, 38))
	for ci, g := range convCases() {
		for _, n := range batches(&g) {
			x, w, dy := random(r, n*g.InLen()), random(r, g.Weights()), random(r, n*g.OutLen())
			wantX, wantW, _, magX, magW := naiveBackward(&g, n, rounded(dy), rounded(x), rounded(w))
			wantB := make([]float32, g.Cout)
			new(Context).ConvBackward(&g, n, nil, make([]float32, len(w)), wantB, dy, x, w)
			var first [2][]float32
			eachOther(t, ci+n, 5, func(t *testing.T) {
				dx, wholeX := guarded(r, len(x))
				dw, wholeW := guarded(r, len(w))
				db := make([]float32, g.Cout)
				newBFloat16().ConvBackward(&g, n, dx, dw, db, dy, x, w)
				name := fmt.Sprintf("%+v, %d images: ", g, n)
				near(t, name+"dx", dx, wantX, magX)
				near(t, name+"dw", dw, wantW, magW)
				near(t, name+"db", db, widened(wantB), widened(magnitudes(dy, g.Cout)))
				checkGuards(t, wholeX)
				checkGuards(t, wholeW)
				if first[0] == nil {
					first = [2][]float32{dx, dw}
				}
				sameBits(t, name+"dx", dx, first[0])
				sameBits(t, name+"dw", dw, first[1])
			})
		}
	}
}

func widened(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// magnitudes returns the sums of magnitudes of cols columns.
func magnitudes(x []float32, cols int) []float32 {
	out := make([]float32, cols)
	for i, v := range x {
		out[i%cols] += float32(math.Abs(float64(v)))
	}
	return out
}

// TestPairedPoolIsConvThenPool compares the fused passes with the separate ones.
func TestPairedPoolIsConvThenPool(t *testing.T) {
	r := rand.New(rand.NewPCG(39, 40))
	for ci, g := range convCases() {
		if g.PooledLen() == 0 || volume(g.In)*g.Cin > 20000 {
			continue
		}
		n := 9
		x, w, bias, dp := random(r, n*g.InLen()), random(r, g.Weights()), random(r, g.Cout), random(r, n*g.PooledLen())
		eachOther(t, ci, 5, func(t *testing.T) {
			name := fmt.Sprintf("%+v: ", g)
			c := newBFloat16()
			y, whole := guarded(r, n*g.PooledLen())
			index := make([]uint8, len(y))
			c.ConvPoolForward(&g, n, y, index, x, w, bias)
			checkGuards(t, whole)
			full, wantY, wantIndex := make([]float32, n*g.OutLen()), make([]float32, len(y)), make([]uint8, len(y))
			c.ConvForward(&g, n, full, x, w, bias, false)
			maxPoolByTwo(g.Out(), g.Cout, n, wantY, wantIndex, full, true)
			if g.Cin%2 == 0 { // else the pairs depend on how many outputs are treated as one
				sameBits(t, name+"y", y, wantY)
			}
			dx, dw, db := make([]float32, len(x)), make([]float32, len(w)), make([]float32, g.Cout)
			c.ConvPoolBackward(&g, n, dx, dw, db, dp, index, x, w)
			maxPoolByTwoBackward(g.Out(), g.Cout, n, full, dp, index)
			wantX, wantW, _, magX, magW := naiveBackward(&g, n, rounded(full), rounded(x), rounded(w))
			near(t, name+"dx", dx, wantX, magX)
			near(t, name+"dw", dw, wantW, magW)
		})
	}
}
