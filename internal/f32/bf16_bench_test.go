package f32

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// BenchmarkPrecision trains in float32 and in bfloat16 by turns and reports the best rate of each and their ratio.
func BenchmarkPrecision(b *testing.B) {
	for _, w := range workloads {
		b.Run(w.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var n [2]*network
			for p := range n {
				n[p] = w.make(w.full)
				n[p].SetPrecision(Precision(p))
			}
			x := n[0].input(3)
			var best [2]float64
			for i := 0; b.Loop(); i++ {
				for p, net := range n {
					start := threadTime()
					net.step(x)
					net.step(x)
					if i > 0 {
						best[p] = max(best[p], float64(2*net.batch)/(threadTime()-start).Seconds())
					}
				}
			}
			b.ReportMetric(best[0], "f32-img/s")
			b.ReportMetric(best[1], "bf16-img/s")
			b.ReportMetric(best[1]/best[0], "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// bestPairs is bestRatio beside the loop of pair products.
func bestPairs(b *testing.B, flops float64, f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f()
	var best, peak float64
	for b.Loop() {
		peak = max(peak, PeakRateBF16(2*time.Millisecond))
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
	b.ReportMetric(0, "ns/op")
}

func BenchmarkTileBF16(b *testing.B) {
	if BF16() == "" {
		b.Skip("no bfloat16 instructions")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{16, 32} {
		for _, m := range []int{1, 4, 5, 6, 7, 8, 10, 12, 13, 14, 20, 24, 28} {
			if m > kern.height(n) {
				continue
			}
			q := newTile(r, m, n, 256, 1, 1, 1, pairs, 0)
			b.Run(fmt.Sprintf("%dx%d", m, n), func(b *testing.B) {
				bestPairs(b, float64(4*m*n*256*100), func() {
					for range 100 {
						kern.tile(&q.p, m, n)
					}
				})
			})
		}
	}
}

func BenchmarkConvBF16(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, g := range []Conv{
		Conv2D(32, 32, 3, 32, 5, 1, 0), Conv2D(14, 14, 32, 64, 5, 1, 0), Conv2D(32, 32, 3, 32, 5, 1, 2), Conv2D(16, 16, 32, 64, 5, 1, 2),
		Conv2D(32, 32, 16, 16, 3, 1, 1), Conv2D(8, 8, 64, 64, 3, 1, 1), Conv3D(64, 64, 64, 8, 8, 3, 1, 1), Conv3D(32, 32, 32, 16, 16, 3, 1, 1),
	} {
		n := 50
		if g.In[0] > 1 {
			n = 1
		}
		x, w, dy := random(r, n*g.InLen()), random(r, g.Weights()), random(r, n*g.OutLen())
		dx, dw, y := make([]float32, len(x)), make([]float32, len(w)), make([]float32, len(dy))
		c := newBFloat16()
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
				bestPairs(b, flops, f.run)
			})
		}
	}
}

func BenchmarkMatMulBF16(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range [][3]int{{50, 512, 1600}, {50, 10, 512}, {10, 200, 784}} {
		m, n, k := s[0], s[1], s[2]
		x, w, y := RowMajor(random(r, m*k), m, k), RowMajor(random(r, k*n), k, n), RowMajor(random(r, m*n), m, n)
		c := newBFloat16()
		for _, f := range []struct {
			name string
			run  func()
		}{
			{"forward", func() { c.MatMul(y, x, w, Epilogue{}) }},
			{"input", func() { c.MatMul(x, y, w.T(), Epilogue{}) }},
			{"weights", func() { c.MatMul(w, x.T(), y, Epilogue{}) }},
		} {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", m, n, k, f.name), func(b *testing.B) {
				bestPairs(b, float64(2*m*n*k), f.run)
			})
		}
	}
}
