package f32

// SGD performs w -= lr*(g + decay*w) with two roundings per element: stochastic gradient descent with L2 decay as in
// PyTorch's SGD.
func SGD(w, g []float32, lr, decay float32) {
	if len(w) != len(g) {
		panic("f32: SGD: slices differ in length")
	}
	i, k := 0, wide(len(w))
	for ; i < k; i += vecChunk {
		v := vecArgs{n: min(vecChunk, k-i), x: &w[i], y: &g[i], s: [8]float32{-lr, decay}}
		sgdAsm(&v)
	}
	for i = k; i < len(w); i++ {
		w[i] = fma(-lr, fma(decay, w[i], g[i]), w[i])
	}
}

// Momentum performs d = g + decay*w, v = mu*v + d, w -= lr*v, one rounding per multiply-add: heavy-ball momentum as in
// PyTorch's SGD without dampening. v starts as zeros.
func Momentum(w, g, v []float32, lr, mu, decay float32) {
	momentum(w, g, v, lr, mu, decay, false)
}

// Nesterov performs d = g + decay*w, v = mu*v + d, w -= lr*(d + mu*v), one rounding per multiply-add: Nesterov momentum
// as in PyTorch's SGD. v starts as zeros.
func Nesterov(w, g, v []float32, lr, mu, decay float32) {
	momentum(w, g, v, lr, mu, decay, true)
}

func momentum(w, g, v []float32, lr, mu, decay float32, nesterov bool) {
	if len(w) != len(g) || len(w) != len(v) {
		panic("f32: Momentum: slices differ in length")
	}
	i, k := 0, wide(len(w))
	for ; i < k; i += vecChunk {
		a := vecArgs{n: min(vecChunk, k-i), x: &w[i], y: &g[i], z: &v[i], s: [8]float32{-lr, decay, mu}}
		if nesterov {
			nesterovAsm(&a)
		} else {
			momentumAsm(&a)
		}
	}
	for i = k; i < len(w); i++ {
		d := fma(decay, w[i], g[i])
		v[i] = fma(mu, v[i], d)
		if nesterov {
			d = fma(mu, v[i], d)
		} else {
			d = v[i]
		}
		w[i] = fma(-lr, d, w[i])
	}
}

// AdamStep holds the scalars of one Adam update (Kingma and Ba, Adam, ICLR 2015, arXiv 1412.6980, algorithm 1).
type AdamStep struct {
	Rate         float32 // lr / (1 - beta1^t)
	Beta1, Beta2 float32
	Gain1, Gain2 float32 // 1 - beta1 and 1 - beta2, rounded only after the subtraction
	Correction   float32 // 1 / sqrt(1 - beta2^t)
	Epsilon      float32
	Decay        float32 // L2 term, added to the gradient as in PyTorch's Adam
}

// Adam performs d = g + decay*w, m = b1*m + gain1*d, v = b2*v + gain2*d*d, w -= rate*m/(sqrt(v)*correction + eps).
// m and v start as zeros.
func Adam(w, g, m, v []float32, s AdamStep) {
	if len(w) != len(g) || len(w) != len(m) || len(w) != len(v) {
		panic("f32: Adam: slices differ in length")
	}
	scalars := [8]float32{-s.Rate, s.Decay, s.Beta1, s.Gain1, s.Beta2, s.Gain2, s.Correction, s.Epsilon}
	i, k := 0, wide(len(w))
	for ; i < k; i += vecChunk {
		a := vecArgs{n: min(vecChunk, k-i), x: &w[i], y: &g[i], z: &m[i], w: &v[i], s: scalars}
		adamAsm(&a)
	}
	for i = k; i < len(w); i++ {
		d := fma(s.Decay, w[i], g[i])
		m[i] = fma(d, s.Gain1, mul(s.Beta1, m[i]))
		v[i] = fma(mul(d, d), s.Gain2, mul(s.Beta2, v[i]))
		w[i] = fma(-s.Rate, div(m[i], fma(sqrt(v[i]), s.Correction, s.Epsilon)), w[i])
	}
}

// RMSpropStep holds the scalars of one RMSprop update (Tieleman and Hinton, 2012).
type RMSpropStep struct {
	Rate      float32
	Smoothing float32
	Gain      float32 // 1 - smoothing, rounded only after the subtraction
	Epsilon   float32
	Momentum  float32
	Decay     float32 // L2 term, added to the gradient as in PyTorch's RMSprop
}

// RMSprop performs d = g + decay*w, v = smoothing*v + gain*d*d, b = momentum*b + d/(sqrt(v) + eps), w -= rate*b. v and b
// start as zeros; b is nil without momentum.
func RMSprop(w, g, v, b []float32, s RMSpropStep) {
	if len(w) != len(g) || len(w) != len(v) || b != nil && len(w) != len(b) {
		panic("f32: RMSprop: slices differ in length")
	}
	scalars := [8]float32{-s.Rate, s.Decay, s.Smoothing, s.Gain, s.Epsilon, s.Momentum}
	i, k := 0, wide(len(w))
	for ; i < k; i += vecChunk {
		a := vecArgs{n: min(vecChunk, k-i), x: &w[i], y: &g[i], z: &v[i], s: scalars}
		if b == nil {
			rmspropAsm(&a)
			continue
		}
		a.w = &b[i]
		rmspropMomentumAsm(&a)
	}
	for i = k; i < len(w); i++ {
		d := fma(s.Decay, w[i], g[i])
		v[i] = fma(mul(d, d), s.Gain, mul(s.Smoothing, v[i]))
		d = div(d, add(sqrt(v[i]), s.Epsilon))
		if b != nil {
			b[i] = fma(s.Momentum, b[i], d)
			d = b[i]
		}
		w[i] = fma(-s.Rate, d, w[i])
	}
}
