package rng

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestGolden pins the streams: experiments that were run years apart share them, and so do both ends of a codec. The
// numbers come from a second implementation, of a few lines of Python.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		name string
		r    *Rand
		want [3]uint64
	}{
		{"seed 0, no purpose", New(0, ""), [3]uint64{0xd47b3f1f70e74dd1, 0xd9820a60dc37ad95, 0x96992b0691267146}},
		{"a purpose", New(1, "batches"), [3]uint64{0xbc36d52302758012, 0x58e577fd90f34f42, 0x5599707986a09f18}},
		{"a purpose and ids", New(1, "batches", 3, 7), [3]uint64{0xeb16bbefe0f1afa0, 0xe9b267e9634d1048, 0xb1e73a2fd3c31a76}},
		{"the largest numbers", New(math.MaxUint64, "x", math.MaxUint64), [3]uint64{0x55f2ee6dcb50813c, 0x75140b95659d99cf, 0x45fc7da465e3bef9}},
	} {
		var got [3]uint64
		for i := range got {
			got[i] = c.r.Uint64()
		}
		if got != c.want {
			t.Errorf("%s: the stream begins %#x, want %#x", c.name, got, c.want)
		}
	}
}

// TestGoldenDraws pins what is derived from one stream, one kind of draw after another.
func TestGoldenDraws(t *testing.T) {
	r := New(1, "golden")
	if got := r.Float64(); got != 0.649878375760164 {
		t.Errorf("Float64 gave %v", got)
	}
	if got := r.Float32(); got != 0.048915863 {
		t.Errorf("Float32 gave %v", got)
	}
	if got := r.NormFloat64(); got != -0.3060383941219927 {
		t.Errorf("NormFloat64 gave %v", got)
	}
	if got := r.ExpFloat64(); got != 1.4761054131888685 {
		t.Errorf("ExpFloat64 gave %v", got)
	}
	if got := r.IntN(1000); got != 888 {
		t.Errorf("IntN gave %v", got)
	}
	if got, want := r.Perm(8), []int{5, 4, 3, 1, 6, 0, 2, 7}; !slices.Equal(got, want) {
		t.Errorf("Perm gave %v", got)
	}
}

// TestIsPCG compares a stream with the standard library's generator.
func TestIsPCG(t *testing.T) {
	s := Derive(5, "pcg", 1)
	r, std := New(5, "pcg", 1), rand.NewPCG(s, Mix(s))
	for i := range 1000 {
		if got, want := r.Uint64(), std.Uint64(); got != want {
			t.Fatalf("word %d is %#x, want %#x", i, got, want)
		}
	}
}

// TestAtIsSplitMix64 compares with the outputs that the generator's reference implementation gives for seed 1234567.
func TestAtIsSplitMix64(t *testing.T) {
	want := []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821}
	for i, w := range want {
		if got := At(1234567, uint64(i)); got != w {
			t.Errorf("word %d is %d, want %d", i, got, w)
		}
	}
}

// TestAtIsSequential regenerates a stream from its middle and backwards.
func TestAtIsSequential(t *testing.T) {
	const seed, n = 42, 1000
	state, words := uint64(seed), make([]uint64, n)
	for i := range words { // the sequential generator: Mix adds the increment itself
		words[i] = Mix(state)
		state += 0x9e3779b97f4a7c15
	}
	for i := n - 1; i >= 0; i-- {
		if got := At(seed, uint64(i)); got != words[i] {
			t.Fatalf("word %d is %#x, in sequence %#x", i, got, words[i])
		}
	}
}

