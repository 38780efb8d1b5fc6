package nn

import (
	"fmt"

	"flsim/internal/f32"
)

// unetGroups is the number of groups of the U-Nets' normalisation.
const unetGroups = 4

// unet3D is the U-Net of Çiçek, Abdulkadir, Lienkamp, Brox and Ronneberger (MICCAI 2016, arXiv 1606.06650) with group
// normalisation, padded convolutions and channels that double from level to level. It gives each voxel one score per
// region. With base 8, 3 levels and volumes of 4 channels it has 85,843 parameters for 3 regions.
func unet3D(b *Builder) { unetOfVolumes(b, doubling(b.cfg.Base, b.cfg.Levels)) }

// unet3D9M is the same with a width for each of five levels: 9,468,467 parameters for 4 channels and 3 regions. The
// U-Net of He, Wang, Zenk and Fritz (arXiv 2012.08241) has 9,451,567, but its layers were not published: this is
// one of about its size.
func unet3D9M(b *Builder) { unetOfVolumes(b, []int{24, 48, 96, 192, 248}) }

func unetOfVolumes(b *Builder, widths []int) {
	if b.shape.D < 1 {
		b.Failf("it takes volumes; unet2d takes images")
		return
	}
	unet(b, widths)
}

// unet2D is the same for images (Ronneberger, Fischer and Brox, MICCAI 2015, arXiv 1505.04597).
func unet2D(b *Builder) {
	if b.shape.D > 0 {
		b.Failf("it takes images; unet3d takes volumes")
		return
	}
	unet(b, doubling(b.cfg.Base, b.cfg.Levels))
}

// doubling returns widths that double from level to level.
func doubling(base, levels int) []int {
	widths := make([]int, levels)
	for i := range widths {
		widths[i] = base << i
	}
	return widths
}

func unet(b *Builder, widths []int) {
	unetLevel(b, widths, 1)
	b.Conv("out", b.outputs, 1, 1, 0)
}

// unetLevel appends a level with all that are below it.
func unetLevel(b *Builder, widths []int, level int) {
	width := widths[level-1]
	doubleConv(b, fmt.Sprintf("down%d", level), width)
	if level == len(widths) || b.err != nil {
		return
	}
	if s := b.shape; s.H%2 != 0 || s.W%2 != 0 || s.D%2 != 0 {
		b.Failf("%v cannot be halved for level %d of %d", s, level+1, len(widths))
		return
	}
	b.Concat(func() {
		b.MaxPool(2, 2)
		unetLevel(b, widths, level+1)
		b.ConvTranspose(fmt.Sprintf("up%d", level), width, 2)
	})
	doubleConv(b, fmt.Sprintf("join%d", level), width)
}

// doubleConv appends two convolutions with group normalisation and ReLU.
func doubleConv(b *Builder, name string, width int) {
	for i := 1; i <= 2; i++ {
		b.Conv(fmt.Sprintf("%s.conv%d", name, i), width, 3, 1, 1, NoBias)
		b.GroupNorm(fmt.Sprintf("%s.gn%d", name, i), unetGroups)
		b.ReLU()
	}
}

// concat joins its input's channels with those that its body makes of them.
type concat struct {
	body      []layer
	positions int
	channels  [2]int
}

func (l concat) sizes() (in, out int) {
	return l.positions * l.channels[0], l.positions * (l.channels[0] + l.channels[1])
}

func (l concat) node(maxBatch int) node {
	n := maxBatch * l.positions
	return &concatNode{concat: l, chain: newChain(l.body, maxBatch), y: make([]float32, n*(l.channels[0]+l.channels[1])),
		skip: make([]float32, n*l.channels[0]), side: make([]float32, n*l.channels[1])}
}

type concatNode struct {
	concat
	chain      *chain
	y          []float32
	skip, side []float32 // gradients of the two parts
}

func (l *concatNode) forward(p *pass, x []float32) []float32 {
	y := l.y[:p.n*l.positions*(l.channels[0]+l.channels[1])]
	f32.JoinChannels(y, x, l.chain.forward(p, x), l.channels[0], l.channels[1])
	return y
}

func (l *concatNode) backward(p *pass, dy, dx []float32) {
	skip, side := l.skip[:p.n*l.positions*l.channels[0]], l.side[:p.n*l.positions*l.channels[1]]
	f32.SplitChannels(skip, side, dy, l.channels[0], l.channels[1])
	l.chain.backward(p, side, dx)
	f32.Add(dx, dx, skip)
}

// convTranspose is a transposed convolution with weights of shape [kernel]...[in][out], followed by ReLU if there is
// one.
type convTranspose struct {
	affine
	g f32.ConvTranspose
}

func (l convTranspose) sizes() (in, out int) { return l.g.InLen(), l.g.OutLen() }

func (l convTranspose) withReLU() layer {
	l.relu = true
	return l
}

func (l convTranspose) node(maxBatch int) node {
	return &convTransposeNode{convTranspose: l, y: make([]float32, maxBatch*l.g.OutLen())}
}

type convTransposeNode struct {
	convTranspose
	x, y []float32
}

func (l *convTransposeNode) forward(p *pass, x []float32) []float32 {
	l.x = x
	y := l.y[:p.n*l.g.OutLen()]
	p.work.ConvTransposeForward(&l.g, p.n, y, x, l.w.Of(p.w), l.bias(p.w), l.relu)
	return y
}

func (l *convTransposeNode) backward(p *pass, dy, dx []float32) {
	l.beforeReLU(dy, l.y[:len(dy)])
	p.work.ConvTransposeBackward(&l.g, p.n, dx, l.w.Of(p.g), l.bias(p.g), dy, l.x, l.w.Of(p.w))
}
