package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestLossEqualsPortable compares losses, right answers and gradients of all kernels, bit for bit, for many numbers of
// rows and classes.
func TestLossEqualsPortable(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	for rows := 1; rows <= 40; rows++ {
		for _, classes := range []int{1, 2, 3, 4, 5, 10, 100} {
			logits, label := random(r, rows*classes), make([]int32, rows)
			Scale([]float32{1, 30, 1000}[rows%3], logits)
			for i := range label {
				label[i] = int32(r.IntN(classes))
				if i%3 == 0 { // ties, certainty
					logits[i*classes] = logits[(i+1)*classes-1]
				}
			}
			sameLosses(t, fmt.Sprintf("%d rows of %d", rows, classes), logits, label, classes)
		}
	}
	rows, classes := 3*lossChunk/4+5, 4
	label := make([]int32, rows)
	for i := range label {
		label[i] = int32(i * i % classes)
	}
	sameLosses(t, "many rows", random(r, rows*classes), label, classes)
}

// TestLossOfStrangeLogits puts every strange number at every place.
func TestLossOfStrangeLogits(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, v := range []float32{inf, -inf, nan, 3e38, -3e38, 1e-45, -1e-45, negativeZero, 0} {
		for _, w := range []float32{0, 1e-44, inf, nan} {
			for at := range 3 {
				for label := range int32(3) {
					logits, labels := make([]float32, 24), make([]int32, 8)
					for i := range labels {
						labels[i] = label
						logits[3*i+at], logits[3*i+(at+1)%3] = v, w
					}
					sameLosses(t, fmt.Sprintf("%g at %d, %g behind it, label %d", v, at, w, label), logits, labels, 3)
				}
			}
		}
	}
}

func sameLosses(t *testing.T, what string, logits []float32, label []int32, classes int) {
	t.Helper()
	type result struct {
		loss    float64
		correct int
		d       []float32
	}
	run := func() (res result) {
		d, whole := guarded(rand.New(rand.NewPCG(1, 1)), len(logits))
		res.loss, res.correct = new(Context).SoftmaxCrossEntropy(d, logits, label, 0.3)
		checkGuards(t, whole)
		res.d = d
		return res
	}
	var want result
	withKernel(portable, func() { want = run() })
	eachKernel(t, func(t *testing.T) {
		got := run()
		if got.correct != want.correct || math.Float64bits(got.loss) != math.Float64bits(want.loss) && (got.loss == got.loss || want.loss == want.loss) {
			t.Fatalf("%s: loss %g with %d right, want %g and %d", what, got.loss, got.correct, want.loss, want.correct)
		}
		sameBits(t, what, got.d, want.d)
		loss, correct := new(Context).SoftmaxCrossEntropy(nil, logits, label, 0.3)
		if correct != got.correct || loss != got.loss && loss == loss {
			t.Fatalf("%s: loss %g with %d right without gradients, %g and %d with", what, loss, correct, got.loss, got.correct)
		}
		d := append([]float32(nil), logits...)
		new(Context).SoftmaxCrossEntropy(d, d, label, 0.3)
		sameBits(t, what+", in place", d, want.d)
	})
}

func TestLossRefusesWrongLabels(t *testing.T) {
	for _, y := range []int32{-1, 3, math.MaxInt32, math.MinInt32} {
		eachKernel(t, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Errorf("label %d of 3 classes passes", y)
				}
			}()
			new(Context).SoftmaxCrossEntropy(nil, make([]float32, 24), []int32{0, 0, 0, 0, 0, 0, 0, y}, 1)
		})
	}
}

func TestLossDoesNotAllocate(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		c, logits, label := new(Context), make([]float32, 400), make([]int32, 100)
		if n := testing.AllocsPerRun(5, func() { c.SoftmaxCrossEntropy(logits, logits, label, 1) }); n != 0 {
			t.Errorf("%g allocations", n)
		}
	})
}

func TestLayoutOfLossArguments(t *testing.T) {
	if got := unsafe.Offsetof(lossArgs{}.tiny); got != 8*10 {
		t.Errorf("lossArgs.tiny lies at %d", got)
	}
	if len(expCoef) != 14 || len(logCoef) != 11 || len(lossTable) != 36 {
		t.Error("the table of constants isn't as the assembly expects it")
	}
}

// BenchmarkLoss measures a batch of digits and a volume of voxels.
func BenchmarkLoss(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	old := kern
	defer func() { kern = old }()
	for _, s := range [][2]int{{50, 10}, {64 * 64 * 64, 4}} {
		logits, label, d := random(r, s[0]*s[1]), make([]int32, s[0]), make([]float32, s[0]*s[1])
		c := new(Context)
		for _, f := range families() {
			kern = f
			b.Run(fmt.Sprintf("%dx%d/%s", s[0], s[1], Kernel()), func(b *testing.B) {
				b.SetBytes(int64(8 * len(d)))
				for b.Loop() {
					c.SoftmaxCrossEntropy(d, logits, label, 1)
				}
			})
		}
	}
}
