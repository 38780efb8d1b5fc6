package f32

// SoftmaxCrossEntropy returns the sum over len(label) rows of logits of -log(softmax(row)[label]), and how many rows
// are greatest at their label. Where d is not nil it becomes the gradient of scale times that sum, values below Tiny
// being 0; it may be logits itself. All is computed in float64 from the distances to a row's greatest element.
func (c *Context) SoftmaxCrossEntropy(d, logits []float32, label []int32, scale float64) (loss float64, correct int) {
	classes := len(logits) / len(label)
	loss, correct, first := c.lossLanes(d, logits, label, scale)
	exps := c.doubles(classes)
	for i := first; i < len(label); i++ {
		row, y := logits[i*classes:(i+1)*classes], label[i]
		best := argmax(row)
		if best == int(y) {
			correct++
		}
		top, own := float64(flush(row[best])), float64(flush(row[y]))
		sum := exponentials(exps, row, top)
		loss += log(sum) - (own - top)
		if d != nil {
			softmaxGrad(d[i*classes:(i+1)*classes], exps, int(y), sum, scale)
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
		if flush(v) > flush(x[best]) {
			best = i
		}
	}
	return best
}

// exponentials sets exps to those of the row's distances to top and returns their sum.
func exponentials(exps []float64, row []float32, top float64) (sum float64) {
	for i, v := range row {
		exps[i] = exp(float64(flush(v)) - top)
		sum += exps[i]
	}
	return sum
}

func softmaxGrad(d []float32, exps []float64, label int, sum, scale float64) {
	for i, e := range exps {
		p := e / sum
		if i == label {
			p--
		}
		d[i] = dropTiny(float32(p * scale))
	}
}
