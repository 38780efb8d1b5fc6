package nn

import (
	"math"

	"flsim/internal/f32"
	"flsim/internal/tensor"
)

// normEpsilon is added to variances, as in PyTorch; runningMomentum is the weight of a batch in running statistics.
const (
	normEpsilon     = 1e-5
	runningMomentum = 0.1
)

// columns holds what a normalisation needs per channel, sums in float64 and coefficients in float32, and whether a ReLU
// is part of it.
type columns struct {
	sum, product []float64
	a, b         []float32 // y = a*x + b; for each set of values that is normalised on its own
	p, q, r      []float32 // dx = p*dy + q*x + r
	relu         bool
}

// newColumns returns the coefficients for so many channels and sets of values.
func newColumns(channels, sets int, relu bool) columns {
	d := make([]float64, 2*channels)
	f := make([]float32, 3*channels)
	return columns{
		sum: d[:channels], product: d[channels:],
		a: make([]float32, sets*channels), b: make([]float32, sets*channels),
		p: f[:channels], q: f[channels : 2*channels], r: f[2*channels:],
		relu: relu,
	}
}

// set returns the coefficients of set i.
func (k *columns) set(i int) (a, b []float32) {
	c := len(k.sum)
	return k.a[i*c : (i+1)*c], k.b[i*c : (i+1)*c]
}

// moments sums values and their squares.
func (k *columns) moments(x []float32) {
	clear(k.sum)
	clear(k.product)
	f32.ColumnMoments(k.sum, k.product, x)
}

// meanVariance turns sums of values and of their squares over n values into mean and variance.
func meanVariance(sum, square, n float64) (mean, variance float64) {
	mean = sum / n
	return mean, max(0, square/n-float64(mean*mean))
}

// apply sets y, for set i, to (x - mean)*rstd*scale + shift, mean and rstd being those of each channel.
func (k *columns) apply(i int, y, x []float32, scale, shift []float32, mean, rstd []float64) {
	a, b := k.set(i)
	for c, s := range scale {
		slope := float64(float64(s) * rstd[c])
		a[c] = float32(slope)
		b[c] = float32(float64(shift[c]) - float64(mean[c]*slope))
	}
	if k.relu {
		f32.ScaleShiftRowsReLU(y, x, a, b)
	} else {
		f32.ScaleShiftRows(y, x, a, b)
	}
}

// products sums, for set i, the gradients before the ReLU, and their products with x.
func (k *columns) products(i int, dy, x []float32) {
	clear(k.sum)
	clear(k.product)
	if a, b := k.set(i); k.relu {
		f32.ColumnProductsReLU(k.sum, k.product, dy, x, a, b)
	} else {
		f32.ColumnProducts(k.sum, k.product, dy, x)
	}
}

// combine sets dx for set i.
func (k *columns) combine(i int, dx, dy, x []float32) {
	if a, b := k.set(i); k.relu {
		f32.CombineRowsReLU(dx, dy, x, k.p, k.q, k.r, a, b)
	} else {
		f32.CombineRows(dx, dy, x, k.p, k.q, k.r)
	}
}

// input sets the coefficients of channel c for dx = p*dy + q*x + r, where values were normalised with mean and rstd
// over a set in which the gradient of the normalised values has mean m1, and its product with them mean m2.
func (k *columns) input(c int, scale, mean, rstd, m1, m2 float64) {
	slope := float64(float64(rstd*rstd) * m2)
	k.p[c] = float32(float64(rstd * scale))
	k.q[c] = float32(-slope)
	k.r[c] = float32(float64(mean*slope) - float64(rstd*m1))
}

// batchNorm is batch normalisation (Ioffe and Szegedy, ICML 2015, arXiv 1502.03167). The running variance is the
// unbiased one, as in PyTorch.
type batchNorm struct {
	scale, shift, mean, variance tensor.Segment
	shape                        tensor.Shape
	relu                         bool
}

func (l batchNorm) sizes() (in, out int) { return l.shape.Size(), l.shape.Size() }

func (l batchNorm) withReLU() layer {
	l.relu = true
	return l
}

func (l batchNorm) node(maxBatch int) node {
	c := l.shape.C
	return &batchNormNode{batchNorm: l, columns: newColumns(c, 1, l.relu), y: make([]float32, maxBatch*l.shape.Size()),
		m: make([]float64, c), rstd: make([]float64, c)}
}

type batchNormNode struct {
	batchNorm
	columns
	x, y    []float32
	m, rstd []float64 // per channel, of the batch or running
}

func (l *batchNormNode) forward(p *pass, x []float32) []float32 {
	l.x = x
	y := l.y[:len(x)]
	if p.train {
		l.batchMoments(x, l.mean.Of(p.w), l.variance.Of(p.w))
	} else {
		for c, v := range l.variance.Of(p.w) {
			l.m[c], l.rstd[c] = float64(l.mean.Of(p.w)[c]), 1/math.Sqrt(float64(v)+normEpsilon)
		}
	}
	l.apply(0, y, x, l.scale.Of(p.w), l.shift.Of(p.w), l.m, l.rstd)
	return y
}

