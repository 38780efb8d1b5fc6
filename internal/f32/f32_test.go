package f32

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"flsim/internal/rng"
)

// Every kernel is held against the loop that its comment states, in float64. agree is the relative error that a
// float32 sum of a few hundred terms may have against the sum of their absolute values.
const agree = 1e-6

// random returns n numbers in (-1, 1), of which about every fourth is zero.
func random(seed uint64, n int) []float32 {
	r := rng.New(seed, "test")
	v := make([]float32, n)
	for i := range v {
		if r.IntN(4) > 0 {
			v[i] = 2*r.Float32() - 1
		}
	}
	return v
}

// twin collects what a naive loop computes: values and sums of absolute terms.
type twin struct{ value, size []float64 }

func newTwin(start []float32) *twin {
	t := &twin{make([]float64, len(start)), make([]float64, len(start))}
	for i, v := range start {
		t.add(i, v, 1)
	}
	return t
}

func (t *twin) add(i int, a, b float32) {
	v := float64(a) * float64(b)
	t.value[i] += v
	t.size[i] += math.Abs(v)
}

func (t *twin) check(tb interface{ Fatalf(string, ...any) }, what string, got []float32) {
	for i, v := range got {
		if !(math.Abs(float64(v)-t.value[i]) <= agree*t.size[i]) {
			tb.Fatalf("%s[%d] is %g, the naive loop gives %g", what, i, v, t.value[i])
		}
	}
}

func TestGemm(t *testing.T) {
	var s Scratch
	rapid.Check(t, func(t *rapid.T) {
		m, n, k := rapid.IntRange(1, 9).Draw(t, "m"), rapid.IntRange(1, 40).Draw(t, "n"), rapid.IntRange(1, 40).Draw(t, "k")
		seed := rapid.Uint64().Draw(t, "seed")
		a, b, c := random(seed, m*k), random(seed+1, k*n), random(seed+2, m*n)
		for _, op := range []Op{NN, NT, TN} {
			want := newTwin(c)
			for i := range m {
				for j := range n {
					for l := range k {
						ai, bi := i*k+l, l*n+j
						if op == TN {
							ai = l*m + i
						}
						if op == NT {
							bi = j*k + l
						}
						want.add(i*n+j, a[ai], b[bi])
					}
				}
			}
			got := slices.Clone(c)
			s.Gemm(op, m, n, k, a, b, got)
			want.check(t, []string{"NN", "NT", "TN"}[op], got)
		}
	})
}

// drawConv draws a geometry with at least one output pixel.
func drawConv(t *rapid.T) Conv {
	g := Conv{
		Kernel: rapid.IntRange(1, 5).Draw(t, "kernel"), Stride: rapid.IntRange(1, 3).Draw(t, "stride"), Pad: rapid.IntRange(0, 2).Draw(t, "pad"),
		Cin: rapid.IntRange(1, 6).Draw(t, "in"), Cout: rapid.IntRange(1, 6).Draw(t, "out"),
	}
	g.H = max(1, g.Kernel-2*g.Pad) + rapid.IntRange(0, 5).Draw(t, "more rows")
	g.W = max(1, g.Kernel-2*g.Pad) + rapid.IntRange(0, 5).Draw(t, "more columns")
	return g
}

// visit calls f with the indices of input, weight and output of every product of a convolution of n images.
func (g Conv) visit(n int, f func(x, w, y int)) {
	for i := range n {
		for oy := range g.OutH() {
			for ox := range g.OutW() {
				for r := range g.Kernel {
					for c := range g.Kernel {
						iy, ix := oy*g.Stride+r-g.Pad, ox*g.Stride+c-g.Pad
						if iy < 0 || ix < 0 || iy >= g.H || ix >= g.W {
							continue
						}
						for k := range g.Cin {
							for o := range g.Cout {
								f(((i*g.H+iy)*g.W+ix)*g.Cin+k, ((r*g.Kernel+c)*g.Cin+k)*g.Cout+o, ((i*g.OutH()+oy)*g.OutW()+ox)*g.Cout+o)
							}
						}
					}
				}
			}
		}
	}
}

