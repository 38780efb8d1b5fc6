// Package preact adds networks to flsim from outside of its module: residual networks with pre-activation.
package preact

import (
	"fmt"

	"flsim/clients/nn"
)

func init() {
	nn.Register("preact8", func(b *nn.Builder) { network(b, 1) })
	nn.Register("preact14", func(b *nn.Builder) { network(b, 2) })
}

const groups = 4

// network is a residual network with pre-activation (He, Zhang, Ren and Sun, "Identity Mappings in Deep Residual
// Networks", ECCV 2016, arXiv 1603.05027) in three stages of so many blocks, with group in place of batch normalisation.
func network(b *nn.Builder, blocks int) {
	b.Conv("stem", 8, 3, 1, 1, nn.NoBias)
	for stage, width := range []int{8, 16, 32} {
		for i := range blocks {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			block(b, fmt.Sprintf("stage%d.%d", stage+1, i+1), width, stride)
		}
	}
	b.GroupNorm("norm", groups)
	b.ReLU()
	b.GlobalMean()
	b.Dense("fc", b.Outputs())
}

// block normalises and activates before each convolution, so that the shortcut stays free of both. Where the shape
// changes the shortcut is a convolution of width 1.
func block(b *nn.Builder, name string, width, stride int) {
	same := stride == 1 && b.Shape().C == width
	b.Residual(func() {
		b.GroupNorm(name+".norm1", groups)
		b.ReLU()
		b.Conv(name+".conv1", width, 3, stride, 1, nn.NoBias)
		b.GroupNorm(name+".norm2", groups)
		b.ReLU()
		b.Conv(name+".conv2", width, 3, 1, 1, nn.NoBias)
	}, func() {
		if !same {
			b.Conv(name+".shortcut", width, 1, stride, 0, nn.NoBias)
		}
	})
}
