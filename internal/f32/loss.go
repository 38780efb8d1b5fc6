package f32

import "math"

// SoftmaxCrossEntropy returns the sum over len(label) rows of logits of -log(softmax(row)[label]), and how many rows
// are greatest at their label. Where d is not nil it becomes the gradient of scale times that sum; it may be logits
// itself.
func SoftmaxCrossEntropy(d, logits []float32, label []int32, scale float64) (loss float64, correct int) {
	classes := len(logits) / len(label)
	for i, y := range label {
		row := logits[i*classes : (i+1)*classes]
		best := argmax(row)
		if best == int(y) {
			correct++
		}
		top, at := float64(row[best]), float64(row[y])
		sum := expSum(row, top)
		loss += Log(sum) - (at - top)
		if d != nil {
			softmaxGrad(d[i*classes:(i+1)*classes], row, int(y), top, sum, scale)
		}
	}
	return loss, correct
}

// argmax returns the index of the greatest element, the first of equals; of an element that is not a number if
// there is one, so that neither a loss nor an accuracy is made of it.
func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v != v {
			return i
		}
		if v > x[best] {
			best = i
		}
	}
	return best
}

func expSum(row []float32, top float64) float64 {
	sum := 0.0
	for _, v := range row {
		sum += Exp(float64(v) - top)
	}
	return sum
}

func softmaxGrad(d, row []float32, label int, top, sum, scale float64) {
	for c, v := range row {
		p := Exp(float64(v)-top) / sum
		if c == label {
			p--
		}
		p *= scale
		if math.Abs(p) < tiny {
			p = 0
		}
		d[c] = float32(p)
	}
}
