package nn

import (
	"slices"
	"strings"
	"testing"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// inPlaceFirst is a network whose first step works in place.
func inPlaceFirst(b *Builder) {
	b.Dropout(0.5)
	b.Residual(func() { b.Dense("l", b.Shape().Size()) }, func() { b.Dense("s", b.Shape().Size()) })
	b.Dense("fc", b.Outputs())
}

// A batch belongs to the caller, and nobody asks for its gradient.
func TestFirstStepsLeaveTheBatchAlone(t *testing.T) {
	in := tensor.Shape{H: 1, W: 1, C: 6}
	for name, build := range map[string]func(b *Builder){
		"in place": inPlaceFirst,
		"residual": func(b *Builder) { b.Residual(func() { b.Dense("l", 2) }, func() { b.Dense("s", 2) }) },
		"concat":   func(b *Builder) { b.Concat(func() { b.Dense("l", 2) }); b.Dense("fc", b.Outputs()) },
	} {
		m, err := twoClasses(build, in)
		if err != nil {
			t.Fatal(err)
		}
		w, g := make([]float32, m.Layout().Len()), make([]float32, m.Layout().Len())
		m.Init(w, rng.New(1, "init"))
		n := m.NewNet(4)
		n.Bind(w, g)
		x, y := randomBatch(rng.New(1, "batch"), in, 2, 4)
		before := slices.Clone(x)
		n.Train(x, y, rng.New(1, "dropout"))
		if !slices.Equal(x, before) {
			t.Errorf("%s: training changes the batch", name)
		}
		if slices.Equal(g, make([]float32, len(g))) {
			t.Errorf("%s: no gradient", name)
		}
	}
}

// Copies cost memory and time: only blocks that need them have some.
func TestFewCopies(t *testing.T) {
	var copies func(layers []layer) int
	copies = func(layers []layer) (n int) {
		for _, l := range layers {
			switch l := l.(type) {
			case duplicate:
				n++
			case residual:
				n += copies(l.body) + copies(l.shortcut)
			case concat:
				n += copies(l.body)
			}
		}
		return n
	}
	in := tensor.Shape{H: 8, W: 8, C: 3}
	for name, c := range map[string]struct {
		build func(b *Builder)
		want  int
	}{
		"resnet": {func(b *Builder) { resnet(b, 2, 4, 8) }, 0},
		"concat": {func(b *Builder) {
			b.Conv("k", 4, 1, 1, 0)
			b.Concat(func() { doubleConv(b, "l", 4); b.Conv("m", 4, 1, 1, 0) })
		}, 0},
		"first and last": {func(b *Builder) { b.Residual(func() { b.Conv("l", 3, 3, 1, 1); b.ReLU() }, func() {}) }, 2},
	} {
		b := &Builder{cfg: DefaultConfig(), shape: in, outputs: 2}
		c.build(b)
		if got := copies(b.layers); got != c.want || b.err != nil {
			t.Errorf("%s: %d copies (error %v), want %d", name, got, b.err, c.want)
		}
	}
}

func twoClasses(build func(b *Builder), in tensor.Shape) (*Model, error) {
	return newModel(entry{name: "own", build: build}, DefaultConfig(), in, 2)
}

func TestModelsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		words string
		build func(b *Builder)
	}{
		{"ends in 1x1x3", func(b *Builder) { b.Dense("fc", 3) }},
		{"ends in 8x8x2", func(b *Builder) { b.Conv("conv", 2, 1, 1, 0) }},
		{"kernel of conv of width 9", func(b *Builder) { b.Conv("conv", 2, 9, 1, 0); b.ReLUPool(); b.Dense("fc", 2) }},
		{"end in 4x4x3 and 8x8x3", func(b *Builder) { b.Residual(func() { b.Conv("conv", 3, 3, 2, 1) }, func() {}) }},
		{"8x8x3 cannot be joined with those of 4x4x3", func(b *Builder) { b.Concat(func() { b.MaxPool(2, 2) }) }},
		{"no room", func(b *Builder) { b.Failf("no room"); b.GroupNorm("gn", 2); b.Residual(func() {}, func() {}) }},
	} {
		_, err := twoClasses(c.build, tensor.Shape{H: 8, W: 8, C: 3})
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("error %v, want one with %q", err, c.words)
		}
	}
}

func TestBuilderPanics(t *testing.T) {
	for words, build := range map[string]func(b *Builder){
		"Dense fc with a number out of range":   func(b *Builder) { b.Dense("fc", 0) },
		"Conv conv with a number out of range":  func(b *Builder) { b.Conv("conv", 2, 3, 1, -1) },
		"a pool with a number out of range":     func(b *Builder) { b.MaxPool(2, 0) },
		"two tensors are called fc.weight":      func(b *Builder) { b.Dense("fc", 2); b.Dense("fc", 2) },
		"Dropout with probability 1":            func(b *Builder) { b.Dropout(1) },
		"Residual with an empty body":           func(b *Builder) { b.Residual(func() {}, func() {}) },
		"Concat with an empty body":             func(b *Builder) { b.Concat(func() {}) },
		"GroupNorm gn with a number out of ran": func(b *Builder) { b.GroupNorm("gn", 0) },
	} {
		if got := panicOf(func() { _, _ = twoClasses(build, tensor.Shape{H: 8, W: 8, C: 3}) }); !strings.Contains(got, words) {
			t.Errorf("panic %q, want %q", got, words)
		}
	}
	for words, f := range map[string]func(){
		"two models are called lenet5": func() { Register("lenet5", inPlaceFirst) },
		"two models are called unet2d": func() { RegisterSegmenter("unet2d", inPlaceFirst) },
		"a model needs a name":         func() { Register("", inPlaceFirst) },
	} {
		if got := panicOf(f); !strings.Contains(got, words) {
			t.Errorf("panic %q, want %q", got, words)
		}
	}
}

func panicOf(f func()) (words string) {
	defer func() { words, _ = recover().(string) }()
	f()
	return ""
}
