package nn

import "flsim/internal/f32"

// ScheduleConfig says how the learning rate changes over rounds or over steps. Its fields are the keys of the tables
// lr_per_round and lr_per_step.
type ScheduleConfig struct {
	Kind   string  `toml:"kind" one:"constant|step|exponential|cosine" doc:"shape of the curve behind the warm-up"`
	Every  int     `toml:"every" in:"[1,1000000000]" doc:"rounds (or steps) between two drops of kind step"`
	Gamma  float64 `toml:"gamma" in:"(0,1]" doc:"factor of each drop (step), or of each round or step (exponential)"`
	Floor  float64 `toml:"floor" in:"[0,1]" doc:"the factor that kind cosine ends at"`
	WarmUp int     `toml:"warm_up" in:"[0,1000000000]" doc:"rounds (or steps) over which the factor rises linearly to 1"`
}

// DefaultScheduleConfig returns the constant schedule.
func DefaultScheduleConfig() ScheduleConfig {
	return ScheduleConfig{Kind: "constant", Every: 1, Gamma: 1}
}

// Factor returns what the learning rate is multiplied by in round (or step) t of total, counted from 0.
//
// During the warm-up of u rounds it is (t+1)/u; behind it, with s = t-u of total-u, it is 1 (constant),
// gamma^floor(s/every) (step), gamma^s (exponential), or floor + (1-floor)(1+cos(pi s/(total-u)))/2 (cosine;
// Loshchilov and Hutter, ICLR 2017, arXiv 1608.03983, equation 5).
func (c ScheduleConfig) Factor(t, total int) float64 {
	if t < c.WarmUp {
		return float64(t+1) / float64(c.WarmUp)
	}
	t, total = t-c.WarmUp, total-c.WarmUp
	switch c.Kind {
	case "step":
		return power(c.Gamma, t/max(1, c.Every))
	case "exponential":
		return power(c.Gamma, t)
	case "cosine":
		x := min(1, float64(t)/float64(max(1, total)))
		return c.Floor + float64((1-c.Floor)*(1+f32.CosPi(x))/2)
	}
	return 1
}

// power returns x to the n, for n >= 0, by repeated squaring: unlike math.Pow it is the same on every architecture.
func power(x float64, n int) float64 {
	p := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			p *= x
		}
		x *= x
	}
	return p
}