func TestConv(t *testing.T) {
	var s Scratch
	rapid.Check(t, func(t *rapid.T) {
		g, n, seed := drawConv(t), rapid.IntRange(1, 3).Draw(t, "n"), rapid.Uint64().Draw(t, "seed")
		x, w, bias := random(seed, n*g.H*g.W*g.Cin), random(seed+1, g.Patch()*g.Cout), random(seed+2, g.Cout)
		dy := random(seed+3, n*g.OutH()*g.OutW()*g.Cout)
		y, dx, dw := random(4, len(dy)), random(5, len(x)), random(6, len(w))

		start := make([]float32, len(y))
		FillRows(start, bias)
		want := newTwin(start)
		g.visit(n, func(xi, wi, yi int) { want.add(yi, x[xi], w[wi]) })
		s.ConvForward(g, y, x, w, bias, n)
		want.check(t, "y", y)

		want = newTwin(make([]float32, len(w)))
		g.visit(n, func(xi, wi, yi int) { want.add(wi, x[xi], dy[yi]) })
		s.ConvWeightGrad(g, dw, x, dy, n)
		want.check(t, "dw", dw)

		want = newTwin(make([]float32, len(x)))
		g.visit(n, func(xi, wi, yi int) { want.add(xi, dy[yi], w[wi]) })
		s.ConvInputGrad(g, dx, dy, w, n)
		want.check(t, "dx", dx)
	})
}

func TestConvWithoutBias(t *testing.T) {
	g := Conv{H: 4, W: 4, Cin: 2, Kernel: 3, Stride: 1, Pad: 1, Cout: 3}
	x, w := random(1, 32), random(2, g.Patch()*3)
	var s Scratch
	with, without := make([]float32, 48), make([]float32, 48)
	s.ConvForward(g, with, x, w, make([]float32, 3), 1)
	s.ConvForward(g, without, x, w, nil, 1)
	if !slices.Equal(with, without) {
		t.Error("no bias differs from a bias of zeros")
	}
}

func TestElementary(t *testing.T) {
	r := rng.New(1, "elementary")
	for range 20_000 {
		x := 1400*r.Float64() - 700
		for _, x := range []float64{x, x / 1000, x / 1e6} {
			if got, want := Exp(x), math.Exp(x); math.Abs(got-want) > 1e-15*want {
				t.Fatalf("Exp(%g) = %g, want %g", x, got, want)
			}
		}
		v := math.Exp(x)
		if got, want := Log(v), math.Log(v); math.Abs(got-want) > 1e-15*max(math.Abs(want), 1e-3) {
			t.Fatalf("Log(%g) = %g, want %g", v, got, want)
		}
		u := 1 + (r.Float64()-0.5)*0.01
		if got, want := Log(u), math.Log(u); math.Abs(got-want) > 1e-15*math.Abs(want) {
			t.Fatalf("Log(%g) = %g, want %g", u, got, want)
		}
		c := r.Float64()
		if got, want := CosPi(c), math.Cos(math.Pi*c); math.Abs(got-want) > 1e-15 {
			t.Fatalf("CosPi(%g) = %g, want %g", c, got, want)
		}
	}
	if Exp(0) != 1 || Exp(-800) != 0 || !math.IsInf(Exp(800), 1) || !math.IsNaN(Exp(math.NaN())) || Exp(math.Inf(-1)) != 0 {
		t.Error("Exp is wrong at the ends of its range")
	}
	if Log(1) != 0 || !math.IsNaN(Log(math.NaN())) || !math.IsNaN(Log(-1)) {
		t.Error("Log is wrong at special values")
	}
	if CosPi(0) != 1 || CosPi(1) != -1 || math.Abs(CosPi(0.5)) > 1e-16 {
		t.Error("CosPi is wrong at special values")
	}
}

func TestSoftmaxCrossEntropy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, classes := rapid.IntRange(1, 5).Draw(t, "n"), rapid.IntRange(2, 12).Draw(t, "classes")
		logits := random(rapid.Uint64().Draw(t, "seed"), n*classes)
		Scale(float32(rapid.IntRange(1, 80).Draw(t, "size")), logits)
		label := make([]int32, n)
		d := make([]float32, len(logits))
		want, right := 0.0, 0
		for i := range label {
			label[i] = int32(rapid.IntRange(0, classes-1).Draw(t, "label"))
			row := logits[i*classes : (i+1)*classes]
			sum := 0.0
			for _, v := range row {
				sum += math.Exp(float64(v))
			}
			want += math.Log(sum) - float64(row[label[i]])
			if slices.Index(row, slices.Max(row)) == int(label[i]) {
				right++
			}
		}
		loss, correct := SoftmaxCrossEntropy(d, logits, label, 0.5)
		if math.Abs(loss-want) > 1e-12*(1+want) || correct != right {
			t.Fatalf("loss %g with %d right, want %g and %d", loss, correct, want, right)
		}
		for i, y := range label {
			sum, target := 0.0, 0.0
			for c, v := range d[i*classes : (i+1)*classes] {
				sum += float64(v)
				if c == int(y) {
					target = float64(v)
				}
			}
			if math.Abs(sum) > 1e-6 || target > 0 {
				t.Fatalf("gradient %g sums to %g", d, sum)
			}
		}
	})
	logits := []float32{0, float32(math.NaN()), 5}
	if loss, correct := SoftmaxCrossEntropy(nil, logits, []int32{2}, 1); !math.IsNaN(loss) || correct != 0 {
		t.Errorf("logits that are not numbers give loss %g with %d right", loss, correct)
	}
}

