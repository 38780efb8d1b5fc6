package datasets

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flsim/internal/rng"
	"flsim/internal/tensor"
)

// labelled is a source without content.
type labelled struct {
	labels  []uint8
	classes int
}

func (s labelled) Len() int                         { return len(s.labels) }
func (s labelled) Shape() tensor.Shape              { return tensor.Shape{H: 1, W: 1, C: 1} }
func (s labelled) Classes() int                     { return s.classes }
func (s labelled) Label(i int) int                  { return int(s.labels[i]) }
func (s labelled) Fill([]float32, []int32, []int32) { panic("nothing to fill from") }

// balanced returns a source with n examples of each class in turn.
func balanced(n, classes int) labelled {
	s := labelled{make([]uint8, n*classes), classes}
	for i := range s.labels {
		s.labels[i] = uint8(i % classes)
	}
	return s
}

func anyPartition(t *rapid.T) Partition {
	return Partition{
		Kind:            rapid.SampledFrom([]string{"iid", "stratified", "dirichlet", "shards", "labels", "quantity"}).Draw(t, "kind"),
		Alpha:           math.Pow(10, rapid.Float64Range(-300, 300).Draw(t, "log alpha")),
		ShardsPerClient: rapid.IntRange(1, 5).Draw(t, "shards"),
		LabelsPerClient: rapid.IntRange(1, 6).Draw(t, "labels"),
		MinSamples:      rapid.IntRange(0, 6).Draw(t, "min"),
	}
}

// Every example goes to exactly one client, whatever the settings; what cannot be done is an error.
func TestSplitAssignsEveryExampleOnce(t *testing.T) {
	for _, kind := range []string{"iid", "stratified", "dirichlet", "shards", "labels", "quantity"} {
		t.Run(kind, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { assignsOnce(t, kind) })
		})
	}
}

func assignsOnce(t *rapid.T, kind string) {
	classes := rapid.IntRange(1, 12).Draw(t, "classes")
	source := labelled{rapid.SliceOfN(rapid.Uint8Range(0, uint8(classes-1)), 0, 300).Draw(t, "examples"), classes}
	clients, p := rapid.IntRange(1, 40).Draw(t, "clients"), anyPartition(t)
	p.Kind = kind
	shards, err := p.Split(source, clients, rng.New(rapid.Uint64().Draw(t, "seed"), "partition"))
	if err != nil {
		if p.MinSamples == 0 && kind != "labels" {
			t.Fatalf("without min_samples everything but labels is feasible: %v", err)
		}
		if p.MinSamples*clients <= len(source.labels) && kind != "labels" && kind != "shards" {
			t.Fatalf("min_samples is feasible: %v", err)
		}
		return
	}
	seen := make([]bool, source.Len())
	for k, shard := range shards {
		if len(shard) < p.MinSamples || !slices.IsSorted(shard) {
			t.Fatalf("client %d has %d examples (at least %d), sorted: %v", k, len(shard), p.MinSamples, slices.IsSorted(shard))
		}
		for _, i := range shard {
			if seen[i] {
				t.Fatalf("example %d is assigned twice", i)
			}
			seen[i] = true
		}
	}
	if len(shards) != clients || slices.Contains(seen, false) {
		t.Fatalf("%d shards for %d clients; all assigned: %v", len(shards), clients, !slices.Contains(seen, false))
	}
}

func TestSplitFollowsItsStreamAlone(t *testing.T) {
	source := balanced(50, 10)
	for _, kind := range []string{"iid", "stratified", "dirichlet", "shards", "labels", "quantity"} {
		p := DefaultPartition()
		p.Kind = kind
		split := func(seed uint64) string {
			shards, err := p.Split(source, 7, rng.New(seed, "partition"))
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(shards)
		}
		if first, again := split(1), split(1); first != again || first == split(2) {
			t.Errorf("%s: equal seeds must give equal shards, and other seeds others", kind)
		}
	}
}

func TestSplitIID(t *testing.T) {
	shards, err := DefaultPartition().Split(balanced(5000, 10), 100, rng.New(1, "partition"))
	if err != nil {
		t.Fatal(err)
	}
	s := Stats(balanced(5000, 10), shards)
	if slices.Min(s.Sizes) != 500 || slices.Max(s.Sizes) != 500 {
		t.Errorf("sizes %v, want 500 each", s.Sizes)
	}
	if s.Heterogeneity < 0.03 || s.Heterogeneity > 0.08 { // E|Binomial - mean| of 500 draws gives 0.053
		t.Errorf("heterogeneity %.3f is not what chance alone gives", s.Heterogeneity)
	}
}

// Clients that hold almost the same number of examples of every class, in random choice.
func TestSplitStratified(t *testing.T) {
	source := balanced(503, 10)
	shards, err := (Partition{Kind: "stratified"}).Split(source, 50, rng.New(1, "partition"))
	if err != nil {
		t.Fatal(err)
	}
	s := Stats(source, shards)
	for k, counts := range s.Counts {
		if size := s.Sizes[k]; size < 100 || size > 101 || slices.Min(counts) < 10 || slices.Max(counts) > 11 {
			t.Errorf("client %d holds %v of %d examples", k, counts, size)
		}
	}
	if other, _ := (Partition{Kind: "stratified"}).Split(source, 50, rng.New(2, "partition")); slices.Equal(other[0], shards[0]) {
		t.Error("another seed deals out the same examples")
	}
}

