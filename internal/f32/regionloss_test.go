package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// regionLoss is RegionLoss by its definition, with the functions of package math.
func regionLoss(logits []float32, sets []int32, regions int) (loss float64) {
	both, predicted, inside := make([]float64, regions), make([]float64, regions), make([]float64, regions)
	for i, x := range logits {
		r, z := i%regions, float64(x)
		t, p := float64(sets[i/regions]>>r&1), 1/(1+math.Exp(-z))
		loss += (max(z, 0) - z*t + math.Log1p(math.Exp(-math.Abs(z)))) / float64(len(logits))
		both[r] += p * t
		predicted[r] += p
		inside[r] += t
	}
	for r := range regions {
		loss += (1 - (2*both[r]+1)/(predicted[r]+inside[r]+1)) / float64(regions)
	}
	return loss
}

// randomSets draws sets, in some of which region 0 is everywhere or the last one nowhere.
func randomSets(r *rand.Rand, n, regions int) []int32 {
	sets, always, never := make([]int32, n), int32(r.IntN(2)), int32(r.IntN(2))<<(regions-1)
	for i := range sets {
		sets[i] = (r.Int32N(1<<regions) | always) &^ never
	}
	return sets
}

func TestRegionLoss(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	for _, pixels := range []int{1, 2, 7, 40, regionStep, regionStep + 1, 3*regionStep - 1} {
		for regions := 1; regions <= MaxRegions; regions++ {
			logits, sets := random(r, pixels*regions), randomSets(r, pixels, regions)
			Scale(5, logits)
			right := 0
			for i, z := range logits {
				if (z > 0) == (sets[i/regions]>>(i%regions)&1 == 1) {
					right++
				}
			}
			d := make([]float32, len(logits))
			loss, correct := new(Context).RegionLoss(d, logits, sets)
			if want := regionLoss(logits, sets, regions); math.Abs(loss-want) > 1e-6*want || correct != right {
				t.Fatalf("%d pixels, %d regions: loss %.9g with %d right, want %.9g and %d", pixels, regions, loss, correct, want, right)
			}
			checkRegionGradient(t, d, logits, sets, regions)
		}
	}
}

// checkRegionGradient holds the first gradients against central differences of the definition.
func checkRegionGradient(t *testing.T, d, logits []float32, sets []int32, regions int) {
	t.Helper()
	const eps = 1. / 64
	for i := range min(len(d), 24) {
		old := logits[i]
		logits[i] = old + eps
		up := regionLoss(logits, sets, regions)
		logits[i] = old - eps
		down := regionLoss(logits, sets, regions)
		logits[i] = old
		want := (up - down) / (float64(old+eps) - float64(old-eps))
		if math.Abs(float64(d[i])-want) > 1e-4*math.Abs(want)+1e-4/float64(len(d)) {
			t.Fatalf("%d regions: gradient %d of %d is %g, differences say %g", regions, i, len(d), d[i], want)
		}
	}
}

// A region that is neither there nor predicted costs nothing, one that is found is nearly free, and one that is missed
// costs its whole Dice coefficient.
func TestRegionLossOfCertainty(t *testing.T) {
	for _, c := range []struct {
		set   int32
		logit float32
		dice  float64
	}{{0, -80, 0}, {1, 80, 0}, {1, -80, 100. / 101}, {0, 80, 100. / 101}} {
		logits, sets := make([]float32, 100), make([]int32, 100)
		for i := range logits {
			logits[i], sets[i] = c.logit, c.set
		}
		entropy := 0.0
		if c.dice > 0 {
			entropy = 80
		}
		if loss, _ := new(Context).RegionLoss(nil, logits, sets); math.Abs(loss-entropy-c.dice) > 1e-9 {
			t.Errorf("logits %g in sets %d cost %g, want %g", c.logit, c.set, loss, entropy+c.dice)
		}
	}
}

// TestRegionLossEqualsPortable compares losses, right answers and gradients of all kernels, bit for bit.
func TestRegionLossEqualsPortable(t *testing.T) {
	r := rand.New(rand.NewPCG(63, 64))
	for _, pixels := range []int{1, 3, 5, 8, 17, 100, regionStep + 9} {
		for _, regions := range []int{1, 2, 3, 5, 8} {
			logits := random(r, pixels*regions)
			Scale([]float32{1, 30, 1000}[pixels%3], logits)
			sameRegionLosses(t, fmt.Sprintf("%d pixels of %d regions", pixels, regions), logits, randomSets(r, pixels, regions))
		}
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, v := range []float32{inf, -inf, nan, 3e38, -3e38, 1e-45, -1e-45, negativeZero, 0} {
		logits := random(r, 60)
		logits[4], logits[37] = v, v
		sameRegionLosses(t, fmt.Sprint(v, " among others"), logits, randomSets(r, 20, 3))
	}
}

func sameRegionLosses(t *testing.T, what string, logits []float32, sets []int32) {
	t.Helper()
	type result struct {
		loss    float64
		correct int
		d       []float32
	}
	run := func() (res result) {
		d, whole := guarded(rand.New(rand.NewPCG(1, 1)), len(logits))
		res.loss, res.correct = new(Context).RegionLoss(d, logits, sets)
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
		loss, correct := new(Context).RegionLoss(nil, logits, sets)
		if correct != got.correct || loss != got.loss && loss == loss {
			t.Fatalf("%s: loss %g with %d right without gradients, %g and %d with", what, loss, correct, got.loss, got.correct)
		}
		d := append([]float32(nil), logits...)
		new(Context).RegionLoss(d, d, sets)
		sameBits(t, what+", in place", d, want.d)
	})
}

func TestRegionLossRefusesWrongSets(t *testing.T) {
	for _, c := range []struct {
		logits int
		set    int32
	}{{6, 8}, {6, -1}, {6, math.MinInt32}, {18, 0}, {0, 0}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d logits of 2 pixels with set %d pass", c.logits, c.set)
				}
			}()
			new(Context).RegionLoss(nil, make([]float32, c.logits), []int32{0, c.set})
		}()
	}
}

func TestRegionLossDoesNotAllocate(t *testing.T) {
	c, logits, sets := new(Context), make([]float32, 3000), make([]int32, 1000)
	if n := testing.AllocsPerRun(5, func() { c.RegionLoss(logits, logits, sets) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// BenchmarkRegionLoss measures a batch of slices.
func BenchmarkRegionLoss(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	old := kern
	defer func() { kern = old }()
	logits, sets, d := random(r, 4*96*96*3), randomSets(r, 4*96*96, 3), make([]float32, 4*96*96*3)
	c := new(Context)
	for _, f := range families() {
		kern = f
		b.Run(Kernel(), func(b *testing.B) {
			b.SetBytes(int64(4 * len(d)))
			for b.Loop() {
				c.RegionLoss(d, logits, sets)
			}
		})
	}
}