func (l *batchNormNode) batchMoments(x, runMean, runVar []float32) {
	l.moments(x)
	n := float64(len(x) / l.shape.C)
	for c := range l.m {
		mean, variance := meanVariance(l.sum[c], l.product[c], n)
		l.m[c], l.rstd[c] = mean, 1/math.Sqrt(variance+normEpsilon)
		move(&runMean[c], mean)
		move(&runVar[c], variance*n/max(1, n-1))
	}
}

// move takes a running statistic towards a batch's.
func move(running *float32, batch float64) {
	*running = float32(float64((1-runningMomentum)*float64(*running)) + float64(runningMomentum*batch))
}

func (l *batchNormNode) backward(p *pass, dy, dx []float32) {
	l.products(0, dy, l.x)
	scale, dscale, dshift := l.scale.Of(p.w), l.scale.Of(p.g), l.shift.Of(p.g)
	n := float64(len(dy) / l.shape.C)
	for c, s := range scale {
		along := float64((l.product[c] - float64(l.m[c]*l.sum[c])) * l.rstd[c])
		dscale[c], dshift[c] = float32(along), float32(l.sum[c])
		l.input(c, float64(s), l.m[c], l.rstd[c], float64(s)*l.sum[c]/n, float64(s)*along/n)
	}
	if dx != nil {
		l.combine(0, dx, dy, l.x)
	}
}

// groupNorm is group normalisation (Wu and He, ECCV 2018, arXiv 1803.08494).
type groupNorm struct {
	scale, shift tensor.Segment
	groups       int
	shape        tensor.Shape
	relu         bool
}

func (l groupNorm) sizes() (in, out int) { return l.shape.Size(), l.shape.Size() }

func (l groupNorm) withReLU() layer {
	l.relu = true
	return l
}

func (l groupNorm) node(maxBatch int) node {
	c := l.shape.C
	return &groupNormNode{groupNorm: l, columns: newColumns(c, maxBatch, l.relu), y: make([]float32, maxBatch*l.shape.Size()),
		m: make([]float64, maxBatch*c), rstd: make([]float64, maxBatch*c), dscale: make([]float64, c), dshift: make([]float64, c)}
}

type groupNormNode struct {
	groupNorm
	columns
	x, y           []float32
	m, rstd        []float64 // per image and channel; equal within a group
	dscale, dshift []float64
}

func (l *groupNormNode) forward(p *pass, x []float32) []float32 {
	l.x = x
	size, c := l.shape.Size(), l.shape.C
	for i := range p.n {
		img, m, rstd := x[i*size:(i+1)*size], l.m[i*c:(i+1)*c], l.rstd[i*c:(i+1)*c]
		l.groupMoments(img, m, rstd)
		l.apply(i, l.y[i*size:(i+1)*size], img, l.scale.Of(p.w), l.shift.Of(p.w), m, rstd)
	}
	return l.y[:len(x)]
}

func (l *groupNormNode) groupMoments(img []float32, m, rstd []float64) {
	l.moments(img)
	width := len(m) / l.groups
	for first := 0; first < len(m); first += width {
		sum, square := 0.0, 0.0
		for c := first; c < first+width; c++ {
			sum += l.sum[c]
			square += l.product[c]
		}
		mean, variance := meanVariance(sum, square, float64(l.shape.Positions()*width))
		for c := first; c < first+width; c++ {
			m[c], rstd[c] = mean, 1/math.Sqrt(variance+normEpsilon)
		}
	}
}

func (l *groupNormNode) backward(p *pass, dy, dx []float32) {
	clear(l.dscale)
	clear(l.dshift)
	size, channels := l.shape.Size(), l.shape.C
	for i := range p.n {
		d, img := dy[i*size:(i+1)*size], l.x[i*size:(i+1)*size]
		l.products(i, d, img)
		l.backwardImage(l.scale.Of(p.w), l.m[i*channels:], l.rstd[i*channels:])
		if dx != nil {
			l.combine(i, dx[i*size:(i+1)*size], d, img)
		}
	}
	dscale, dshift := l.scale.Of(p.g), l.shift.Of(p.g)
	for c := range dscale {
		dscale[c], dshift[c] = float32(l.dscale[c]), float32(l.dshift[c])
	}
}

// backwardImage adds one image's part, from its products, to the gradients of scale and shift and works out the coefficients of dx.
func (l *groupNormNode) backwardImage(scale []float32, m, rstd []float64) {
	width := l.shape.C / l.groups
	n := float64(l.shape.Positions() * width)
	for first := 0; first < l.shape.C; first += width {
		m1, m2 := 0.0, 0.0
		for c := first; c < first+width; c++ {
			along := float64((l.product[c] - float64(m[c]*l.sum[c])) * rstd[c])
			l.dscale[c] += along
			l.dshift[c] += l.sum[c]
			m1 += float64(float64(scale[c]) * l.sum[c])
			m2 += float64(float64(scale[c]) * along)
		}
		for c := first; c < first+width; c++ {
			l.input(c, float64(scale[c]), m[c], rstd[c], m1/n, m2/n)
		}
	}
}