func TestSplitShards(t *testing.T) {
	p := Partition{Kind: "shards", ShardsPerClient: 2}
	source := balanced(600, 10)
	shards, err := p.Split(source, 100, rng.New(1, "partition"))
	if err != nil {
		t.Fatal(err)
	}
	s := Stats(source, shards)
	for k, counts := range s.Counts {
		if held(counts) > 2 || s.Sizes[k] != 60 {
			t.Fatalf("client %d holds %v; two shards of 30 have at most two labels", k, counts)
		}
	}
}

func TestSplitLabels(t *testing.T) {
	p := Partition{Kind: "labels", LabelsPerClient: 3}
	source := balanced(500, 10)
	shards, err := p.Split(source, 25, rng.New(1, "partition"))
	if err != nil {
		t.Fatal(err)
	}
	holders := make([]int, 10)
	for k, counts := range Stats(source, shards).Counts {
		if held(counts) != 3 {
			t.Errorf("client %d holds %v, want three labels", k, counts)
		}
		for y, n := range counts {
			if n > 0 {
				holders[y]++
			}
		}
	}
	if slices.Max(holders)-slices.Min(holders) > 1 {
		t.Errorf("the labels have %v holders; the numbers must differ by at most one", holders)
	}
	for _, k := range []int{0, 11} {
		p.LabelsPerClient = k
		if _, err := p.Split(source, 25, rng.New(1, "partition")); err == nil || !strings.Contains(err.Error(), "at most 10") {
			t.Errorf("labels_per_client = %d: got error %v", k, err)
		}
	}
	p.LabelsPerClient = 3
	if _, err := p.Split(source, 3, rng.New(1, "partition")); err == nil || !strings.Contains(err.Error(), "cannot hold all 10 labels") {
		t.Errorf("3 clients with 3 labels each: got error %v", err)
	}
}

func TestSplitRefuses(t *testing.T) {
	source := balanced(10, 10)
	for _, c := range []struct {
		p       Partition
		clients int
		say     string
	}{
		{Partition{Kind: "iid"}, 0, "at least one"},
		{Partition{Kind: "dirichlte"}, 5, "there are iid, stratified, dirichlet"},
		{Partition{Kind: "dirichlet"}, 5, "alpha is 0"},
		{Partition{Kind: "quantity", Alpha: math.Inf(1)}, 5, "alpha is +Inf"},
		{Partition{Kind: "dirichlet", Alpha: math.NaN()}, 5, "alpha is NaN"},
		{Partition{Kind: "shards"}, 5, "shards_per_client is 0"},
		{Partition{Kind: "shards", ShardsPerClient: math.MaxInt}, 5, "shards_per_client"},
		{Partition{Kind: "dirichlet", Alpha: 1, MinSamples: 21}, 5, "at most 20"},
		{Partition{Kind: "iid", MinSamples: -1}, 5, "negative"},
		{Partition{Kind: "shards", ShardsPerClient: 1, MinSamples: 14}, 7, ""},
		{Partition{Kind: "labels", LabelsPerClient: 1, MinSamples: 9}, 11, "fewer than min_samples"},
	} {
		_, err := c.p.Split(source, c.clients, rng.New(1, "partition"))
		if c.say == "" && err != nil || c.say != "" && (err == nil || !strings.Contains(err.Error(), c.say)) {
			t.Errorf("%+v: got error %v, want one that says %q", c.p, err, c.say)
		}
	}
}

// The variance of a share is (1/k)(1-1/k)/(k alpha + 1), whatever alpha is.
func TestDirichletMoments(t *testing.T) {
	const k, draws = 10, 20000
	for _, alpha := range []float64{0.001, 0.01, 0.3, 1, 10, 1000} {
		r, shares := rng.New(1, "moments"), make([]float64, k)
		mean, square := 0.0, 0.0
		for range draws {
			dirichlet(shares, alpha, r)
			if s := shares[0] + shares[1] + shares[2] + shares[3] + shares[4] + shares[5] + shares[6] + shares[7] + shares[8] + shares[9]; math.Abs(s-1) > 1e-12 {
				t.Fatalf("alpha %v: shares sum to %v", alpha, s)
			}
			mean += shares[3] / draws
			square += shares[3] * shares[3] / draws
		}
		want := 0.1 * 0.9 / (k*alpha + 1)
		if got := square - mean*mean; math.Abs(got/want-1) > 0.08 || math.Abs(mean-0.1) > 5*math.Sqrt(want/draws) {
			t.Errorf("alpha %v: mean %.4f, variance %.3g; want 0.1, %.3g", alpha, mean, got, want)
		}
	}
}