func TestMixIsBijective(t *testing.T) {
	unshift := func(x uint64, by uint) uint64 { // inverts x ^ x>>by
		y := x
		for range 64 / by {
			y = x ^ y>>by
		}
		return y
	}
	inverse := func(m uint64) uint64 { // modulo 2^64, by Newton's iteration
		x := m
		for range 6 {
			x *= 2 - m*x
		}
		return x
	}
	for i := range uint64(1000) {
		x := i * 0x123456789abcdef
		y := unshift(Mix(x), 31) * inverse(0x94d049bb133111eb)
		y = unshift(y, 27) * inverse(0xbf58476d1ce4e5b9)
		if got := unshift(y, 30) - 0x9e3779b97f4a7c15; got != x {
			t.Fatalf("Mix(%#x) inverts to %#x", x, got)
		}
	}
}

func TestNamesDoNotCollide(t *testing.T) {
	seen := map[uint64]string{}
	add := func(name string, s uint64) {
		if other, dup := seen[s]; dup {
			t.Errorf("%s has the seed of %s", name, other)
		}
		seen[s] = name
	}
	add("none", Derive(0, ""))
	add("seed 1", Derive(1, ""))
	add("a", Derive(0, "a"))
	add("b", Derive(0, "b"))
	add("ab", Derive(0, "ab"))
	add("ba", Derive(0, "ba"))
	add("a 0", Derive(0, "a", 0))
	add("a 0 0", Derive(0, "a", 0, 0))
	add("a 98", Derive(0, "a", 'b'))
	for i := range uint64(50) {
		for j := range uint64(50) {
			add("pair", Derive(7, "pair", i, j))
		}
	}
}

// TestNeighboursAreIndependent draws one number from each of many streams with neighbouring ids, seeds or purposes, as
// a run does with its clients and rounds. Bounds are five standard errors.
func TestNeighboursAreIndependent(t *testing.T) {
	const n = 20_000
	for name, stream := range map[string]func(i uint64) *Rand{
		"ids":        func(i uint64) *Rand { return New(1, "client", i) },
		"second ids": func(i uint64) *Rand { return New(1, "client", 3, i) },
		"seeds":      func(i uint64) *Rand { return New(i, "client") },
		"high ids":   func(i uint64) *Rand { return New(1, "client", i<<44) },
	} {
		x := make([]float64, n)
		for i := range x {
			x[i] = stream(uint64(i)).Float64() - 0.5
		}
		var sum, square, lag1, lag2 float64
		for i := range x {
			sum += x[i]
			square += x[i] * x[i]
			lag1 += x[i] * x[(i+1)%n]
			lag2 += x[i] * x[(i+2)%n]
		}
		bound := 5 / math.Sqrt(n)
		if mean := sum / n * math.Sqrt(12); math.Abs(mean) > bound {
			t.Errorf("%s: the mean is %v standard deviations off", name, mean)
		}
		for lag, c := range []float64{lag1, lag2} {
			if c /= square; math.Abs(c) > bound {
				t.Errorf("%s: streams %d apart correlate by %v", name, lag+1, c)
			}
		}
		if variance := square / n * 12; math.Abs(variance-1) > bound {
			t.Errorf("%s: the variance is %v of a uniform draw's", name, variance)
		}
	}
}

// TestAvalanche flips one bit of an id and counts the bits of the stream's first word that change.
func TestAvalanche(t *testing.T) {
	flips, trials := 0, 0
	for id := range uint64(64) {
		base := New(9, "avalanche", id).Uint64()
		for bit := range 64 {
			flips += bits.OnesCount64(base ^ New(9, "avalanche", id^1<<bit).Uint64())
			trials += 64
		}
	}
	if p := float64(flips) / float64(trials); math.Abs(p-0.5) > 5*0.5/math.Sqrt(float64(trials)) {
		t.Errorf("a bit flips with probability %v, want 0.5", p)
	}
}

func TestIntN(t *testing.T) {
	r := New(1, "intn")
	for _, n := range []int{1, 2, 3, 7, 1000, 1 << 40, math.MaxInt} {
		for range 2000 {
			if v := r.IntN(n); v < 0 || v >= n {
				t.Fatalf("IntN(%d) = %d", n, v)
			}
		}
	}
	for _, n := range []int{0, -1, math.MinInt} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("IntN(%d) gave a number", n)
				}
			}()
			r.IntN(n)
		}()
	}
}

