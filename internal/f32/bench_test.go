package f32

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// bestRatio runs f in short rounds, each beside the FMA loop, and reports the best rates and their ratio.
func bestRatio(b *testing.B, flops float64, f func()) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f()
	var best, peak float64
	for b.Loop() {
		peak = max(peak, PeakRate(2*time.Millisecond))
		start := time.Now()
		for n := 0; time.Since(start) < 8*time.Millisecond || n == 0; n++ {
			t := threadTime()
			f()
			best = max(best, flops/(threadTime()-t).Seconds())
		}
	}
	b.ReportMetric(best/1e9, "GFLOP/s")
	b.ReportMetric(best/peak, "of-peak")
	b.ReportMetric(peak/1e9, "peak")
	return best
}

func BenchmarkTile(b *testing.B) {
	old := kern
	defer func() { kern = old }()
	r := rand.New(rand.NewPCG(1, 2))
	for _, f := range families()[1:] {
		kern = f
		for _, n := range []int{8, 16, 32} {
			for _, m := range []int{1, 4, 5, 6, 8, 10, 12, 13, 14, 16, 20, 24, 28} {
				if n > kern.width || m > kern.height(n) {
					continue
				}
				q := newTile(r, m, n, 256, 1, 1, 1, 0, 0)
				b.Run(fmt.Sprintf("%s/%dx%d", Kernel(), m, n), func(b *testing.B) {
					bestRatio(b, float64(2*m*n*256*100), func() {
						for range 100 {
							kern.tile(&q.p, m, n)
						}
					})
				})
			}
		}
	}
}

func BenchmarkStep(b *testing.B) {
	old := kern
	defer func() { kern = old }()
	for _, w := range workloads {
		for _, f := range families()[1:] {
			kern = f
			b.Run(w.name+"/"+Kernel(), func(b *testing.B) {
				n := w.make(w.full)
				x := n.input(3)
				flops := n.flops * float64(n.batch)
				b.ReportAllocs()
				rate := bestRatio(b, flops, func() { n.step(x) })
				b.ReportMetric(rate/n.flops, "img/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func BenchmarkMatMul(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range [][3]int{{50, 512, 1600}, {50, 512, 4096}, {10, 200, 784}, {10, 200, 200}, {10, 120, 400}} {
		m, n, k := s[0], s[1], s[2]
		x, w, y := RowMajor(random(r, m*k), m, k), RowMajor(random(r, k*n), k, n), RowMajor(random(r, m*n), m, n)
		c := new(Context)
		for _, f := range []struct {
			name string
			run  func()
		}{
			{"forward", func() { c.MatMul(y, x, w, Epilogue{}) }},
			{"input", func() { c.MatMul(x, y, w.T(), Epilogue{}) }},
			{"weights", func() { c.MatMul(w, x.T(), y, Epilogue{}) }},
		} {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", m, n, k, f.name), func(b *testing.B) {
				bestRatio(b, float64(2*m*n*k), f.run)
			})
		}
	}
}

// BenchmarkConv measures the passes of some layers: forward, weight gradient, input gradient alone.
func BenchmarkConv(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, g := range []Conv{
		Conv2D(32, 32, 3, 32, 5, 1, 0), Conv2D(14, 14, 32, 64, 5, 1, 0), Conv2D(32, 32, 3, 32, 5, 1, 2), Conv2D(16, 16, 32, 64, 5, 1, 2),
		Conv2D(32, 32, 3, 6, 5, 1, 0), Conv2D(14, 14, 6, 16, 5, 1, 0),
		Conv2D(32, 32, 16, 16, 3, 1, 1), Conv2D(32, 32, 16, 32, 3, 2, 1), Conv2D(16, 16, 32, 32, 3, 1, 1), Conv2D(8, 8, 64, 64, 3, 1, 1),
		Conv2D(16, 16, 128, 128, 3, 1, 1), Conv2D(4, 4, 512, 512, 3, 1, 1), Conv3D(64, 64, 64, 8, 8, 3, 1, 1), Conv3D(32, 32, 32, 16, 16, 3, 1, 1),
	} {
		n := 32
		if g.In[0] > 1 {
			n = 1
		}
		x, w, dy := random(r, n*g.InLen()), random(r, g.Weights()), random(r, n*g.OutLen())
		dx, dw, y := make([]float32, len(x)), make([]float32, len(w)), make([]float32, len(dy))
		c := new(Context)
		flops := 2 * float64(n*volume(g.Out())) * float64(g.Weights())
		for _, f := range []struct {
			name string
			run  func()
		}{
			{"forward", func() { c.ConvForward(&g, n, y, x, w, nil, true) }},
			{"weights", func() { c.ConvBackward(&g, n, nil, dw, nil, dy, x, w) }},
			{"input", func() { c.scatter(&g, g.Out(), n, dx, dy, c.flip(&g, w)) }},
		} {
			b.Run(fmt.Sprintf("%v-%d-%d-k%d-s%d-p%d/%s", g.In, g.Cin, g.Cout, g.Kernel[2], g.Stride[2], g.Pad[2], f.name), func(b *testing.B) {
				bestRatio(b, flops, f.run)
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
