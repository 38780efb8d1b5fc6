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
	for name, build := range map[string]func(b *Builder){
		"dense":           func(b *Builder) { b.Dense("l", 3) },
		"conv":            func(b *Builder) { b.Conv("l", 3, 3, 1, 0) },
		"conv padded":     func(b *Builder) { b.Conv("l", 3, 3, 1, 1, NoBias) },
		"conv strided":    func(b *Builder) { b.Conv("l", 5, 3, 2, 1) },
		"conv 1x1":        func(b *Builder) { b.Conv("l", 2, 1, 2, 0) },
		"relu":            func(b *Builder) { b.Conv("l", 3, 1, 1, 0); b.ReLU() },
		"maxpool":         func(b *Builder) { b.Conv("l", 3, 1, 1, 0); b.MaxPool(2, 2) },
		"relupool":        func(b *Builder) { b.Conv("l", 3, 1, 1, 0); b.ReLUPool() },
		"relupool 5x7":    func(b *Builder) { b.Conv("l", 3, 2, 1, 1); b.ReLUPool(); b.Dense("m", 2) },
		"norm, relupool":  func(b *Builder) { b.GroupNorm("l", 2); b.ReLUPool() },
		"batchnorm, relu": func(b *Builder) { b.Conv("k", 3, 1, 1, 0); b.BatchNorm("l"); b.ReLU(); b.Conv("m", 2, 2, 1, 0) },
		"norm, relu":      func(b *Builder) { b.GroupNorm("l", 2); b.ReLU() },
		"relu twice":      func(b *Builder) { b.Conv("l", 3, 2, 1, 0); b.ReLUPool(); b.ReLU() },
		"relupool 3":      func(b *Builder) { b.pool(reluMaxPooling, 3, 2) },
		"avgpool":         func(b *Builder) { b.AvgPool(3, 2) },
		"batchnorm":       func(b *Builder) { b.BatchNorm("l") },
		"groupnorm":       func(b *Builder) { b.GroupNorm("l", 2) },
		"dropout":         func(b *Builder) { b.Dense("l", 20); b.Dropout(0.4); b.Dense("m", 4) },
		"relu, dropout":   func(b *Builder) { b.Dense("l", 20); b.ReLU(); b.Dropout(0.4); b.Dense("m", 4) },
		"dropout twice":   func(b *Builder) { b.Dense("l", 20); b.Dropout(0.4); b.Dropout(0.2); b.Dense("m", 4) },
		"in place chain": func(b *Builder) {
			b.Dense("l", 9)
			b.ReLU()
			b.Dense("m", 7)
			b.ReLU()
			b.Dense("n", 5)
			b.ReLU()
		},
		"identity": func(b *Builder) { b.Residual(func() { b.Conv("l", 4, 3, 1, 1) }, nothing) },
		"projection": func(b *Builder) {
			b.Conv("k", 4, 1, 1, 0)
			b.Residual(func() { b.Conv("l", 4, 3, 2, 1); b.ReLU(); b.Conv("m", 4, 3, 1, 1) }, func() { b.Conv("s", 4, 1, 2, 0) })
			b.ReLU()
		},
		"relu ends a body": func(b *Builder) { b.Residual(func() { b.Conv("l", 4, 3, 1, 1); b.ReLU() }, nothing) },
		"relu ends both branches": func(b *Builder) {
			b.Conv("k", 4, 1, 1, 0)
			b.Residual(func() { b.Conv("l", 3, 3, 1, 1); b.ReLU() }, func() { b.Conv("s", 3, 1, 1, 0); b.ReLU() })
		},
		"in place at both ends": func(b *Builder) {
			b.Dense("k", 6)
			b.Residual(func() { b.ReLU(); b.Dense("l", 6); b.Dropout(0.3) }, func() { b.Dropout(0.2) })
		},
		"in place alone": func(b *Builder) { b.Dense("k", 6); b.Residual(func() { b.Dropout(0.3) }, nothing) },
		"concat of what works in place": func(b *Builder) {
			b.Dense("k", 6)
			b.Concat(func() { b.ReLU(); b.Dense("l", 4); b.Dropout(0.3) })
		},
		"residual in residual": func(b *Builder) {
			b.Conv("k", 4, 1, 1, 0)
			b.Residual(func() { b.Residual(func() { b.Conv("l", 4, 3, 1, 1); b.ReLU() }, nothing); b.ReLU() }, nothing)
		},
		"basic block": func(b *Builder) { basicBlock(b, "l", 6, 2); b.Dense("m", 3) },
	} {
		t.Run(name, func(t *testing.T) {
			b := &Builder{cfg: DefaultConfig(), shape: image, outputs: 3}
			build(b)
			if b.err != nil {
				t.Fatal(b.err)
			}
			checkGradients(t, b, image, 3)
		})
	}
}

// checkGradients compares the gradient with respect to inputs and parameters, element by element.
func checkGradients(t *testing.T, b *Builder, in tensor.Shape, n int) {
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
