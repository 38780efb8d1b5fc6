package f32

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSoftmaxCrossEntropy(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	for _, classes := range []int{2, 3, 10, 100} {
		for _, size := range []float32{1, 10, 80} {
			logits, labels := random(r, 5*classes), make([]int32, 5)
			Scale(size, logits)
			checkLoss(t, r, logits, labels, classes)
		}
	}
	logits := []float32{0, float32(math.NaN()), 5}
	if loss, correct := new(Context).SoftmaxCrossEntropy(nil, logits, []int32{2}, 1); !math.IsNaN(loss) || correct != 0 {
		t.Errorf("logits that are not numbers give loss %g with %d right", loss, correct)
	}
}

// checkLoss compares loss, right answers and gradient with their definitions for random labels.
func checkLoss(t *testing.T, r *rand.Rand, logits []float32, labels []int32, classes int) {
	t.Helper()
	want, right := 0.0, 0
	p := make([]float64, len(logits))
	for i := range labels {
		labels[i] = int32(r.IntN(classes))
		row, sum := logits[i*classes:(i+1)*classes], 0.0
		top := slices.Max(row)
		for _, v := range row {
			sum += math.Exp(float64(v) - float64(top))
		}
		for j, v := range row {
			p[i*classes+j] = math.Exp(float64(v)-float64(top)) / sum
		}
		want += math.Log(sum) - (float64(row[labels[i]]) - float64(top))
		p[i*classes+int(labels[i])]--
		if slices.Index(row, top) == int(labels[i]) {
			right++
		}
	}
	grad := make([]float32, len(logits))
	loss, correct := new(Context).SoftmaxCrossEntropy(grad, logits, labels, 0.2)
	if math.Abs(loss-want) > 1e-12*(1+want) || correct != right {
		t.Fatalf("%d classes: loss %g with %d right, want %g and %d", classes, loss, correct, want, right)
	}
	for i, v := range grad {
		if math.Abs(float64(v)-0.2*p[i]) > 1e-7*math.Abs(p[i])+1e-17 {
			t.Fatalf("%d classes: gradient %d is %g, want %g", classes, i, v, 0.2*p[i])
		}
	}
}

// Losses far beyond certainty stay finite.
func TestLossOfExtremeLogits(t *testing.T) {
	d := []float32{3e38, -3e38}
	loss, _ := new(Context).SoftmaxCrossEntropy(d, d, []int32{1}, 1)
	if math.Abs(loss-6e38) > 1e32 || d[0] != 1 || d[1] != -1 {
		t.Errorf("loss %g, gradient %g", loss, d)
	}
}

func TestLossPassesNoTinyGradients(t *testing.T) {
	d := make([]float32, 2)
	new(Context).SoftmaxCrossEntropy(d, []float32{0, 60}, []int32{1}, 1)
	if d[0] != 0 {
		t.Errorf("the loss passes a gradient of %g", d[0])
	}
}