func TestDirichletAtTheLimits(t *testing.T) {
	for _, alpha := range []float64{math.SmallestNonzeroFloat64, 1e-310, 1e-300, 1e20, 1e300, math.MaxFloat64} {
		shares := make([]float64, 50)
		dirichlet(shares, alpha, rng.New(1, "limits"))
		most := slices.Max(shares)
		if alpha < 1 && most != 1 || alpha > 1 && math.Abs(most-0.02) > 1e-9 {
			t.Errorf("alpha %v: greatest share %v; a tiny alpha gives all to one, a huge one the same to all", alpha, most)
		}
	}
}

// raise does what taking one example after the other from whoever holds most does, up to who among equals gives.
func TestRaiseAgainstOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 30), 1, 12).Draw(t, "sizes")
		least := rapid.IntRange(0, sum(sizes)/len(sizes)).Draw(t, "least")
		var shards [][]int32
		for k, n := range sizes {
			shards = append(shards, slices.Repeat([]int32{int32(k)}, n))
		}
		raise(shards, least, rng.New(1, "raise"))
		for poorest := slices.Min(sizes); poorest < least; poorest = slices.Min(sizes) {
			sizes[slices.Index(sizes, poorest)]++
			sizes[slices.Index(sizes, slices.Max(sizes))]--
		}
		var got []int
		for _, s := range shards {
			got = append(got, len(s))
		}
		slices.Sort(got)
		slices.Sort(sizes)
		if !slices.Equal(got, sizes) {
			t.Fatalf("sizes %v, one by one %v", got, sizes)
		}
	})
}

func TestStatisticsTable(t *testing.T) {
	source := labelled{[]uint8{0, 0, 0, 0, 1, 1, 1, 1, 2, 2}, 3}
	s := Stats(source, [][]int32{{0, 1, 2, 4}, {}, {3, 5, 6, 7, 8, 9}})
	if s.Empty != 1 || !slices.Equal(s.Sizes, []int{4, 0, 6}) || !slices.Equal(s.Total, []int{4, 4, 2}) {
		t.Errorf("got %+v", s)
	}
	// client 0: (|3/4-.4| + |1/4-.4| + |0-.2|)/2 = 0.35; client 2: (|1/6-.4| + |1/2-.4| + |1/3-.2|)/2 = 0.2333
	if math.Abs(s.Heterogeneity-(0.35+7.0/30)/2) > 1e-12 {
		t.Errorf("heterogeneity %v", s.Heterogeneity)
	}
	var b strings.Builder
	if err := s.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	want := `10 examples of 3 labels among 3 clients, 1 of them empty
examples per client: min 0, quartiles 0 4 4, max 6
labels per client:   min 0, quartiles 0 2 2, max 3
mean total-variation distance from the labels of the whole: 0.292
  client  examples  labels  distance  0  1  2
       0         4       2     0.350  3  1  0
       1         0       0         -  0  0  0
       2         6       3     0.233  1  3  2
     all        10       3            4  4  2
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestStatisticsOfManyClientsAndClasses(t *testing.T) {
	source := balanced(20, 100)
	shards, err := Partition{Kind: "dirichlet", Alpha: 0.1}.Split(source, 200, rng.New(1, "partition"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Stats(source, shards).WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != 17 || !strings.Contains(b.String(), "and 190 more clients") || !strings.Contains(b.String(), "most frequent labels") {
		t.Errorf("a table of %d lines:\n%s", n, b.String())
	}
	for line := range strings.Lines(b.String()) {
		if len(line) > 90 {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
}

func BenchmarkSplit(b *testing.B) {
	source := balanced(5000, 10)
	for _, kind := range []string{"iid", "stratified", "dirichlet", "shards", "labels", "quantity"} {
		b.Run(kind+"-10000-clients", func(b *testing.B) {
			p := Partition{Kind: kind, Alpha: 0.01, ShardsPerClient: 2, LabelsPerClient: 2}
			for b.Loop() {
				if _, err := p.Split(source, 10000, rng.New(1, "partition")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Local tests have the clients' mixtures of labels, and hold every example of a class that anybody holds once.
func TestSplitLike(t *testing.T) {
	labels := make([]uint8, 0, 60)
	for class, n := range []int{30, 20, 10} {
		for range n {
			labels = append(labels, uint8(class))
		}
	}
	source, err := NewImages(tensor.Shape{H: 1, W: 1, C: 1}, 3, make([]uint8, len(labels)), labels, Normalisation{Mean: []float64{0}, Std: []float64{1}})
	if err != nil {
		t.Fatal(err)
	}
	counts := [][]int{{10, 0, 0}, {5, 10, 0}, {0, 30, 0}, {0, 0, 0}}
	shards := SplitLike(source, counts, rng.New(1, "test"))
	got := Stats(source, shards).Counts
	want := [][]int{{20, 0, 0}, {10, 5, 0}, {0, 15, 0}, {0, 0, 0}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("examples by client and class are %v, want %v", got, want)
	}
	seen := make(map[int32]bool)
	for _, shard := range shards {
		for _, i := range shard {
			if seen[i] {
				t.Errorf("example %d is there twice", i)
			}
			seen[i] = true
		}
	}
}