// Losses far beyond certainty stay finite.
func TestLossOfExtremeLogits(t *testing.T) {
	d := []float32{3e38, -3e38}
	loss, _ := SoftmaxCrossEntropy(d, d, []int32{1}, 1)
	if math.Abs(loss-6e38) > 1e32 || d[0] != 1 || d[1] != -1 {
		t.Errorf("loss %g, gradient %g", loss, d)
	}
}

func TestRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, n, seed := rapid.IntRange(1, 6).Draw(t, "rows"), rapid.IntRange(1, 9).Draw(t, "n"), rapid.Uint64().Draw(t, "seed")
		x, d, p, q, r := random(seed, rows*n), random(seed+1, rows*n), random(seed+2, n), random(seed+3, n), random(seed+4, n)
		zero := make([]float32, n)
		sum, moment, square, dsum, product := newTwin(zero), newTwin(zero), newTwin(zero), newTwin(zero), newTwin(zero)
		shifted, combined := newTwin(make([]float32, rows*n)), newTwin(make([]float32, rows*n))
		for i, v := range x {
			c := i % n
			sum.add(c, v, 1)
			moment.add(c, v, 1)
			square.add(c, v, v)
			dsum.add(c, d[i], 1)
			product.add(c, d[i], v)
			shifted.add(i, p[c], v)
			shifted.add(i, q[c], 1)
			combined.add(i, p[c], d[i])
			combined.add(i, q[c], v)
			combined.add(i, r[c], 1)
		}
		got := make([]float32, n)
		SumRows(got, x)
		sum.check(t, "sum of rows", got)
		a, b := make([]float64, n), make([]float64, n)
		ColumnMoments(a, b, x)
		moment.check64(t, "moments", a)
		square.check64(t, "squares", b)
		clear(a)
		clear(b)
		ColumnProducts(a, b, d, x)
		dsum.check64(t, "sums", a)
		product.check64(t, "products", b)
		y := make([]float32, len(x))
		ScaleShiftRows(y, x, p, q)
		shifted.check(t, "scaled and shifted", y)
		CombineRows(y, d, x, p, q, r)
		combined.check(t, "combination", y)
	})
}

func (t *twin) check64(tb interface{ Fatalf(string, ...any) }, what string, got []float64) {
	for i, v := range got {
		if math.Abs(v-t.value[i]) > 1e-14*t.size[i] {
			tb.Fatalf("%s[%d] is %g, the naive loop gives %g", what, i, v, t.value[i])
		}
	}
}

func TestVectors(t *testing.T) {
	a, b := random(1, 37), random(2, 37)
	sum, product, scaled, moved := make([]float32, 37), slices.Clone(a), slices.Clone(a), slices.Clone(b)
	Add(sum, a, b)
	Mul(product, b)
	Scale(0.25, scaled)
	Axpy(0.5, a, moved)
	for i := range a {
		if sum[i] != a[i]+b[i] || product[i] != a[i]*b[i] || scaled[i] != a[i]/4 || moved[i] != b[i]+a[i]/2 {
			t.Fatalf("element %d: %g %g %g %g", i, sum[i], product[i], scaled[i], moved[i])
		}
	}
	FillRows(sum[:36], a[:9])
	FillRows(product, nil)
	for i := range 36 {
		if sum[i] != a[i%9] || product[i] != 0 {
			t.Fatalf("element %d of filled rows: %g %g", i, sum[i], product[i])
		}
	}
}

// Momentum, weight decay and their absence are one rule.
func TestSGDPathsAgree(t *testing.T) {
	g := random(2, 50)
	plain, decayed, moving := random(1, 50), random(1, 50), random(1, 50)
	SGD(plain, g, nil, 0.1, 0, 0, false)
	SGD(moving, g, make([]float32, 50), 0.1, 0, 0, false)
	if !slices.Equal(plain, moving) {
		t.Error("momentum 0 differs from no momentum")
	}
	SGD(decayed, g, nil, 0.1, 0.5, 0, false)
	moving = random(1, 50)
	SGD(moving, g, make([]float32, 50), 0.1, 0.5, 0.9, false)
	if !slices.Equal(decayed, moving) || slices.Equal(decayed, plain) {
		t.Error("the first step with momentum differs from one without")
	}
}
