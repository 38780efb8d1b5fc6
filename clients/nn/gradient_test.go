package nn

import (
	"math"
	"testing"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// Every layer's gradients are held against central differences of a linear function of its output.
func TestGradientsAgainstDifferences(t *testing.T) {
	image := tensor.Shape{H: 5, W: 6, C: 4}
	nothing := func() {}
	for name, build := range map[string]func(b *builder){
		"dense":           func(b *builder) { b.dense("l", 3) },
		"conv":            func(b *builder) { b.conv("l", 3, 3, 1, 0) },
		"conv padded":     func(b *builder) { b.conv("l", 3, 3, 1, 1, noBias) },
		"conv strided":    func(b *builder) { b.conv("l", 5, 3, 2, 1) },
		"conv 1x1":        func(b *builder) { b.conv("l", 2, 1, 2, 0) },
		"relu":            func(b *builder) { b.conv("l", 3, 1, 1, 0); b.relu() },
		"maxpool":         func(b *builder) { b.conv("l", 3, 1, 1, 0); b.maxPool(2, 2) },
		"relupool":        func(b *builder) { b.conv("l", 3, 1, 1, 0); b.reluPool() },
		"relupool 5x7":    func(b *builder) { b.conv("l", 3, 2, 1, 1); b.reluPool(); b.dense("m", 2) },
		"norm, relupool":  func(b *builder) { b.groupNorm("l", 2); b.reluPool() },
		"batchnorm, relu": func(b *builder) { b.conv("k", 3, 1, 1, 0); b.batchNorm("l"); b.relu(); b.conv("m", 2, 2, 1, 0) },
		"norm, relu":      func(b *builder) { b.groupNorm("l", 2); b.relu() },
		"relu twice":      func(b *builder) { b.conv("l", 3, 2, 1, 0); b.reluPool(); b.relu() },
		"relupool 3":      func(b *builder) { b.pool(reluMaxPooling, 3, 2) },
		"avgpool":         func(b *builder) { b.avgPool(3, 2) },
		"batchnorm":       func(b *builder) { b.batchNorm("l") },
		"groupnorm":       func(b *builder) { b.groupNorm("l", 2) },
		"dropout":         func(b *builder) { b.dense("l", 20); b.dropout(0.4); b.dense("m", 4) },
		"relu, dropout":   func(b *builder) { b.dense("l", 20); b.relu(); b.dropout(0.4); b.dense("m", 4) },
		"dropout twice":   func(b *builder) { b.dense("l", 20); b.dropout(0.4); b.dropout(0.2); b.dense("m", 4) },
		"in place chain": func(b *builder) {
			b.dense("l", 9)
			b.relu()
			b.dense("m", 7)
			b.relu()
			b.dense("n", 5)
			b.relu()
		},
		"identity": func(b *builder) { b.residual(func() { b.conv("l", 4, 3, 1, 1) }, nothing) },
		"projection": func(b *builder) {
			b.conv("k", 4, 1, 1, 0)
			b.residual(func() { b.conv("l", 4, 3, 2, 1); b.relu(); b.conv("m", 4, 3, 1, 1) }, func() { b.conv("s", 4, 1, 2, 0) })
			b.relu()
		},
		"basic block": func(b *builder) { basicBlock(b, "l", 6, 2); b.dense("m", 3) },
	} {
		t.Run(name, func(t *testing.T) {
			b := &builder{cfg: DefaultConfig(), shape: image, outputs: 3}
			build(b)
			if b.err != nil {
				t.Fatal(b.err)
			}
			checkGradients(t, b, image, 3)
		})
	}
}

// checkGradients compares the gradient with respect to inputs and parameters, element by element.
func checkGradients(t *testing.T, b *builder, in tensor.Shape, n int) {
	chain := newChain(b.layers, n)
	p := &pass{n: n, train: true, w: make([]float32, b.layout.Len()), g: make([]float32, b.layout.Len())}
	for k, s := range b.layout {
		fill(s.Of(p.w), uint64(k), 0, 0.5)
	}
	x := fill(make([]float32, n*in.Size()), 77, 0, 1)
	weights := fill(make([]float32, n*b.shape.Size()), 78, 0, 1)
	loss := func() float64 {
		p.r = rng.New(5, "dropout")
		sum := 0.0
		for i, y := range chain.forward(p, x) {
			sum += float64(y) * float64(weights[i])
		}
		return sum
	}
	loss()
	dx := make([]float32, len(x))
	chain.backward(p, append([]float32(nil), weights...), dx)
	g := append([]float32(nil), p.g...)
	compareDifferences(t, "input", dx, x, loss)
	for _, s := range b.layout {
		if s.Kind != tensor.Buffer {
			compareDifferences(t, s.Name, s.Of(g), s.Of(p.w), loss)
		}
	}
}

// compareDifferences leaves out elements where the loss bends within the step, at the kink of a ReLU or of a maximum:
// its second difference shows that. At least half must remain.
func compareDifferences(t *testing.T, name string, grad, v []float32, loss func() float64) {
	t.Helper()
	const eps = 1e-3
	largest, checked, middle := 1e-2, 0, loss()
	for _, d := range grad {
		largest = max(largest, math.Abs(float64(d)))
	}
	for i, old := range v {
		v[i] = old + eps
		up := loss()
		v[i] = old - eps
		down := loss()
		v[i] = old
		if math.Abs(up-2*middle+down) > 1e-2*largest*eps {
			continue
		}
		checked++
		step := float64(old+eps) - float64(old-eps)
		if d := (up - down) / step; math.Abs(d-float64(grad[i])) > 6e-3*largest {
			t.Fatalf("gradient of %s[%d] is %g, differences say %g", name, i, grad[i], d)
		}
	}
	if checked < len(v)/2 {
		t.Errorf("only %d of %d elements of %s were comparable", checked, len(v), name)
	}
}