// TestIntNIsUnbiased takes a range of three quarters of 2^63, for which a modulus or a product without rejection would
// hit the lower half twice as often.
func TestIntNIsUnbiased(t *testing.T) {
	const n, draws = 3 << 61, 30_000
	r := New(1, "bias")
	var low [3]float64
	for range draws {
		low[r.IntN(n)/(1<<61)]++
	}
	if x := chiSquare(low[:], draws/3); x > 23 { // 2 degrees of freedom: exceeded once in 10^5
		t.Errorf("thirds are hit %v times, chi-square %v", low, x)
	}
}

// TestPermIsUniform counts the 24 orders of four.
func TestPermIsUniform(t *testing.T) {
	const draws = 48_000
	counts := map[[4]int]int{}
	r := New(1, "perm")
	for range draws {
		counts[[4]int(r.Perm(4))]++
	}
	observed := make([]float64, 0, 24)
	for _, n := range counts {
		observed = append(observed, float64(n))
	}
	if len(observed) != 24 {
		t.Fatalf("%d of 24 orders occur", len(observed))
	}
	if x := chiSquare(observed, draws/24); x > 60 { // 23 degrees of freedom: exceeded about four times in 10^5
		t.Errorf("chi-square of the orders is %v", x)
	}
}

func TestPermIsPermutation(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100} {
		p := New(1, "perm", uint64(n)).Perm(n)
		slices.Sort(p)
		for i, v := range p {
			if v != i {
				t.Fatalf("Perm(%d) has %d at place %d when sorted", n, v, i)
			}
		}
	}
}

// chiSquare returns Pearson's statistic for equally likely cells.
func chiSquare(observed []float64, expected float64) (x float64) {
	for _, o := range observed {
		x += (o - expected) * (o - expected) / expected
	}
	return x
}

func TestDistributions(t *testing.T) {
	const n = 50_000
	for name, c := range map[string]struct {
		draw           func(r *Rand) float64
		mean, variance float64
	}{
		"Float64":     {(*Rand).Float64, 0.5, 1. / 12},
		"Float32":     {func(r *Rand) float64 { return float64(r.Float32()) }, 0.5, 1. / 12},
		"NormFloat64": {(*Rand).NormFloat64, 0, 1},
		"ExpFloat64":  {(*Rand).ExpFloat64, 1, 1},
	} {
		r := New(1, name)
		var sum, square float64
		for range n {
			x := c.draw(r)
			sum += x
			square += (x - c.mean) * (x - c.mean)
		}
		if mean := sum / n; math.Abs(mean-c.mean) > 5*math.Sqrt(c.variance/n) {
			t.Errorf("%s has mean %v, want %v", name, mean, c.mean)
		}
		if v := square / n; math.Abs(v/c.variance-1) > 5*math.Sqrt(8./n) { // 8: the variance of a squared exponential draw
			t.Errorf("%s has variance %v, want %v", name, v, c.variance)
		}
	}
}

func TestUnitIntervalIsHalfOpen(t *testing.T) {
	if got := Unit32(math.MaxUint64); got != 1-1./(1<<24) {
		t.Errorf("the largest word gives %v", got)
	}
	if Unit32(0) != 0 || Unit32(1<<39) != 0 || Unit32(1<<40) != 1./(1<<24) {
		t.Error("Unit32 does not take the upper 24 bits")
	}
}

var sink uint64

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for i := range uint64(b.N) {
		sink += New(1, "client", i).Uint64()
	}
}

func BenchmarkUint64(b *testing.B) {
	r := New(1, "benchmark")
	b.SetBytes(8)
	for b.Loop() {
		sink += r.Uint64()
	}
}

func BenchmarkAt(b *testing.B) {
	b.SetBytes(8)
	for i := range uint64(b.N) {
		sink += At(1, i)
	}
}
