package f32

import "math"

// reluBits returns the bits of max(x, 0), or of x if x is not a number. Integer arithmetic keeps it free of
// branches, which real activations make unpredictable.
func reluBits(x float32) uint32 {
	b := math.Float32bits(x)
	if b-0x80000000 <= 0x7f800000 { // -0 to -Inf
		b = 0
	}
	return b
}

// ReLU sets x to max(x, 0). What is not a number stays so.
func ReLU(x []float32) {
	for i, v := range x {
		x[i] = math.Float32frombits(reluBits(v))
	}
}

// ReLUBack turns dy, the gradient with respect to y = ReLU(x), into that with respect to x.
func ReLUBack(dy, y []float32) {
	y = y[:len(dy)]
	for i, d := range dy {
		b := math.Float32bits(flush(d))
		if y[i] == 0 {
			b = 0
		}
		dy[i] = math.Float32frombits(b)
	}
}
