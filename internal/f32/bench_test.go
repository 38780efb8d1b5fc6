package f32

import "testing"

// report gives the rate of a kernel that does macs multiplications and additions per round.
func report(b *testing.B, macs int) {
	b.ReportMetric(2*float64(macs)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// dense returns numbers without zeros, which some kernels skip.
func dense(seed uint64, n int) []float32 {
	v := random(seed, n)
	for i := range v {
		v[i] += 2
	}
	return v
}

func BenchmarkGemm(b *testing.B) {
	const m, n, k = 50, 64, 1024
	var s Scratch
	x, w, c := dense(1, m*k), dense(2, n*k), dense(3, m*n)
	for name, op := range map[string]Op{"NN": NN, "NT": NT, "TN": TN} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.Gemm(op, m, n, k, x, w, c)
			}
			report(b, m*n*k)
		})
	}
}

func BenchmarkConv(b *testing.B) {
	const n = 8
	for name, g := range map[string]Conv{
		"32x32x3-5x5x6":   {H: 32, W: 32, Cin: 3, Kernel: 5, Stride: 1, Cout: 6},
		"32x32x3-3x3x32":  {H: 32, W: 32, Cin: 3, Kernel: 3, Stride: 1, Cout: 32},
		"15x15x32-3x3x64": {H: 15, W: 15, Cin: 32, Kernel: 3, Stride: 1, Cout: 64},
		"32x32x16-3x3x16": {H: 32, W: 32, Cin: 16, Kernel: 3, Stride: 1, Pad: 1, Cout: 16},
	} {
		var s Scratch
		x, w, y := dense(1, n*g.H*g.W*g.Cin), dense(2, g.Patch()*g.Cout), dense(3, n*g.OutH()*g.OutW()*g.Cout)
		macs := len(y) * g.Patch()
		b.Run(name+"/forward", func(b *testing.B) {
			for b.Loop() {
				s.ConvForward(g, y, x, w, nil, n)
			}
			report(b, macs)
		})
		b.Run(name+"/weights", func(b *testing.B) {
			for b.Loop() {
				s.ConvWeightGrad(g, w, x, y, n)
			}
			report(b, macs)
		})
		b.Run(name+"/input", func(b *testing.B) {
			for b.Loop() {
				s.ConvInputGrad(g, x, y, w, n)
			}
			report(b, macs)
		})
	}
}

func BenchmarkPointwise(b *testing.B) {
	g := Pool{H: 30, W: 30, C: 32, Kernel: 2, Stride: 2}
	x, dx := random(1, 30*30*32), make([]float32, 30*30*32)
	y, source := make([]float32, 15*15*32), make([]uint8, 15*15*32)
	sum, square := make([]float64, 32), make([]float64, 32)
	for name, f := range map[string]func(){
		"relupool":     func() { ReLUMaxPool(g, y, source, x, 1) },
		"relupoolback": func() { MaxPoolBack(g, dx, y, source, 1) },
		"relu":         func() { ReLU(dx) },
		"reluback":     func() { ReLUBack(dx, x) },
		"moments":      func() { ColumnMoments(sum, square, x) },
		"combine":      func() { CombineRows(dx, x, x, x[:32], x[32:64], x[64:96]) },
		"sgd":          func() { SGD(dx, x, nil, 0.1, 0, 0, false) },
		"momentum":     func() { SGD(dx, x, x, 0.1, 0, 0.9, false) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(4 * int64(len(x)))
			for b.Loop() {
				f()
			}
		})
	}
}
