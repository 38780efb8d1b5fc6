package synthetic

import (
	"flag"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"flsim/datasets"
	"flsim/internal/rng"
	"flsim/internal/tensor"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	colour = tensor.Shape{H: 32, W: 32, C: 3}
	grey   = tensor.Shape{H: 28, W: 28, C: 1}
)

func mustGenerate(t testing.TB, shape tensor.Shape, train, test int, seed uint64) *datasets.Data {
	t.Helper()
	d, err := Generate(shape, train, test, seed)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The bytes are part of every result that is obtained with them.
func TestGolden(t *testing.T) {
	var b strings.Builder
	for _, shape := range []tensor.Shape{colour, grey, {H: 16, W: 40, C: 3}} {
		b.WriteString(shape.String() + " " + mustGenerate(t, shape, 300, 100, 1).Digest + "\n")
	}
	if *update {
		if err := os.WriteFile("testdata/digests.golden", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/digests.golden")
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%swant\n%s(-update writes them anew; results with synthetic images change with them)", b.String(), want)
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	want := mustGenerate(t, colour, 101, 37, 5).Digest
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, workers := range []int{1, 3, 8} {
		runtime.GOMAXPROCS(workers)
		if got := mustGenerate(t, colour, 101, 37, 5).Digest; got != want {
			t.Errorf("%d workers: digest %s, want %s", workers, got, want)
		}
	}
	if mustGenerate(t, colour, 101, 37, 6).Digest == want {
		t.Error("another seed gives the same images")
	}
}

func TestALargerSetBeginsWithTheSmaller(t *testing.T) {
	small := mustGenerate(t, grey, 23, 9, 2).Train.(*datasets.Images)
	large := mustGenerate(t, grey, 60, 9, 2).Train.(*datasets.Images)
	for i := range small.Len() {
		if small.Label(i) != large.Label(i) || !slices.Equal(small.Pixels(i), large.Pixels(i)) {
			t.Fatalf("image %d depends on the number of images", i)
		}
	}
}

func TestTrainAndTestDiffer(t *testing.T) {
	d := mustGenerate(t, grey, 50, 50, 2)
	train, test := d.Train.(*datasets.Images), d.Test.(*datasets.Images)
	seen := map[string]bool{}
	for i := range 50 {
		seen[string(train.Pixels(i))], seen[string(test.Pixels(i))] = true, true
	}
	if len(seen) != 100 {
		t.Errorf("%d different images among 100", len(seen))
	}
}

func TestClassesAreBalanced(t *testing.T) {
	labels := assignLabels(1003, 1, trainSet)
	var counts [10]int
	for _, y := range labels {
		counts[y]++
	}
	if slices.Max(counts[:]) > 101 || slices.Min(counts[:]) < 100 || len(labels) != 1003 {
		t.Errorf("%d labels, counts %v", len(labels), counts)
	}
}

func TestOpen(t *testing.T) {
	d, err := datasets.Open("synthetic-images", datasets.OpenOptions{Shape: grey, Train: 20, Seed: 3})
	if err != nil || d.Train.Len() != 20 || d.Test.Len() != DefaultTest || !d.Synthetic || len(d.ClassNames) != 10 || d.Train.Shape() != grey {
		t.Errorf("got %+v, %v", d, err)
	}
	for _, opt := range []datasets.OpenOptions{
		{Shape: tensor.Shape{H: 8, W: 8, C: 3}}, {Shape: tensor.Shape{H: 32, W: 32, C: 2}}, {Shape: tensor.Shape{H: 32, W: 129, C: 1}},
		{Train: -1}, {Test: maxImages + 1},
	} {
		if _, err := datasets.Open("synthetic-images", opt); err == nil {
			t.Errorf("%+v must be an error", opt)
		}
	}
}

// logistic is multinomial logistic regression trained by plain stochastic gradient descent.
type logistic struct {
	w       [][]float64 // [class][feature], the bias last
	classes int
}

func newLogistic(classes, features int) *logistic {
	m := &logistic{classes: classes}
	for range classes {
		m.w = append(m.w, make([]float64, features+1))
	}
	return m
}

// scores returns the softmax of the class scores of x.
func (m *logistic) scores(x []float32) []float64 {
	p, most, total := make([]float64, m.classes), math.Inf(-1), 0.0
	for c, w := range m.w {
		p[c] = w[len(x)]
		for j, v := range x {
			p[c] += w[j] * float64(v)
		}
		most = max(most, p[c])
	}
	for c := range p {
		p[c] = math.Exp(p[c] - most)
		total += p[c]
	}
	for c := range p {
		p[c] /= total
	}
	return p
}

func (m *logistic) learn(x []float32, y int32, rate float64) {
	for c, p := range m.scores(x) {
		if c == int(y) {
			p--
		}
		w := m.w[c]
		for j, v := range x {
			w[j] = w[j]*(1-0.01*rate) - rate*p*float64(v) // with some weight decay
		}
		w[len(x)] -= rate * p
	}
}

func (m *logistic) accuracy(source datasets.Source) float64 {
	right := 0
	x, y := make([]float32, source.Shape().Size()), make([]int32, 1)
	for i := range source.Len() {
		source.Fill(x, y, []int32{int32(i)})
		p := m.scores(x)
		if p[y[0]] == slices.Max(p) {
			right++
		}
	}
	return float64(right) / float64(source.Len())
}

// Linear models learn something, and stay 45 points or more below the small networks (see the package's comment).
func TestLinearModelsStayFarBehind(t *testing.T) {
	for _, c := range []struct {
		shape  tensor.Shape
		lo, hi float64
	}{{colour, 0.18, 0.35}, {grey, 0.13, 0.30}} {
		d := mustGenerate(t, c.shape, 2000, 600, 1)
		m := newLogistic(10, c.shape.Size())
		x, y := make([]float32, c.shape.Size()), make([]int32, 1)
		for epoch := range 2 {
			for _, i := range rng.New(1, "logistic", uint64(epoch)).Perm(d.Train.Len()) {
				d.Train.Fill(x, y, []int32{int32(i)})
				m.learn(x, y[0], 0.001)
			}
		}
		got := m.accuracy(d.Test)
		t.Logf("%v: linear test accuracy %.3f", c.shape, got)
		if got < c.lo || got > c.hi {
			t.Errorf("%v: a linear model reaches %.3f; the set is made for %.2f to %.2f", c.shape, got, c.lo, c.hi)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, shape := range []tensor.Shape{colour, grey} {
		b.Run(shape.String(), func(b *testing.B) {
			const n = 2000
			b.SetBytes(int64(n * shape.Size()))
			for b.Loop() {
				generate(shape, n, 1, trainSet)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
