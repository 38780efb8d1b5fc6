package datasets

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flsim/internal/rng"
)

// sliced is a source without content whose examples belong to cases.
type sliced struct {
	labelled
	cases []int // of each example
	sites []int // of each case
}

func (s sliced) Case(i int) int { return s.cases[i] }
func (s sliced) Site(i int) int { return s.sites[s.cases[i]] }

// sited is a source without content whose examples have sites but no cases.
type sited struct {
	labelled
	sites []int
}

func (s sited) Site(i int) int { return s.sites[i] }

// slicedBy returns a source of cases with the given numbers of examples. Case c has label c%3 and site c%sites.
func slicedBy(sites int, sizes ...int) sliced {
	s := sliced{labelled: labelled{classes: 3}}
	for c, n := range sizes {
		s.sites = append(s.sites, c%sites)
		for range n {
			s.cases, s.labels = append(s.cases, c), append(s.labels, uint8(c%3))
		}
	}
	return s
}

// No case is divided, whatever the settings, and all of its examples are there.
func TestSplitKeepsCasesWhole(t *testing.T) {
	for _, kind := range []string{"iid", "dirichlet", "shards", "labels", "quantity", "natural"} {
		t.Run(kind, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				source := slicedBy(rapid.IntRange(1, 4).Draw(t, "sites"), rapid.SliceOfN(rapid.IntRange(0, 9), 1, 40).Draw(t, "sizes")...)
				p := anyPartition(t)
				p.Kind, p.MinSamples = kind, rapid.IntRange(0, 1).Draw(t, "min")
				shards, err := p.Split(source, rapid.IntRange(1, 12).Draw(t, "clients"), rng.New(1, "partition"))
				if err != nil {
					return
				}
				holder, n := make(map[int]int), 0
				for k, shard := range shards {
					n += len(shard)
					for _, i := range shard {
						c := source.Case(int(i))
						if other, known := holder[c]; known && other != k {
							t.Fatalf("case %d is with clients %d and %d", c, other, k)
						}
						holder[c] = k
					}
					if !slices.IsSorted(shard) || len(slices.Compact(slices.Clone(shard))) != len(shard) || len(shard) == 0 && p.MinSamples > 0 {
						t.Fatalf("client %d has %v", k, shard)
					}
				}
				if n != source.Len() {
					t.Fatalf("%d of %d examples are divided", n, source.Len())
				}
			})
		})
	}
}

// Every client belongs to one site; sites have clients in proportion to what they hold.
func TestSplitNatural(t *testing.T) {
	split := func(source Source, clients int) [][]int32 {
		t.Helper()
		shards, err := Partition{Kind: "natural"}.Split(source, clients, rng.New(1, "partition"))
		if err != nil {
			t.Fatal(err)
		}
		return shards
	}
	source := slicedBy(3, slices.Repeat([]int{4}, 30)...)
	for k, shard := range split(source, 3) {
		if len(shard) != 40 || source.Site(int(shard[0])) != k || source.Site(int(shard[39])) != k {
			t.Errorf("client %d of as many as sites holds %v", k, shard)
		}
	}
	uneven := sited{labelled: balanced(20, 3), sites: slices.Concat(slices.Repeat([]int{0}, 35), slices.Repeat([]int{2}, 5), slices.Repeat([]int{7}, 20))}
	var got [][2]int
	for _, shard := range split(uneven, 6) {
		got = append(got, [2]int{uneven.Site(int(shard[0])), len(shard)})
		for _, i := range shard {
			if uneven.Site(int(i)) != uneven.Site(int(shard[0])) {
				t.Errorf("a client holds examples of two sites: %v", shard)
			}
		}
	}
	if want := [][2]int{{0, 11}, {0, 12}, {0, 12}, {2, 5}, {7, 10}, {7, 10}}; !slices.Equal(got, want) {
		t.Errorf("clients have (site, examples) %v, want %v", got, want)
	}
}

func TestSplitNaturalErrors(t *testing.T) {
	unknown := slicedBy(2, 3, 3)
	unknown.sites[1] = -1
	for _, c := range []struct {
		source  Source
		clients int
		say     string
	}{
		{balanced(5, 2), 2, "does not tell"},
		{unknown, 2, "does not tell"},
		{slicedBy(3, 2, 2, 2, 2), 2, "there are 3 sites and 2 clients; take 3"},
	} {
		if _, err := (Partition{Kind: "natural"}).Split(c.source, c.clients, rng.New(1, "partition")); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("got %v, want an error that says %q", err, c.say)
		}
	}
}

