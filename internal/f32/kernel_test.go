package f32

import (
	"math"
	"math/rand/v2"
	"testing"
)

// eachKernel runs a test with every kernel that this machine has.
func eachKernel(t *testing.T, test func(t *testing.T)) {
	old := kern
	defer func() { kern = old }()
	for _, f := range families() {
		kern = f
		t.Run(Kernel(), test)
	}
}

// withKernel runs f with the named kernel.
func withKernel(l level, f func()) {
	old := kern
	defer func() { kern = old }()
	for _, k := range families() {
		if k.level == l {
			kern = k
		}
	}
	f()
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

const guard = float32(12345.5)

// guarded returns n random values with guard bands of 40 on both sides, and the whole.
func guarded(r *rand.Rand, n int) (x, whole []float32) {
	whole = random(r, n+80)
	for i := range 40 {
		whole[i], whole[n+40+i] = guard, guard
	}
	return whole[40 : 40+n : 40+n], whole
}

func checkGuards(t *testing.T, whole []float32) {
	t.Helper()
	n := len(whole)
	for i := range 40 {
		if whole[i] != guard || whole[n-1-i] != guard {
			t.Fatalf("a guard value at distance %d was overwritten", i)
		}
	}
}

// sameBits fails unless x and y agree bit for bit, any NaN being equal to any other.
func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && !(got[i] != got[i] && want[i] != want[i]) {
			t.Fatalf("%s: element %d is %x (%g), want %x (%g)", what, i, math.Float32bits(got[i]), got[i], math.Float32bits(want[i]), want[i])
		}
	}
}

func TestChosenByName(t *testing.T) {
	for _, name := range Kernels() {
		f, err := fromEnvironment(name)
		if err != nil || levelNames[f.level] != name {
			t.Errorf("%s gives %s, %v", name, levelNames[f.level], err)
		}
	}
	if _, err := fromEnvironment("mmx"); err == nil {
		t.Error("no error for an unknown kernel")
	}
	if Err() == nil && Kernel() == "" {
		t.Error("no kernel in use")
	}
}
