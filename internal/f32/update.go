package f32

import "math"

// SGD is one step of stochastic gradient descent as PyTorch takes it, with v the momentum's velocity (nil without
// momentum). Coefficients are rounded to float32 before use.
//
//	g' = g + decay*w;  v = momentum*v + g';  w -= lr * (v, or g' + momentum*v with Nesterov's momentum)
func SGD(w, g, v []float32, lr, decay, momentum float32, nesterov bool) {
	switch {
	case v == nil && decay == 0:
		Axpy(-lr, g, w)
	case v == nil:
		g = g[:len(w)]
		for i, x := range w {
			w[i] = x - float32(lr*(g[i]+float32(decay*x)))
		}
	default:
		momentumStep(w, g, v, lr, decay, momentum, nesterov)
	}
}

func momentumStep(w, g, v []float32, lr, decay, momentum float32, nesterov bool) {
	g, v = g[:len(w)], v[:len(w)]
	for i, x := range w {
		d := g[i] + float32(decay*x)
		v[i] = float32(momentum*v[i]) + d
		if nesterov {
			d += float32(momentum * v[i])
		} else {
			d = v[i]
		}
		w[i] = x - float32(lr*d)
	}
}

// AdamCoef holds the coefficients of one step of Adam. Rate is the learning rate over 1-beta1^t, Scale is
// 1/sqrt(1-beta2^t); Gain1 and Gain2 are 1-Beta1 and 1-Beta2, rounded only after the subtraction.
type AdamCoef struct{ Rate, Scale, Beta1, Gain1, Beta2, Gain2, Epsilon, Decay float32 }

// Adam is one step of Adam (Kingma and Ba, ICLR 2015, arXiv 1412.6980, algorithm 1) as PyTorch takes it, with weight
// decay added to the gradient; m and v are the moments.
//
//	g' = g + Decay*w;  m = Beta1*m + Gain1*g';  v = Beta2*v + Gain2*g'^2;  w -= Rate * m/(sqrt(v)*Scale + Epsilon)
func Adam(w, g, m, v []float32, k AdamCoef) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	for i, x := range w {
		d := g[i] + float32(k.Decay*x)
		m[i] = float32(k.Beta1*m[i]) + float32(k.Gain1*d)
		v[i] = float32(k.Beta2*v[i]) + float32(k.Gain2*float32(d*d))
		w[i] = x - float32(k.Rate*m[i]/(float32(sqrt(v[i])*k.Scale)+k.Epsilon))
	}
}

// RMSpropCoef holds the coefficients of a step of RMSprop. Gain is 1-Smoothing, rounded only after the subtraction.
type RMSpropCoef struct{ Rate, Smoothing, Gain, Epsilon, Momentum, Decay float32 }

// RMSprop is one step of RMSprop (Tieleman and Hinton, 2012) as PyTorch takes it; v is the mean square, b the
// momentum's buffer (nil without momentum).
//
//	g' = g + Decay*w;  v = Smoothing*v + Gain*g'^2;  b = Momentum*b + g'/(sqrt(v)+Epsilon);  w -= Rate*b
func RMSprop(w, g, v, b []float32, k RMSpropCoef) {
	g, v = g[:len(w)], v[:len(w)]
	for i, x := range w {
		d := g[i] + float32(k.Decay*x)
		v[i] = float32(k.Smoothing*v[i]) + float32(k.Gain*float32(d*d))
		d /= sqrt(v[i]) + k.Epsilon
		if b != nil {
			b[i] = float32(k.Momentum*b[i]) + d
			d = b[i]
		}
		w[i] = x - float32(k.Rate*d)
	}
}

// sqrt is correctly rounded on every architecture.
func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