// Cases are held out whole, by label, and the parts still know their cases and sites.
func TestHoldOutOfCases(t *testing.T) {
	source := slicedBy(2, slices.Repeat([]int{5, 2, 3, 1}, 15)...) // 20 cases of each label
	train, held, err := HoldOut(source, 0.25, rng.New(1, "validation"))
	if err != nil {
		t.Fatal(err)
	}
	byPart := make(map[int]string)
	counts := make([]int, 3)
	for what, part := range map[string]Source{"train": train, "held": held} {
		cased, ok := part.(Cased)
		if !ok {
			t.Fatalf("%s has no cases", what)
		}
		for i := range part.Len() {
			c := cased.Case(i)
			if cased.Site(i) != c%2 || part.Label(i) != c%3 {
				t.Fatalf("example %d of case %d: site %d, label %d", i, c, cased.Site(i), part.Label(i))
			}
			if other, known := byPart[c]; known && other != what {
				t.Fatalf("case %d is in both parts", c)
			} else if !known && what == "held" {
				counts[part.Label(i)]++
			}
			byPart[c] = what
		}
	}
	if train.Len()+held.Len() != source.Len() || !slices.Equal(counts, []int{5, 5, 5}) {
		t.Errorf("%d and %d examples; cases held out by label %v", train.Len(), held.Len(), counts)
	}
	if _, ok := Subset(sited{balanced(2, 2), []int{0, 1, 0, 1}}, []int32{1}).(Cased); ok {
		t.Error("a subset of a source without cases has cases")
	}
}

func TestSplitLikeKeepsCasesWhole(t *testing.T) {
	source := slicedBy(2, slices.Repeat([]int{4}, 12)...)
	holder := make(map[int]int)
	for k, shard := range SplitLike(source, [][]int{{10, 0, 5}, {10, 7, 0}, {20, 0, 5}}, rng.New(1, "local tests")) {
		for _, i := range shard {
			c := source.Case(int(i))
			if other, known := holder[c]; known && other != k {
				t.Errorf("case %d is with clients %d and %d", c, other, k)
			}
			holder[c] = k
		}
	}
	if len(holder) != 12 {
		t.Errorf("%d of 12 cases are held", len(holder))
	}
}

func TestTraits(t *testing.T) {
	open := func(OpenOptions) (*Data, error) { return nil, nil }
	Register("test-plain", open)
	Register("test-both", open, Generated, Volumetric)
	for name, want := range map[string][2]bool{"test-plain": {}, "test-both": {true, true}, "nobody": {}} {
		if got := [2]bool{Is(name, Generated), Is(name, Volumetric)}; got != want {
			t.Errorf("%s: generated, volumetric %v, want %v", name, got, want)
		}
	}
}

func TestAtFault(t *testing.T) {
	for _, err := range []error{&MissingError{}, &FormatError{}, &ContentError{}} {
		if !AtFault(err) || !AtFault(fmt.Errorf("in words: %w", err)) {
			t.Errorf("%T is not told as a fault of the data", err)
		}
	}
	if AtFault(nil) || AtFault(errors.New("other")) {
		t.Error("another error is")
	}
	if got := (&ContentError{"a.nii", "label 7"}).Error(); got != "a.nii: label 7" {
		t.Errorf("the error says %q", got)
	}
}

func TestCountCases(t *testing.T) {
	source := slicedBy(2, 3, 3, 3)
	for _, c := range []struct {
		source Source
		index  []int32
		want   int
	}{
		{source, []int32{0, 1, 8, 2}, 2}, {source, nil, 0}, {source.labelled, []int32{0, 1, 8, 2}, 4},
		{Subset(Subset(source, []int32{8, 7, 5, 4}), []int32{0, 1, 3}), []int32{0, 1, 2}, 2},
	} {
		if got := CountCases(c.source, c.index); got != c.want {
			t.Errorf("%T: %v are parts of %d cases, want %d", c.source, c.index, got, c.want)
		}
	}
}
