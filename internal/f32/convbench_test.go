package f32

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// The benchmarks below measure the convolutions of some networks: all passes, in multiply-adds with inputs that exist.

func BenchmarkUNet(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range [][3]int{ // extent, channels in and out
		{64, 4, 8}, {64, 8, 8}, {64, 16, 8}, {64, 8, 4}, {32, 8, 16}, {32, 16, 16}, {32, 32, 16}, {16, 16, 32}, {16, 32, 32},
	} {
		k := 3
		if s[2] == 4 { // the last layer
			k = 1
		}
		benchmarkPasses(b, r, Conv3D(s[0], s[0], s[0], s[1], s[2], k, 1, k/2), 1)
	}
}

func BenchmarkResNet(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range [][5]int{ // extent, channels in and out, kernel, stride
		{32, 3, 16, 3, 1}, {32, 16, 16, 3, 1}, {32, 16, 32, 3, 2}, {32, 16, 32, 1, 2}, // ResNet-8
		{16, 32, 32, 3, 1}, {16, 32, 64, 3, 2}, {16, 32, 64, 1, 2}, {8, 64, 64, 3, 1},
		{32, 3, 64, 3, 1}, {32, 64, 64, 3, 1}, {32, 64, 128, 3, 2}, {32, 64, 128, 1, 2}, {16, 128, 128, 3, 1}, // ResNet-18
		{16, 128, 256, 3, 2}, {8, 256, 256, 3, 1}, {8, 256, 512, 3, 2}, {4, 512, 512, 3, 1},
	} {
		benchmarkPasses(b, r, Conv2D(s[0], s[0], s[1], s[2], s[3], s[4], s[3]/2), 32)
	}
}

// usefulTaps returns the number of pairs of an output position and a part of the kernel that lies over an input.
func usefulTaps(g *Conv) float64 {
	n := 1.0
	for d := range 3 {
		taps := 0
		s := g.forward()
		for o := range s.out[d] {
			_, t := s.tapsAt(d, o)
			taps += t
		}
		n *= float64(taps)
	}
	return n
}

func benchmarkPasses(b *testing.B, r *rand.Rand, g Conv, n int) {
	x, w, dy := random(r, n*g.InLen()), random(r, g.Weights()), random(r, n*g.OutLen())
	dx, dw, y := make([]float32, len(x)), make([]float32, len(w)), make([]float32, len(dy))
	c := new(Context)
	flops := 2 * float64(n) * usefulTaps(&g) * float64(g.Cin*g.Cout)
	for _, f := range []struct {
		name string
		run  func()
	}{
		{"forward", func() { c.ConvForward(&g, n, y, x, w, nil, false) }},
		{"weights", func() { c.ConvBackward(&g, n, nil, dw, nil, dy, x, w) }},
		{"input", func() { c.scatter(&g, g.Out(), n, dx, dy, c.flip(&g, w)) }},
	} {
		b.Run(fmt.Sprintf("%v-%d-%d-k%d-s%d/%s", g.In, g.Cin, g.Cout, g.Kernel[2], g.Stride[2], f.name), func(b *testing.B) {
			rate := bestRatio(b, flops, f.run)
			b.ReportMetric(flops/rate*1e6, "us")
			b.ReportMetric(0, "ns/op")
		})
	}
}
