package volumes

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestQuotasByHand(t *testing.T) {
	for _, c := range []struct {
		sizes  []int
		wanted int
		want   []int
	}{
		{[]int{0, 10, 10}, 4, []int{0, 2, 2}},
		{[]int{20, 10}, 6, []int{4, 2}},
		{[]int{1, 1, 3}, 1, []int{0, 0, 1}},
		{[]int{1, 1, 3}, 2, []int{0, 0, 2}},
		{[]int{1, 1, 3}, 3, []int{1, 0, 2}}, // by now each site would lose its last
		{[]int{1, 1}, 1, []int{1, 0}},
		{[]int{0, 5}, 4, []int{0, 4}},
	} {
		if got := quotas(c.sizes, c.wanted); !slices.Equal(got, c.want) {
			t.Errorf("%d of sites of %v: %v, want %v", c.wanted, c.sizes, got, c.want)
		}
	}
}

// The right number is held out, at least one and not all, and each site gives its share up to a case.
func TestHoldOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sites := rapid.SliceOfN(rapid.IntRange(-1, 4), 2, 80).Draw(t, "sites")
		share := rapid.Float64Range(0.01, 0.9).Draw(t, "share")
		test := holdOut(sites, share, 1)
		held, total, left := make(map[int]int), make(map[int]int), len(sites)
		for i, site := range sites {
			total[site]++
			if test[i] {
				held[site]++
				left--
			}
		}
		if n := len(sites) - left; n != min(max(1, int(math.Round(share*float64(len(sites))))), len(sites)-1) {
			t.Fatalf("%d of %d are held out at a share of %v", n, len(sites), share)
		}
		lost := false
		for site := range total {
			lost = lost || held[site] == total[site]
		}
		for site := range total {
			if off := math.Abs(float64(held[site]) - share*float64(total[site])); !lost && total[site] > 12 && share < 0.5 && off > 3 {
				t.Fatalf("site %d of %d gives %d at a share of %v", site, total[site], held[site], share)
			}
			if lost && left > len(total) && total[site]-held[site] > 1 {
				t.Fatalf("a site lost its last case while site %d has %d left: %v", site, total[site]-held[site], test)
			}
		}
		if again := holdOut(sites, share, 1); !slices.Equal(test, again) {
			t.Fatal("equal seeds hold out other cases")
		}
	})
}

func TestHoldOutIsRandom(t *testing.T) {
	counts := make([]int, 10)
	for seed := range uint64(1000) {
		for i, held := range holdOut(make([]int, 10), 0.3, seed) {
			if held {
				counts[i]++
			}
		}
	}
	if slices.Min(counts) < 230 || slices.Max(counts) > 370 {
		t.Errorf("of 1000 draws of 3 in 10, the cases are in %v", counts)
	}
}

func TestChoose(t *testing.T) {
	if got := choose(5, 0, 1); !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
		t.Errorf("without a limit: %v", got)
	}
	if got := choose(3, 9, 1); len(got) != 3 {
		t.Errorf("9 of 3: %v", got)
	}
	got := choose(100, 10, 1)
	if len(slices.Compact(got)) != 10 || !slices.IsSorted(got) || slices.Equal(got, choose(100, 10, 2)) || got[9] < 20 {
		t.Errorf("10 of 100: %v", got)
	}
}

func TestStratify(t *testing.T) {
	for _, c := range []struct{ sizes, class, least []int }{
		{[]int{50, 10, 80, 30, 20, 70, 60, 40}, []int{2, 0, 3, 1, 0, 3, 2, 1}, []int{0, 30, 50, 70}},
		{[]int{5, 5, 5, 5}, []int{3, 3, 3, 3}, []int{0, 5, 5, 5}},
		{[]int{9, 2}, []int{1, 0}, []int{0, 9}},
		{[]int{0, 0, 0, 7}, []int{2, 2, 2, 3}, []int{0, 0, 0, 7}},
	} {
		class, least := stratify(c.sizes)
		if !slices.Equal(class, c.class) || !slices.Equal(least, c.least) {
			t.Errorf("%v: classes %v from %v, want %v from %v", c.sizes, class, least, c.class, c.least)
		}
	}
	names := classNames([]int{0, 830, 83_960, 148_992})
	if want := []string{"< 830 voxels", "830 to 84k voxels", "84k to 149k voxels", "≥ 149k voxels"}; !slices.Equal(names, want) {
		t.Errorf("names are %q", names)
	}
}

func TestFirsts(t *testing.T) {
	if got, want := firsts([]string{"", "a", "b", "", "a", "c", "a", "b"}), []int{0, 1, 2, 3, 1, 5, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// All cases of a patient are held out or none is, and where each patient has one case it is as if there were no patients.
func TestHoldOutPatients(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		patients := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b", "c", "d"}), 6, 60).Draw(t, "patients")
		sites := rapid.SliceOfN(rapid.IntRange(-1, 2), len(patients), len(patients)).Draw(t, "sites")
		share := rapid.Float64Range(0.01, 0.9).Draw(t, "share")
		first := firsts(patients)
		test := holdOutPatients(sites, first, share, 1)
		units, held := 0, 0
		for k, at := range first {
			if test[k] != test[at] {
				t.Fatalf("case %d is held out: %v, and case %d of the same patient: %v", k, test[k], at, test[at])
			}
			if at == k {
				units++
				if test[k] {
					held++
				}
			}
		}
		if want := min(max(1, int(math.Round(share*float64(units)))), units-1); held != want {
			t.Fatalf("%d of %d patients are held out at a share of %v, want %d", held, units, share, want)
		}
		if single := firsts(make([]string, len(patients))); !slices.Equal(holdOutPatients(sites, single, share, 1), holdOut(sites, share, 1)) {
			t.Fatal("patients with one case each are held out in another way than cases")
		}
	})
}
