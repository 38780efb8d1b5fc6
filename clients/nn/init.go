package nn

import (
	"math"

	"flsim/internal/rng"
)

// initRule draws one tensor's initial values: constant + uniform in ±bound + normal with standard deviation std.
type initRule struct{ constant, bound, std float64 }

func (i initRule) fill(w []float32, r *rng.Rand) {
	for k := range w {
		switch {
		case i.bound > 0:
			w[k] = float32((2*r.Float64() - 1) * i.bound)
		case i.std > 0:
			w[k] = float32(r.NormFloat64() * i.std)
		default:
			w[k] = float32(i.constant)
		}
	}
}

// weightRules returns how the weights and biases of a dense or convolutional layer start.
//
// PyTorch's default is uniform in ±1/sqrt(fan in) for both: it comes from Kaiming initialisation with a = sqrt(5).
// "he-normal" is He, Zhang, Ren and Sun (ICCV 2015, arXiv 1502.01852, equation 10), "glorot-uniform" is Glorot and
// Bengio (AISTATS 2010, equation 16), both with zero biases.
func weightRules(cfg Config, fanIn, fanOut int) (weight, bias initRule) {
	switch cfg.Init {
	case "he-normal":
		return initRule{std: math.Sqrt(2 / float64(fanIn))}, initRule{}
	case "glorot-uniform":
		return initRule{bound: math.Sqrt(6 / float64(fanIn+fanOut))}, initRule{}
	case "normal":
		return initRule{std: cfg.InitStd}, initRule{}
	}
	uniform := initRule{bound: 1 / math.Sqrt(float64(fanIn))}
	return uniform, uniform
}
