package f32

import (
	"math"
	"slices"
	"testing"
	"unsafe"
)

// The order of a sum must not follow the address of its terms.
func TestAlignmentDoesNotMatter(t *testing.T) {
	g := Conv{H: 7, W: 7, Cin: 5, Kernel: 3, Stride: 1, Cout: 7}
	x, w, dy := random(1, 245), random(2, g.Patch()*7), random(3, 175)
	var want []float32
	for shift := range 8 {
		at := func(v []float32) []float32 { return append(make([]float32, shift), v...)[shift:] }
		var s Scratch
		y, dx, dw, nt := at(make([]float32, 175)), at(make([]float32, 245)), at(make([]float32, len(w))), at(make([]float32, 30))
		s.ConvForward(g, y, at(x), at(w), nil, 1)
		s.ConvWeightGrad(g, dw, at(x), at(dy), 1)
		s.ConvInputGrad(g, dx, at(dy), at(w), 1)
		s.Gemm(NT, 5, 6, 35, at(dy), at(x)[:210], nt)
		got := slices.Concat(y, dx, dw, nt)
		if shift == 0 {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("shifting the operands by %d floats changes the result", shift)
		}
	}
}

func TestScratchIsAligned(t *testing.T) {
	for n := 1; n < 200; n += 3 {
		var buf []float32
		if b := grow(&buf, n); len(b) != n || uintptr(unsafe.Pointer(&b[0]))%16 != 0 {
			t.Errorf("a buffer of %d floats lies at %p", len(b), &b[0])
		}
	}
}

// A row of a product must not depend on how many rows come before it.
func TestRowsAreIndependent(t *testing.T) {
	const m, n, k = 5, 6, 35
	var s Scratch
	a, b := random(1, m*k), random(2, n*k)
	whole, single := make([]float32, m*n), make([]float32, m*n)
	for _, op := range []Op{NN, NT} {
		clear(whole)
		clear(single)
		s.Gemm(op, m, n, k, a, b, whole)
		for i := range m {
			s.Gemm(op, 1, n, k, a[i*k:(i+1)*k], b, single[i*n:(i+1)*n])
		}
		if !slices.Equal(whole, single) {
			t.Errorf("product %d differs when taken row by row", op)
		}
	}
}

// What earlier work left in the scratch memory, such as the ruins of a diverged training, must not be read.
func TestScratchIsNotRead(t *testing.T) {
	for _, g := range []Conv{
		{H: 5, W: 5, Cin: 5, Kernel: 3, Stride: 1, Pad: 1, Cout: 3},
		{H: 5, W: 5, Cin: 3, Kernel: 3, Stride: 1, Pad: 1, Cout: 3},
		{H: 5, W: 5, Cin: 3, Kernel: 3, Stride: 2, Pad: 0, Cout: 3},
	} {
		x, w, dy := random(1, g.H*g.W*g.Cin), random(2, g.Patch()*g.Cout), random(3, g.OutH()*g.OutW()*g.Cout)
		work := func(s *Scratch) []float32 {
			y, dx, dw, nt := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w)), make([]float32, 4)
			s.ConvForward(g, y, x, w, nil, 1)
			s.ConvWeightGrad(g, dw, x, dy, 1)
			s.ConvInputGrad(g, dx, dy, w, 1)
			s.Gemm(NT, 2, 2, 5, x, w, nt)
			return slices.Concat(y, dx, dw, nt)
		}
		var clean, dirty Scratch
		for _, buf := range []*[]float32{&dirty.weights, &dirty.grads, &dirty.patches, &dirty.image} {
			for i := range grow(buf, 10_000) {
				(*buf)[:10_000][i] = float32(math.NaN())
			}
		}
		if !slices.Equal(work(&clean), work(&dirty)) {
			t.Errorf("%+v reads what the scratch memory held before", g)
		}
	}
}
