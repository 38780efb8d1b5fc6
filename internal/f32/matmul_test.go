package f32

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// naiveProduct is the definition of MatMul.
func naiveProduct(dst, a, b Matrix, e Epilogue) []float32 {
	out := append([]float32(nil), dst.Data...)
	for i := range dst.Rows {
		for j := range dst.Cols {
			s := float32(0)
			if e.Bias != nil {
				s = e.Bias[j]
			} else if e.Accumulate {
				s = out[i*dst.RowStride+j]
			}
			for k := range a.Cols {
				s = fma(a.Data[i*a.RowStride+k*a.ColStride], b.Data[k*b.RowStride+j*b.ColStride], s)
			}
			if e.ReLU {
				s = relu(s)
			}
			out[i*dst.RowStride+j] = s
		}
	}
	return out
}

func checkMatMul(t *testing.T, r *rand.Rand, m, n, k int, ta, tb bool, mode int) {
	a, b := RowMajor(random(r, m*k), m, k), RowMajor(random(r, k*n), k, n)
	if ta {
		a = RowMajor(a.Data, k, m).T()
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
	data, _ := guarded(r, m*n)
	start := append([]float32(nil), data...)
	want := naiveProduct(RowMajor(start, m, n), a, b, e)
	eachKernel(t, func(t *testing.T) {
		got, whole := guarded(r, m*n)
		copy(got, start)
		new(Context).MatMul(RowMajor(got, m, n), a, b, e)
		sameBits(t, fmt.Sprintf("%dx%dx%d, %v %v, %d", m, n, k, ta, tb, mode), got, want)
		checkGuards(t, whole)
	})
}

func TestMatMulIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	mode := 0
	for _, m := range []int{1, 2, 5, 13, 14, 15, 29, 50} {
		for _, n := range []int{1, 7, 10, 16, 17, 31, 32, 33, 48, 65} {
			for _, k := range []int{0, 1, 8, 19} {
				checkMatMul(t, r, m, n, k, mode%2 == 0, mode/2%2 == 0, mode)
				mode++
			}
		}
	}
	for _, s := range [][3]int{{50, 70, 640}, {130, 40, 300}, {140, 70, 50}, {300, 100, 30}, {150, 300, 260}, {20, 64, 512}} {
		for v := range 4 {
			checkMatMul(t, r, s[0], s[1], s[2], v%2 == 0, v/2 == 0, mode)
			mode++
		}
	}
}

func TestMatMulRefusesWrongShapes(t *testing.T) {
	m := func(r, c int) Matrix { return RowMajor(make([]float32, r*c), r, c) }
	for name, f := range map[string]func(){
		"inner size": func() { new(Context).MatMul(m(2, 2), m(2, 3), m(2, 2), Epilogue{}) },
		"data":       func() { new(Context).MatMul(Matrix{make([]float32, 3), 2, 2, 2, 1}, m(2, 3), m(3, 2), Epilogue{}) },
		"bias":       func() { new(Context).MatMul(m(2, 2), m(2, 3), m(3, 2), Epilogue{Bias: make([]float32, 1)}) },
		"stride":     func() { new(Context).MatMul(m(2, 2).T(), m(2, 3), m(3, 2), Epilogue{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
